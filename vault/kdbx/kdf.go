package kdbx

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"sync"

	argon2d "github.com/tobischo/argon2" // golang.org/x/crypto has no Argon2d
	"golang.org/x/crypto/argon2"
)

// Identifiers of the key derivations and names of their parameters
// (https://keepass.info/help/kb/kdbx.html, "Key derivation").
var (
	uuidAESKDF   = [16]byte{0xc9, 0xd9, 0xf3, 0x9a, 0x62, 0x8a, 0x44, 0x60, 0xbf, 0x74, 0x0d, 0x08, 0xc1, 0x8a, 0x4f, 0xea}
	uuidAESKDFXC = [16]byte{0x7c, 0x02, 0xbb, 0x82, 0x79, 0xa7, 0x4a, 0xc0, 0x92, 0x7d, 0x11, 0x4a, 0x00, 0x64, 0x82, 0x38} // KeePassXC in KDBX 4; KeePass 2.47 does not know it
	uuidArgon2d  = [16]byte{0xef, 0x63, 0x6d, 0xdf, 0x8c, 0x29, 0x44, 0x4b, 0x91, 0xf7, 0xa9, 0xa4, 0x03, 0xe3, 0x0a, 0x0c}
	uuidArgon2id = [16]byte{0x9e, 0x29, 0x8b, 0x19, 0x56, 0xdb, 0x47, 0x73, 0xb2, 0x3d, 0xfc, 0x3e, 0xc6, 0xf0, 0xa1, 0xe6}
)

const (
	kdfUUID        = "$UUID"
	kdfSalt        = "S"
	kdfRounds      = "R" // AES-KDF
	kdfMemory      = "M"
	kdfIterations  = "I"
	kdfParallelism = "P"
	kdfVersion     = "V"

	// Argon2 version 1.3, RFC 9106, section 3.2. The library knows no other.
	argon2Version = 0x13

	kdfKeyBytes  = 32
	minSaltBytes = 8 // RFC 9106, section 3.1
	maxSaltBytes = 1024
	newSaltBytes = 32
	aesSaltBytes = 32
	// RFC 9106, section 3.1: 8 blocks of 1 KiB for each lane.
	minLaneMemoryBytes = 8 << 10
)

// readKDF takes the parameters out of the header field.
func (h *Header) readKDF(m VariantMap) error {
	id, _ := m.Bytes(kdfUUID)
	salt, _ := m.Bytes(kdfSalt)
	h.salt = salt
	switch {
	case bytes.Equal(id, uuidAESKDF[:]), bytes.Equal(id, uuidAESKDFXC[:]):
		rounds, ok := m.number(kdfRounds)
		if !ok || len(salt) != aesSaltBytes {
			return damaged("key derivation: parameters of AES-KDF")
		}
		h.KDF = KDFParams{Kind: AESKDF, Iterations: rounds}
		return refuseOthers(m, kdfRounds)
	case bytes.Equal(id, uuidArgon2d[:]):
		h.KDF.Kind = Argon2d
	case bytes.Equal(id, uuidArgon2id[:]):
		h.KDF.Kind = Argon2id
	default:
		return unsupported("key derivation %x", id[:min(len(id), 16)])
	}
	version, okV := m.number(kdfVersion)
	lanes, okP := m.number(kdfParallelism)
	var okI, okM bool
	h.KDF.Iterations, okI = m.number(kdfIterations)
	h.KDF.MemoryBytes, okM = m.number(kdfMemory)
	if !okV || !okP || !okI || !okM || len(salt) < minSaltBytes || len(salt) > maxSaltBytes {
		return damaged("key derivation: parameters of %s", h.KDF.Kind)
	}
	if version != argon2Version {
		return unsupported("Argon2 version %#x", version)
	}
	h.KDF.Parallelism = uint32(min(lanes, math.MaxUint32))
	return refuseOthers(m, kdfIterations, kdfMemory, kdfParallelism, kdfVersion)
}

// refuseOthers refuses parameters that change the result and that we do not
// compute with, such as Argon2's secret key "K" and associated data "A".
func refuseOthers(m VariantMap, known ...string) error {
next:
	for _, it := range m {
		if it.Name == kdfUUID || it.Name == kdfSalt {
			continue
		}
		for _, name := range known {
			if it.Name == name {
				continue next
			}
		}
		return unsupported("key derivation: parameter %q", it.Name)
	}
	return nil
}

