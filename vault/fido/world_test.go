package fido_test

import (
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
)

// plugged is a Finder of keys in software.
type plugged []fido.Device

func (p plugged) Find() ([]fido.Device, error) { return p, nil }

// platform returns a platform with those keys plugged in.
func platform(keys ...*fidotest.Key) *fido.HID {
	var p plugged
	for _, k := range keys {
		p = append(p, k.Plug())
	}
	return fido.NewHID(p)
}

// person answers for the person at the key.
type person struct {
	pin     string
	asked   int
	tries   fido.Tries
	touched int
	onTouch func()
}

func (p *person) PIN(_ context.Context, tries fido.Tries) (vault.Secret, error) {
	p.asked++
	p.tries = tries
	return vault.SecretText(p.pin), nil
}

func (p *person) Touch() {
	p.touched++
	if p.onTouch != nil {
		p.onTouch()
	}
}

var binding = fido.Binding{Cache: [16]byte{1, 2, 3}, Generation: 7}

// enrol adds a key, which must work.
func enrol(t *testing.T, k *fidotest.Key, who *person, r fido.EnrolRequest) fido.Key {
	t.Helper()
	r.Cache = binding.Cache
	added, err := fido.Enrol(t.Context(), platform(k), r, who)
	if err != nil {
		t.Fatalf("enrol: %v", err)
	}
	return added
}

// seal wraps a factor for the keys, and takes the record through its bytes.
func seal(t *testing.T, b fido.Binding, keys ...fido.Key) (*fido.Record, vault.Secret) {
	t.Helper()
	record, factor, err := fido.Seal(b, keys)
	if err != nil {
		t.Fatal(err)
	}
	der, err := record.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if record, err = fido.ParseRecord(der); err != nil {
		t.Fatal(err)
	}
	return record, factor
}

// refused checks that an operation failed for that reason.
func refused(t *testing.T, err error, want vault.Cause) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
	var problem *vault.Problem
	if !errors.As(err, &problem) {
		t.Fatalf("%v carries no Problem", err)
	}
}

// triesLeft is refused for reasons that tell how many tries are left, or -1.
func triesLeft(t *testing.T, err error, want vault.Cause) int {
	t.Helper()
	refused(t, err, want)
	var problem *vault.Problem
	if errors.As(err, &problem) && problem.TriesLeft != nil {
		return *problem.TriesLeft
	}
	return -1
}

// unhex reads hexadecimal with spaces.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
