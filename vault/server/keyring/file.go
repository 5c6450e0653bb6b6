package keyring

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/tideover/tideover/vault"
)

const (
	keyBytes = 32 // AES-256
	// linePrefix begins each line of a key file; the rest is 32 bytes in
	// standard base64. The first line is the current key.
	linePrefix = "tideover-kek-1 "
	// maxFileBytes is far above the two lines that a key file has at most, and
	// keeps a wrong path from filling memory.
	maxFileBytes = 4096
)

// File is a KEK in a file of its own that only its owner can read, or in a
// systemd credential (systemd.exec(5), LoadCredential=). Safe for concurrent
// use. It reads the file again before it wraps, and when it meets an unknown
// KEK: another process may have changed it (Rekey).
type File struct {
	path       string
	credential bool // given by systemd: read only, and checked differently

	mu   sync.Mutex
	keys []localKey // the current one first
}

type localKey struct {
	id   string
	raw  []byte
	aead cipher.AEAD
}

// CreateFile makes a key file with a fresh key, mode 0600. It refuses a path
// that exists.
func CreateFile(path string) (*File, error) {
	key, err := newLocalKey()
	if err != nil {
		return nil, err
	}
	f := &File{path: path, keys: []localKey{key}}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create key file: %w", err)
	}
	if err := writeSynced(out, f.encode()); err != nil {
		_ = os.Remove(path) // the half-written file is ours, and the first error tells more
		return nil, fmt.Errorf("create key file: %w", err)
	}
	return f, syncDir(filepath.Dir(path))
}

// OpenFile reads a key file. One that its group or others may read is refused
// with vault.NoSecretStore, a missing one too, anything else in it with
// vault.Damaged. Windows keeps no such mode; there the access list is the
// installer's care.
func OpenFile(path string) (*File, error) {
	f := &File{path: path}
	return f, f.load()
}

// OpenCredential reads the credential called name from dir, the value of
// $CREDENTIALS_DIRECTORY. systemd shows the access list of such files as group
// permission, so only permissions of others are refused.
func OpenCredential(dir, name string) (*File, error) {
	if dir == "" || name == "" || name != filepath.Base(name) {
		return nil, vault.Fail(vault.NoSecretStore, "no credential directory, or no plain name: %q", name)
	}
	f := &File{path: filepath.Join(dir, name), credential: true}
	return f, f.load()
}

// load reads the file into f.keys.
func (f *File) load() error {
	in, err := os.Open(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return vault.Fail(vault.NoSecretStore, "key file: %w", err)
	}
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	defer func() { _ = in.Close() }() // read only
	info, err := in.Stat()            // of the open file, so that no other can be put in its place
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	forbidden := fs.FileMode(0o077)
	if f.credential {
		forbidden = 0o007
	}
	if !info.Mode().IsRegular() {
		return vault.Fail(vault.NoSecretStore, "key file %s is not a regular file", f.path)
	}
	if modeMeansAccess && info.Mode().Perm()&forbidden != 0 {
		return vault.Fail(vault.NoSecretStore, "key file %s can be read by others (mode %04o): chmod 600",
			f.path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(in, maxFileBytes+1))
	defer clear(text)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	keys, err := decodeFile(text)
	if err != nil {
		return vault.Fail(vault.Damaged, "key file %s: %w", f.path, err)
	}
	f.keys = keys
	return nil
}

func decodeFile(text []byte) ([]localKey, error) {
	if len(text) > maxFileBytes {
		return nil, errors.New("too long")
	}
	var keys []localKey
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		encoded, ok := bytes.CutPrefix(line, []byte(linePrefix))
		if !ok {
			return nil, fmt.Errorf("line %d does not begin with %q", len(keys)+1, linePrefix)
		}
		raw := make([]byte, base64.StdEncoding.DecodedLen(len(encoded)))
		n, err := base64.StdEncoding.Strict().Decode(raw, encoded)
		if err != nil || n != keyBytes {
			return nil, fmt.Errorf("line %d is not %d bytes in base64", len(keys)+1, keyBytes)
		}
		key, err := makeLocalKey(raw[:n])
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("holds no key")
	}
	return keys, nil
}

