package server_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

// TestPermits: each rule of tpm/FORMAT.md, section 9.
func TestPermits(t *testing.T) {
	f := newChipFixture(t)
	ctx := t.Context()
	l := f.newLaptop(makerOfChips)
	l.attested()
	c := l.plan(false)
	ask := func(kind binding.PermitKind, count, limit uint32) error {
		permit, err := c.permit(binding.PinFail, kind, count, limit)
		must(t, err)
		_, err = permit(ctx, binding.PermitRequest{
			Indices: c.slots.Indices, Index: binding.PinFail, Kind: kind, Nonce: make([]byte, 16), Count: count, Limit: limit,
		})
		return err
	}
	refuses(t, "new tries before the first write", ask(again, 0, tries), vault.NotPermitted)
	refuses(t, "no limit", ask(first, 0, 0), vault.Usage)
	refuses(t, "a count", ask(first, 3, tries), vault.Usage)
	f.wait(6 * time.Minute)
	refuses(t, "a token that is no longer fresh", ask(first, 0, tries), vault.NotSignedIn)
	l.signIn()

	// The permit of one session is of no use in another, nor the request twice.
	var kept []byte
	permit, err := c.permit(binding.PinFail, first, 0, tries)
	must(t, err)
	must(t, c.x.WritePin(ctx, tpm.PinWrite{Index: binding.PinFail, Limit: tries, Permit: func(ctx context.Context, r binding.PermitRequest) ([]byte, error) {
		if kept, err = permit(ctx, r); err != nil {
			return nil, err
		}
		_, err := permit(ctx, r)
		refuses(t, "the same request again", err, vault.NotSignedIn)
		return kept, nil
	}}))
	refuses(t, "a second first write", ask(first, 0, tries), vault.NotPermitted)
	refuses(t, "new tries before the last write was shown", ask(again, 0, tries), vault.NotPermitted)
	must(t, c.read(binding.PinFail))
	replay := func(context.Context, binding.PermitRequest) ([]byte, error) { return kept, nil }
	if err := c.x.WritePin(ctx, tpm.PinWrite{Index: binding.PinFail, Limit: tries, Permit: replay}); err == nil {
		t.Error("the chip took a permit twice")
	}
	refuses(t, "a count that is kept", ask(again, 3, tries), vault.Usage)
	refuses(t, "more tries", ask(again, 0, tries+1), vault.Usage)

	unstated, err := c.client.Permit(ctx, binding.PermitRequest{Indices: c.slots.Indices, Index: binding.PinFail, Kind: binding.PermitRekey}, l)
	must(t, err)
	_, err = unstated(ctx, binding.PermitRequest{Indices: c.slots.Indices, Index: binding.PinFail, Kind: binding.PermitRekey, Nonce: make([]byte, 16)})
	refuses(t, "without a statement", err, vault.NotPermitted)

	other := f.newLaptop(makerOfChips)
	foreign := &copyproof{laptop: other, slots: c.slots}
	foreign.slots.Indices.Device = other.ID
	elsewhere := func() error {
		permit, err := foreign.permit(binding.PinFail, binding.PermitRekey, 0, 0)
		must(t, err)
		_, err = permit(ctx, binding.PermitRequest{Indices: foreign.slots.Indices, Index: binding.PinFail, Kind: binding.PermitRekey, Nonce: make([]byte, 16)})
		return err
	}
	refuses(t, "a device that has proved nothing", elsewhere(), vault.NotPermitted)
	other.attested()
	refuses(t, "another device's cache", elsewhere(), vault.NotFound)
	if got := l.alarms(); slices.Contains(got, "permit") || !slices.Contains(got, "statement") {
		t.Errorf("alarms: %q, want one for the statement that was not there", got)
	}
}

// TestStolenAccountPassword: who has the account's password and the machine asks
// for new tries again and again. Each is told to the administrators, and there
// are few of them.
func TestStolenAccountPassword(t *testing.T) {
	f := newChipFixture(t)
	l := f.newLaptop(makerOfChips)
	l.attested()
	c := l.plan(false)
	must(t, c.write(binding.PinFail, first, tries))
	must(t, c.read(binding.PinFail))
	given := 0
	var last error
	for range 5 {
		l.signIn()
		if last = c.write(binding.PinFail, again, tries); last != nil {
			break
		}
		given++
		must(t, c.read(binding.PinFail))
		refuses(t, "at once", c.write(binding.PinFail, again, tries), whileOpen(given))
		l.machine.Reboot() // what was permitted before is over
	}
	if given != 2 {
		t.Errorf("new tries were given %d times", given)
	}
	refuses(t, "once more", last, vault.TooManyAttempts)
	if got := l.alarms(); !slices.Equal(got, []string{"permit", "permit"}) {
		t.Errorf("alarms: %q, want one for each", got)
	}
	f.wait(25 * time.Hour)
	l.signIn()
	must(t, c.write(binding.PinFail, again, tries))
}

