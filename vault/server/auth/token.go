package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"

	"github.com/tideover/tideover/vault"
)

// tokenBytes: 256 random bits cannot be guessed, so that a plain hash protects
// them in the database.
const tokenBytes = 32

// newToken returns a fresh token as text and the hash that the database keeps.
func newToken() (vault.Secret, [32]byte) {
	var raw [tokenBytes]byte
	rand.Read(raw[:]) //nolint:errcheck // never returns an error (Go 1.24)
	defer clear(raw[:])
	text := base64.RawURLEncoding.AppendEncode(nil, raw[:])
	return vault.NewSecret(text), HashToken(text)
}

// HashToken returns the hash under which the database knows a token.
func HashToken(text []byte) [32]byte { return sha256.Sum256(text) }
