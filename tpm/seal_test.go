package tpm_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

func TestSealAndUnseal(t *testing.T) {
	for _, level := range []binding.Level{binding.LevelB, binding.LevelB0} {
		t.Run(string(level), func(t *testing.T) {
			s := seal(t, level)
			s.opens()
			before := s.tries()
			got, err := s.unseal(wrongAuth)
			wants(t, "wrong password", err, binding.ErrWrongAuth)
			if got != nil {
				t.Errorf("wrong password gave %q", got)
			}
			used := before.Left - s.tries().Left
			if want := map[binding.Level]int{binding.LevelB: 1, binding.LevelB0: 0}[level]; used != want {
				t.Errorf("a wrong password cost %d tries, want %d", used, want)
			}
			s.opens()
			nothingLoaded(t, s.machine)
		})
	}
	t.Run("ungoverned", func(t *testing.T) {
		s := sealUngoverned(t, hour, 5)
		s.opens()
		_, err := s.unseal(wrongAuth)
		wants(t, "wrong password", err, binding.ErrWrongAuth)
		nothingLoaded(t, s.machine)
	})
}

// The public area is the one of FORMAT.md, section 2, byte by byte.
func TestPublicArea(t *testing.T) {
	for level, attributes := range map[binding.Level]string{binding.LevelB: "00000092", binding.LevelB0: "00000492"} {
		s := seal(t, level)
		policy, err := s.use.Terms.AuthPolicy()
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("0008000b%s0020%x00100020", attributes, policy)
		if got := hex.EncodeToString(s.use.Object.Public); !strings.HasPrefix(got, want) || len(got) != len(want)+64 {
			t.Errorf("%s: got %s, want %s and 32 bytes", level, got, want)
		}
	}
}

func TestSecretSizes(t *testing.T) {
	s := seal(t, binding.LevelB0)
	for _, n := range []int{1, 32, 128} {
		want := bytes.Repeat([]byte{0xa5}, n)
		object, err := s.chip.Seal(t.Context(), s.use.Terms, rightAuth, want)
		if err != nil {
			t.Errorf("%d bytes: %v", n, err)
			continue
		}
		use := s.use
		use.Object = object
		if got, err := s.chip.Unseal(t.Context(), use); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %x, %v", n, got, err)
		}
	}
	for _, n := range []int{0, 129} {
		if _, err := s.chip.Seal(t.Context(), s.use.Terms, rightAuth, make([]byte, n)); err == nil {
			t.Errorf("%d bytes were sealed", n)
		}
	}
}

// go-tpm cuts an authValue at its first zero byte when it makes the HMAC: the
// right value is then refused, and on a chip with a lockout costs a try
// (google/go-tpm#446). Such values never get as far as the chip.
func TestUnusableAuthValuesAreRefused(t *testing.T) {
	s := seal(t, binding.LevelB)
	before := s.tries()
	for name, auth := range map[string][]byte{
		"none":        nil,
		"empty":       {},
		"33 bytes":    bytes.Repeat([]byte{'a'}, 33),
		"zero inside": {1, 0, 3, 4},
		"zero at end": {1, 2, 3, 0},
		"only a zero": {0},
	} {
		_, err := s.chip.Seal(t.Context(), s.use.Terms, auth, secret)
		if err == nil {
			t.Errorf("seal with %s: no error", name)
		}
		wants(t, "seal with "+name, ignore(err), nil)
		_, err = s.unseal(auth)
		if err == nil {
			t.Errorf("unseal with %s: no error", name)
		}
		wants(t, "unseal with "+name, ignore(err), nil)
	}
	if after := s.tries(); after != before {
		t.Errorf("tries before %+v, after %+v", before, after)
	}
	for _, auth := range [][]byte{{1}, bytes.Repeat([]byte{0xff}, 32)} {
		object, err := s.chip.Seal(t.Context(), s.use.Terms, auth, secret)
		if err != nil {
			t.Errorf("seal with %x: %v", auth, err)
			continue
		}
		use := s.use
		use.Object, use.Auth = object, auth
		if got, err := s.chip.Unseal(t.Context(), use); err != nil || !bytes.Equal(got, secret) {
			t.Errorf("unseal with %x: %q, %v", auth, got, err)
		}
	}
}

// ignore drops an error that is none of the sentinels.
func ignore(err error) error {
	for _, s := range sentinels {
		if bytes.Contains([]byte(err.Error()), []byte(s.Error())) {
			return err
		}
	}
	return nil
}

// A level that this chip cannot give is refused, never lowered.
func TestOtherLevelsAreRefused(t *testing.T) {
	s := seal(t, binding.LevelB)
	name := append([]byte{0, 0x0b}, make([]byte, 32)...)
	a := s.use.Terms
	a.Level, a.Counter, a.PinFail = binding.LevelA, name, name
	_, err := s.chip.Seal(t.Context(), a, rightAuth, secret)
	wants(t, "level A", err, binding.ErrUnavailable)
	c := s.use.Terms
	c.Level = binding.LevelC
	if _, err := s.chip.Seal(t.Context(), c, rightAuth, secret); err == nil {
		t.Error("level C was sealed in a chip")
	}
}

