package attest

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"

	"github.com/google/go-tpm/tpm2"
)

// Sizes in bytes: the secret is as long as the EK's nameAlg allows, the nonce
// so that none comes twice.
const (
	secretSize = 32
	nonceSize  = 32
)

// Challenge is what the client gets: a secret that only a chip which holds the
// EK and an object of the AK's Name can read, and a nonce.
type Challenge struct {
	Credential []byte `json:"credential"` // TPMS_ID_OBJECT
	Secret     []byte `json:"secret"`     // contents of TPM2B_ENCRYPTED_SECRET
	Nonce      []byte `json:"nonce"`      // 32 bytes
}

// Pending is what the server keeps until the answer: delete it with the first
// one, good or bad, and after ten minutes. It holds no secret.
type Pending struct {
	Claim  Claim    `json:"claim"`
	Secret [32]byte `json:"secret_sha256"` // SHA-256 of the secret
	Nonce  []byte   `json:"nonce"`
}

// Challenge makes a new challenge for the chip of the claim, as
// TPM2_MakeCredential would. It needs no chip.
func (c Claim) Challenge() (Challenge, Pending, error) {
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic](c.EK)
	if err != nil {
		return Challenge{}, Pending{}, fmt.Errorf("challenge: %w: %v", ErrMalformed, err)
	}
	key, err := tpm2.ImportEncapsulationKey(public)
	if err != nil {
		return Challenge{}, Pending{}, fmt.Errorf("challenge: %w: %v", ErrMalformed, err)
	}
	secret, nonce := make([]byte, secretSize), make([]byte, nonceSize)
	defer clear(secret)
	rand.Read(secret) //nolint:errcheck // crypto/rand.Read never returns an error (Go 1.24)
	rand.Read(nonce)  //nolint:errcheck // as above
	credential, wrapped, err := tpm2.CreateCredential(rand.Reader, key, Name(c.AK), secret)
	if err != nil {
		return Challenge{}, Pending{}, fmt.Errorf("challenge: %w: %v", ErrMalformed, err)
	}
	return Challenge{Credential: credential, Secret: wrapped, Nonce: nonce},
		Pending{Claim: c, Secret: sha256.Sum256(secret), Nonce: nonce}, nil
}
