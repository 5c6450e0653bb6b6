package cache

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"runtime"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/locked"
)

// Cost is what one run of Argon2id takes. Two runs of equal cost stand between
// a password and the content: one before the chip is asked, one in KDBX.
type Cost struct {
	MemoryBytes uint64 // a multiple of 1024
	Passes      uint64
	Lanes       uint32
}

// FloorCost is the least that is written or read: OWASP's smallest setting for
// Argon2id (Password Storage Cheat Sheet). The machine secret makes guessing
// hopeless anywhere else, so this is for the day on which a chip is broken.
func FloorCost() Cost { return Cost{MemoryBytes: 19 << 20, Passes: 2, Lanes: 1} }

// DefaultCost is what a new cache gets. Both runs together take about a second
// on two cores of 2023: 0.86 s of two of an AMD EPYC, 1.7 s of one. More passes
// rather than more memory, which a laptop may not have twice. It does not depend
// on the machine that makes the cache, or a fast one would make caches that a slow
// one cannot open. A cache that is renewed keeps the cost that it has.
func DefaultCost() Cost { return Cost{MemoryBytes: 128 << 20, Passes: 6, Lanes: 2} }

// Most that a file may ask for, checked before anything is derived: memory as
// kdbx.DefaultLimits, and half a minute on one slow core.
const (
	maxCostMemoryBytes = 1 << 30
	maxCostPasses      = 64
	maxCostLanes       = 16
	maxCostWorkBytes   = 32 << 30 // memory × passes
)

// check holds a cost against the floor and the limits.
func (c Cost) check() error {
	floor := FloorCost()
	switch {
	case c.MemoryBytes > maxCostMemoryBytes || c.Passes > maxCostPasses || c.Lanes > maxCostLanes ||
		c.MemoryBytes*c.Passes > maxCostWorkBytes:
		return vault.Fail(vault.Hostile, "key derivation: %d bytes, %d passes, %d lanes", c.MemoryBytes, c.Passes, c.Lanes)
	case c.MemoryBytes < floor.MemoryBytes || c.Passes < floor.Passes || c.Lanes < floor.Lanes:
		return vault.Fail(vault.Damaged, "key derivation: %d bytes, %d passes, %d lanes are below the floor", c.MemoryBytes, c.Passes, c.Lanes)
	case c.MemoryBytes%1024 != 0 || c.MemoryBytes < uint64(c.Lanes)*8<<10:
		return vault.Fail(vault.Damaged, "key derivation: %d bytes for %d lanes", c.MemoryBytes, c.Lanes)
	}
	return nil
}

// params returns the same cost as KDBX writes it.
func (c Cost) params() kdbx.KDFParams {
	return kdbx.KDFParams{Kind: kdbx.Argon2id, MemoryBytes: c.MemoryBytes, Iterations: c.Passes, Parallelism: c.Lanes}
}

// Sizes of section 4 of FORMAT.md, in bytes.
const (
	saltBytes   = 32
	secretBytes = 32 // machine secret
	authRaw     = 24 // before base64
	keyBytes    = 32
)

// derivation is how A comes from the password.
type derivation struct {
	Salt [saltBytes]byte
	Cost Cost
}

// credentials are what is left of a master password once it has been worked
// through. With them a cache can be opened, and its next generation made. They
// lie in locked memory, and with them what else opens the same cache.
type credentials struct {
	derivation
	memory   *locked.Arena // of one page
	auth     []byte        // A, 32 characters
	password []byte        // SHA-256(P), the password's part of the composite key
}

// derive works through a master password. Argon2 cannot be interrupted; ctx
// counts before and after.
func derive(ctx context.Context, master vault.Secret, d derivation) (*credentials, error) {
	if err := d.Cost.check(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := norm.NFC.Bytes(master.Bytes()) // a copy, or the same bytes if nothing changes
	k := argon2.IDKey(p, d.Salt[:], uint32(d.Cost.Passes), uint32(d.Cost.MemoryBytes>>10), uint8(d.Cost.Lanes), keyBytes)
	c := &credentials{derivation: d, memory: locked.New(0)}
	digest := sha256.Sum256(p)
	c.password = c.memory.Move(digest[:])
	if len(p) > 0 && &p[0] != &master.Bytes()[0] {
		clear(p)
	}
	raw, err := hkdf.Key(sha256.New, k, nil, "tpm-auth", authRaw)
	clear(k)
	// The second derivation follows at once. Let it have the memory of this one.
	runtime.GC()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		c.wipe()
		return nil, err
	}
	c.auth = c.memory.Bytes(base64.RawURLEncoding.EncodedLen(authRaw))
	base64.RawURLEncoding.Encode(c.auth, raw)
	clear(raw)
	return c, nil
}

// key returns the composite key with that machine secret: what
// kdbx.CompositeKey makes of the password itself. It lies with the credentials.
func (c *credentials) key(secret []byte) *kdbx.Key {
	k := (*kdbx.Key)(c.memory.Bytes(sha256.Size))
	h := sha256.New()
	h.Write(c.password)
	h.Write(secret)
	h.Sum(k[:0])
	return k
}

// clone returns credentials with memory of their own.
func (c *credentials) clone() *credentials {
	d := &credentials{derivation: c.derivation, memory: locked.New(0)}
	d.auth, d.password = d.memory.Copy(c.auth), d.memory.Copy(c.password)
	return d
}

// wipe clears what could open something, the keys made with it included.
func (c *credentials) wipe() {
	if c == nil {
		return
	}
	c.memory.Wipe()
	c.auth, c.password = nil, nil
}
