package start

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// Health is the outcome of a check. The text reaches --json.
type Health string

// The outcomes.
const (
	OK      Health = "ok"
	Warn    Health = "warn"
	Fail    Health = "fail"
	Unknown Health = "unknown"
)

// Finding is what was found out about one part of this computer.
type Finding struct {
	ID     string // tpm, level, keychain, server, certificate, clock, disk_encryption, proof, cache
	Status Health
	Value  string // what was measured; empty: nothing
}

// Examination is what Examine found.
type Examination struct {
	Level     binding.Level // that caches can have here
	BlockedBy []string      // why not a higher one; empty: nothing blocks it
	Findings  []Finding
}

// maxClockSkew is how far this computer's clock may be from the server's before
// somebody is told: leases count in days, one-time codes in half minutes.
const maxClockSkew = 30 * time.Second

// Examine checks this computer, the server and the cache of a client that was
// opened with the same options. It changes nothing and sends nothing secret.
// What cannot be found out is Unknown; only the client's own state being
// unreadable is an error.
func (o Options) Examine(ctx context.Context, c *Client) (Examination, error) {
	e := Examination{Level: binding.LevelNone, BlockedBy: []string{}}
	st, err := c.Status(ctx)
	if err != nil {
		return e, err
	}
	keychain := KeychainAnswers()
	e.chip(ctx, c, o.Chip(), keychain, st.Cache)
	if keychain {
		e.note("keychain", OK, "")
	} else {
		e.note("keychain", Warn, "")
	}
	e.server(ctx, c)
	folder, err := o.Folder()
	if err != nil {
		return e, err
	}
	switch encrypted, known := diskEncrypted(folder); {
	case !known:
		e.note("disk_encryption", Unknown, "")
	case encrypted:
		e.note("disk_encryption", OK, "")
	default:
		e.note("disk_encryption", Warn, "")
	}
	switch chip := st.Device.Chip; {
	case st.Device.State == "": // nobody signed in, or no server that could be convinced
		e.note("proof", Unknown, "")
	case chip.Proven:
		e.note("proof", OK, "")
	default:
		e.note("proof", Warn, string(chip.Why))
	}
	switch k := st.Cache; {
	case k == nil:
		e.note("cache", Unknown, "none")
	case k.State == cache.Usable:
		e.note("cache", OK, string(k.State))
	case k.State == cache.Damaged:
		e.note("cache", Fail, string(k.State))
	default:
		e.note("cache", Warn, string(k.State))
	}
	return e, nil
}

// Healthy reports whether no check failed.
func (e *Examination) Healthy() bool {
	for _, f := range e.Findings {
		if f.Status == Fail {
			return false
		}
	}
	return true
}

func (e *Examination) note(id string, status Health, value string) {
	e.Findings = append(e.Findings, Finding{ID: id, Status: status, Value: value})
}

func (e *Examination) chip(ctx context.Context, c *Client, spec string, keychain bool, made *cache.Status) {
	var machine binding.Machine
	err := binding.ErrUnavailable
	if c.Chip != nil {
		machine, err = c.Chip.Machine(ctx)
	}
	switch {
	case err == nil:
		e.note("tpm", OK, strings.TrimSpace(machine.Manufacturer+" "+machine.Firmware))
		e.Level = machine.Level
		e.BlockedBy = append(e.BlockedBy, machine.BlockedBy...)
		// The machine alone tells nothing of level A: its counters are a cache's own.
		if made != nil && made.State == cache.Usable && made.Level == binding.LevelA {
			e.Level, e.BlockedBy = binding.LevelA, []string{}
		}
	case keychain && c.NoChip:
		e.note("tpm", Warn, spec)
		e.Level, e.BlockedBy = binding.LevelC, []string{"no_tpm"}
	default:
		e.note("tpm", Fail, spec)
		e.BlockedBy = []string{"tpm_unusable"} // and a keychain does not stand in for a chip that is there
		if c.NoChip {
			e.BlockedBy = []string{"no_tpm", "no_keychain"}
		}
	}
	status := OK
	switch {
	case !e.Level.AtLeast(binding.LevelC):
		status = Fail
	case !e.Level.AtLeast(binding.LevelB):
		status = Warn
	}
	e.note("level", status, string(e.Level))
}

// server asks the server of the current account who it is.
func (e *Examination) server(ctx context.Context, c *Client) {
	met, err := c.AskServer(ctx)
	server, certificate, clock, skew := Warn, Unknown, Unknown, ""
	switch {
	case errors.Is(err, vault.NotSignedIn):
		server = Unknown
	case errors.Is(err, vault.IdentityChanged), errors.Is(err, vault.IdentityUnknown):
		certificate = Fail
	case err == nil:
		server, certificate = OK, OK
		if !met.Time.IsZero() {
			clock, skew = OK, met.Skew.Round(time.Second).String()
			if met.Skew.Abs() > maxClockSkew {
				clock = Warn
			}
		}
	}
	pin := met.Pin
	if certificate != OK {
		pin = ""
	}
	url := met.URL
	if server == Unknown {
		url = ""
	}
	e.note("server", server, url)
	e.note("certificate", certificate, pin)
	e.note("clock", clock, skew)
}
