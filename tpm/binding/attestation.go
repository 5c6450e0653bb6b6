package binding

// WhyCopied is the reason of a server that suspends a device because its chip
// has a copy: two answer in its name. (attest/FORMAT.md, section 6.) The words
// reach disk and wire.
const WhyCopied = "two chips with one identity"

// The shapes of this file are what a chip proves itself with. Package tpm makes
// them, vault/session keeps and sends them; attest/FORMAT.md says what they mean.

// Endorsement is the chip's identity key (EK), which its maker certified.
type Endorsement struct {
	Public       []byte   // TPMT_PUBLIC, of the TCG's template L-1 (RSA-2048) or L-2 (P-256)
	Certificates [][]byte // DER: the EK's, then what the chip holds of its chain; nil if it holds none
}

// AttestationKey is a key that signs what the chip says of itself and nothing
// else (AK).
type AttestationKey struct {
	Blob   []byte `json:"blob"`   // for the caller to keep; not secret, of use on this chip only
	Public []byte `json:"public"` // TPMT_PUBLIC, for the server
	Root   []byte `json:"root"`   // Name of the storage root that it was made beside or under, 34 bytes
}

// Activation is a server's challenge: a secret that only a chip which holds
// both the endorsement key and the attestation key can read.
type Activation struct {
	Key         []byte // blob of the AttestationKey
	Endorsement []byte // Endorsement.Public, that the challenge was made for
	Credential  []byte // TPMS_ID_OBJECT
	Secret      []byte // contents of TPM2B_ENCRYPTED_SECRET
}

// Certifying is what is to be certified, and with what.
type Certifying struct {
	Key        []byte   // blob of the AttestationKey that signs
	Creation   Creation // of the object
	Qualifying [32]byte // what Qualify makes of the server's nonce
}
