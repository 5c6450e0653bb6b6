package policy

import (
	"cmp"
	"fmt"
	"strconv"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/lease"
)

// Setting is one member of a Governance by its name, as administrators type it
// and as the database keeps it.
type Setting struct {
	Key, Value string
	Help       string // one sentence
	Unmet      string // why no device can meet it as things are; empty: some can
}

// Keys that messages name.
const (
	keyMinLevel      = "min_level"
	keyAllowVirtual  = "allow_virtual"
	keyRequireProven = "require_proven"
	keySecurityKey   = "security_key"
)

// keyOff is how administrators write lease.KeyOff.
const keyOff = "off"

// knob ties a key to its place.
type knob struct {
	key, help string
	get       func(*Governance) string
	set       func(*Governance, string) error
}

// knobs lists the settings in the order in which they are shown.
func knobs() []knob {
	return []knob{
		whole("days", "days a cache lives without contact, 1–30; 0 forbids caches", func(g *Governance) *int { return &g.Days }),
		seconds("powered_on_s", "the same by the chip's clock, in seconds; 0: as days", func(g *Governance) *int64 { return &g.PoweredOnS }),
		whole("boots", "restarts within one lease; 0: grows with the days", func(g *Governance) *int { return &g.Boots }),
		whole("opens", "openings within one lease; 0: without limit", func(g *Governance) *int { return &g.Opens }),
		seconds("session_s", "seconds after which the master password is asked again", func(g *Governance) *int64 { return &g.SessionS }),
		seconds("idle_s", "seconds without use after which the cache is locked", func(g *Governance) *int64 { return &g.IdleS }),
		seconds("clip_s", "seconds after which a copied value leaves the clipboard", func(g *Governance) *int64 { return &g.ClipS }),
		whole("tries", "wrong master passwords in a row", func(g *Governance) *int { return &g.Tries }),
		flag("reveal", "secrets may be shown offline", func(g *Governance) *bool { return &g.Reveal }),
		flag("copy", "secrets may be copied offline", func(g *Governance) *bool { return &g.Copy }),
		flag("export", "the escrow key file may be written", func(g *Governance) *bool { return &g.Export }),
		{
			"offline_edits", "overlay: edits are kept as drafts; off: there are none",
			func(g *Governance) string { return string(g.OfflineEdits) },
			func(g *Governance, v string) error { g.OfflineEdits = lease.OfflineEdits(v); return nil },
		},
		{
			keyMinLevel, "weakest binding that may hold a cache: A, B, B0 or C; A: of proven devices",
			func(g *Governance) string { return string(g.MinLevel) },
			func(g *Governance, v string) error { g.MinLevel = binding.Level(v); return nil },
		},
		flag(keyAllowVirtual, "a virtual TPM may hold a cache; false: proven devices alone", func(g *Governance) *bool { return &g.AllowVirtual }),
		flag(keyRequireProven, "a maker named by --tpm-roots vouches for each device's chip", func(g *Governance) *bool { return &g.RequireProven }),
		{
			keySecurityKey, "a security key to open a cache: off, allowed or required",
			func(g *Governance) string { return cmp.Or(string(g.SecurityKey), keyOff) },
			func(g *Governance, v string) error {
				if g.SecurityKey = lease.KeyUse(v); v == keyOff {
					g.SecurityKey = lease.KeyOff
				}
				if v == "" { // which is how a lease says off
					return fmt.Errorf("security_key: %q is none of off, allowed, required", v)
				}
				return nil
			},
		},
		seconds("poll_s", "seconds between two looks for orders", func(g *Governance) *int64 { return &g.PollS }),
		seconds("scan_s", "seconds between two looks for changed content", func(g *Governance) *int64 { return &g.ScanS }),
		flag("auto_approve", "a new device works at once", func(g *Governance) *bool { return &g.Approve }),
		whole("master_min_length", "characters of a master password, 8–128", func(g *Governance) *int { return &g.Master.MinLength }),
		whole("master_min_classes", "of lower case, upper case, digits, others: 0–4", func(g *Governance) *int { return &g.Master.MinClasses }),
		whole("master_min_score", "strength of a master password by zxcvbn, 0–4", func(g *Governance) *int { return &g.Master.MinScore }),
		flag("master_differs", "the master password differs from the account password", func(g *Governance) *bool { return &g.Master.Differs }),
	}
}

func whole(key, help string, at func(*Governance) *int) knob {
	return knob{
		key, help,
		func(g *Governance) string { return strconv.Itoa(*at(g)) },
		func(g *Governance, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil {
				return fmt.Errorf("%s: %q is not a whole number", key, v)
			}
			*at(g) = n
			return nil
		},
	}
}

func seconds(key, help string, at func(*Governance) *int64) knob {
	return knob{
		key, help,
		func(g *Governance) string { return strconv.FormatInt(*at(g), 10) },
		func(g *Governance, v string) error {
			n, err := strconv.ParseInt(v, 10, 64)
			if err != nil {
				return fmt.Errorf("%s: %q is not a whole number of seconds", key, v)
			}
			*at(g) = n
			return nil
		},
	}
}

func flag(key, help string, at func(*Governance) *bool) knob {
	return knob{
		key, help,
		func(g *Governance) string { return strconv.FormatBool(*at(g)) },
		func(g *Governance, v string) error {
			switch v {
			case "true", "on", "yes":
				*at(g) = true
			case "false", "off", "no":
				*at(g) = false
			default:
				return fmt.Errorf("%s: %q is neither true nor false", key, v)
			}
			return nil
		},
	}
}

// Settings returns every setting with its value, in the order for showing.
func (g Governance) Settings() []Setting {
	list := knobs()
	out := make([]Setting, len(list))
	for i, k := range list {
		out[i] = Setting{Key: k.key, Value: k.get(&g), Help: k.help}
	}
	return out
}

// With returns g with one setting changed. An unknown key, a value that cannot
// be read and one that is out of range are errors, and g stays as it was. A
// shorter powered_on_s follows when days become fewer, so that one setting can
// be changed at a time.
func (g Governance) With(key, value string) (Governance, error) {
	next, err := g.assign(key, value)
	if err != nil {
		return g, err
	}
	if key == "days" {
		next.PoweredOnS = min(next.PoweredOnS, int64(max(next.Days, 0))*daySecs)
	}
	if err := next.Validate(); err != nil {
		return g, err
	}
	return next, nil
}

// Parse returns DefaultGovernance with the given settings, which together must
// be valid. Keys that are not known are an error: a setting that is silently
// not enforced is worse than none.
func Parse(settings map[string]string) (Governance, error) {
	g := DefaultGovernance()
	for key, value := range settings {
		next, err := g.assign(key, value)
		if err != nil {
			return DefaultGovernance(), err
		}
		g = next
	}
	if err := g.Validate(); err != nil {
		return DefaultGovernance(), err
	}
	return g, nil
}

func (g Governance) assign(key, value string) (Governance, error) {
	for _, k := range knobs() {
		if k.key == key {
			if err := k.set(&g, value); err != nil {
				return Governance{}, err
			}
			return g, nil
		}
	}
	return Governance{}, fmt.Errorf("policy: %q is not a setting", key)
}
