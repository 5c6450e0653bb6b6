package tpm_test

import (
	"bytes"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
)

// Every bit of the public area counts, and is found before the chip is asked;
// only its digest of the sensitive part is the chip's to check.
func TestFlippedPublic(t *testing.T) {
	s := seal(t, binding.LevelB)
	good := s.use.Object.Public
	unique := len(good) - 32
	for i := range good {
		s.use.Object.Public = flip(good, i)
		want := binding.ErrTampered
		if i >= unique {
			want = binding.ErrOtherMachine
		}
		wants(t, "check", s.check(), want)
		_, err := s.unseal(rightAuth)
		wants(t, "unseal", err, want)
	}
	for _, bad := range [][]byte{nil, {}, good[:20], append(bytes.Clone(good), 0), make([]byte, 4096)} {
		s.use.Object.Public = bad
		s.refused(binding.ErrTampered)
	}
	s.use.Object.Public = good
	s.opens()
}

func TestFlippedPrivate(t *testing.T) {
	s := seal(t, binding.LevelB)
	good := s.use.Object.Private
	for i := 0; i < len(good); i += 5 {
		s.use.Object.Private = flip(good, i)
		err := s.check()
		if i < 2 { // the length of the inner HMAC: no longer the form of an object
			wants(t, "check", err, binding.ErrTampered)
			continue
		}
		wants(t, "check", err, binding.ErrOtherMachine)
	}
	for _, bad := range [][]byte{nil, good[:10], append(bytes.Clone(good), 0), make([]byte, 4096)} {
		s.use.Object.Private = bad
		if err := s.check(); err == nil {
			t.Errorf("%d bytes of private area pass", len(bad))
		}
	}
	// Whoever has pinned the root knows that the object was made under it.
	s.use.Object.Private = flip(good, len(good)-1)
	if err := s.chip.Pin(rootName(t, s.chip)); err != nil {
		t.Fatal(err)
	}
	s.refused(binding.ErrTampered)
	s.use.Object.Private = good
	s.opens()
	nothingLoaded(t, s.machine)
}

// An object without attempt limit does not pass for one with it.
func TestLevelsAreNotMixed(t *testing.T) {
	b, b0 := seal(t, binding.LevelB), seal(t, binding.LevelB0)
	b.use.Terms.Level = binding.LevelB0
	b.refused(binding.ErrTampered)
	b0.use.Terms.Level = binding.LevelB
	b0.refused(binding.ErrTampered)
}

// Object, terms and approval of different caches, generations or servers do
// not go together.
func TestMixedUses(t *testing.T) {
	s := seal(t, binding.LevelB)
	good := s.use
	for name, change := range map[string]func(*sealed){
		"generation of another lease": func(s *sealed) { s.use.Terms.Generation++; s.approve(s.bounds(hour, 5)) },
		"another device":              func(s *sealed) { s.use.Terms.Device[0]++; s.approve(s.bounds(hour, 5)) },
		"another cache":               func(s *sealed) { s.use.Terms.Cache[0]++; s.approve(s.bounds(hour, 5)) },
		"another server": func(s *sealed) {
			s.server = newKey(s.t)
			s.use.Terms.Key = keyOf(s.t, s.server)
			s.approve(s.bounds(hour, 5))
		},
		"ungoverned with the same bounds": func(s *sealed) {
			s.use.Terms.Governed, s.use.Terms.Key = false, binding.ServerKey{}
			s.use.Terms.Bounds, s.use.Approval = s.use.Approval.Bounds, nil
		},
		"approval of the next generation": func(s *sealed) {
			terms := s.use.Terms
			s.use.Terms.Generation++
			s.approve(s.bounds(hour, 5))
			s.use.Terms = terms
		},
		"approval of an earlier generation": func(s *sealed) {
			terms := s.use.Terms
			s.use.Terms.Generation--
			s.approve(s.bounds(hour, 5))
			s.use.Terms = terms
		},
		"forged signature": func(s *sealed) {
			a := *s.use.Approval
			a.Signature = flip(a.Signature, 3)
			s.use.Approval = &a
		},
		"longer bounds under an old signature": func(s *sealed) {
			a := *s.use.Approval
			a.Bounds.ClockMS += hour
			s.use.Approval = &a
		},
		"longer bounds with their digest": func(s *sealed) {
			a := *s.use.Approval
			a.Bounds.ClockMS += hour
			digest, err := s.use.Terms.Approved(a.Bounds)
			if err != nil {
				s.t.Fatal(err)
			}
			a.Digest = digest
			s.use.Approval = &a
		},
	} {
		changed := *s
		changed.use = good
		change(&changed)
		if err := changed.check(); err == nil {
			t.Errorf("%s: check passes", name)
		}
		changed.refused(binding.ErrTampered)
	}
	s.use = good
	s.opens()
	s.use.Approval = nil
	if err := s.check(); err == nil {
		t.Error("governed terms pass without an approval")
	}
}

// The chip itself refuses what package binding refuses before it: with the
// software's check out of the way, a forged approval still opens nothing.
func TestChipRefusesForgedApproval(t *testing.T) {
	s := seal(t, binding.LevelB)
	s.opens()
	// An interposer who swaps the signature on its way plays the broken client.
	p := sealBehind(t, s)
	forged := newKey(t)
	terms := s.use.Terms
	terms.Key = keyOf(t, forged)
	a, err := binding.Approve(forged, terms, s.use.Approval.Bounds)
	if err != nil {
		t.Fatal(err)
	}
	p.on(func(command []byte, ask func([]byte) []byte) []byte {
		changed := bytes.Replace(command, s.use.Approval.Signature[:32], a.Signature[:32], 1)
		changed = bytes.Replace(changed, s.use.Approval.Signature[32:], a.Signature[32:], 1)
		return ask(changed)
	}, nil)
	s.refused(binding.ErrTampered)
	// He may swap the key as well: then the chip vouches for another key than
	// the object names.
	p.on(func(command []byte, ask func([]byte) []byte) []byte {
		changed := bytes.Replace(command, s.use.Approval.Signature[:32], a.Signature[:32], 1)
		changed = bytes.Replace(changed, s.use.Approval.Signature[32:], a.Signature[32:], 1)
		message, forgedMessage := s.use.Approval.Message(s.use.Terms), a.Message(terms)
		changed = bytes.Replace(changed, message[:], forgedMessage[:], 1)
		changed = bytes.Replace(changed, s.use.Terms.Key.Public(), terms.Key.Public(), 1)
		return ask(changed)
	}, nil)
	s.refused(binding.ErrTampered)
	// Bounds that were put off on the bus give another digest.
	p.on(func(command []byte, ask func([]byte) []byte) []byte {
		b := s.use.Approval.Bounds
		later := binding.Bounds{ClockMS: b.ClockMS + hour, Resets: b.Resets}
		return ask(bytes.Replace(command, b.ClockOperand(), later.ClockOperand(), 1))
	}, nil)
	s.refused(binding.ErrTampered)
	p.on(nil, nil)
	s.opens()
	nothingLoaded(t, s.machine)
}

func flip(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i] ^= 1
	return b
}
