package fido

import (
	"context"
	"crypto/rand"

	"github.com/tideover/tideover/vault"
)

// Platform is the way to the security keys of this computer: HID talks to them
// itself, System returns what the operating system has. Its errors are those of
// FORMAT.md 10, or ctx's. Not safe for concurrent use: keys are not.
type Platform interface {
	// Register has one key make a credential.
	Register(ctx context.Context, r Registration, a Asker) (Registered, error)
	// Evaluate asks whichever of the keys is there, and returns which it was and
	// its 32-byte output, which the caller wipes.
	Evaluate(ctx context.Context, keys []Key, a Asker) (int, vault.Secret, error)
}

// Asker is the person at the key. It is called from the goroutine that called
// Enrol or Unlock.
type Asker interface {
	// PIN returns the PIN of the key, which is wiped after use. It is not called
	// where the system asks by itself, or a finger does.
	PIN(ctx context.Context, tries Tries) (vault.Secret, error)
	// Touch says that the key waits to be touched. It may be called repeatedly.
	Touch()
}

// Tries says how many PINs a key still takes.
type Tries struct {
	Left  int
	Known bool
}

// Registration is what a platform needs to make a credential.
type Registration struct {
	Cache    [16]byte
	Verified bool  // wanted; a platform may be stricter
	Existing []Key // keys that must not be enrolled again
}

// Registered is what a platform made.
type Registered struct {
	Credential []byte
	Verified   bool // what it takes to evaluate it
}

// EnrolRequest says what a new key is for.
type EnrolRequest struct {
	Cache    [16]byte
	Label    string
	Verified bool  // by policy: a PIN or a finger as well as a touch
	Existing []Key // those that the cache has already
}

// Enrol makes a credential on the one key that is plugged in, and asks it for
// its first output: two touches, one PIN. The key opens a cache only once Seal
// has wrapped a factor for it. It fails as FORMAT.md 10 says, with Conflict if
// the key is enrolled already and with Usage if the label is too long or there
// are MaxSlots keys.
func Enrol(ctx context.Context, p Platform, r EnrolRequest, a Asker) (Key, error) {
	k := Key{Label: r.Label, Credential: []byte{0}}
	if len(r.Existing) >= MaxSlots || k.check() != nil {
		return Key{}, vault.Fail(vault.Usage, "at most %d keys, labels of at most %d bytes", MaxSlots, MaxLabel)
	}
	once := &askOnce{Asker: a}
	defer once.pin.Wipe()
	made, err := p.Register(ctx, Registration{Cache: r.Cache, Verified: r.Verified, Existing: r.Existing}, once)
	if err != nil {
		return Key{}, err
	}
	k.Credential, k.Verified = made.Credential, made.Verified
	if _, err := rand.Read(k.ID[:]); err != nil {
		return Key{}, err
	}
	if _, err := rand.Read(k.Salt[:]); err != nil {
		return Key{}, err
	}
	if err := k.check(); err != nil {
		return Key{}, vault.Fail(vault.KeyFailed, "%w", err)
	}
	_, output, err := p.Evaluate(ctx, []Key{k}, once)
	if err != nil {
		return Key{}, err
	}
	defer output.Wipe()
	private, err := pair(&k, output.Bytes())
	if err != nil {
		return Key{}, err
	}
	copy(k.Public[:], private.PublicKey().Bytes())
	return k, nil
}

// Unlock asks whichever of the record's keys is plugged in for the factor. It
// returns the factor, which the caller wipes, and the index of the slot.
func Unlock(ctx context.Context, p Platform, r *Record, a Asker) (vault.Secret, int, error) {
	if err := r.check(); err != nil {
		return vault.Secret{}, 0, err
	}
	slot, output, err := p.Evaluate(ctx, r.Keys(), a)
	if err != nil {
		return vault.Secret{}, 0, err
	}
	defer output.Wipe()
	factor, err := r.Open(slot, output)
	return factor, slot, err
}

// askOnce remembers the PIN of one enrolment, which needs it twice. A wrong one
// ends the enrolment, so it is never tried twice.
type askOnce struct {
	Asker
	pin vault.Secret
}

func (o *askOnce) PIN(ctx context.Context, tries Tries) (vault.Secret, error) {
	if o.pin.IsEmpty() {
		pin, err := o.Asker.PIN(ctx, tries)
		if err != nil {
			return vault.Secret{}, err
		}
		o.pin = pin
	}
	return o.pin.Clone(), nil
}
