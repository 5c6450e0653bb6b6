package fido

import (
	"bytes"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
)

// RPID is the relying party of every credential: a name that no web site can
// have (RFC 2606), so that no browser is ever asked for one of ours.
const RPID = "cache.tideover.invalid"

// Limits and sizes of FORMAT.md 3, in bytes where nothing else is said.
const (
	MaxSlots = 8
	MaxLabel = 64

	maxCredential  = 1023 // WebAuthn Level 2, 4, "credential ID"
	maxRecordBytes = 4096
	recordVersion  = 1

	idBytes      = 16
	saltBytes    = 32
	publicBytes  = 32
	factorBytes  = 32
	outputBytes  = 32
	wrappedBytes = 32 + factorBytes + 16 // encapsulated key, factor, tag
)

// Binding says which cache, and which generation of it, a factor is for.
type Binding struct {
	Cache      [16]byte
	Generation uint64 // 1 and up, below 2^63
}

// Key is what has to be known of an enrolled security key to ask it and to wrap
// a factor for it. Nothing of it is secret; all of it is believed, so a Key
// comes from Enrol or from a Record whose file was opened.
type Key struct {
	ID         [16]byte // random
	Label      string   // what the person calls it, at most MaxLabel bytes
	Credential []byte   // the key's own name for what it made
	Salt       [32]byte
	Verified   bool // asks for a PIN or a finger as well as a touch
	Public     [32]byte
}

// Slot is a key and the factor, wrapped for it.
type Slot struct {
	Key
	Wrapped []byte // 80 bytes
}

// Record is what a cache keeps of its security keys, in the clear. FORMAT.md 3.
type Record struct {
	Binding
	Slots []Slot
}

// Keys returns the enrolled keys, for the next generation. The slices are shared.
func (r *Record) Keys() []Key {
	keys := make([]Key, len(r.Slots))
	for i := range r.Slots {
		keys[i] = r.Slots[i].Key
	}
	return keys
}

// check reports what a record must not contain.
func (r *Record) check() error {
	switch {
	case r.Generation == 0 || r.Generation>>63 != 0:
		return vault.Fail(vault.Damaged, "security keys: generation %d", r.Generation)
	case len(r.Slots) == 0 || len(r.Slots) > MaxSlots:
		return vault.Fail(vault.Damaged, "security keys: %d slots", len(r.Slots))
	}
	for i := range r.Slots {
		s := &r.Slots[i]
		if len(s.Wrapped) != wrappedBytes {
			return vault.Fail(vault.Damaged, "security keys: slot %d: %d bytes wrapped", i+1, len(s.Wrapped))
		}
		if err := s.check(); err != nil {
			return err
		}
		for j := range r.Slots[:i] {
			if r.Slots[j].ID == s.ID || bytes.Equal(r.Slots[j].Credential, s.Credential) {
				return vault.Fail(vault.Damaged, "security keys: slots %d and %d are the same", j+1, i+1)
			}
		}
	}
	return nil
}

// check reports what a key must not contain.
func (k *Key) check() error {
	if len(k.Credential) == 0 || len(k.Credential) > maxCredential {
		return vault.Fail(vault.Damaged, "security keys: credential of %d bytes", len(k.Credential))
	}
	if len(k.Label) > MaxLabel || !utf8.ValidString(k.Label) {
		return vault.Fail(vault.Damaged, "security keys: label of %d bytes", len(k.Label))
	}
	return nil
}
