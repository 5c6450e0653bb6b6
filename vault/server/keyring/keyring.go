package keyring

import (
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	nonceBytes = 12 // AES-GCM, NIST SP 800-38D section 5.2.1.1
	tagBytes   = 16
	// maxUses: with random nonces of 96 bits, no key seals more often (NIST SP
	// 800-38D section 8.3: collision below 2⁻³²).
	maxUses = 1 << 32
	// rotateUses and rotateAge are when Maintain makes a new key, well before
	// that limit.
	rotateUses = 1 << 30
	rotateAge  = 365 * 24 * time.Hour
	// lockMark is the meta row that transactions write first when they change
	// data keys, so that Rewrap misses none that is being added.
	lockMark = "keyring.lock"
)

// Config is what Open needs.
type Config struct {
	Store store.Store
	KEK   KEK
	Now   func() time.Time // nil: time.Now
}

// Keyring seals and opens rows. It is safe for concurrent use; Seal and Unseal
// take no locks and touch no disk.
type Keyring struct {
	store store.Store
	kek   KEK
	now   func() time.Time
	mu    sync.Mutex // one reload at a time
	keys  atomic.Pointer[keySet]
	space sync.Pool // *[spaceBytes]byte for associated data, which the cipher would make escape
}

// spaceBytes holds the associated data of any row.
const spaceBytes = 64

// keySet is never changed once it is published.
type keySet struct {
	byID   map[vault.ID]*dataKey
	active map[store.Purpose]*dataKey
	tag    []byte
}

// dataKey is an unwrapped data key.
type dataKey struct {
	id      vault.ID
	purpose store.Purpose
	aead    cipher.AEAD
	created time.Time
	stored  atomic.Int64 // uses in the database
	unsaved atomic.Int64 // uses since
}

