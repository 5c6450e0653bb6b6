package tpm_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// A cache's whole life: provisioned, sealed, committed, opened, renewed,
// wiped, receipted, removed.
func TestLevelA(t *testing.T) {
	for name, opens := range map[string]bool{"without a budget of opens": false, "with a budget of opens": true} {
		t.Run(name, func(t *testing.T) {
			c := planned(t, tpmtest.Start(t), opens)
			c.level(binding.LevelB, binding.BlockedIndices)
			c.must(c.chip.Provision(t.Context(), c.slots, nil))
			c.level(binding.LevelB, binding.BlockedUnwritten)
			c.must(c.write(binding.PinFail, 0, testTries))
			if opens {
				c.level(binding.LevelB, binding.BlockedUnwritten)
				c.must(c.write(binding.PinPass, 0, testOpens))
			}
			c.level(binding.LevelA)
			c.must(c.x.Rekey(t.Context(), rightAuth, c.permit))

			c.seal()
			c.refused(binding.ErrSuperseded) // not committed yet
			c.must(c.x.Rehearse(t.Context(), c.use))
			c.must(c.x.Commit(t.Context(), c.highest))
			c.opens()
			old := c.use
			_, err := c.unseal(wrongAuth)
			wants(t, "wrong password", err, binding.ErrWrongAuth)
			if got := c.failed(); got != 1 {
				t.Errorf("%d wrong passwords counted, want 1", got)
			}
			c.opens()
			if got := c.failed(); got != 0 {
				t.Errorf("%d wrong passwords counted after the right one", got)
			}

			c.renew()
			c.opens()
			renewed := c.use
			c.use = old
			c.refused(binding.ErrSuperseded)
			c.use = renewed
			c.opens()

			at, err := c.x.Wipe(t.Context(), c.highest)
			if err != nil || at <= c.highest || at != c.counter() {
				t.Errorf("wiped to %d of %d, %v", at, c.highest, err)
			}
			c.refused(binding.ErrSuperseded)
			if got := c.certified(binding.Counter).Value; got != at {
				t.Errorf("the receipt says %d, want %d", got, at)
			}
			if got := lockoutFailures(t, c.machine); got != 0 {
				t.Errorf("the shared lockout has counted %d failures", got)
			}
			c.must(c.chip.Remove(t.Context(), c.slots.Indices.Handles(), nil))
			c.must(c.chip.Remove(t.Context(), c.slots.Indices.Handles(), nil))
			c.level(binding.LevelB, binding.BlockedIndices)
			nothingLoaded(t, c.machine)
		})
	}
}

// level fails the test unless the machine measures so with the cache's indices.
func (c *copyproof) level(want binding.Level, blocked ...string) {
	c.t.Helper()
	m, err := c.x.Machine(c.t.Context())
	if err != nil || m.Level != want || !cmp.Equal(m.BlockedBy, blocked) {
		c.t.Errorf("measured %s, %q, %v; want %s, %q", m.Level, m.BlockedBy, err, want, blocked)
	}
}

// certified has an index certified and reads it as the server does.
func (c *copyproof) certified(k binding.IndexKind) binding.Reading {
	c.t.Helper()
	reading, err := c.certify(k)
	c.must(err)
	return reading
}

func (c *copyproof) certify(k binding.IndexKind) (binding.Reading, error) {
	c.t.Helper()
	key, err := c.chip.NewAttestationKey(c.t.Context())
	c.must(err)
	q := binding.Qualify(binding.SubjectCounter, []byte("nonce of the server"), c.use.Terms.LeaseRef())
	said, err := c.x.Certify(c.t.Context(), tpm.IndexCertifying{Index: k, Key: key.Blob, Qualifying: q})
	if err != nil {
		return binding.Reading{}, err
	}
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic](key.Public)
	c.must(err)
	parms, err := public.Parameters.ECCDetail()
	c.must(err)
	point, err := public.Unique.ECC()
	c.must(err)
	ak, err := tpm2.ECDSAPub(parms, point)
	c.must(err)
	return said.Reading(binding.ReadingWant{Key: ak, Qualified: q, Name: c.slots.Indices.Name(k, true)})
}

