package wire

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// Headers of a device-signed request.
const (
	HeaderDevice    = "X-Tideover-Device"    // the device's GUID
	HeaderNonce     = "X-Tideover-Nonce"     // base64, as GET /nonce gave it
	HeaderSignature = "X-Tideover-Signature" // base64 of 64 bytes, r‖s
)

// RequestDigest returns what the device key signs for a request: SHA-256 of
// "tideover/request", method, path, nonce and the body's SHA-256 in hex, one a
// line. The path is the request's escaped path without a query, as sent; the
// nonce stands in base64, as in the header.
func RequestDigest(method, path string, nonce, body []byte) [32]byte {
	sum := sha256.Sum256(body)
	text := append([]byte("tideover/request\n"), method...)
	text = append(append(text, '\n'), path...)
	text = base64.StdEncoding.AppendEncode(append(text, '\n'), nonce)
	text = hex.AppendEncode(append(text, '\n'), sum[:])
	return sha256.Sum256(text)
}