// whileOpen is what a request for new tries is answered while the ones before may
// not have been taken: the ration of the day comes first.
func whileOpen(given int) vault.Cause {
	if given >= 2 {
		return vault.TooManyAttempts
	}
	return vault.NotPermitted
}

// TestUnusedPermit: a permit that was given and not used does not lose the cache,
// and is never beside another one that can be used: the next is given when the
// chip itself shows that the session of the first is gone.
func TestUnusedPermit(t *testing.T) { unusedPermit(t, newChipFixture(t)) }

func unusedPermit(t *testing.T, f *chipFixture) {
	ctx := t.Context()
	must(t, f.catalog.Set(ctx, f.op, "opens", "5"))
	l := f.newLaptop(makerOfChips)
	l.attested()
	c := l.plan(true)
	for k, limit := range map[binding.IndexKind]uint32{binding.PinFail: tries, binding.PinPass: 5} {
		must(t, c.write(k, first, limit))
		must(t, c.read(k))
	}
	keep := func(k binding.IndexKind, limit uint32) error { // as one who waits with it
		permit, err := c.permit(k, again, 0, limit)
		must(t, err)
		_, err = permit(ctx, binding.PermitRequest{Indices: c.slots.Indices, Index: k, Kind: again, Nonce: make([]byte, 16), Limit: limit})
		return err
	}
	must(t, f.catalog.Set(ctx, f.op, "opens", "7"))
	must(t, keep(binding.PinPass, 7))
	refuses(t, "a second budget beside it", keep(binding.PinPass, 7), vault.NotPermitted)
	refuses(t, "a reading of what was before", c.read(binding.PinPass), vault.NotPermitted)
	f.wait(30 * time.Minute)
	l.signIn()
	refuses(t, "the same, the chip's clock having stood still", c.read(binding.PinPass), vault.NotPermitted)

	must(t, keep(binding.PinFail, tries))
	must(t, c.read(binding.PinFail)) // it holds what was permitted, as before
	refuses(t, "new tries beside those that may wait", keep(binding.PinFail, tries), vault.NotPermitted)

	l.machine.Reboot()
	must(t, c.read(binding.PinPass))
	if got := f.details(catalog.ActionReading, func(r catalog.AuditRecord) string { return r.Detail }); !strings.Contains(got[len(got)-1], "was not used") {
		t.Errorf("audit: %q", got)
	}
	n := c.counter() + 1
	s := c.sealA(n)
	proof := l.proving(s)
	_, err := l.cache(s.request, c.counting(n, &proof))
	must(t, err) // the limit before goes on
	must(t, c.write(binding.PinPass, again, 7))
	must(t, c.read(binding.PinPass))
	must(t, c.write(binding.PinFail, again, tries))
	must(t, c.read(binding.PinFail))
	l.machine.Reboot()
	refuses(t, "more tries than a day has, one ration unused", keep(binding.PinFail, tries), vault.TooManyAttempts)
	got := l.alarms()
	if !slices.Contains(got, "permit") || !slices.Contains(got, "reading") {
		t.Errorf("alarms: %q", got)
	}
}

// TestBudgetOfOpens: the limit is the policy's, and a new budget starts from the
// count that the chip has certified just now.
func TestBudgetOfOpens(t *testing.T) {
	f := newChipFixture(t)
	ctx := t.Context()
	must(t, f.catalog.Set(ctx, f.op, "opens", "5"))
	l := f.newLaptop(makerOfChips)
	l.attested()
	c := l.plan(true)
	must(t, c.write(binding.PinFail, first, tries))
	must(t, c.read(binding.PinFail))
	refuses(t, "more opens", c.write(binding.PinPass, first, 6), vault.Usage)
	must(t, c.write(binding.PinPass, first, 5))
	n := c.counter() + 1
	s := c.sealA(n)
	proof := l.proving(s)
	_, err := l.cache(s.request, c.counting(n, &proof))
	refuses(t, "a cache before the reading of the budget", err, vault.NotPermitted)
	must(t, c.read(binding.PinPass))
	_, err = l.cache(s.request, c.counting(n, &proof))
	must(t, err)
	f.wait(15 * time.Minute)
	l.signIn()
	refuses(t, "a new budget from an old reading", c.write(binding.PinPass, again, 5), vault.NotPermitted)
	must(t, c.read(binding.PinPass))
	must(t, c.write(binding.PinPass, again, 5))
}
