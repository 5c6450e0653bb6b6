package policy

import (
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/lease"
)

// Shown is what a server knows of the device that is to hold a cache.
type Shown struct {
	Level    binding.Level // empty: not known yet
	Virtual  bool          // by the device's own word, or by what its chip has shown
	Attested bool          // its chip has shown which one it is
	Proven   bool          // and a maker whom the server knows vouches for that chip
	Why      string        // not proven, as package attest has it; empty: not known
}

// DemandsProof returns the keys of the settings that are believed of proven
// devices only: what a device says of its own level and chip is the word of
// whoever runs it. None: lower minimum levels are the client's word.
func (g Governance) DemandsProof() []string {
	var keys []string
	if g.MinLevel == binding.LevelA {
		keys = append(keys, keyMinLevel)
	}
	if !g.AllowVirtual {
		keys = append(keys, keyAllowVirtual)
	}
	if g.RequireProven {
		keys = append(keys, keyRequireProven)
	}
	return keys
}

// Refuses says why a device may hold no cache: which setting stands against it,
// and what the device lacks. Empty: it may, as far as the settings of the
// binding go. Without proof the level of a device that is not known is taken to
// be enough.
func (g Governance) Refuses(d Shown) string {
	switch keys := g.DemandsProof(); {
	case d.Level != "" && !d.Level.AtLeast(g.MinLevel):
		return fmt.Sprintf("level %s, %s is required", d.Level, g.MinLevel)
	case d.Virtual && !g.AllowVirtual:
		return "the chip is virtual, which the policy does not allow"
	case len(keys) > 0 && !d.Proven:
		return g.text(keys[0]) + " asks for a proven device, and " + d.lacks()
	}
	return ""
}

// RefusesUnbound says why the policy lets no package out to a client without a
// device key, which binds its copy to nothing; empty: the switch for such packages
// decides alone. A minimum level below A does not forbid them: it is about caches,
// and the switch is for clients that have none.
func (g Governance) RefusesUnbound() string {
	if keys := g.DemandsProof(); len(keys) > 0 {
		return g.text(keys[0]) + " asks for a proven device, and a client without a device key is none"
	}
	if g.SecurityKey == lease.KeyRequired {
		return g.text(keySecurityKey) + " asks for a security key, and a client without a device key uses none"
	}
	return ""
}

// lacks says what keeps a device from being proven.
func (d Shown) lacks() string {
	switch {
	case !d.Attested:
		return "the chip of this one has shown nothing to the server: sign in again, with a client that can"
	case d.Why != "":
		return "no maker that the server knows vouches for the chip of this one (" + d.Why + ")"
	}
	return "no maker that the server knows vouches for the chip of this one"
}

// text returns a setting as it is typed.
func (g Governance) text(key string) string {
	for _, s := range g.Settings() {
		if s.Key == key {
			return key + " " + s.Value
		}
	}
	return key
}
