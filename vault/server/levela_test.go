package server_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/wire"
)

// tries is what the default policy has.
const tries = 10

// Kinds of writes.
const (
	first = binding.PermitFirstWrite
	again = binding.PermitRewrite
)

// copyproof is a laptop with the indices of one cache of level A.
type copyproof struct {
	*laptop
	x     *tpm.Indexed
	slots binding.Slots
	cache vault.ID
}

// plan makes indices in the chip and tells the server. opens: with a budget.
func (l *laptop) plan(opens bool) *copyproof {
	l.t.Helper()
	ctx := l.t.Context()
	cache := vault.NewID()
	slots, err := l.chip.PlanSlots(ctx, tpm.Plan{Key: l.f.policyKey(), Device: l.ID, Cache: cache, Opens: opens})
	must(l.t, err)
	must(l.t, l.chip.Provision(ctx, slots, nil))
	x, err := l.chip.WithIndices(slots)
	must(l.t, err)
	must(l.t, l.client.Indices(ctx, slots.Indices, l.present()))
	return &copyproof{l, x, slots, cache}
}

// permit prepares a request of the server, as the chip is to ask it.
func (c *copyproof) permit(k binding.IndexKind, kind binding.PermitKind, count, limit uint32) (tpm.Permit, error) {
	want := binding.PermitRequest{Indices: c.slots.Indices, Index: k, Kind: kind, Count: count, Limit: limit}
	return c.client.Permit(c.t.Context(), want, c.present())
}

// write has the chip write a limit: the first time, or again.
func (c *copyproof) write(k binding.IndexKind, kind binding.PermitKind, limit uint32) error {
	permit, err := c.permit(k, kind, 0, limit)
	must(c.t, err)
	return c.x.WritePin(c.t.Context(), tpm.PinWrite{Index: k, Limit: limit, Permit: permit})
}

func (c *copyproof) read(k binding.IndexKind) error {
	return c.client.Reading(c.t.Context(), c.slots.Indices, k, c.laptop, func(ctx context.Context, q [32]byte) (binding.Statement, error) {
		return c.x.Certify(ctx, tpm.IndexCertifying{Index: k, Key: c.ak.Blob, Qualifying: q})
	})
}

func (c *copyproof) rekey(auth string) error {
	permit, err := c.permit(binding.PinFail, binding.PermitRekey, 0, 0)
	must(c.t, err)
	return c.x.Rekey(c.t.Context(), []byte(auth), permit)
}

// sealA makes a generation of level A.
func (c *copyproof) sealA(n uint64) sealed {
	c.t.Helper()
	terms := c.slots.Indices.Terms(n)
	object, made, err := c.x.SealForProof(c.t.Context(), terms, nil, []byte("machine secret"))
	must(c.t, err)
	return sealed{wire.CacheRequest{
		Cache: c.cache, Generation: n, RecordSHA256: wire.Digest{1}, RootName: c.ak.Root, Level: binding.LevelA,
		ClockMS: 1, Resets: 1, UserName: "alice", Comment: "travel",
	}, terms, object, made}
}

// counting states the counter for generation n, beside what else is stated.
func (c *copyproof) counting(n uint64, beside *stating) stating {
	return stating{c.laptop, func(ctx context.Context, nonce []byte, about [32]byte) (*wire.Attestation, error) {
		a := &wire.Attestation{}
		if beside != nil {
			var err error
			if a, err = beside.Attest(ctx, nonce, about); err != nil {
				return nil, err
			}
		}
		said, err := c.x.Certify(ctx, tpm.IndexCertifying{
			Index: binding.Counter, Key: c.ak.Blob, Qualifying: binding.Qualify(binding.SubjectCounter, nonce, c.slots.Indices.Terms(n).LeaseRef()),
		})
		a.Counter = &said
		return a, err
	}}
}

func (c *copyproof) counter() uint64 {
	c.t.Helper()
	n, err := c.x.Counter(c.t.Context())
	must(c.t, err)
	return n
}

