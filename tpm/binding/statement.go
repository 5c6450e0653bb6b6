package binding

import (
	"crypto/sha256"
	"encoding/binary"
)

// Creation is what a chip tells of the making of an object, beside the object:
// needed once, to have the object certified (CertifyCreation). Neither field
// is secret.
type Creation struct {
	Data   []byte `json:"data"`   // TPMS_CREATION_DATA, for the server
	Ticket []byte `json:"ticket"` // TPMT_TK_CREATION, for the same chip; another one refuses it
}

// Statement is what a chip says of itself or of an object in it, signed by its
// attestation key. Package tpm has them made, package attest checks them.
type Statement struct {
	Attested  []byte `json:"attested"`  // TPMS_ATTEST
	Signature []byte `json:"signature"` // TPMT_SIGNATURE
}

// Subject says what a statement is about, so that none serves for another.
// The words are part of what is signed; never change one.
type Subject string

// The subjects, each with the context that Qualify takes.
const (
	SubjectDevice  Subject = "device"  // CertifyCreation of the device's signing key; context: the activated secret
	SubjectCache   Subject = "cache"   // CertifyCreation of a cache's sealed object; context: Terms.LeaseRef
	SubjectCounter Subject = "counter" // NV_Certify of an index; context: Terms.LeaseRef
	SubjectContact Subject = "contact" // Quote of no PCR, for the clock; context: SHA-256 of the request that carries it
)

// Qualify returns the qualifying data that a statement must carry: SHA-256 of
// len16 ‖ "tideover/attest/" and the subject ‖ SHA-256(nonce) ‖ context. The
// nonce is the server's, of any length, used once.
func Qualify(about Subject, nonce []byte, context [32]byte) [32]byte {
	tag := "tideover/attest/" + string(about)
	once := sha256.Sum256(nonce)
	b := binary.BigEndian.AppendUint16(nil, uint16(len(tag)))
	b = append(b, tag...)
	b = append(b, once[:]...)
	b = append(b, context[:]...)
	return sha256.Sum256(b)
}
