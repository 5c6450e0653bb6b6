package cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// What follows opens the parsers and the key derivation to the tests of this
// package: other programs must come to the same bytes.

// ReadRecord parses a record and returns it as it would be written.
func ReadRecord(der []byte) ([]byte, error) {
	r, err := parseRecord(der)
	if err != nil {
		return nil, err
	}
	return r.marshal()
}

// RecordTerms returns what the record says about the sealed object.
func RecordTerms(der []byte) (binding.Terms, error) {
	r, err := parseRecord(der)
	if err != nil {
		return binding.Terms{}, err
	}
	return r.terms(), nil
}

// ReadState parses a client state.
func ReadState(b []byte) error {
	_, err := parseState(b)
	return err
}

// ReadSidecar returns the lease in a sidecar.
func ReadSidecar(b []byte) (string, error) { return parseSidecar(b) }

// ReadOverlayMark parses the mark of an overlay and returns it as it would be
// written.
func ReadOverlayMark(der []byte) ([]byte, error) {
	m, err := parseOverlayMark(der)
	if err != nil {
		return nil, err
	}
	return m.marshal(), nil
}

// Derive returns A and the composite key with a machine secret.
func Derive(password string, salt [32]byte, cost Cost, secret []byte) (auth string, key [32]byte, err error) {
	c, err := derive(context.Background(), vault.NewSecret([]byte(password)), derivation{Salt: salt, Cost: cost})
	if err != nil {
		return "", key, err
	}
	return string(c.auth), *c.key(secret), nil
}

// KeychainUnseal unseals an object of level C with a keychain.
func KeychainUnseal(ctx context.Context, store SecretStore, use binding.SealedUse) ([]byte, error) {
	return keychainSealer{store}.Unseal(ctx, use)
}

// Keys returns what opens the cache, each inverted bit by bit, so that whoever
// looks for it in memory does not find this copy.
func (o *Opened) Keys() map[string][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := map[string][]byte{"A": o.creds.auth, "password digest": o.creds.password, "machine secret": o.secret, "composite key": o.key[:]}
	for name, key := range all {
		inverted := make([]byte, len(key))
		for i, b := range key {
			inverted[i] = ^b
		}
		all[name] = inverted
	}
	return all
}

// LockedBytes returns how much of the keys and of the content the system keeps
// out of swap.
func (o *Opened) LockedBytes() (keys, content int) {
	return o.creds.memory.Locked(), o.held.memory.Locked()
}

// Slots returns the slots in the client state of a folder.
func Slots(dir string) binding.Slots {
	s := &Store{opt: Options{Dir: dir}}
	st, err := s.load()
	if err != nil {
		panic(err)
	}
	slots, _ := st.slots()
	return slots
}

// SetSlots puts slots into the client state of a folder.
func SetSlots(dir string, slots binding.Slots) error {
	s, err := Open(Options{Dir: dir})
	if err != nil {
		return err
	}
	return s.update(func(st *clientState) error { st.Indices = keepSlots(slots, st.Indices.Root); return nil })
}

// ForgeSlots puts slots into the record of the file of a folder, and the file's
// digest into the client state: all that somebody can do who has no key.
func ForgeSlots(dir string, slots binding.Slots) error {
	s, err := Open(Options{Dir: dir})
	if err != nil {
		return err
	}
	file, err := os.ReadFile(s.path(cacheName))
	if err != nil {
		return err
	}
	o, err := readOuter(s.path(cacheName), s.limits())
	if err != nil {
		return err
	}
	before, err := o.record.marshal()
	if err != nil {
		return err
	}
	o.record.Slots = &slots
	after, err := o.record.marshal()
	if err != nil {
		return err
	}
	if len(before) != len(after) {
		return errors.New("a record of another length")
	}
	// The header's digest stands behind its terminator, CR LF CR LF. (KDBX 4.)
	at := bytes.Index(file, before)
	end := at + bytes.Index(file[at:], []byte("\x00\x04\x00\x00\x00\r\n\r\n")) + 9
	copy(file[at:], after)
	digest := sha256.Sum256(file[:end])
	copy(file[end:], digest[:])
	if err := os.WriteFile(s.path(cacheName), file, 0o600); err != nil {
		return err
	}
	return s.update(func(st *clientState) error { st.Current.SHA256 = sha256.Sum256(file); return nil })
}

// SaltOf returns salt_tpm of a cache file.
func SaltOf(t testing.TB, file []byte) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), cacheName)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := readOuter(path, kdbx.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return o.record.Derivation.Salt[:]
}

// RecordOf returns the record in a cache file, and what it becomes with other
// slots, as bytes.
func RecordOf(path string, change func(*binding.Slots)) ([]byte, error) {
	o, err := readOuter(path, kdbx.DefaultLimits())
	if err != nil {
		return nil, err
	}
	change(o.record.Slots)
	return o.record.marshal()
}