// Open unwraps all data keys and makes those that are missing: in an empty
// database all. A KEK that does not fit is ErrWrongKEK (vault.NoSecretStore); a
// changed data key row is ErrDamaged (vault.Damaged).
func Open(ctx context.Context, c Config) (*Keyring, error) {
	k := &Keyring{store: c.Store, kek: c.KEK, now: c.Now}
	k.space.New = func() any { return new([spaceBytes]byte) }
	if k.now == nil {
		k.now = time.Now
	}
	if err := k.Reload(ctx); err != nil {
		return nil, err
	}
	if err := k.ensure(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// ensure makes an active key for every purpose that has none.
func (k *Keyring) ensure(ctx context.Context) error {
	missing := false
	for _, p := range purposes() {
		missing = missing || k.keys.Load().active[p] == nil
	}
	if !missing {
		return nil
	}
	err := k.store.Update(ctx, func(tx store.Tx) error {
		if err := k.lock(ctx, tx); err != nil {
			return err
		}
		rows, err := tx.DataKeys(ctx) // another process may have been faster
		if err != nil {
			return err
		}
		have := map[store.Purpose]bool{}
		for _, r := range rows {
			have[r.Purpose] = have[r.Purpose] || r.Retired.IsZero()
		}
		for _, p := range purposes() {
			if have[p] {
				continue
			}
			if err := k.add(ctx, tx, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("make data keys: %w", err)
	}
	return k.Reload(ctx)
}

func (k *Keyring) lock(ctx context.Context, tx store.Tx) error {
	return tx.PutMeta(ctx, lockMark, binary.BigEndian.AppendUint64(nil, uint64(k.now().UnixMilli())))
}

// add inserts a fresh active key. The transaction must hold the lock mark.
func (k *Keyring) add(ctx context.Context, tx store.Tx, p store.Purpose) error {
	raw := make([]byte, keyBytes)
	_, _ = rand.Read(raw) // never fails (Go 1.24)
	defer clear(raw)
	row := store.DataKey{ID: vault.NewID(), Purpose: p, Created: k.now()}
	w, err := k.kek.Wrap(ctx, raw, wrapData(row))
	if err != nil {
		return err
	}
	row.Wrapped, row.KEK = w.Data, w.KEK
	return tx.AddDataKey(ctx, row)
}

// wrapData is the associated data of a wrapped data key: it can neither take
// another's place nor serve another purpose.
func wrapData(row store.DataKey) []byte {
	b := append([]byte("data-key/v1"), row.ID[:]...)
	return binary.BigEndian.AppendUint64(b, uint64(row.Purpose))
}

// Reload learns of data keys that other processes have made. Call it when
// Revision.Gov has grown, and on ErrUnknownKey; not inside a transaction.
func (k *Keyring) Reload(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	var rows []store.DataKey
	err := k.store.View(ctx, func(r store.Reader) (err error) {
		rows, err = r.DataKeys(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("load data keys: %w", err)
	}
	next := &keySet{byID: map[vault.ID]*dataKey{}, active: map[store.Purpose]*dataKey{}}
	old := k.keys.Load()
	if old != nil {
		next.tag = old.tag
	}
	for _, row := range rows {
		var key *dataKey
		if old != nil {
			key = old.byID[row.ID] // keys never change, only what wraps them
		}
		if key == nil {
			if key, err = k.unwrap(ctx, row, next); err != nil {
				return err
			}
		}
		key.stored.Store(row.Uses)
		next.byID[row.ID] = key
		if row.Retired.IsZero() {
			next.active[row.Purpose] = key
		}
	}
	k.keys.Store(next)
	return nil
}

// unwrap makes the key of a row; that of PurposeTags goes into set.
func (k *Keyring) unwrap(ctx context.Context, row store.DataKey, set *keySet) (*dataKey, error) {
	raw, err := k.kek.Unwrap(ctx, Wrapped{KEK: row.KEK, Data: row.Wrapped}, wrapData(row))
	if err != nil {
		return nil, fmt.Errorf("data key %s: %w", row.ID, err)
	}
	if len(raw) != keyBytes {
		clear(raw)
		return nil, damaged("data key has a wrong length")
	}
	if row.Purpose == PurposeTags && row.Retired.IsZero() {
		set.tag = raw // kept for the life of the process
	} else {
		defer clear(raw)
	}
	aead, err := newAEAD(raw)
	if err != nil {
		return nil, err
	}
	return &dataKey{id: row.ID, purpose: row.Purpose, aead: aead, created: row.Created}, nil
}

// Seal encrypts plaintext for the row, with the active key of the row's
// purpose. ErrWornOut after 2³² seals without Maintain.
func (k *Keyring) Seal(row Row, plaintext []byte) (store.Sealed, error) {
	key := k.keys.Load().active[row.Kind.purpose()]
	if key == nil {
		return store.Sealed{}, fmt.Errorf("keyring: internal error: no key for %q", row.Kind)
	}
	return k.seal(key, row, plaintext)
}

// SealChunk encrypts chunk n of a blob whose chunks all have the same key:
// that of the first, which is the zero ID for chunk 0.
func (k *Keyring) SealChunk(key vault.ID, row Row, plaintext []byte) (store.Sealed, error) {
	if key.IsZero() {
		return k.Seal(row, plaintext)
	}
	d := k.keys.Load().byID[key]
	if d == nil || d.purpose != row.Kind.purpose() {
		return store.Sealed{}, ErrUnknownKey
	}
	return k.seal(d, row, plaintext)
}

func (k *Keyring) seal(d *dataKey, row Row, plaintext []byte) (store.Sealed, error) {
	if d.stored.Load()+d.unsaved.Add(1) > maxUses {
		return store.Sealed{}, ErrWornOut
	}
	out := make([]byte, nonceBytes, nonceBytes+len(plaintext)+tagBytes)
	_, _ = rand.Read(out) // never fails (Go 1.24)
	space := k.space.Get().(*[spaceBytes]byte)
	out = d.aead.Seal(out, out, plaintext, row.associated(space[:0], d.id))
	k.space.Put(space)
	return store.Sealed{Key: d.id, Data: out}, nil
}

// Unseal decrypts what Seal made for the same row, appending to dst, which may
// be nil; the caller must wipe the result. ErrDamaged (vault.Damaged): the
// ciphertext was changed or belongs elsewhere. ErrUnknownKey: Reload first.
func (k *Keyring) Unseal(dst []byte, row Row, s store.Sealed) ([]byte, error) {
	key := k.keys.Load().byID[s.Key]
	if key == nil {
		return nil, fmt.Errorf("%s %s: %w", row.Kind, row.ID, ErrUnknownKey)
	}
	if key.purpose != row.Kind.purpose() || len(s.Data) < nonceBytes+tagBytes {
		return nil, damaged(string(row.Kind) + " " + row.ID.String())
	}
	space := k.space.Get().(*[spaceBytes]byte)
	out, err := key.aead.Open(dst, s.Data[:nonceBytes], s.Data[nonceBytes:], row.associated(space[:0], key.id))
	k.space.Put(space)
	if err != nil {
		return nil, damaged(string(row.Kind) + " " + row.ID.String())
	}
	return out, nil
}

// Tag returns a keyed digest of data, HMAC-SHA-256, for finding equal contents
// without telling them: equal for equal data under the same label and owner
// (the entry of a blob, zero for icons), and the same for ever.
func (k *Keyring) Tag(label string, owner vault.ID, data []byte) [32]byte {
	mac := hmac.New(sha256.New, k.keys.Load().tag)
	head := binary.BigEndian.AppendUint64(nil, uint64(len(label)))
	head = append(head, label...)
	mac.Write(append(head, owner[:]...))
	mac.Write(data)
	return [32]byte(mac.Sum(nil))
}

// ActiveKeys returns the identifier of each purpose's active key, and its age,
// for status pages.
func (k *Keyring) ActiveKeys() map[store.Purpose]ActiveKey {
	out := map[store.Purpose]ActiveKey{}
	for p, key := range k.keys.Load().active {
		out[p] = ActiveKey{ID: key.id, Created: key.created, Uses: key.stored.Load() + key.unsaved.Load()}
	}
	return out
}

// ActiveKey is one line of ActiveKeys.
type ActiveKey struct {
	ID      vault.ID
	Created time.Time
	Uses    int64 // seals, about: other processes count on their own
}

var errTagKey = errors.New("the key of tags cannot be rotated")
