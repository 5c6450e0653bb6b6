package attest_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// TestProven: a chip whose maker the server knows, by an RSA EK (L-1).
func TestProven(t *testing.T) {
	c := newClient(t, ship(t))
	if len(c.ek.Certificates) != 1 {
		t.Fatalf("the manufactured chip gave %d certificates", len(c.ek.Certificates))
	}
	id, seen := c.enrol(believing(t))
	if !id.Proven || id.Why != "" || !id.ClearResets {
		t.Errorf("proven %v, why %q, clear resets %v", id.Proven, id.Why, id.ClearResets)
	}
	// swtpm's maker is known to make software: proven, and virtual.
	if !id.Virtual || id.Certificate.Maker != "00001014" || id.Certificate.Model != "swtpm" {
		t.Errorf("virtual %v, certificate %+v", id.Virtual, id.Certificate)
	}
	clock, err := c.chip.Clock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if seen.Clock.Resets != clock.Resets || seen.Clock.MS > clock.MS {
		t.Errorf("stated %+v, read %+v", seen.Clock, clock)
	}
	if n := c.machine.Loaded(); n != 0 {
		t.Errorf("%d objects or sessions are left in the chip", n)
	}
	machine, err := c.chip.Machine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(id.Root, machine.RootName) {
		t.Error("the root is not the one that the machine shows")
	}
}

// TestKnownNotProven: the same chip before a server that does not know its
// maker, and a chip without a certificate (P-256 EK, L-2).
func TestKnownNotProven(t *testing.T) {
	nobody := attest.New(attest.Config{})
	m := ship(t)
	first, _ := newClient(t, m).enrol(nobody)
	again, _ := newClient(t, m).enrol(nobody)
	if first.Proven || first.Why != attest.WhyUnknownRoot || !first.Virtual {
		t.Errorf("unknown maker: %+v", first)
	}
	if !bytes.Equal(first.EKName, again.EKName) || bytes.Equal(first.AK, again.AK) {
		t.Error("the same chip is not recognised, or has one attestation key for two accounts")
	}

	plain, _ := newClient(t, tpmtest.Start(t)).enrol(believing(t))
	if plain.Proven || plain.Why != attest.WhyNoCertificate || !plain.Virtual {
		t.Errorf("no certificate: %+v", plain)
	}
	if bytes.Equal(plain.EKName, first.EKName) {
		t.Error("two chips have one Name")
	}
}

// TestKeyUnderTheRoot: where the user may not use the endorsement hierarchy, an
// administrator activates a key under the storage root; resets are veiled, and
// their difference is not.
func TestKeyUnderTheRoot(t *testing.T) {
	c := newClient(t, ship(t))
	clear, clearSeen := c.enrol(believing(t))
	closeEndorsement(t, c.machine)
	owned, err := c.chip.NewAttestationKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	openEndorsement(t, c.machine)
	c.ak = owned
	id, seen := c.enrol(believing(t))
	if !id.Proven || id.ClearResets || !bytes.Equal(id.EKName, clear.EKName) {
		t.Errorf("proven %v, clear resets %v", id.Proven, id.ClearResets)
	}
	if seen.Clock.Resets == clearSeen.Clock.Resets {
		t.Errorf("resets %d are not veiled", seen.Clock.Resets)
	}
	closeEndorsement(t, c.machine)
	c.machine.Reboot()
	later := c.contact(id, time.Now())
	if d := later.Clock.Resets - seen.Clock.Resets; d != 1 {
		t.Errorf("one reboot, and resets went from %d to %d", seen.Clock.Resets, later.Clock.Resets)
	}
	if v, sign := attest.Contact(seen, later); v != attest.Rebooted {
		t.Errorf("verdict %q, %q", v, sign)
	}
}

// TestStored: what the server keeps between messages survives its storing.
func TestStored(t *testing.T) {
	c := newClient(t, ship(t))
	challenge, pending := c.challenged(believing(t))
	var stored attest.Pending
	through(t, pending, &stored)
	id, seen, err := stored.Verify(c.answer(challenge), c.public)
	if err != nil {
		t.Fatal(err)
	}
	var gotID attest.Identity
	var gotSeen attest.Sighting
	through(t, id, &gotID)
	through(t, seen, &gotSeen)
	if d := cmp.Diff(id, gotID) + cmp.Diff(seen, gotSeen); d != "" {
		t.Error(d)
	}
	c.contact(gotID, time.Now())
}

func through(t *testing.T, from, to any) {
	t.Helper()
	b, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, to); err != nil {
		t.Fatal(err)
	}
}