// The public area is the one of FORMAT.md, section 2, byte by byte.
func TestPublicAreaOfLevelA(t *testing.T) {
	c := committed(t, true)
	policy, err := c.use.Terms.AuthPolicy()
	c.must(err)
	want := "0008000b00000492" + "0020" + hex.EncodeToString(policy[:]) + "00100020"
	if got := hex.EncodeToString(c.use.Object.Public); !strings.HasPrefix(got, want) || len(got) != len(want)+64 {
		t.Errorf("got %s, want %s and 32 bytes", got, want)
	}
}

// Each bound ends by itself, and a new approval opens the same object.
func TestLeaseOfLevelA(t *testing.T) {
	c := committed(t, false)
	c.machine.AdvanceClock(2 * time.Hour)
	c.refused(binding.ErrClockEnded)
	c.approve(hour, 2)
	c.opens()
	c.machine.Reboot()
	c.opens()
	c.machine.Reboot()
	c.refused(binding.ErrBootsEnded)
	c.approve(hour, 2)
	c.opens()
	nothingLoaded(t, c.machine)
}

// Opens are counted, the journal is asked before each, and the budget ends.
func TestBudgetOfOpens(t *testing.T) {
	c := provisioned(t, tpmtest.Start(t), true)
	c.must(c.write(binding.PinPass, 0, 3))
	c.renew() // the rehearsal costs no open
	journal := 0
	c.use.BeforeOpen = func() error { journal++; return nil }
	for used := range uint32(3) {
		if got, err := c.x.Opens(t.Context()); err != nil || got != (binding.Opens{Used: used, Limit: 3}) {
			t.Errorf("opens: %+v, %v, want %d of 3", got, err, used)
		}
		_, err := c.unseal(wrongAuth)
		wants(t, "wrong password", err, binding.ErrWrongAuth)
		c.opens()
	}
	if journal != 3 {
		t.Errorf("the journal was asked %d times for 3 opens", journal)
	}
	got, err := c.unseal(rightAuth)
	wants(t, "fourth open", err, binding.ErrOpensEnded)
	if got != nil {
		t.Errorf("fourth open gave %q", got)
	}
	reading := c.certified(binding.PinPass)
	if reading.Count() != 3 || reading.Limit() != 3 {
		t.Errorf("certified %d of %d", reading.Count(), reading.Limit())
	}
	c.must(c.write(binding.PinPass, reading.Count(), reading.Count()+1))
	c.opens()

	full := errors.New("the journal's disk is full")
	c.must(c.write(binding.PinPass, 4, 9))
	c.use.BeforeOpen = func() error { return full }
	if got, err := c.unseal(rightAuth); !errors.Is(err, full) || got != nil {
		t.Errorf("without a journal: %q, %v", got, err)
	}
	if got, err := c.x.Opens(t.Context()); err != nil || got.Used != 4 {
		t.Errorf("an open without a journal was counted: %+v, %v", got, err)
	}
	nothingLoaded(t, c.machine)
}

// A cache without a budget of opens has no index for it.
func TestNoBudgetOfOpens(t *testing.T) {
	c := committed(t, false)
	_, err := c.x.Opens(t.Context())
	wants(t, "opens", err, binding.ErrNoIndices)
	wants(t, "write", c.write(binding.PinPass, 0, 3), binding.ErrNoIndices)
	wants(t, "write to the counter", c.write(binding.Counter, 0, 3), binding.ErrNoIndices)
}

// A program that died has left sessions in the chip, and there is no room. The chip
// is tidied before the permit is asked for, as that is good for once.
func TestRekeyWithoutRoom(t *testing.T) {
	c := committed(t, false)
	raw := administrator(strings.TrimPrefix(c.machine.Spec(), "unix:"))
	for left := range 3 {
		if _, err := (tpm2.StartAuthSession{
			TPMKey: tpm2.TPMRHNull, Bind: tpm2.TPMRHNull, SessionType: tpm2.TPMSEPolicy, AuthHash: tpm2.TPMAlgSHA256,
			NonceCaller: tpm2.TPM2BNonce{Buffer: make([]byte, 16)}, Symmetric: tpm2.TPMTSymDef{Algorithm: tpm2.TPMAlgNull},
		}).Execute(raw); err != nil {
			t.Fatal(err)
		}
		before := len(c.signed)
		c.must(c.x.Rekey(t.Context(), wrongAuth, c.permit))
		if n := len(c.signed) - before; n != 1 {
			t.Errorf("%d permits, with %d sessions left over", n, left+1)
		}
	}
}