// TestLevelA: from the indices to the receipt of a wipe, and a new password
// after it. In between everything that has to come first is left out once.
func TestLevelA(t *testing.T) { levelA(t, newChipFixture(t)) }

func levelA(t *testing.T, f *chipFixture) {
	ctx := t.Context()
	l := f.newLaptop(makerOfChips)
	blank := binding.Indices{Key: f.policyKey(), Device: l.ID, Cache: vault.NewID(), Counter: binding.FirstIndex, PinFail: binding.FirstIndex + 1}
	refuses(t, "indices of a chip that nobody knows", l.client.Indices(ctx, blank, l.present()), vault.NotPermitted)
	l.attested()
	c := l.plan(false)
	refuses(t, "indices without a statement", l.client.Indices(ctx, c.slots.Indices, l), vault.NotPermitted)
	must(t, l.client.Indices(ctx, c.slots.Indices, l.present())) // once more changes nothing
	moved := c.slots.Indices
	moved.Counter++
	refuses(t, "other indices of the same cache", l.client.Indices(ctx, moved, l.present()), vault.Superseded)

	n := c.counter() + 1
	s := c.sealA(n)
	proof := l.proving(s)
	ask := func() error { _, err := l.cache(s.request, c.counting(n, &proof)); return err }
	refuses(t, "a cache before the first write", ask(), vault.NotPermitted)
	refuses(t, "other tries than the policy's", c.write(binding.PinFail, first, 100), vault.Usage)
	must(t, c.write(binding.PinFail, first, tries))
	refuses(t, "a cache before the reading", ask(), vault.NotPermitted)
	must(t, c.read(binding.PinFail))
	must(t, c.rekey("from-the-password"))

	_, err := l.cache(s.request, &proof)
	refuses(t, "a cache without its counter", err, vault.NotPermitted)
	got, err := l.cache(s.request, c.counting(n, &proof))
	must(t, err)
	if got.Level != binding.LevelA || !got.Proven {
		t.Errorf("lease of level %s, proven %v", got.Level, got.Proven)
	}
	must(t, got.Chip.Approval().Verify(s.terms))
	must(t, c.x.Commit(ctx, n))
	approval := got.Chip.Approval()
	secret, err := c.x.Unseal(ctx, binding.SealedUse{Object: s.object, Terms: s.terms, Approval: &approval, Auth: []byte("from-the-password")})
	must(t, err)
	if string(secret) != "machine secret" {
		t.Errorf("unsealed %q", secret)
	}
	must(t, l.client.Proof(ctx, l.ID, n, l.present()))

	renewal := wire.LeaseRequest{Cache: c.cache, Generation: n}
	_, err = l.client.RenewLease(ctx, l.ID, renewal, l.present())
	refuses(t, "a renewal without the counter", err, vault.NotPermitted)
	_, err = l.client.RenewLease(ctx, l.ID, renewal, c.counting(n, nil))
	must(t, err)

	refuses(t, "another password while a generation opens", c.rekey("another"), vault.NotPermitted)
	must(t, c.read(binding.Counter))
	refuses(t, "the same with a reading of the counter that is not past it", c.rekey("another"), vault.NotPermitted)

	must(t, f.catalog.SetDeviceState(ctx, f.op, l.ID, store.DeviceRevoked, "lost"))
	must(t, l.client.Cleared(ctx, l.ID, n, l.present()))
	if d, err := l.client.DeviceState(ctx, l.ID, l); err != nil || d.State != wire.DeviceRevoked {
		t.Errorf("without a receipt the device is %s, %v", d.State, err)
	}
	_, err = c.x.Wipe(ctx, n)
	must(t, err)
	must(t, l.client.Cleared(ctx, l.ID, n, c.counting(n, nil)))
	if d, err := l.client.DeviceState(ctx, l.ID, l); err != nil || d.State != wire.DeviceWiped {
		t.Errorf("with the receipt the device is %s, %v", d.State, err)
	}
	cleared := f.details(catalog.ActionCleared, func(r catalog.AuditRecord) string { return r.Detail })
	if len(cleared) != 2 || !strings.Contains(cleared[0], "no receipt") || !strings.Contains(cleared[1], "certifies its counter") {
		t.Errorf("audit of the wipe: %q", cleared)
	}
}

