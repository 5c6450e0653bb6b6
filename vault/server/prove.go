package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"io"
	"math/big"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/wire"
)

// Proof says what a request must carry before its handler runs.
type Proof string

// The proofs.
const (
	Anyone        Proof = "anyone"          // nothing; the rate by address is limited
	SignedIn      Proof = "signed in"       // an access token
	DeviceSigned  Proof = "device"          // a device's signature over the request
	DeviceAndUser Proof = "device and user" // both, of the same user
)

// prove checks what the route asks for and notes it in c.
func (s *Server) prove(r *http.Request, c *call) error {
	if c.route.Proof == Anyone || c.route.Proof == DeviceSigned {
		if until, ok := s.contacts.allow(c.address); !ok {
			return &vault.Problem{Cause: vault.TooManyAttempts, Until: until}
		}
	}
	if c.route.Proof == SignedIn || c.route.Proof == DeviceAndUser {
		if err := s.proveUser(r, c); err != nil {
			return err
		}
	}
	if c.route.Proof == DeviceSigned || c.route.Proof == DeviceAndUser {
		return s.proveDevice(r, c)
	}
	return nil
}

func (s *Server) proveUser(r *http.Request, c *call) error {
	token, ok := bearer(r)
	if !ok {
		return vault.NotSignedIn
	}
	caller, err := s.catalog.Authenticate(r.Context(), token, c.address)
	if err != nil {
		return err
	}
	c.caller = caller
	s.meet(r, c)
	return nil
}

// proveDevice verifies the signature over method, path, nonce and body. The
// nonce is spent only by a request that was signed right: nobody else can use
// up a device's nonces. Whatever is wrong, the answer is the same.
func (s *Server) proveDevice(r *http.Request, c *call) error {
	id, err := vault.ParseID(r.Header.Get(wire.HeaderDevice))
	if err != nil || id.String() != r.PathValue("device") {
		return vault.Fail(vault.NotSignedIn, "no device, or not the device of the path")
	}
	nonce, err := base64.StdEncoding.DecodeString(r.Header.Get(wire.HeaderNonce))
	if err != nil || len(nonce) == 0 {
		return vault.Fail(vault.NotSignedIn, "no nonce")
	}
	signature, err := base64.StdEncoding.DecodeString(r.Header.Get(wire.HeaderSignature))
	if err != nil || len(signature) != 64 {
		return vault.Fail(vault.NotSignedIn, "no signature of a device")
	}
	device, err := s.catalog.DeviceKey(r.Context(), id)
	if errors.Is(err, vault.NotFound) {
		return vault.Fail(vault.NotSignedIn, "unknown device, or a false signature")
	} else if err != nil {
		return err
	}
	if c.body, err = io.ReadAll(r.Body); err != nil {
		return err
	}
	digest := wire.RequestDigest(r.Method, sentPath(r), nonce, c.body)
	if !verifyDevice(device.PublicKey, digest, signature) {
		return vault.Fail(vault.NotSignedIn, "unknown device, or a false signature")
	}
	if c.route.Proof == DeviceAndUser && device.User != c.caller.User() {
		return vault.Fail(vault.NotPermitted, "the device belongs to somebody else")
	}
	if err := s.catalog.SpendNonce(r.Context(), nonce); err != nil {
		return err
	}
	c.device, c.nonce = device, nonce
	s.seen.add(store.Contact{Device: id, At: s.now(), Address: c.address})
	return nil
}

// deviceKey reads the public key of a device, P-256 in SPKI.
func deviceKey(spki []byte) (*ecdsa.PublicKey, bool) {
	parsed, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, false
	}
	key, ok := parsed.(*ecdsa.PublicKey)
	return key, ok && key.Curve == elliptic.P256()
}

// verifyDevice checks a signature of 64 bytes, r‖s, over the digest.
func verifyDevice(spki []byte, digest [32]byte, signature []byte) bool {
	key, ok := deviceKey(spki)
	if !ok {
		return false
	}
	r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
	return ecdsa.Verify(key, digest[:], r, s)
}