// Another password: the old one opens nothing more, and the tries that it had
// used up stay used.
func TestRekey(t *testing.T) {
	c := committed(t, false)
	_, err := c.unseal(wrongAuth)
	wants(t, "before", err, binding.ErrWrongAuth)
	c.must(c.x.Rekey(t.Context(), wrongAuth, c.permit))
	_, err = c.unseal(rightAuth)
	wants(t, "the old password", err, binding.ErrWrongAuth)
	if got := c.failed(); got != 2 {
		t.Errorf("%d wrong passwords counted, want 2", got)
	}
	if got, err := c.unseal(wrongAuth); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("the new password: %q, %v", got, err)
	}
	for name, auth := range map[string][]byte{"none": nil, "a zero": {1, 0}, "too long": bytes.Repeat([]byte{1}, 33)} {
		if err := c.x.Rekey(t.Context(), auth, c.permit); err == nil {
			t.Errorf("rekeyed to %s", name)
		}
	}
}

// A rehearsal finds before the commit what would keep the cache from opening
// after it.
func TestRehearse(t *testing.T) {
	c := committed(t, true)
	old := c.use
	c.seal()
	use := c.use
	rehearse := func() error { return c.x.Rehearse(t.Context(), c.use) }
	wants(t, "as it is", rehearse(), nil)
	for name, f := range map[string]func(){
		"another object":     func() { c.use.Object = old.Object },
		"another approval":   func() { c.use.Approval = old.Approval },
		"changed signature":  func() { a := *c.use.Approval; a.Signature = flip(a.Signature, 9); c.use.Approval = &a },
		"another generation": func() { c.use.Terms = old.Terms },
	} {
		c.use = use
		f()
		wants(t, name, rehearse(), binding.ErrTampered)
	}
	c.use = use
	c.use.Auth = wrongAuth
	wants(t, "wrong password", rehearse(), binding.ErrWrongAuth)
	c.use = use
	c.machine.AdvanceClock(2 * time.Hour)
	wants(t, "ended", rehearse(), binding.ErrClockEnded)
	c.use = old
	c.approve(hour, 5)
	c.opens() // and the old generation is as it was
	nothingLoaded(t, c.machine)
}

// Numbers are sealed upwards only, and a commit never passes its own.
func TestGenerations(t *testing.T) {
	c := committed(t, false)
	at := c.counter()
	for _, n := range []uint64{at, at - 1, 1} {
		_, err := c.x.Seal(t.Context(), c.slots.Indices.Terms(n), nil, secret)
		wants(t, "seal", err, binding.ErrSuperseded)
	}
	wants(t, "commit of the present", c.x.Commit(t.Context(), at), nil)
	wants(t, "commit of the past", c.x.Commit(t.Context(), at-1), binding.ErrSuperseded)
	if err := c.x.Commit(t.Context(), at+1_000_000); err == nil {
		t.Error("a million steps were made")
	}
	if got := c.counter(); got != at {
		t.Errorf("counter at %d, want %d", got, at)
	}
	c.opens()
	c.seal() // given up
	given := c.use
	c.renew() // two steps
	if got := c.counter(); got != at+2 {
		t.Errorf("counter at %d, want %d", got, at+2)
	}
	c.opens()
	c.use = given
	c.refused(binding.ErrSuperseded)
}

