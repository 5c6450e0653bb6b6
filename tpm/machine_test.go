package tpm_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

func measure(t *testing.T, chip *tpm.Chip) binding.Machine {
	t.Helper()
	m, err := chip.Machine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The level follows the shared lockout: where it would lock the machine after
// a few typos, or not at all, the cache stays outside of it.
func TestLevelFollowsTheLockout(t *testing.T) {
	for _, c := range []struct {
		name     string
		tries    int
		interval time.Duration
		level    binding.Level
		blocked  []string
	}{
		{"ordinary", 32, 10 * time.Minute, binding.LevelB, []string{"indices"}},
		{"least", 8, 2 * time.Hour, binding.LevelB, []string{"indices"}},
		{"too few tries", 7, 10 * time.Minute, binding.LevelB0, []string{"indices", "lockout_tries"}},
		{"too long", 32, 2*time.Hour + time.Second, binding.LevelB0, []string{"indices", "lockout_interval"}},
		{"switched off", 32, 0, binding.LevelB0, []string{"indices", "lockout_off"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := tpmtest.Start(t)
			m.SetLockout(c.tries, c.interval)
			chip := m.Open(t)
			got := measure(t, chip)
			if got.Level != c.level || !cmp.Equal(got.BlockedBy, c.blocked) {
				t.Errorf("got %s, %q, want %s, %q", got.Level, got.BlockedBy, c.level, c.blocked)
			}
			tries, err := chip.Tries(t.Context())
			if err != nil || tries.Known != (c.level == binding.LevelB) {
				t.Errorf("tries: %+v, %v", tries, err)
			}
		})
	}
}

// swtpm as it comes allows 3 failures.
func TestDefaultSoftwareTPM(t *testing.T) {
	m := tpmtest.StartDefault(t)
	got := measure(t, m.Open(t))
	if got.Level != binding.LevelB0 || !cmp.Equal(got.BlockedBy, []string{"indices", "lockout_tries"}) {
		t.Errorf("got %s, %q", got.Level, got.BlockedBy)
	}
	s := sealOn(t, m, m.Open(t), binding.LevelB0)
	for range 5 {
		_, err := s.unseal(wrongAuth)
		wants(t, "wrong password", err, binding.ErrWrongAuth)
	}
	s.opens()
}

func TestMachine(t *testing.T) {
	m := tpmtest.Start(t)
	first := measure(t, m.Open(t))
	if !first.Virtual || first.Manufacturer != "IBM" || first.Firmware == "" || len(first.RootName) != binding.NameSize {
		t.Errorf("machine: %+v", first)
	}
	m.Reboot()
	if diff := cmp.Diff(first, measure(t, m.Open(t))); diff != "" {
		t.Errorf("after a reboot (-before +after):\n%s", diff)
	}
	if bytes.Equal(first.RootName, measure(t, tpmtest.Start(t).Open(t)).RootName) {
		t.Error("two machines have the same root")
	}
	nothingLoaded(t, m)
}

// However real a chip says it is: what was named by its address is virtual.
func TestExplicitChipIsVirtual(t *testing.T) {
	p := newProxy(t, tpmtest.Start(t))
	p.on(nil, func(_ tpm2.TPMCC, answer []byte) []byte {
		return bytes.Replace(answer, []byte("IBM\x00"), []byte("INTC"), 1)
	})
	if got := measure(t, open(t, p.spec)); got.Manufacturer != "INTC" || !got.Virtual {
		t.Errorf("manufacturer %q, virtual %v", got.Manufacturer, got.Virtual)
	}
}

// A chip that lacks a command bears no level, and says which one.
func TestMissingCommand(t *testing.T) {
	p := newProxy(t, tpmtest.Start(t))
	p.on(func(command []byte, ask func([]byte) []byte) []byte {
		answer := ask(command)
		if codeOf(command) != tpm2.TPMCCGetCapability || binary.BigEndian.Uint32(command[10:]) != 2 {
			return answer
		}
		for at := 19; at+4 <= len(answer); at += 4 { // header, more, capability, count
			if cc := answer[at+2 : at+4]; cc[0] == 0x01 && cc[1] == 0x6d {
				cc[1] = 0x6c // PolicyCounterTimer is gone
			}
		}
		return answer
	}, nil)
	got := measure(t, open(t, p.spec))
	if got.Level != binding.LevelNone || !cmp.Equal(got.BlockedBy, []string{"command_0x16d"}) {
		t.Errorf("got %s, %q", got.Level, got.BlockedBy)
	}
}

func TestClock(t *testing.T) {
	m := tpmtest.Start(t)
	chip := m.Open(t)
	read := func() binding.Clock {
		c, err := chip.Clock(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := read()
	m.AdvanceClock(48 * time.Hour)
	later := read()
	if later.MS < first.MS+48*hour || later.Resets != first.Resets {
		t.Errorf("before %+v, after 48 hours %+v", first, later)
	}
	m.Reboot()
	rebooted := read()
	if rebooted.MS < later.MS || rebooted.Resets != first.Resets+1 || !rebooted.Safe {
		t.Errorf("after a reboot %+v, before %+v", rebooted, later)
	}
	m.PowerCut()
	if cut := read(); cut.Resets != first.Resets+2 || cut.Safe {
		t.Errorf("after a power cut %+v, before %+v", cut, rebooted)
	}
}

// Half of the shared lockout is ours; then we stop by ourselves, with the
// right password too, and the other programs of the machine go on.
func TestTriesEndAtHalf(t *testing.T) {
	s := seal(t, binding.LevelB)
	s.opens()
	if got, want := s.tries(), (binding.Tries{Known: true, Left: 16, Sitting: 3, Forgives: 600 * time.Second}); got != want {
		t.Errorf("tries: %+v, want %+v", got, want)
	}
	p := sealBehind(t, s)
	for left := 15; left >= 0; left-- {
		_, err := s.unseal(wrongAuth)
		wants(t, "wrong password", err, binding.ErrWrongAuth)
		if got := s.tries(); got.Left != left || got.Sitting != min(3, left) {
			t.Errorf("tries: %+v, want %d left", got, left)
		}
	}
	p.on(nil, nil)
	_, err := s.unseal(rightAuth)
	wants(t, "right password", err, binding.ErrLockedOut)
	if n := p.count(ccUnseal); n != 0 {
		t.Errorf("the chip was asked %d times", n)
	}
	if got := s.tries(); got.Left != 0 || got.RetryAfter != 600*time.Second {
		t.Errorf("tries: %+v, want the next in 600 s", got)
	}
	if err := s.check(); err != nil {
		t.Errorf("check costs no try: %v", err)
	}
	s.machine.ResetLockout()
	s.opens()
}

// Another program may lock the whole chip. A cache outside the lockout opens
// all the same.
func TestLockedChip(t *testing.T) {
	s := seal(t, binding.LevelB)
	s.opens()
	free := sealOn(t, s.machine, s.chip, binding.LevelB0)
	p := sealBehind(t, s)
	// An interposer hides the count, so that we go on like another program.
	p.on(nil, func(cc tpm2.TPMCC, answer []byte) []byte {
		if at := bytes.Index(answer, []byte{0, 0, 0x02, 0x0e}); cc == tpm2.TPMCCGetCapability && at >= 0 {
			clear(answer[at+4 : at+8])
		}
		return answer
	})
	for range 32 {
		_, err := s.unseal(wrongAuth)
		wants(t, "wrong password", err, binding.ErrWrongAuth)
	}
	_, err := s.unseal(rightAuth)
	wants(t, "right password, locked by the chip", err, binding.ErrLockedOut)
	p.on(nil, nil)
	_, err = s.unseal(rightAuth)
	wants(t, "right password, locked", err, binding.ErrLockedOut)
	if got := s.tries(); got.Left != 0 || got.RetryAfter != 17*600*time.Second {
		t.Errorf("tries: %+v", got)
	}
	free.opens()
	nothingLoaded(t, s.machine)
}
