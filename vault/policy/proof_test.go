package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/policy"
)

// A package for a client without a device key is bound to nothing, so it does not
// go out where the policy wants a proven chip or a security key.
func TestRefusesUnbound(t *testing.T) {
	for _, c := range []struct{ key, value, want string }{
		{"days", "3", ""},
		{"min_level", "B", ""},
		{"security_key", "allowed", ""},
		{"min_level", "A", "min_level A"},
		{"allow_virtual", "off", "allow_virtual false"},
		{"require_proven", "on", "require_proven true"},
		{"security_key", "required", "security_key required"},
	} {
		g, err := policy.DefaultGovernance().With(c.key, c.value)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.RefusesUnbound(); (got == "") != (c.want == "") || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s: %q, want %q first", c.key, c.value, got, c.want)
		}
	}
}

// Level A and "no virtual TPM" are believed of proven devices alone; everything
// below is the client's word unless the policy asks for more.
func TestRefuses(t *testing.T) {
	unproven := policy.Shown{Level: binding.LevelA, Attested: true, Why: "unknown_root"}
	proven := policy.Shown{Level: binding.LevelA, Attested: true, Proven: true}
	virtual := policy.Shown{Level: binding.LevelA, Attested: true, Proven: true, Virtual: true}
	mute := policy.Shown{Level: binding.LevelA}
	keychain := policy.Shown{Level: binding.LevelC}
	for _, c := range []struct {
		name     string
		settings map[string]string
		demands  string
		device   policy.Shown
		want     []string // in what it says; none: it may
	}{
		{"as delivered", nil, "", mute, nil},
		{"a level on the client's word", map[string]string{"min_level": "B"}, "", mute, nil},
		{"a virtual chip, allowed", nil, "", virtual, nil},
		{"below the level", map[string]string{"min_level": "B"}, "", keychain, []string{"level C, B is required"}},
		{"level A, no chip shown", map[string]string{"min_level": "A"}, "min_level", mute, []string{"min_level A", "has shown nothing"}},
		{"level A, unknown maker", map[string]string{"min_level": "A"}, "min_level", unproven, []string{"min_level A", "unknown_root"}},
		{"level A, proven", map[string]string{"min_level": "A"}, "min_level", proven, nil},
		{"level A, proven and virtual", map[string]string{"min_level": "A"}, "min_level", virtual, nil},
		{"no virtual one, no chip shown", map[string]string{"allow_virtual": "off"}, "allow_virtual", mute, []string{"allow_virtual false", "has shown nothing"}},
		{"no virtual one, unknown maker", map[string]string{"allow_virtual": "off"}, "allow_virtual", unproven, []string{"allow_virtual false", "unknown_root"}},
		{"no virtual one, and it says so", map[string]string{"allow_virtual": "off"}, "allow_virtual", virtual, []string{"is virtual"}},
		{"no virtual one, a keychain", map[string]string{"allow_virtual": "off", "min_level": "C"}, "allow_virtual", keychain, []string{"allow_virtual false"}},
		{"no virtual one, proven", map[string]string{"allow_virtual": "off"}, "allow_virtual", proven, nil},
		{"proof for any", map[string]string{"require_proven": "on", "min_level": "C"}, "require_proven", keychain, []string{"require_proven true"}},
		{"proof for any, given", map[string]string{"require_proven": "on"}, "require_proven", virtual, nil},
		{"all three", map[string]string{"require_proven": "on", "allow_virtual": "off", "min_level": "A"}, "min_level,allow_virtual,require_proven", unproven, []string{"min_level A"}},
	} {
		g, err := policy.Parse(c.settings)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(g.DemandsProof(), ","); got != c.demands {
			t.Errorf("%s: demands %q, want %q", c.name, got, c.demands)
		}
		got := g.Refuses(c.device)
		if (got == "") != (c.want == nil) || slices.ContainsFunc(c.want, func(part string) bool { return !strings.Contains(got, part) }) {
			t.Errorf("%s: %q, want %q in it", c.name, got, c.want)
		}
	}
}
