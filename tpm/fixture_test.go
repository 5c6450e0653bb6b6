package tpm_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// The values of a cache: made from a master password, and a machine secret.
var (
	rightAuth = []byte("dGhpcy1pcy0yNC1ieXRlcy1vZi1LREYt")
	wrongAuth = []byte("dGhpcy1pcy1zb21ldGhpbmctZWxzZSE-")
	secret    = []byte("S_N: the machine's 32-byte share")
)

const hour = uint64(time.Hour / time.Millisecond)

// sealed is one cache on one machine: its object, terms, approval and server.
type sealed struct {
	t       testing.TB
	machine *tpmtest.Machine
	chip    *tpm.Chip
	server  *ecdsa.PrivateKey
	use     binding.SealedUse
}

// seal makes a governed object of level l on a new machine, approved for an
// hour and four more resets.
func seal(t testing.TB, l binding.Level) *sealed {
	t.Helper()
	m := tpmtest.Start(t)
	return sealOn(t, m, m.Open(t), l)
}

func sealOn(t testing.TB, m *tpmtest.Machine, chip *tpm.Chip, l binding.Level) *sealed {
	t.Helper()
	s := &sealed{t: t, machine: m, chip: chip, server: newKey(t)}
	s.use.Auth = rightAuth
	s.use.Terms = binding.Terms{
		Level: l, Governed: true, Key: keyOf(t, s.server),
		Device: [16]byte{1}, Cache: [16]byte{2}, Generation: 7,
	}
	s.make()
	s.approve(s.bounds(hour, 5))
	return s
}

// sealUngoverned makes an object whose bounds stand in it.
func sealUngoverned(t testing.TB, clockMS uint64, resets uint32) *sealed {
	t.Helper()
	m := tpmtest.Start(t)
	s := &sealed{t: t, machine: m, chip: m.Open(t)}
	s.use.Auth = rightAuth
	s.use.Terms = binding.Terms{
		Level: binding.LevelB, Device: [16]byte{1}, Cache: [16]byte{2}, Generation: 7,
		Bounds: s.bounds(clockMS, resets),
	}
	s.make()
	return s
}

func (s *sealed) make() {
	s.t.Helper()
	var err error
	s.use.Object, err = s.chip.Seal(s.t.Context(), s.use.Terms, rightAuth, secret)
	if err != nil {
		s.t.Fatal(err)
	}
}

// bounds end that much after now.
func (s *sealed) bounds(clockMS uint64, resets uint32) binding.Bounds {
	s.t.Helper()
	now, err := s.chip.Clock(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return binding.Bounds{ClockMS: now.MS + clockMS, Resets: now.Resets + resets}
}

// approve has the server sign b.
func (s *sealed) approve(b binding.Bounds) {
	s.t.Helper()
	a, err := binding.Approve(s.server, s.use.Terms, b)
	if err != nil {
		s.t.Fatal(err)
	}
	s.use.Approval = &a
}

func (s *sealed) check() error {
	return s.chip.Check(s.t.Context(), s.use.Object, s.use.Terms, s.use.Approval)
}

func (s *sealed) unseal(auth []byte) ([]byte, error) {
	use := s.use
	use.Auth = auth
	return s.chip.Unseal(s.t.Context(), use)
}

// opens fails the test unless the right password gives the secret.
func (s *sealed) opens() {
	s.t.Helper()
	if err := s.check(); err != nil {
		s.t.Errorf("check: %v", err)
	}
	if got, err := s.unseal(rightAuth); err != nil || string(got) != string(secret) {
		s.t.Errorf("unseal: %q, %v", got, err)
	}
}

// refused fails the test unless Check and Unseal with the right password both
// answer want, and neither has cost a try.
func (s *sealed) refused(want error) {
	s.t.Helper()
	before := s.tries()
	wants(s.t, "check", s.check(), want)
	got, err := s.unseal(rightAuth)
	wants(s.t, "unseal", err, want)
	if got != nil {
		s.t.Errorf("unseal gave %q beside its error", got)
	}
	if after := s.tries(); after != before {
		s.t.Errorf("tries before %+v, after %+v", before, after)
	}
}

func (s *sealed) tries() binding.Tries {
	s.t.Helper()
	tries, err := s.chip.Tries(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return tries
}

// sentinels are all of package binding's.
var sentinels = []error{
	binding.ErrWrongAuth, binding.ErrLockedOut, binding.ErrOtherMachine, binding.ErrClockEnded, binding.ErrBootsEnded,
	binding.ErrSuperseded, binding.ErrTampered, binding.ErrUnavailable, binding.ErrBusy,
}

// wants fails the test unless err is want and no other sentinel.
func wants(t testing.TB, what string, err, want error) {
	t.Helper()
	for _, s := range sentinels {
		if is := errors.Is(err, s); is != (s == want) {
			t.Errorf("%s: %v, want %v", what, err, want)
			return
		}
	}
	if (err == nil) != (want == nil) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// nothingLoaded fails the test if a session or an object was left in the chip.
func nothingLoaded(t testing.TB, m *tpmtest.Machine) {
	t.Helper()
	if n := m.Loaded(); n != 0 {
		t.Errorf("%d objects or sessions are left in the chip", n)
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func keyOf(t testing.TB, key *ecdsa.PrivateKey) binding.ServerKey {
	t.Helper()
	k, err := binding.KeyOf(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// open opens a chip by spec for the rest of the test.
func open(t testing.TB, spec string) *tpm.Chip {
	t.Helper()
	chip, err := tpm.Open(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = chip.Close() })
	return chip
}
