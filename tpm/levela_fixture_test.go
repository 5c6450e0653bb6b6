package tpm_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// What the caches of these tests allow.
const (
	testTries = 4
	testOpens = 50
)

// copyproof is one cache of level A on one machine, and its server.
type copyproof struct {
	t       testing.TB
	machine *tpmtest.Machine
	chip    *tpm.Chip
	x       *tpm.Indexed
	slots   binding.Slots
	server  *ecdsa.PrivateKey
	highest uint64 // as the client's state keeps it
	use     binding.SealedUse
	signed  []binding.PermitRequest // every permit that the server gave
}

// planned is a cache whose indices stand in its slots only.
func planned(t testing.TB, m *tpmtest.Machine, opens bool) *copyproof {
	t.Helper()
	c := &copyproof{t: t, machine: m, chip: m.Open(t), server: newKey(t)}
	var cache [16]byte
	rand.Read(cache[:]) //nolint:errcheck // never returns an error
	var err error
	c.slots, err = c.chip.PlanSlots(t.Context(), tpm.Plan{Key: keyOf(t, c.server), Device: [16]byte{1}, Cache: cache, Opens: opens})
	if err != nil {
		t.Fatal(err)
	}
	c.attach(c.chip)
	return c
}

// attach goes on with another Chip.
func (c *copyproof) attach(chip *tpm.Chip) {
	c.t.Helper()
	var err error
	c.chip = chip
	if c.x, err = chip.WithIndices(c.slots); err != nil {
		c.t.Fatal(err)
	}
}

// provisioned is a cache on m that has its indices and its password, and no
// generation yet.
func provisioned(t testing.TB, m *tpmtest.Machine, opens bool) *copyproof {
	t.Helper()
	c := planned(t, m, opens)
	c.must(c.chip.Provision(t.Context(), c.slots, nil))
	c.must(c.write(binding.PinFail, 0, testTries))
	if opens {
		c.must(c.write(binding.PinPass, 0, testOpens))
	}
	c.must(c.x.Rekey(t.Context(), rightAuth, c.permit))
	return c
}

// committed is a cache of level A that opens.
func committed(t testing.TB, opens bool) *copyproof {
	t.Helper()
	c := provisioned(t, tpmtest.Start(t), opens)
	c.renew()
	return c
}

// permit is the server's signature.
func (c *copyproof) permit(_ context.Context, r binding.PermitRequest) ([]byte, error) {
	c.signed = append(c.signed, r)
	return binding.Permit(c.server, r)
}

func (c *copyproof) write(k binding.IndexKind, count, limit uint32) error {
	return c.x.WritePin(c.t.Context(), tpm.PinWrite{Index: k, Count: count, Limit: limit, Permit: c.permit})
}

func (c *copyproof) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *copyproof) counter() uint64 {
	c.t.Helper()
	n, err := c.x.Counter(c.t.Context())
	c.must(err)
	return n
}

// seal makes the next generation, approved for an hour and four more resets.
func (c *copyproof) seal() {
	c.t.Helper()
	c.highest = binding.NextGeneration(c.counter(), c.highest)
	c.use = binding.SealedUse{Terms: c.slots.Indices.Terms(c.highest), Auth: rightAuth}
	var err error
	c.use.Object, err = c.x.Seal(c.t.Context(), c.use.Terms, nil, secret)
	c.must(err)
	c.approve(hour, 5)
}

// approve has the server sign bounds that end that much after now.
func (c *copyproof) approve(clockMS uint64, resets uint32) {
	c.t.Helper()
	now, err := c.chip.Clock(c.t.Context())
	c.must(err)
	a, err := binding.Approve(c.server, c.use.Terms, binding.Bounds{ClockMS: now.MS + clockMS, Resets: now.Resets + resets})
	c.must(err)
	c.use.Approval = &a
}

// renew is a new generation, from seal to commit.
func (c *copyproof) renew() {
	c.t.Helper()
	c.seal()
	c.must(c.x.Rehearse(c.t.Context(), c.use))
	c.must(c.x.Commit(c.t.Context(), c.use.Terms.Generation))
}

func (c *copyproof) check() error {
	return c.x.Check(c.t.Context(), c.use.Object, c.use.Terms, c.use.Approval)
}

func (c *copyproof) unseal(auth []byte) ([]byte, error) {
	use := c.use
	use.Auth = auth
	return c.x.Unseal(c.t.Context(), use)
}

// opens fails the test unless the right password gives the secret.
func (c *copyproof) opens() {
	c.t.Helper()
	if err := c.check(); err != nil {
		c.t.Errorf("check: %v", err)
	}
	if got, err := c.unseal(rightAuth); err != nil || string(got) != string(secret) {
		c.t.Errorf("unseal: %q, %v", got, err)
	}
}

// refused fails the test unless Check and Unseal with the right password both
// answer want, and neither has cost a try or an open.
func (c *copyproof) refused(want error) {
	c.t.Helper()
	before := c.counts()
	wants(c.t, "check", c.check(), want)
	got, err := c.unseal(rightAuth)
	wants(c.t, "unseal", err, want)
	if got != nil {
		c.t.Errorf("unseal gave %q beside its error", got)
	}
	if after := c.counts(); after != before {
		c.t.Errorf("counts before %x, after %x", before, after)
	}
}

// failed is how many wrong passwords PIN_FAIL has counted.
func (c *copyproof) failed() int {
	c.t.Helper()
	tries, err := c.x.Tries(c.t.Context())
	c.must(err)
	if !tries.Known {
		c.t.Error("the tries are not known")
	}
	return tries.Failed
}

// counts are what the chip holds at the PIN indices' handles, read by the owner
// where he may, whatever stands there.
func (c *copyproof) counts() [2]string {
	c.t.Helper()
	var counts [2]string
	r := rawTPM(c.t, c.machine)
	defer r.close()
	if public, err := (tpm2.NVReadPublic{NVIndex: tpm2.TPMHandle(c.slots.Indices.PinFail)}).Execute(r); err == nil {
		if read, err := (tpm2.NVRead{
			AuthHandle: tpm2.TPMRHOwner, NVIndex: tpm2.NamedHandle{Handle: tpm2.TPMHandle(c.slots.Indices.PinFail), Name: public.NVName}, Size: 8,
		}).Execute(r); err == nil {
			counts[0] = string(read.Data.Buffer)
		}
	}
	r.close()
	if opens, err := c.x.Opens(c.t.Context()); err == nil {
		counts[1] = string(rune(opens.Used)) + "/" + string(rune(opens.Limit))
	} else if !errors.Is(err, binding.ErrNoIndices) && !errors.Is(err, binding.ErrTampered) {
		c.t.Error(err)
	}
	return counts
}

// lockoutFailures is how many failures the shared lockout of the machine has.
func lockoutFailures(t testing.TB, m *tpmtest.Machine) uint32 {
	t.Helper()
	r := rawTPM(t, m)
	defer r.close()
	got, err := tpm2.GetCapability{Capability: tpm2.TPMCapTPMProperties, Property: 0x20e, PropertyCount: 1}.Execute(r)
	if err != nil {
		t.Fatal(err)
	}
	list, err := got.CapabilityData.Data.TPMProperties()
	if err != nil || len(list.TPMProperty) != 1 || list.TPMProperty[0].Property != 0x20e {
		t.Fatalf("%+v, %v", list, err)
	}
	return list.TPMProperty[0].Value
}
