package keyring

import (
	"context"
	"errors"

	"github.com/tideover/tideover/vault"
)

// KEK is a provider of key-encryption keys: a file, a chip, a transit server. It
// has one current key, and may know previous ones. Safe for concurrent use.
type KEK interface {
	// Wrap encrypts a key of 32 bytes with the current KEK and binds it to aad.
	Wrap(ctx context.Context, key, aad []byte) (Wrapped, error)
	// Unwrap is its inverse. The caller must wipe the result. It returns
	// ErrWrongKEK if it does not have the KEK that w names, and ErrDamaged if
	// the ciphertext or aad were changed.
	Unwrap(ctx context.Context, w Wrapped, aad []byte) ([]byte, error)
}

// Wrapped is a key as a KEK encrypted it.
type Wrapped struct {
	KEK  string // identifier of the KEK; not secret
	Data []byte
}

// What callers branch on. The first two come wrapped in a *vault.Problem.
var (
	// ErrWrongKEK: the KEK at hand is not the one that wrapped the data keys.
	ErrWrongKEK = errors.New("wrong key-encryption key")
	// ErrDamaged: a ciphertext was changed, or belongs to another row, version
	// or key.
	ErrDamaged = errors.New("ciphertext does not fit its row")
	// ErrUnknownKey: the data key was made after the last Reload, or never.
	ErrUnknownKey = errors.New("unknown data key")
	// ErrWornOut: the active key has sealed as often as is safe; call Maintain.
	ErrWornOut = errors.New("data key used too often")
)

// wrongKEK is the problem of an operator who started with the wrong key file.
func wrongKEK(id string) error {
	return &vault.Problem{
		Cause:  vault.NoSecretStore,
		Detail: "the key-encryption key does not fit this database, which wants " + id,
		Err:    ErrWrongKEK,
	}
}

func damaged(what string) error {
	return &vault.Problem{Cause: vault.Damaged, Detail: what, Err: ErrDamaged}
}

// chain is a KEK that wraps with its first member.
type chain []KEK

// Prefer returns a KEK that wraps with current and unwraps with whichever has
// the key. It is for moving from one provider to another with Rewrap.
func Prefer(current KEK, previous ...KEK) KEK {
	return append(chain{current}, previous...)
}

func (c chain) Wrap(ctx context.Context, key, aad []byte) (Wrapped, error) {
	return c[0].Wrap(ctx, key, aad)
}

func (c chain) Unwrap(ctx context.Context, w Wrapped, aad []byte) ([]byte, error) {
	var first error
	for _, k := range c {
		key, err := k.Unwrap(ctx, w, aad)
		if err == nil {
			return key, nil
		}
		if !errors.Is(err, ErrWrongKEK) {
			return nil, err
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}