// The lease is renewed without the password and without sealing anew; each
// bound ends by itself.
func TestLeaseEndsAndIsRenewed(t *testing.T) {
	s := seal(t, binding.LevelB)
	s.opens()
	s.machine.AdvanceClock(2 * time.Hour)
	s.refused(binding.ErrClockEnded)
	s.approve(s.bounds(hour, 2))
	s.opens()
	s.machine.Reboot()
	s.opens()
	s.machine.Reboot()
	s.refused(binding.ErrBootsEnded)
	s.approve(s.bounds(hour, 2))
	s.opens()
	nothingLoaded(t, s.machine)
}

// Cutting the power before the chip saves its clock stops that clock, but
// every cut is a reset.
func TestPowerCutsEndByBoots(t *testing.T) {
	s := seal(t, binding.LevelB0)
	s.approve(s.bounds(hour, 3))
	for range 2 {
		s.machine.PowerCut()
		s.opens()
	}
	s.machine.PowerCut()
	s.refused(binding.ErrBootsEnded)
}

func TestUngovernedBoundsEnd(t *testing.T) {
	s := sealUngoverned(t, hour, 1)
	s.opens()
	s.machine.Reboot()
	s.refused(binding.ErrBootsEnded)

	s = sealUngoverned(t, hour, 5)
	s.machine.AdvanceClock(time.Hour)
	s.refused(binding.ErrClockEnded)
}

// After a power cut the first use of an object under the shared lockout is
// answered TPM_RC_RETRY, and the cut itself counts one failure. The caller
// sees neither an error nor a wrong password.
func TestPowerCutAfterUse(t *testing.T) {
	s := seal(t, binding.LevelB)
	s.opens()
	before := s.tries()
	s.machine.PowerCut()
	after := s.tries()
	if got := before.Left - after.Left; got != 1 {
		t.Errorf("the power cut cost %d tries, want 1", got)
	}
	p := sealBehind(t, s)
	s.opens()
	if n := p.count(ccUnseal); n != 2 {
		t.Errorf("%d Unseal sent, want one that is put off and one that opens", n)
	}
	if last := s.tries(); last != after {
		t.Errorf("tries before opening %+v, after %+v", after, last)
	}
	nothingLoaded(t, s.machine)
}

// 200 refusals of every kind leave no session behind; go-tpm's tpm2.Policy
// leaks one each time, and the chip has room for three.
func TestRefusalsLeaveNothingBehind(t *testing.T) {
	s := seal(t, binding.LevelB0)
	ended := *s
	ended.approve(binding.Bounds{ClockMS: 1, Resets: 1})
	for range 50 {
		wants(t, "check", ended.check(), binding.ErrClockEnded)
		_, err := ended.unseal(rightAuth)
		wants(t, "unseal", err, binding.ErrClockEnded)
		_, err = s.unseal(wrongAuth)
		wants(t, "wrong password", err, binding.ErrWrongAuth)
		foreign := s.use.Object
		foreign.Private = append([]byte{}, foreign.Private...)
		foreign.Private[len(foreign.Private)-1] ^= 1
		wants(t, "foreign", s.chip.Check(t.Context(), foreign, s.use.Terms, s.use.Approval), binding.ErrOtherMachine)
	}
	nothingLoaded(t, s.machine)
	s.opens()
}

func TestAnotherMachine(t *testing.T) {
	s := seal(t, binding.LevelB)
	other := tpmtest.Start(t)
	there := *s
	there.machine, there.chip = other, other.Open(t)
	there.refused(binding.ErrOtherMachine)
	nothingLoaded(t, other)

	// With the root pinned as the lease names it, the same, before anything is loaded.
	if err := there.chip.Pin(rootName(t, s.chip)); err != nil {
		t.Fatal(err)
	}
	there.refused(binding.ErrOtherMachine)
	_, err := there.chip.Seal(t.Context(), s.use.Terms, rightAuth, secret)
	wants(t, "seal", err, binding.ErrOtherMachine)
	m, err := there.chip.Machine(t.Context())
	if err != nil || bytes.Equal(m.RootName, rootName(t, s.chip)) {
		t.Errorf("machine: %+v, %v", m, err)
	}
	nothingLoaded(t, other)
}

func TestClearedChip(t *testing.T) {
	s := seal(t, binding.LevelB)
	s.machine.Clear()
	s.refused(binding.ErrOtherMachine) // the chip keeps to the root it knew
	s.chip = s.machine.Open(t)
	s.refused(binding.ErrOtherMachine)
	nothingLoaded(t, s.machine)
}

// A snapshot of a virtual machine brings the old state back, and below level A
// nothing notices: why virtual chips are named so.
func TestSnapshotGoesUnnoticedBelowA(t *testing.T) {
	s := seal(t, binding.LevelB)
	snapshot := s.machine.Snapshot()
	s.machine.Reboot()
	s.machine.Restore(snapshot)
	s.opens()
}

func rootName(t *testing.T, chip *tpm.Chip) []byte {
	t.Helper()
	m, err := chip.Machine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m.RootName
}
