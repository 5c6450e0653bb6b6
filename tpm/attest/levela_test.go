package attest_test

import (
	"context"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
)

// copyproof is a client with the NV indices of a cache of level A.
type copyproof struct {
	*client
	x     *tpm.Indexed
	slots binding.Slots
}

func (c *client) provision() *copyproof {
	c.t.Helper()
	server := newKey(c.t)
	key, err := binding.KeyOf(&server.PublicKey)
	if err != nil {
		c.t.Fatal(err)
	}
	slots, err := c.chip.PlanSlots(c.t.Context(), tpm.Plan{Key: key, Device: [16]byte{1}, Cache: [16]byte{2}})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.chip.Provision(c.t.Context(), slots, nil); err != nil {
		c.t.Fatal(err)
	}
	p := &copyproof{client: c, slots: slots}
	if p.x, err = c.chip.WithIndices(slots); err != nil {
		c.t.Fatal(err)
	}
	permit := func(_ context.Context, r binding.PermitRequest) ([]byte, error) { return binding.Permit(server, r) }
	if err := p.x.WritePin(c.t.Context(), tpm.PinWrite{Index: binding.PinFail, Limit: 10, Permit: permit}); err != nil {
		c.t.Fatal(err)
	}
	return p
}

// at has the chip certify its counter for the terms of generation n.
func (c *copyproof) at(id attest.Identity, n uint64, nonce []byte) attest.Sighting {
	c.t.Helper()
	seen, err := id.Counter(c.certifyCounter(n, nonce), c.slots.Indices.Terms(n), nonce)
	if err != nil {
		c.t.Fatal(err)
	}
	return seen
}

func (c *copyproof) certifyCounter(n uint64, nonce []byte) binding.Statement {
	c.t.Helper()
	q := binding.Qualify(binding.SubjectCounter, nonce, c.slots.Indices.Terms(n).LeaseRef())
	said, err := c.x.Certify(c.t.Context(), tpm.IndexCertifying{Index: binding.Counter, Key: c.ak.Blob, Qualifying: q})
	if err != nil {
		c.t.Fatal(err)
	}
	return said
}

// TestCopyProof: an object of level A is proved as any other, the counter
// beside it, and a snapshot that was put back shows by the counter even where
// its clock is ahead.
func TestCopyProof(t *testing.T) {
	c := newClient(t, ship(t)).provision()
	id, _ := c.enrol(believing(t))
	nonce := []byte("of today")
	counter, err := c.x.Counter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := counter + 1
	terms := c.slots.Indices.Terms(n)
	object, made, err := c.x.SealForProof(t.Context(), terms, nil, []byte("a machine secret"))
	if err != nil {
		t.Fatal(err)
	}
	good := c.prove(sealing{terms, object, made}, nonce)
	_, err = id.Sealed(good, terms, nonce)
	wants(t, "object of level A", err, nil)
	_, err = id.Sealed(good, c.slots.Indices.Terms(n+1), nonce)
	wants(t, "another generation", err, attest.ErrTerms)

	state := c.machine.Snapshot()
	if err := c.x.Commit(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	last := c.at(id, n, nonce)
	if last.Counter != n {
		t.Errorf("counter %d certified, %d committed", last.Counter, n)
	}
	said := c.certifyCounter(n, nonce)
	for what, err := range map[string]error{
		"nonce":      second(id.Counter(said, terms, []byte("of tomorrow"))),
		"generation": second(id.Counter(said, c.slots.Indices.Terms(n+1), nonce)),
		"kind":       second(id.Counter(good.Statement, terms, nonce)),
	} {
		if err == nil {
			t.Errorf("another %s was taken", what)
		}
	}
	_, err = id.Counter(said, governed(t, binding.LevelB), nonce)
	wants(t, "level without a counter", err, attest.ErrTerms)
	_, err = id.Sealed(attest.Sealed{Public: good.Public, Creation: good.Creation, Statement: said}, terms, nonce)
	wants(t, "a counter's statement", err, attest.ErrKind)

	c.machine.Restore(state)
	c.machine.Reboot()
	c.machine.AdvanceClock(time.Minute)
	seen := c.at(id, n, nonce)
	if got, sign := attest.Contact(last, seen); got != attest.Cloned || sign != attest.SignCounter {
		t.Errorf("%q %q; %+v then %+v", got, sign, last, seen)
	}
}

func second(_ attest.Sighting, err error) error { return err }