// A wipe passes every number that was ever sealed, and the next one.
func TestWipe(t *testing.T) {
	c := committed(t, false)
	at, err := c.x.Wipe(t.Context(), c.highest)
	if err != nil || at != c.highest+2 {
		t.Errorf("wiped to %d, %v, want %d", at, err, c.highest+2)
	}
	c = committed(t, false)
	present := c.use
	for range 5 {
		c.seal()
	}
	pending := c.use
	at, err = c.x.Wipe(t.Context(), c.highest)
	if err != nil || at != c.highest+1 {
		t.Errorf("wiped to %d, %v, want %d", at, err, c.highest+1)
	}
	for _, use := range []binding.SealedUse{present, pending} {
		c.use = use
		c.refused(binding.ErrSuperseded)
	}
	wants(t, "commit of what is wiped", c.x.Commit(t.Context(), c.highest), binding.ErrSuperseded)
	before := c.counter()
	if at, err := c.x.Wipe(t.Context(), before+1_000_000); err == nil || at != before+2 {
		t.Errorf("wiped to %d, %v, want %d and that the rest is too far", at, err, before+2)
	}
}

// Object, terms and approval of different caches do not go together, and a
// Chip without indices has nothing to do with level A.
func TestMixedUsesOfLevelA(t *testing.T) {
	c := committed(t, true)
	other := provisioned(t, c.machine, true)
	other.renew()
	for name, use := range map[string]binding.SealedUse{
		"another cache's":          other.use,
		"another cache's object":   {Object: other.use.Object, Terms: c.use.Terms, Approval: c.use.Approval},
		"another cache's approval": {Object: c.use.Object, Terms: c.use.Terms, Approval: other.use.Approval},
	} {
		kept := c.use
		c.use = use
		wants(t, name, c.check(), binding.ErrTampered)
		_, err := c.unseal(rightAuth)
		wants(t, name, err, binding.ErrTampered)
		c.use = kept
	}
	_, err := c.x.Seal(t.Context(), other.use.Terms, nil, secret)
	wants(t, "seal for another cache", err, binding.ErrTampered)
	if _, err := c.x.Seal(t.Context(), c.slots.Indices.Terms(c.highest+1), rightAuth, secret); err == nil {
		t.Error("an object of level A was sealed with a password of its own")
	}
	_, err = c.chip.Seal(t.Context(), c.use.Terms, rightAuth, secret)
	wants(t, "seal without indices", err, binding.ErrUnavailable)
	wants(t, "check without indices", c.chip.Check(t.Context(), c.use.Object, c.use.Terms, c.use.Approval), binding.ErrUnavailable)
	_, err = c.chip.Unseal(t.Context(), c.use)
	wants(t, "unseal without indices", err, binding.ErrUnavailable)
	c.opens()
	other.opens()
	nothingLoaded(t, c.machine)
}

// Two levels on one machine do not disturb each other.
func TestLevelsSideBySide(t *testing.T) {
	c := committed(t, false)
	b := sealOn(t, c.machine, c.machine.Open(t), binding.LevelB)
	_, err := b.unseal(wrongAuth)
	wants(t, "wrong password at B", err, binding.ErrWrongAuth)
	if got := c.failed(); got != 0 {
		t.Errorf("level A counts %d", got)
	}
	c.opens()
	b.opens()
}

// The file of another machine is found out before its indices are looked at,
// and costs nothing there, even if they were made there too.
func TestAnotherMachineAtLevelA(t *testing.T) {
	c := committed(t, false)
	home, own := c.machine, c.use
	other := tpmtest.Start(t)
	c.machine = other
	c.attach(other.Open(t))
	c.refused(binding.ErrOtherMachine)
	c.must(c.chip.Provision(t.Context(), c.slots, nil))
	c.must(c.write(binding.PinFail, 0, testTries))
	c.must(c.x.Rekey(t.Context(), rightAuth, c.permit))
	c.refused(binding.ErrOtherMachine)
	if err := c.chip.Pin(rootName(t, home.Open(t))); err != nil {
		t.Fatal(err)
	}
	wants(t, "check with the root pinned", c.check(), binding.ErrOtherMachine)
	wants(t, "commit with the root pinned", c.x.Commit(t.Context(), c.highest), binding.ErrOtherMachine)
	nothingLoaded(t, other)

	c.machine, c.use = home, own
	c.attach(home.Open(t))
	c.opens()
	home.Clear() // takes the root and the indices
	c.attach(home.Open(t))
	wants(t, "check after a clear", c.check(), binding.ErrOtherMachine)
	c.level(binding.LevelB, binding.BlockedIndices)
	nothingLoaded(t, home)
}