func (f *File) encode() []byte {
	var b bytes.Buffer
	for _, k := range f.keys {
		b.WriteString(linePrefix)
		b.WriteString(base64.StdEncoding.EncodeToString(k.raw))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func newLocalKey() (localKey, error) {
	raw := make([]byte, keyBytes)
	_, _ = rand.Read(raw) // never fails (Go 1.24)
	return makeLocalKey(raw)
}

func makeLocalKey(raw []byte) (localKey, error) {
	aead, err := newAEAD(raw)
	if err != nil {
		return localKey{}, err
	}
	sum := sha256.Sum256(append([]byte("tideover/kek-id/v1"), raw...))
	return localKey{id: "file:" + hex.EncodeToString(sum[:8]), raw: raw, aead: aead}, nil
}

func newAEAD(raw []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("data key: %w", err)
	}
	return aead, nil
}

// ID returns the identifier of the current key.
func (f *File) ID() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys[0].id
}

// Wrap encrypts with the file's first key, as the file is now.
func (f *File) Wrap(_ context.Context, key, aad []byte) (Wrapped, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.load(); err != nil {
		return Wrapped{}, err
	}
	k := f.keys[0]
	nonce := make([]byte, k.aead.NonceSize(), k.aead.NonceSize()+len(key)+k.aead.Overhead())
	_, _ = rand.Read(nonce) // never fails (Go 1.24)
	return Wrapped{KEK: k.id, Data: k.aead.Seal(nonce, nonce, key, aad)}, nil
}

// Unwrap decrypts with the key that w names.
func (f *File) Unwrap(_ context.Context, w Wrapped, aad []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	k, ok := f.find(w.KEK)
	if !ok {
		if err := f.load(); err != nil {
			return nil, err
		}
		if k, ok = f.find(w.KEK); !ok {
			return nil, wrongKEK(w.KEK)
		}
	}
	if len(w.Data) < k.aead.NonceSize() {
		return nil, damaged("wrapped data key is too short")
	}
	nonce, text := w.Data[:k.aead.NonceSize()], w.Data[k.aead.NonceSize():]
	key, err := k.aead.Open(nil, nonce, text, aad)
	if err != nil {
		return nil, damaged("wrapped data key")
	}
	return key, nil
}

func (f *File) find(id string) (localKey, bool) {
	for _, k := range f.keys {
		if k.id == id {
			return k, true
		}
	}
	return localKey{}, false
}

// AddKey makes a fresh key the current one and keeps the previous current one,
// in one atomic replacement of the file. A credential is vault.ReadOnly.
func (f *File) AddKey() error {
	key, err := newLocalKey()
	if err != nil {
		return err
	}
	return f.replace(func(old []localKey) []localKey { return append([]localKey{key}, old...) })
}

// DropPrevious leaves only the current key in the file. Call it when nothing is
// wrapped by the previous ones any more.
func (f *File) DropPrevious() error {
	return f.replace(func(old []localKey) []localKey { return old[:1] })
}

func (f *File) replace(change func([]localKey) []localKey) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.credential {
		return vault.Fail(vault.ReadOnly, "the key is a systemd credential; change it where it is made")
	}
	if err := f.load(); err != nil {
		return err
	}
	next := &File{keys: change(f.keys)}
	dir := filepath.Dir(f.path)
	tmp, err := os.CreateTemp(dir, "."+strings.TrimPrefix(filepath.Base(f.path), ".")+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already if the rename succeeded
	if err := writeSynced(tmp, next.encode()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if err := os.Rename(tmp.Name(), f.path); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	f.keys = next.keys
	return syncDir(dir)
}

// writeSynced writes text, flushes it to the disk and closes the file.
func writeSynced(f *os.File, text []byte) error {
	defer clear(text)
	_, err := f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
