package policy_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
)

func TestGovernanceDefaults(t *testing.T) {
	g := policy.DefaultGovernance()
	if err := g.Validate(); err != nil {
		t.Fatal(err)
	}
	if g.Days != 7 || g.MinLevel != binding.LevelB0 || !g.AllowVirtual || g.OfflineEdits != lease.EditsOverlay || g.Opens != 0 {
		t.Errorf("got %+v", g)
	}
	if g.PoweredOn() != 7*24*60*60 {
		t.Errorf("powered on %d s", g.PoweredOn())
	}
}

func TestGovernanceRoundTrip(t *testing.T) {
	g := policy.DefaultGovernance()
	g.Days, g.PoweredOnS, g.Copy, g.MinLevel, g.Approve = 3, 1000, false, binding.LevelA, false
	settings := map[string]string{}
	for _, s := range g.Settings() {
		if s.Help == "" {
			t.Errorf("%s has no help", s.Key)
		}
		settings[s.Key] = s.Value
	}
	again, err := policy.Parse(settings)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(g, again); diff != "" {
		t.Error(diff)
	}
}

func TestGovernanceWith(t *testing.T) {
	for _, c := range []struct {
		key, value string
		ok         bool
	}{
		{"days", "0", true},
		{"days", "30", true},
		{"days", "31", false},
		{"days", "-1", false},
		{"days", "seven", false},
		{"powered_on_s", "604800", true},
		{"powered_on_s", "604801", false}, // longer than the days
		{"boots", "5", true},
		{"opens", "-1", false},
		{"reveal", "off", true},
		{"reveal", "maybe", false},
		{"offline_edits", "off", true},
		{"offline_edits", "write", false},
		{"min_level", "A", true},
		{"min_level", "D", false},
		{"min_level", "b0", false},
		{"require_proven", "on", true},
		{"require_proven", "yes please", false},
		{"security_key", "off", true},
		{"security_key", "required", true},
		{"security_key", "", false},
		{"security_key", "Required", false},
		{"security_key", "on", false},
		{"master_min_length", "7", false},
		{"master_min_score", "4", true},
		{"master_min_classes", "5", false},
		{"tries", "2", false},
		{"colour", "blue", false},
	} {
		before := policy.DefaultGovernance()
		after, err := before.With(c.key, c.value)
		if (err == nil) != c.ok {
			t.Errorf("With(%s, %s): %v, want ok %v", c.key, c.value, err, c.ok)
		}
		if err != nil && after != before {
			t.Errorf("With(%s, %s) failed and changed the policy", c.key, c.value)
		}
		if err == nil && after == before && c.value != "604800" && c.key != "master_min_score" {
			t.Errorf("With(%s, %s) changed nothing", c.key, c.value)
		}
	}
}

func TestGovernanceBoundsFollowTheDays(t *testing.T) {
	g, err := policy.DefaultGovernance().With("powered_on_s", "604800")
	if err != nil {
		t.Fatal(err)
	}
	boots := g.BootLimit()
	if g, err = g.With("days", "1"); err != nil {
		t.Fatal(err)
	}
	if g.PoweredOn() != 86400 || g.BootLimit() >= boots {
		t.Errorf("one day: %d s, %d boots (were %d)", g.PoweredOn(), g.BootLimit(), boots)
	}
	if g, err = g.With("days", "0"); err != nil || !g.Forbidden() {
		t.Errorf("zero days: %v, forbidden %v", err, g.Forbidden())
	}
	if g, err = g.With("boots", "2"); err != nil || g.BootLimit() != 2 {
		t.Errorf("boots set: %v, %d", err, g.BootLimit())
	}
}

// What the server signs, the client's lease parser must take: within range, and
// never more powered-on time than days.
func TestGovernanceAsLease(t *testing.T) {
	g := policy.DefaultGovernance()
	p := g.Lease()
	if p.Days != 7 || p.PoweredOn != 7*86400 || p.Boots != uint32(g.BootLimit()) || p.Opens != 0 || p.Checks == nil {
		t.Errorf("got %+v", p)
	}
	for _, differs := range []bool{true, false} {
		g.Master.Differs = differs
		if got := policy.MasterRulesOf(g.Lease()); got != g.Master {
			t.Errorf("master rules: got %+v, want %+v", got, g.Master)
		}
	}
}
