package fido_test

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
)

// FuzzRecord: whatever is in a header, it is refused, or it is written again
// byte for byte.
func FuzzRecord(f *testing.F) {
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, der []byte) {
		r, err := fido.ParseRecord(der)
		if err != nil {
			if !errors.Is(err, vault.Damaged) && !errors.Is(err, vault.Unsupported) && !errors.Is(err, vault.Hostile) {
				t.Fatalf("%v", err)
			}
			return
		}
		again, err := r.Marshal()
		if err != nil || !bytes.Equal(again, der) {
			t.Fatalf("%x is written as %x, %v", der, again, err)
		}
	})
}

// run asks a scripted key for everything. It must end. It must not open: nobody
// can script what depends on a key agreed on at random. It may be enrolled, since
// nothing tells a first output from nonsense.
func run(t *testing.T, s *scripted, enrol bool) {
	p, who := fido.NewHID(plugged{s}), &person{pin: "1234"}
	var err error
	if enrol {
		var key fido.Key
		key, err = fido.Enrol(t.Context(), p, fido.EnrolRequest{Cache: binding.Cache, Verified: true}, who)
		if err == nil && len(key.Credential) > 0 && key.Verified {
			return
		}
	} else {
		key := fido.Key{Credential: []byte{1}, Verified: true, Public: [32]byte{9}}
		record, _ := seal(t, binding, key)
		_, _, err = fido.Unlock(t.Context(), p, record, who)
	}
	var problem *vault.Problem
	if !errors.As(err, &problem) {
		t.Fatalf("%v is no Problem", err)
	}
}

// FuzzAnswers: a key answers anything. Two bytes of length come before each
// answer.
func FuzzAnswers(f *testing.F) {
	f.Add(true, []byte{0, 1, 0})
	f.Fuzz(func(t *testing.T, enrol bool, script []byte) {
		s := new(scripted)
		for len(script) >= 2 {
			n := min(int(script[0])<<8|int(script[1]), 7609, len(script)-2)
			s.answer(script[2 : 2+n])
			script = script[2+n:]
		}
		synctest.Test(t, func(t *testing.T) { run(t, s, enrol) }) // pauses take no time
	})
}

// FuzzReports: a key sends any packets, 60 bytes each after the channel.
func FuzzReports(f *testing.F) {
	f.Add(false, []byte{0x90, 0, 1, 0})
	f.Fuzz(func(t *testing.T, enrol bool, script []byte) {
		s := new(scripted)
		for len(script) > 0 && len(s.reports) < 256 {
			n := min(60, len(script))
			s.reports = append(s.reports, script[:n])
			script = script[n:]
		}
		synctest.Test(t, func(t *testing.T) { run(t, s, enrol) }) // pauses take no time
	})
}