// check holds the costs against the limits, and against what the function can
// be run with at all.
func (p KDFParams) check(lim Limits) error {
	if p.Iterations == 0 {
		return damaged("key derivation: no iterations")
	}
	if p.Kind == AESKDF {
		if p.Iterations > lim.AESRounds {
			return hostile("key derivation: %d rounds, limit %d", p.Iterations, lim.AESRounds)
		}
		return nil
	}
	switch {
	case p.Kind != Argon2d && p.Kind != Argon2id:
		return unsupported("%s", p.Kind)
	case p.Parallelism == 0:
		return damaged("key derivation: no lanes")
	case p.Parallelism > min(lim.KDFParallelism, maxKDFParallelism):
		return hostile("key derivation: %d lanes, limit %d", p.Parallelism, lim.KDFParallelism)
	case p.MemoryBytes > lim.KDFMemoryBytes, p.MemoryBytes>>10 > math.MaxUint32:
		return hostile("key derivation: %d bytes of memory, limit %d", p.MemoryBytes, lim.KDFMemoryBytes)
	case p.MemoryBytes < minLaneMemoryBytes*uint64(p.Parallelism):
		return damaged("key derivation: %d bytes of memory for %d lanes", p.MemoryBytes, p.Parallelism)
	case p.Iterations > lim.KDFIterations, p.Iterations > math.MaxUint32:
		return hostile("key derivation: %d passes, limit %d", p.Iterations, lim.KDFIterations)
	case p.Iterations > lim.KDFWorkBytes/p.MemoryBytes:
		return hostile("key derivation: %d passes over %d bytes, limit %d together", p.Iterations, p.MemoryBytes, lim.KDFWorkBytes)
	}
	return nil
}

// kdfMap returns the header field.
func (h *Header) kdfMap() VariantMap {
	u64 := func(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }
	u32 := func(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
	if h.KDF.Kind == AESKDF {
		return VariantMap{
			{kdfUUID, VariantBytes, uuidAESKDF[:]},
			{kdfRounds, VariantUint64, u64(h.KDF.Iterations)},
			{kdfSalt, VariantBytes, h.salt},
		}
	}
	id := uuidArgon2id
	if h.KDF.Kind == Argon2d {
		id = uuidArgon2d
	}
	return VariantMap{
		{kdfUUID, VariantBytes, id[:]},
		{kdfIterations, VariantUint64, u64(h.KDF.Iterations)},
		{kdfMemory, VariantUint64, u64(h.KDF.MemoryBytes)},
		{kdfParallelism, VariantUint32, u32(h.KDF.Parallelism)},
		{kdfSalt, VariantBytes, h.salt},
		{kdfVersion, VariantUint32, u32(argon2Version)},
	}
}

// derive runs the key derivation. The parameters have passed check. Argon2
// cannot be interrupted, so ctx counts before and after it; AES-KDF looks at
// it all the time. The caller wipes the result.
func (h *Header) derive(ctx context.Context, key *Key) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p := h.KDF
	var out []byte
	switch p.Kind {
	case Argon2d:
		out = argon2d.DKey(key[:], h.salt, uint32(p.Iterations), uint32(p.MemoryBytes>>10), uint8(p.Parallelism), kdfKeyBytes)
	case Argon2id:
		out = argon2.IDKey(key[:], h.salt, uint32(p.Iterations), uint32(p.MemoryBytes>>10), uint8(p.Parallelism), kdfKeyBytes)
	case AESKDF:
		return aesKDF(ctx, key, h.salt, p.Iterations)
	}
	if err := ctx.Err(); err != nil {
		clear(out)
		return nil, err
	}
	return out, nil
}

// aesKDF encrypts both halves of the key again and again, side by side, and
// hashes the result.
func aesKDF(ctx context.Context, from *Key, salt []byte, rounds uint64) ([]byte, error) {
	block, err := aes.NewCipher(salt)
	if err != nil {
		return nil, err
	}
	const stride = 1 << 18 // a few milliseconds
	key := *from
	defer key.Wipe()
	var halves sync.WaitGroup
	for _, half := range [][]byte{key[:16], key[16:]} {
		halves.Go(func() {
			for left := rounds; left > 0 && ctx.Err() == nil; {
				n := min(left, stride)
				for range n {
					block.Encrypt(half, half)
				}
				left -= n
			}
		})
	}
	halves.Wait()
	sum := sha256.Sum256(key[:])
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return sum[:], nil
}
