package kdbx

import "crypto/sha256"

// Key is the composite key of a file: 32 bytes that go into the key
// derivation. Wipe it after use.
type Key [sha256.Size]byte

// CompositeKey returns SHA-256(SHA-256(password) ‖ keyFile). A nil password
// means a file without one, which differs from an empty password; a nil
// keyFile means none, otherwise it is the 32 bytes that ParseKeyFile returns.
// The password is taken as it comes: normalise it first.
func CompositeKey(password, keyFile []byte) Key {
	h := sha256.New()
	if password != nil {
		p := sha256.Sum256(password)
		h.Write(p[:])
		clear(p[:])
	}
	h.Write(keyFile)
	var k Key
	h.Sum(k[:0])
	return k
}

// Wipe overwrites the key with zeros.
func (k *Key) Wipe() { clear(k[:]) }
