package binding

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// Reading is what a chip certifies of an NV index, in a Statement made by
// TPM2_NV_Certify. A server takes one after every write of a PIN index, and
// one of the counter as the receipt of a wipe.
type Reading struct {
	Clock Clock  // of the chip when it signed; Resets and Restarts are veiled unless the key is an endorsement one
	Value uint64 // of the index: the counter, or count ‖ limit
}

// Count returns the count of a PIN index.
func (r Reading) Count() uint32 { return uint32(r.Value >> 32) }

// Limit returns the limit of a PIN index.
func (r Reading) Limit() uint32 { return uint32(r.Value) }

// Shows reports whether a PIN index holds what the permit for p let be written,
// before anybody used it.
// A client may have marked the same bytes as encrypted: then the chip has
// written something else, which no hash that was signed can exclude, and this
// is ErrTampered: nothing more is approved for the cache.
func (r Reading) Shows(p PermitRequest) error {
	if p.Kind == PermitRekey || r.Count() != p.Count || r.Limit() != p.Limit {
		return fmt.Errorf("reading: holds %d of %d, permitted was %d of %d: %w", r.Count(), r.Limit(), p.Count, p.Limit, ErrTampered)
	}
	return nil
}

// ReadingWant is what a server asked for.
type ReadingWant struct {
	Key       *ecdsa.PublicKey // the chip's attestation key, which signs only what the chip itself says
	Qualified [32]byte         // Qualify of SubjectCounter, the server's nonce and the context
	Name      []byte           // Indices.Name(kind, true)
}

// What TPMS_ATTEST starts with: TPM_GENERATED_VALUE and TPM_ST_ATTEST_NV; and
// TPMT_SIGNATURE: TPM_ALG_ECDSA, TPM_ALG_SHA256. (TCG TPM 2.0 Library, Part 2,
// 6.2, 6.9, 10.12.12 and 11.3.4.)
var (
	attestNVHead  = [6]byte{0xff, 0x54, 0x43, 0x47, 0x80, 0x14}
	signatureHead = [4]byte{0x00, 0x18, 0x00, 0x0b}
)

// Sizes of TPMS_CLOCK_INFO and of firmwareVersion. (Part 2, 10.11.1 and 10.12.12.)
const (
	clockInfoSize = 17
	firmwareSize  = 8
)

// Reading returns what the statement says an index holds. One that is not of
// this key, qualifying data and index, whole, is ErrTampered.
func (s Statement) Reading(want ReadingWant) (Reading, error) {
	if len(want.Name) != NameSize {
		return Reading{}, fmt.Errorf("reading: a Name has %d bytes", NameSize)
	}
	signature, ok := rsOf(s.Signature)
	if !ok || !verifyRS(want.Key, sha256.Sum256(s.Attested), signature) {
		return Reading{}, fmt.Errorf("reading: signature: %w", ErrTampered)
	}
	rest, ok := bytes.CutPrefix(s.Attested, attestNVHead[:])
	if !ok {
		return Reading{}, fmt.Errorf("reading: not one of an NV index: %w", ErrTampered)
	}
	_, rest, ok1 := Cut2B(rest) // qualified Name of the key
	qualified, rest, ok2 := Cut2B(rest)
	if !ok1 || !ok2 || len(rest) < clockInfoSize+firmwareSize {
		return Reading{}, fmt.Errorf("reading: form: %w", ErrTampered)
	}
	info, rest := rest[:clockInfoSize], rest[clockInfoSize+firmwareSize:]
	name, rest, ok := Cut2B(rest)
	switch {
	case !ok || len(rest) != 2+2+IndexSize || !bytes.HasPrefix(rest, []byte{0, 0, 0, IndexSize}): // offset, length
		return Reading{}, fmt.Errorf("reading: form: %w", ErrTampered)
	case !bytes.Equal(qualified, want.Qualified[:]):
		return Reading{}, fmt.Errorf("reading: made for another purpose or nonce: %w", ErrTampered)
	case !bytes.Equal(name, want.Name):
		return Reading{}, fmt.Errorf("reading: another index: %w", ErrTampered)
	}
	return Reading{
		Clock: Clock{
			MS: binary.BigEndian.Uint64(info), Resets: binary.BigEndian.Uint32(info[8:]),
			Restarts: binary.BigEndian.Uint32(info[12:]), Safe: info[16] == 1,
		},
		Value: binary.BigEndian.Uint64(rest[4:]),
	}, nil
}

// rsOf returns r‖s of a TPMT_SIGNATURE. Chips may leave out leading zeros.
func rsOf(signature []byte) ([]byte, bool) {
	rest, ok := bytes.CutPrefix(signature, signatureHead[:])
	r, rest, ok1 := Cut2B(rest)
	s, rest, ok2 := Cut2B(rest)
	if !ok || !ok1 || !ok2 || len(rest) != 0 || len(r) > 32 || len(s) > 32 {
		return nil, false
	}
	rs := make([]byte, signatureSize)
	copy(rs[32-len(r):32], r)
	copy(rs[64-len(s):], s)
	return rs, true
}

// Cut2B takes a TPM2B off b: a field that starts with its length in two bytes.
// It reports false if b ends before the field does.
func Cut2B(b []byte) (field, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	if len(b) < n {
		return nil, nil, false
	}
	return b[2:n], b[n:], true
}