// TestNewPasswordAfterAWipe: the counter past every generation lets the
// password be changed, and the old generation gets no lease any more.
func TestNewPasswordAfterAWipe(t *testing.T) {
	f := newChipFixture(t)
	ctx := t.Context()
	l := f.newLaptop(makerOfChips)
	l.attested()
	c := l.plan(false)
	must(t, c.write(binding.PinFail, first, tries))
	must(t, c.read(binding.PinFail))
	must(t, c.rekey("first"))
	n := c.counter() + 1
	s := c.sealA(n)
	proof := l.proving(s)
	_, err := l.cache(s.request, c.counting(n, &proof))
	must(t, err)
	must(t, c.x.Commit(ctx, n))
	_, err = c.x.Wipe(ctx, n)
	must(t, err)
	refuses(t, "another password before the reading", c.rekey("second"), vault.NotPermitted)
	must(t, c.read(binding.Counter))
	must(t, c.rekey("second"))
	_, err = l.client.RenewLease(ctx, l.ID, wire.LeaseRequest{Cache: c.cache, Generation: n}, c.counting(n, nil))
	refuses(t, "a lease for what was wiped", err, vault.Superseded)
	next := c.sealA(c.counter() + 1)
	proof = l.proving(next)
	_, err = l.cache(next.request, c.counting(next.request.Generation, &proof))
	must(t, err)
	if got := l.alarms(); len(got) != 1 || got[0] != "permit" {
		t.Errorf("alarms: %q, want one for the second password", got)
	}
}

// TestAReadingOfSomethingElse: an index that does not hold what was permitted is
// an alarm, and nothing more is approved. Here its tries are used before the
// reading; a client that marks the permitted bytes as encrypted looks the same.
func TestAReadingOfSomethingElse(t *testing.T) {
	f := newChipFixture(t)
	ctx := t.Context()
	l := f.newLaptop(makerOfChips)
	l.attested()
	c := l.plan(false)
	must(t, c.write(binding.PinFail, first, tries))
	must(t, c.read(binding.PinFail))
	must(t, c.rekey("right"))
	n := c.counter() + 1
	s := c.sealA(n)
	proof := l.proving(s)
	got, err := l.cache(s.request, c.counting(n, &proof))
	must(t, err)
	must(t, c.x.Commit(ctx, n))
	must(t, c.write(binding.PinFail, again, tries))
	approval := got.Chip.Approval()
	_, err = c.x.Unseal(ctx, binding.SealedUse{Object: s.object, Terms: s.terms, Approval: &approval, Auth: []byte("wrong")})
	if !errors.Is(err, binding.ErrWrongAuth) {
		t.Fatalf("a wrong password: %v", err)
	}
	refuses(t, "the reading", c.read(binding.PinFail), vault.NotPermitted)
	_, err = l.client.RenewLease(ctx, l.ID, wire.LeaseRequest{Cache: c.cache, Generation: n}, c.counting(n, nil))
	refuses(t, "a lease", err, vault.NotPermitted)
	if got := l.alarms(); !slices.Contains(got, "reading") {
		t.Errorf("alarms: %q", got)
	}

	// A statement about another index is none about this one.
	err = l.client.Reading(ctx, c.slots.Indices, binding.PinFail, l, func(ctx context.Context, q [32]byte) (binding.Statement, error) {
		return c.x.Certify(ctx, tpm.IndexCertifying{Index: binding.Counter, Key: c.ak.Blob, Qualifying: q})
	})
	refuses(t, "a reading of the counter in its place", err, vault.NotPermitted)
}
