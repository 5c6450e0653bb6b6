package fido

import (
	"crypto/rand"
	"encoding/base64"
)

// clientData returns what a request is said to be about, with a challenge of its
// own: nothing of it matters to hmac-secret. FORMAT.md 3.
func clientData(kind string) ([]byte, error) {
	challenge := make([]byte, 32)
	if _, err := rand.Read(challenge); err != nil {
		return nil, err
	}
	return []byte(`{"type":"` + kind + `","challenge":"` + base64.RawURLEncoding.EncodeToString(challenge) +
		`","origin":"https://` + RPID + `","crossOrigin":false}`), nil
}

// The kinds of client data: WebAuthn Level 2, 5.8.1.
const (
	clientCreate = "webauthn.create"
	clientGet    = "webauthn.get"
)
