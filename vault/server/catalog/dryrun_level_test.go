package catalog_test

import (
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

// A dry run tells what a cache would refuse for the device's level.
func TestDryRunLevel(t *testing.T) {
	s := newServer(t)
	ann, bob := s.user("ann"), s.user("bob")
	s.entry("/Web/one")
	s.grant("ann", "/Web", "Read-Only + Offline", time.Time{})
	check := func(name string, d *catalog.DryRun, err error, cached int) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d.Cached != cached || d.ByReason[policy.LevelTooLow] != 1-cached {
			t.Errorf("%s: %d cached, %v", name, d.Cached, d.ByReason)
		}
	}
	s.must(s.Set(ctx, s.op, "min_level", "B"))
	d, err := s.DryRun(ctx, ann, vault.ID{})
	check("no device yet", d, err, 1)
	weak, err := s.RegisterDevice(ctx, ann, catalog.NewDevice{Name: "old pc", PublicKey: newKey(t), Level: "C"})
	s.must(err)
	d, err = s.DryRun(ctx, ann, vault.ID{})
	check("a keychain", d, err, 0)
	good, err := s.RegisterDevice(ctx, ann, catalog.NewDevice{Name: "pc", PublicKey: newKey(t), Level: "B", Virtual: true, RootName: []byte("root")})
	s.must(err)
	d, err = s.DryRun(ctx, ann, vault.ID{})
	check("the better of two", d, err, 1)
	d, err = s.DryRunOn(ctx, ann, weak.ID)
	check("on the weak one", d, err, 0)
	d, err = s.DryRunOn(ctx, ann, good.ID)
	check("on the good one", d, err, 1)
	s.must(s.Set(ctx, s.op, "min_level", "C"))
	s.must(s.Set(ctx, s.op, "allow_virtual", "off"))
	d, err = s.DryRunOn(ctx, ann, good.ID)
	check("a virtual chip", d, err, 0)
	d, err = s.DryRun(ctx, ann, vault.ID{})
	check("the other one is not proven either", d, err, 0)
	s.putChip(weak, "ek", true, false)
	d, err = s.DryRun(ctx, ann, vault.ID{})
	check("proven, it bears it", d, err, 1)
	if _, err := s.DryRunOn(ctx, bob, good.ID); cause(err) != vault.NotFound {
		t.Errorf("another's device: %v", err)
	}
}
