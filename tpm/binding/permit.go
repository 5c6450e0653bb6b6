package binding

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// PermitKind says what a permit lets a client do with a PIN index. The text
// reaches the wire.
type PermitKind string

// The kinds of permit. What a server must know before it signs one stands in
// ../FORMAT.md, section 9.
const (
	PermitFirstWrite PermitKind = "first_write" // limit on an index that was never written; once per cache
	PermitRewrite    PermitKind = "rewrite"     // new tries, or a new budget of opens, on a written index
	PermitRekey      PermitKind = "rekey"       // another password on PIN_FAIL
)

// Limits of what a server signs. With more tries the limit is none; the budget
// of opens is bounded by the life of a lease.
const (
	MaxTries  = 100
	MaxBudget = 1 << 20
)

// permitNonce is the length of the chip's nonce in a permit, in bytes. The
// fields of the signed message carry no lengths, so each has a fixed one: an
// empty nonce would make a permit that works for ever, and a longer one could
// be read as another field.
const permitNonce = 16

// PermitLife is how long the chip takes a permit, by its own Time from the nonce
// of the session on. It bounds how long somebody can keep one unused. A round
// trip to the server and a slow chip take some seconds.
const PermitLife = 120 * time.Second

// PermitSeconds is PermitLife as TPM2_PolicySigned takes it.
const PermitSeconds = int32(PermitLife / time.Second)

// PermitRequest is what a client asks a server to sign: one command on one PIN
// index, in the one session of the chip that gave Nonce.
type PermitRequest struct {
	Indices Indices    `json:"indices"`
	Index   IndexKind  `json:"index"` // PinFail or PinPass
	Kind    PermitKind `json:"kind"`
	Nonce   []byte     `json:"nonce"` // 16 bytes
	Count   uint32     `json:"count"` // to be written; both 0 for PermitRekey
	Limit   uint32     `json:"limit"`
}

// Validate reports a request that no server may sign whoever asks.
func (r PermitRequest) Validate() error {
	if err := r.Indices.Validate(); err != nil {
		return fmt.Errorf("permit: %w", err)
	}
	switch {
	case len(r.Nonce) != permitNonce:
		return fmt.Errorf("permit: nonce has %d bytes, not %d", len(r.Nonce), permitNonce)
	case r.Index != PinFail && r.Index != PinPass, r.Indices.Handle(r.Index) == 0:
		return fmt.Errorf("permit: %q is no PIN index of this cache", r.Index)
	}
	switch r.Kind {
	case PermitRekey:
		if r.Index != PinFail || r.Count != 0 || r.Limit != 0 {
			return errors.New("permit: only PIN_FAIL is rekeyed, and nothing is written then")
		}
		return nil
	case PermitFirstWrite, PermitRewrite:
	default:
		return fmt.Errorf("permit: unknown kind %q", r.Kind)
	}
	switch {
	case r.Count != 0 && (r.Index == PinFail || r.Kind == PermitFirstWrite):
		return errors.New("permit: the count starts at 0")
	case r.Index == PinFail && (r.Limit == 0 || r.Limit > MaxTries):
		return fmt.Errorf("permit: limit must be 1 to %d tries", MaxTries)
	case r.Index == PinPass && (r.Limit <= r.Count || r.Limit-r.Count > MaxBudget):
		return fmt.Errorf("permit: budget must be 1 to %d opens", MaxBudget)
	}
	return nil
}

// Ref returns the policyRef of the branch that the permit opens.
func (r PermitRequest) Ref() [32]byte {
	if r.Kind == PermitRekey {
		return r.Indices.rekeyRef()
	}
	return r.Indices.writeRef(r.Index)
}

// CPHash returns the hash of the command that is permitted: TPM2_NV_Write with
// the bytes Data, on the index as it is before that command. Empty for PermitRekey,
// whose parameter is secret. (TCG TPM 2.0 Library, Part 1, 16.7; Part 3, 31.7.)
func (r PermitRequest) CPHash() []byte {
	if r.Kind == PermitRekey {
		return nil
	}
	name := r.Indices.Name(r.Index, r.Kind == PermitRewrite)
	b := binary.BigEndian.AppendUint32(nil, ccNVWrite)
	b = append(b, name...) // of the handle that authorises
	b = append(b, name...) // of the handle that is written
	b = binary.BigEndian.AppendUint16(b, IndexSize)
	b = append(b, r.Data()...)
	b = binary.BigEndian.AppendUint16(b, 0) // offset
	sum := sha256.Sum256(b)
	return sum[:]
}

// Data returns the eight bytes to be written: count ‖ limit.
func (r PermitRequest) Data() []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, r.Count), r.Limit)
}

// Message returns the hash that is signed and that TPM2_PolicySigned compares:
// SHA-256(nonceTPM ‖ expiration ‖ cpHashA ‖ policyRef); the expiration is above
// zero, so the chip makes no ticket. (Part 3, 23.3.)
func (r PermitRequest) Message() ([32]byte, error) {
	if err := r.Validate(); err != nil {
		return [32]byte{}, err
	}
	ref := r.Ref()
	b := append([]byte(nil), r.Nonce...)
	b = binary.BigEndian.AppendUint32(b, uint32(PermitSeconds))
	b = append(b, r.CPHash()...)
	b = append(b, ref[:]...)
	return sha256.Sum256(b), nil
}

// Permit signs r with the server's TPM policy key, which must be the one in
// the indices; the signature is r‖s, 64 bytes. The server builds r.Indices
// itself from what it has on record and takes only the nonce from the client.
func Permit(key *ecdsa.PrivateKey, r PermitRequest) ([]byte, error) {
	message, err := r.Message()
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, errors.New("permit: no key")
	}
	if own, err := KeyOf(&key.PublicKey); err != nil || own != r.Indices.Key {
		return nil, errors.New("permit: the key is not the one of the indices")
	}
	return signRS(key, message)
}

// signRS signs a hash as r‖s, 32 bytes each.
func signRS(key *ecdsa.PrivateKey, hash [32]byte) ([]byte, error) {
	r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	signature := make([]byte, signatureSize)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signature, nil
}

// verifyRS reports whether signature is pub's r‖s on hash.
func verifyRS(pub *ecdsa.PublicKey, hash [32]byte, signature []byte) bool {
	if pub == nil || len(signature) != signatureSize {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(pub, hash[:], r, s)
}
