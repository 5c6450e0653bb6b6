package tpm

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// wrapKeySize is AES-256's, in bytes.
const wrapKeySize = 32

// Protect encrypts a secret of any length so that only this chip can give it
// back: AES-256-GCM under a new key, which is sealed in the chip without a
// password. For what must not lie plain on the disk, such as session tokens;
// whoever may use the chip on this machine may undo it. The blob is about 260
// bytes longer than the secret.
func (c *Chip) Protect(ctx context.Context, secret []byte) ([]byte, error) {
	key := make([]byte, wrapKeySize)
	defer clear(key)
	rand.Read(key) //nolint:errcheck // crypto/rand.Read never returns an error (Go 1.24)
	var wrap localObject
	err := c.do(ctx, job{"protect", &c.local, func(o *operation) error {
		var err error
		wrap, err = o.createLocal(wrapTemplate(), key)
		return err
	}})
	if err != nil {
		return nil, err
	}
	blob, err := closeBox(key, wrap, secret)
	if err != nil {
		return nil, fmt.Errorf("protect: %w", err)
	}
	return blob, nil
}

// Unprotect returns the secret in a blob of Protect, which the caller must
// wipe. A blob of another chip is ErrOtherMachine, a changed one ErrTampered.
func (c *Chip) Unprotect(ctx context.Context, blob []byte) ([]byte, error) {
	wrap, box, err := cutObject(protectMark, blob)
	if err != nil {
		return nil, fmt.Errorf("unprotect: %w", err)
	}
	name, err := matches(wrapTemplate(), wrap.object.Public)
	if err != nil {
		return nil, fmt.Errorf("unprotect: %w", err)
	}
	pin := knownRoot(wrap.root)
	var key []byte
	err = c.do(ctx, job{"unprotect", &pin, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		loaded, err := o.load(wrap.object, name)
		if err != nil {
			return err
		}
		defer o.flush(loaded.handle)
		r, err := run(o, stepUnwrap, tpm2.Unseal{ItemHandle: loaded.auth(o.encrypted(false, true))})
		if err != nil {
			return err
		}
		key = r.OutData.Buffer
		return nil
	}})
	if err != nil {
		return nil, err
	}
	defer clear(key)
	secret, err := openBox(key, blob[:len(blob)-len(box)], box)
	if err != nil {
		return nil, fmt.Errorf("unprotect: %w: %v", binding.ErrTampered, err)
	}
	return secret, nil
}

// closeBox makes a blob of the wrapping key's object, as associated data, and
// the secret encrypted with the key. The key encrypts this one message, so a
// fixed nonce never repeats.
func closeBox(key []byte, wrap localObject, secret []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	head := wrap.appendTo(protectMark)
	return gcm.Seal(head, make([]byte, gcm.NonceSize()), secret, head), nil
}

// openBox returns the secret of a blob that is head and box.
func openBox(key, head, box []byte) ([]byte, error) {
	gcm, err := newGCM(key)
	if err != nil {
		return nil, err
	}
	return gcm.Open(nil, make([]byte, gcm.NonceSize()), box, head)
}

// newGCM is AES-256-GCM with a 12-byte nonce and a 16-byte tag.
func newGCM(key []byte) (cipher.AEAD, error) {
	if len(key) != wrapKeySize {
		return nil, errors.New("wrapping key has another size")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
