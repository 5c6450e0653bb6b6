package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// doctorResult is what doctor prints.
type doctorResult struct {
	header

	OK        bool              `json:"ok"`
	Level     binding.Level     `json:"level"`
	BlockedBy []string          `json:"level_blocked_by"`
	Versions  map[string]string `json:"versions"`
	Checks    []finding         `json:"checks"`
}

// finding is one check. Message and Remedy are in words; Value is what was
// measured, null if nothing was.
type finding struct {
	ID      string  `json:"id"`
	Status  health  `json:"status"`
	Value   *string `json:"value"`
	Message string  `json:"message"`
	Remedy  *string `json:"remedy"`
}

type health string

// The outcomes of a check; any fail makes doctor fail.
const (
	healthOK      health = "ok"
	healthWarn    health = "warn"
	healthFail    health = "fail"
	healthUnknown health = "unknown"
)

// maxClockSkew is how far this computer's clock may be from the server's before
// doctor says so: leases count in days, one-time codes in half minutes.
const maxClockSkew = 30 * time.Second

func doctorCommand(p *program) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Check this machine, the server and the cache; changes nothing",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := p.examine(cmd.Context())
			if err != nil {
				return err
			}
			if err := p.printDoctor(r); err != nil {
				return err
			}
			if !r.OK {
				return told(1)
			}
			return nil
		},
	}
}

// examine makes every check. What cannot be found out is "unknown", and only
// the client's own state being unreadable is an error.
func (p *program) examine(ctx context.Context) (doctorResult, error) {
	r := doctorResult{
		header: head(), Level: binding.LevelNone, BlockedBy: []string{},
		Versions: map[string]string{"tideover-cli": start.Version(), "go": runtime.Version(), "os": runtime.GOOS + "/" + runtime.GOARCH},
	}
	client, err := p.client(ctx)
	if err != nil {
		return r, err
	}
	keychain := start.KeychainAnswers()
	p.examineChip(ctx, &r, client, keychain)
	p.note(&r, "keychain", map[bool]health{true: healthOK, false: healthWarn}[keychain], "")
	p.examineServer(ctx, &r, client)
	folder, err := p.options().Folder()
	if err != nil {
		return r, err
	}
	switch encrypted, known := diskEncrypted(folder); {
	case !known:
		p.note(&r, "disk_encryption", healthUnknown, "")
	case encrypted:
		p.note(&r, "disk_encryption", healthOK, "")
	default:
		p.note(&r, "disk_encryption", healthWarn, "")
	}
	st, err := client.Status(ctx)
	if err != nil {
		return r, err
	}
	switch c := st.Cache; {
	case c == nil:
		p.note(&r, "cache", healthUnknown, "none")
	case c.State == cache.Usable:
		p.note(&r, "cache", healthOK, string(c.State))
	case c.State == cache.Damaged:
		p.note(&r, "cache", healthFail, string(c.State))
	default:
		p.note(&r, "cache", healthWarn, string(c.State))
	}
	r.OK = true
	for _, c := range r.Checks {
		r.OK = r.OK && c.Status != healthFail
	}
	return r, nil
}

// note adds a finding, in the words that the catalogue has for it.
func (p *program) note(r *doctorResult, id string, status health, value string) {
	w := p.words()
	key := "doctor." + id + "." + string(status)
	args := map[string]any{"Value": value}
	f := finding{ID: id, Status: status, Value: known(value), Message: w.Text(key, args)}
	if status == healthWarn || status == healthFail {
		remedy := w.Text(key+".remedy", args)
		f.Remedy = &remedy
	}
	r.Checks = append(r.Checks, f)
}

func (p *program) examineChip(ctx context.Context, r *doctorResult, client *start.Client, keychain bool) {
	var machine binding.Machine
	err := client.ChipErr
	if err == nil {
		machine, err = client.Chip.Machine(ctx)
	}
	switch {
	case err == nil:
		p.note(r, "tpm", healthOK, strings.TrimSpace(machine.Manufacturer+" "+machine.Firmware))
		r.Level, r.BlockedBy = machine.Level, list(machine.BlockedBy)
	case keychain && client.NoChip:
		p.note(r, "tpm", healthWarn, p.options().Chip())
		r.Level, r.BlockedBy = binding.LevelC, []string{"no_tpm"}
	default:
		p.note(r, "tpm", healthFail, p.options().Chip())
		r.BlockedBy = []string{"tpm_unusable"} // and a keychain does not stand in for a chip that is there
		if client.NoChip {
			r.BlockedBy = []string{"no_tpm", "no_keychain"}
		}
	}
	status := healthOK
	switch {
	case !r.Level.AtLeast(binding.LevelC):
		status = healthFail
	case !r.Level.AtLeast(binding.LevelB):
		status = healthWarn
	}
	p.note(r, "level", status, string(r.Level))
}

// examineServer asks the server of the current account who it is. Nothing
// secret is sent.
func (p *program) examineServer(ctx context.Context, r *doctorResult, client *start.Client) {
	met, err := client.AskServer(ctx)
	switch {
	case errors.Is(err, vault.NotSignedIn):
		p.note(r, "server", healthUnknown, "")
		p.note(r, "certificate", healthUnknown, "")
		p.note(r, "clock", healthUnknown, "")
		return
	case errors.Is(err, vault.IdentityChanged), errors.Is(err, vault.IdentityUnknown):
		p.note(r, "server", healthWarn, met.URL)
		p.note(r, "certificate", healthFail, "")
		p.note(r, "clock", healthUnknown, "")
		return
	case err != nil:
		p.note(r, "server", healthWarn, met.URL)
		p.note(r, "certificate", healthUnknown, "")
		p.note(r, "clock", healthUnknown, "")
		return
	}
	p.note(r, "server", healthOK, met.URL)
	p.note(r, "certificate", healthOK, met.Pin)
	switch skew := met.Skew; {
	case met.Time.IsZero():
		p.note(r, "clock", healthUnknown, "")
	case skew.Abs() > maxClockSkew:
		p.note(r, "clock", healthWarn, skew.Round(time.Second).String())
	default:
		p.note(r, "clock", healthOK, skew.Round(time.Second).String())
	}
}

func (p *program) printDoctor(r doctorResult) error {
	if p.json {
		return printJSON(p.stdout, r)
	}
	var b strings.Builder
	for _, c := range r.Checks {
		value := ""
		if c.Value != nil {
			value = " [" + plain(*c.Value) + "]"
		}
		fmt.Fprintf(&b, "%-8s %-16s %s%s\n", c.Status, c.ID, c.Message, value)
		if c.Remedy != nil {
			fmt.Fprintf(&b, "%-8s %-16s %s\n", "", "", *c.Remedy)
		}
	}
	if len(r.BlockedBy) > 0 {
		fmt.Fprintln(&b, p.words().Text("doctor.blocked", map[string]any{"By": strings.Join(r.BlockedBy, ", ")}))
	}
	_, _ = fmt.Fprint(p.stdout, b.String()) // a closed pipe is no failure
	return nil
}
