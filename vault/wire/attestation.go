package wire

import (
	"crypto/sha256"

	"github.com/tideover/tideover/tpm/binding"
)

// The types of this file are how a device proves its chip, and how it gets what
// level A needs. What the bytes in them are, and what is checked in which
// order, stands in tpm/attest/FORMAT.md and tpm/FORMAT.md; package attest has
// the same fields under the same names.

// Enrolment is the body of POST /devices/{id}/attestation: a chip's keys and
// what its maker says of it.
type Enrolment struct {
	EK           []byte   `json:"ek"`           // public area of the endorsement key
	Certificates [][]byte `json:"certificates"` // DER, the endorsement key's first; none: the chip holds none
	AK           []byte   `json:"ak"`           // public area of the attestation key
	Root         []byte   `json:"root"`         // Name of the storage root key
	Manufacturer string   `json:"manufacturer"` // the client's word
	Virtual      bool     `json:"virtual"`      // the client's word
}

// Challenge is the answer: only the chip of the enrolment can solve it.
type Challenge struct {
	Credential []byte `json:"credential"`
	Secret     []byte `json:"secret"` // encrypted to the endorsement key
	Nonce      []byte `json:"nonce"`
}

// Answer is the body of PUT /devices/{id}/attestation.
type Answer struct {
	Secret    []byte            `json:"secret"`   // activated
	Key       []byte            `json:"key"`      // public area of the device's signing key
	Creation  []byte            `json:"creation"` // its creation data
	Statement binding.Statement `json:"statement"`
}

// Proven is the answer to that: what the server believes of the chip from now
// on. Why says why it is not proven; empty if it is.
type Proven struct {
	Proven  bool   `json:"proven"`
	Virtual bool   `json:"virtual"`
	Why     string `json:"why"`
}

// Sealed is the chip's word on the sealed object of a cache.
type Sealed struct {
	Public    []byte            `json:"public"`
	Creation  []byte            `json:"creation"`
	Statement binding.Statement `json:"statement"`
}

// Attestation is what a request carries once the device has proved its chip. A
// cache brings Sealed, at level A Counter as well, and Contact where nothing is
// sealed; a renewal at level A brings Counter, everything else Contact. The
// nonce of each statement is that of the request.
type Attestation struct {
	Sealed  *Sealed            `json:"sealed,omitempty"`
	Counter *binding.Statement `json:"counter,omitempty"`
	Contact *binding.Statement `json:"contact,omitempty"`
}

// Attested is a request that carries an Attestation.
type Attested interface {
	// With returns the request with a in it; nil: with none.
	With(a *Attestation) any
}

// Context returns what the contact statement of a request is bound to: the
// SHA-256 of its body without the attestation, as Marshal writes it.
func Context(r Attested) ([32]byte, error) {
	body, err := Marshal(r.With(nil))
	if err != nil {
		return [32]byte{}, err
	}
	return sha256.Sum256(body), nil
}

// With implements Attested.
func (r CacheRequest) With(a *Attestation) any { r.Attestation = a; return r }

// With implements Attested.
func (r GenerationReport) With(a *Attestation) any { r.Attestation = a; return r }

// With implements Attested.
func (r LeaseRequest) With(a *Attestation) any { r.Attestation = a; return r }

// With implements Attested.
func (r IndicesRequest) With(a *Attestation) any { r.Attestation = a; return r }

// IndicesRequest is the body of POST /devices/{id}/caches/{cache}/indices:
// where the NV indices of a cache of level A stand. They are named once for
// each cache; the same again changes nothing.
type IndicesRequest struct {
	Counter     uint32       `json:"counter"` // handles
	PinFail     uint32       `json:"pin_fail"`
	PinPass     uint32       `json:"pin_pass"` // 0: no budget of opens
	Attestation *Attestation `json:"attestation,omitempty"`
}

// Indices is the answer: the server's key and the written Names that it has
// computed, for the client to compare with its own.
type Indices struct {
	Key     binding.ServerKey `json:"key"`
	Counter []byte            `json:"counter"`
	PinFail []byte            `json:"pin_fail"`
	PinPass []byte            `json:"pin_pass"`
}

// PermitRequest is the body of POST /devices/{id}/caches/{cache}/permit. Count
// and Limit are what the client expects; the server signs what its rules say,
// and refuses if that differs. The nonce of the chip's session stands in the
// query (SessionParam), which no signature covers: while the session is open the
// chip can neither sign nor state anything, so all that is done before it.
type PermitRequest struct {
	Index       binding.IndexKind  `json:"index"`
	Kind        binding.PermitKind `json:"kind"`
	Count       uint32             `json:"count"`
	Limit       uint32             `json:"limit"`
	Attestation *Attestation       `json:"attestation,omitempty"`
}

// SessionParam is the query parameter with the nonce of the chip's session: 16
// bytes in base64url without padding.
const SessionParam = "session"

// With implements Attested.
func (r PermitRequest) With(a *Attestation) any { r.Attestation = a; return r }

// Permit is the answer.
type Permit struct {
	Signature []byte `json:"signature"` // 64 bytes, r‖s
}

// ReadingRequest is the body of POST /devices/{id}/caches/{cache}/reading: what
// the chip certifies of an index, for the generation 0.
type ReadingRequest struct {
	Index     binding.IndexKind `json:"index"`
	Statement binding.Statement `json:"statement"`
}
