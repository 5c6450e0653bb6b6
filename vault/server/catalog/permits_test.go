package catalog_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

// A permit is for whoever has just signed in, as far as the clocks of two
// instances agree on that, and while there may be caches at all.
func TestPermitIsOfNow(t *testing.T) {
	s := newServer(t)
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	key, err := binding.KeyOf(&private.PublicKey)
	s.must(err)
	d := s.device(s.user("ann"))
	s.putChip(d, "ek", true, false)
	for _, c := range []struct {
		name   string
		before func()
		after  func()
		want   vault.Cause
	}{
		{name: "at once"},
		{name: "minutes later", before: func() { s.wait(4 * time.Minute) }},
		{name: "too late", before: func() { s.wait(6 * time.Minute) }, want: vault.NotSignedIn},
		{name: "by an instance whose clock is behind", before: func() { s.wait(-30 * time.Second) }},
		{name: "by a clock that is wrong", before: func() { s.wait(-2 * time.Minute) }, want: vault.NotSignedIn},
		{
			name: "offline use is off", before: func() { s.must(s.SetOffline(ctx, s.op, false)) },
			after: func() { s.must(s.SetOffline(ctx, s.op, true)) }, want: vault.NotPermitted,
		},
	} {
		s.wait(24 * time.Hour) // few caches a day get indices
		ann, cache := s.signIn("ann"), vault.NewID()
		chip := catalog.Presented{Known: true, Proven: true, ClockMS: 1000, Resets: 3}
		_, err := s.AddSlots(ctx, ann, catalog.NewSlots{
			Device: d.ID, Cache: cache, Chip: chip,
			Indices: binding.Indices{Key: key, Counter: binding.FirstIndex, PinFail: binding.FirstIndex + 1},
		})
		s.must(err)
		if c.before != nil {
			c.before()
		}
		got, err := s.Permit(ctx, ann, catalog.PermitWish{
			Device: d.ID, Cache: cache, Index: binding.PinFail, Kind: binding.PermitFirstWrite, Nonce: make([]byte, 16), Limit: 10, Key: key, Chip: chip,
		}, func(binding.PermitRequest) ([]byte, error) { return []byte("signature"), nil })
		if cause(err) != c.want || (err == nil) != (string(got) == "signature") {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
		if c.after != nil {
			c.after()
		}
	}
}
