package attest_test

import (
	"testing"
	"time"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

const (
	hourMS = uint64(time.Hour / time.Millisecond)
	veil   = 0xfffffff0 // what an AK under the root adds to resets, near the end of 32 bits
)

// TestContact is the table of FORMAT.md, section 6.
func TestContact(t *testing.T) {
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	last := attest.Sighting{At: noon, Clock: binding.Clock{MS: 100 * hourMS, Resets: 10, Restarts: 3, Safe: true}, Counter: 7}
	for _, test := range []struct {
		name   string
		change func(*attest.Sighting)
		want   attest.Verdict
		sign   attest.Sign
	}{
		{"at once", func(*attest.Sighting) {}, attest.Same, ""},
		{"an hour on", func(s *attest.Sighting) { on(s, time.Hour, time.Hour) }, attest.Same, ""},
		{"an hour on, clock 14 % slow", func(s *attest.Sighting) { on(s, 100*time.Hour, 86*time.Hour) }, attest.Same, ""},
		{"an hour on, clock 14 % fast", func(s *attest.Sighting) { on(s, 100*time.Hour, 114*time.Hour) }, attest.Same, ""},
		{"slept", func(s *attest.Sighting) { on(s, 10*time.Hour, time.Hour); s.Clock.Restarts++ }, attest.Same, ""},
		{"rebooted", func(s *attest.Sighting) { on(s, time.Hour, time.Minute); s.Clock.Resets, s.Clock.Restarts = 11, 0 }, attest.Rebooted, ""},
		{"off for a week", func(s *attest.Sighting) { on(s, 7*24*time.Hour, time.Minute); s.Clock.Resets, s.Clock.Restarts = 12, 0 }, attest.Rebooted, ""},
		{"power cut", func(s *attest.Sighting) {
			on(s, time.Minute, 0)
			s.Clock.MS, s.Clock.Resets, s.Clock.Safe = s.Clock.MS-1<<22, 11, false
		}, attest.Rebooted, ""},
		{"power cut takes too much", func(s *attest.Sighting) {
			s.Clock.MS, s.Clock.Resets, s.Clock.Safe = s.Clock.MS-1<<22-1, 11, false
		}, attest.Cloned, attest.SignClock},
		// libtpms: clock 7392 ms, killed, then 4673 ms and safe, one start later.
		{"power cut, and safe", func(s *attest.Sighting) { on(s, time.Minute, 0); s.Clock.MS -= 2719; s.Clock.Resets = 11 }, attest.Rebooted, ""},
		{"safe, and back too far", func(s *attest.Sighting) { s.Clock.MS -= 1<<22 + 1; s.Clock.Resets = 11 }, attest.Cloned, attest.SignClock},
		{"back in one start", func(s *attest.Sighting) { s.Clock.MS--; s.Clock.Safe = false }, attest.Cloned, attest.SignClock},
		{"back while asleep", func(s *attest.Sighting) { s.Clock.MS--; s.Clock.Restarts++ }, attest.Cloned, attest.SignClock},
		{"overtaken", func(s *attest.Sighting) { overtaken(s, time.Minute, time.Minute) }, attest.Overtaken, ""},
		{"overtaken, and slept", func(s *attest.Sighting) { overtaken(s, time.Minute, time.Minute); s.Clock.Restarts--; s.Counter-- }, attest.Overtaken, ""},
		{"a copy that holds a nonce", func(s *attest.Sighting) { overtaken(s, time.Minute, 2*time.Minute) }, attest.Cloned, attest.SignClock},
		{"a copy that asks now", func(s *attest.Sighting) { overtaken(s, -10*time.Second, time.Second) }, attest.Cloned, attest.SignClock},
		{"overtaken by a restart", func(s *attest.Sighting) { overtaken(s, time.Minute, time.Minute); s.Clock.Resets-- }, attest.Cloned, attest.SignResets},
		{"fewer starts", func(s *attest.Sighting) { on(s, time.Hour, time.Hour); s.Clock.Resets-- }, attest.Cloned, attest.SignResets},
		{"fewer resumes", func(s *attest.Sighting) { on(s, time.Hour, time.Hour); s.Clock.Restarts-- }, attest.Cloned, attest.SignRestarts},
		{"counter back", func(s *attest.Sighting) { on(s, time.Hour, time.Hour); s.Counter-- }, attest.Cloned, attest.SignCounter},
		{"counter unknown", func(s *attest.Sighting) { s.Counter = 0 }, attest.Same, ""},
		{"counter on", func(s *attest.Sighting) { s.Counter += 5 }, attest.Same, ""},
		{"ran longer than time", func(s *attest.Sighting) { on(s, time.Hour, 2*time.Hour) }, attest.Doubtful, attest.SignAhead},
		{"ran longer, and rebooted", func(s *attest.Sighting) { on(s, time.Hour, 2*time.Hour); s.Clock.Resets++ }, attest.Doubtful, attest.SignAhead},
		{"stood still awake", func(s *attest.Sighting) { on(s, 10*time.Hour, time.Hour) }, attest.Doubtful, attest.SignBehind},
		{"server went back", func(s *attest.Sighting) { on(s, -time.Hour, time.Minute) }, attest.Doubtful, attest.SignAhead},
		{"server's time unknown", func(s *attest.Sighting) { s.At, s.Clock.MS = time.Time{}, 900*hourMS }, attest.Same, ""},
		{"as far as a number goes", func(s *attest.Sighting) { s.Clock.MS = 1<<64 - 1 }, attest.Doubtful, attest.SignAhead},
	} {
		now := last
		test.change(&now)
		if got, sign := attest.Contact(last, now); got != test.want || sign != test.sign {
			t.Errorf("%s: %q %q, want %q %q", test.name, got, sign, test.want, test.sign)
		}
		// Veiled numbers run over the end of 32 bits and mean the same.
		before, after := last, now
		before.Clock.Resets += veil
		after.Clock.Resets += veil
		before.Clock.Restarts += veil
		after.Clock.Restarts += veil
		if got, sign := attest.Contact(before, after); got != test.want || sign != test.sign {
			t.Errorf("%s, veiled: %q %q, want %q %q", test.name, got, sign, test.want, test.sign)
		}
	}
}

// overtaken makes s a statement whose nonce was given out before the last one
// arrived, and whose clock is behind.
func overtaken(s *attest.Sighting, nonce, clock time.Duration) {
	s.Asked = s.At.Add(-nonce)
	s.At = s.At.Add(time.Second)
	s.Clock.MS -= uint64(clock / time.Millisecond)
}

// TestOneMachine: what an ordinary machine goes through alarms nobody.
func TestOneMachine(t *testing.T) {
	c := newClient(t, tpmtest.Start(t))
	id, last := c.enrol(believing(t))
	now := time.Now()
	last.At = now
	for _, step := range []struct {
		name string
		do   func()
		want attest.Verdict
	}{
		{"at once", func() {}, attest.Same},
		{"an hour's work", func() { c.machine.AdvanceClock(time.Hour); now = now.Add(time.Hour) }, attest.Same},
		{"reboot", c.machine.Reboot, attest.Rebooted},
		{"power cut", c.machine.PowerCut, attest.Rebooted},
		{"two power cuts", func() { c.machine.PowerCut(); c.machine.PowerCut() }, attest.Rebooted},
		{"off for a day", func() { c.machine.Reboot(); now = now.Add(24 * time.Hour) }, attest.Rebooted},
		{"a little later", func() { now = now.Add(time.Minute) }, attest.Same},
	} {
		step.do()
		seen := c.contact(id, now)
		if got, sign := attest.Contact(last, seen); got != step.want {
			t.Errorf("%s: %q %q, want %q; %+v then %+v", step.name, got, sign, step.want, last, seen)
		}
		last = seen
	}
}

// TestClones: one chip's state on two machines, which both make contact. The
// server has one history for the two, since they have one identity.
func TestClones(t *testing.T) {
	for _, test := range []struct {
		name  string
		lives func(original, copied *tpmtest.Machine) // between the copy and the contacts
		// The verdicts on the copy's contact, and on the original's after it.
		copied, original attest.Verdict
	}{
		{
			"both rebooted once, the original worked more",
			func(o, _ *tpmtest.Machine) { o.AdvanceClock(time.Hour) },
			attest.Cloned,
			attest.Doubtful,
		}, {
			"the copy rebooted more: noticed when the original comes back",
			func(_, c *tpmtest.Machine) { c.Reboot(); c.AdvanceClock(30 * time.Second) },
			attest.Rebooted,
			attest.Cloned,
		}, {
			"the copy ran alone, and on",
			func(_, c *tpmtest.Machine) { c.AdvanceClock(48 * time.Hour) },
			attest.Doubtful,
			attest.Cloned,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			original := newClient(t, tpmtest.Start(t))
			id, _ := original.enrol(believing(t))
			state := original.machine.Snapshot()
			copied := *original // the same files, on another machine
			copied.machine = tpmtest.Start(t)
			copied.machine.Restore(state)
			copied.chip = copied.machine.Open(t)
			test.lives(original.machine, copied.machine)

			now := time.Now()
			last := original.contact(id, now)
			for _, contact := range []struct {
				who  *client
				want attest.Verdict
			}{{&copied, test.copied}, {original, test.original}} {
				now = now.Add(time.Minute)
				seen := contact.who.contact(id, now)
				got, sign := attest.Contact(last, seen)
				if got != contact.want {
					t.Errorf("%q %q, want %q; %+v then %+v", got, sign, contact.want, last, seen)
				}
				last = seen
			}
		})
	}
}

// TestSnapshotPutBack: a virtual machine goes back to what it was.
func TestSnapshotPutBack(t *testing.T) {
	c := newClient(t, tpmtest.Start(t))
	id, _ := c.enrol(believing(t))
	state := c.machine.Snapshot()
	c.machine.Reboot()
	last := c.contact(id, time.Now())
	c.machine.Restore(state)
	seen := c.contact(id, time.Now())
	if got, sign := attest.Contact(last, seen); got != attest.Cloned || sign != attest.SignResets {
		t.Errorf("%q %q; %+v then %+v", got, sign, last, seen)
	}
}

// on lets time pass, on the server and in the chip.
func on(s *attest.Sighting, server, chip time.Duration) {
	s.At = s.At.Add(server)
	s.Clock.MS += uint64(chip / time.Millisecond)
}
