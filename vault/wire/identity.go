package wire

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
)

// The types of this file are what a client and whoever uses it say to each
// other about a server. They never reach the wire as they stand.

// Kind is the protocol that a server speaks. The text reaches the disk, the
// command line, and the answer of GET /server.
type Kind string

// The kinds. A server that was seen as Tideover once is never taken for the
// other one: that would do away with approval and lease.
const (
	KindTideover Kind = "tideover"
	KindPleasant Kind = "pleasant"
)

// Identity is what a server is, known before anything secret is sent to it.
type Identity struct {
	Kind Kind
	// Server is a Tideover server's own description, whose keys are proved to
	// be of its identity; nil for a Pleasant server.
	Server *Server
	// Pin is the identity that the connection itself proved, 64 hex digits. It
	// is empty where the chain is vouched for by the system or a CA file and
	// does not hold the identity.
	Pin string
}

// Credentials are what a person signs in with. The caller wipes them.
type Credentials struct {
	User     string
	Password vault.Secret
	OTP      vault.Secret // empty: none is known
	// Device is the one on which somebody signs in, so that a Tideover server can
	// tell it its orders if the account is no longer in use. Zero: none.
	Device vault.ID
}

// Ordered is the refusal of a sign-in that brings orders for the device: the
// credentials are right, and the account is no longer in use. The orders are
// compact JWS, unverified.
type Ordered struct {
	Orders []string
	Err    error // WrongCredentials
}

// Error is that of the refusal.
func (o *Ordered) Error() string { return o.Err.Error() }

// Unwrap returns the refusal.
func (o *Ordered) Unwrap() error { return o.Err }

// Token is what a sign-in gives. The caller wipes Access.
type Token struct {
	Access  vault.Secret
	Expires time.Time // zero: the server did not say
}

// Signer signs as a device: the digests of RequestDigest.
type Signer interface {
	Sign(ctx context.Context, digest [32]byte) (signature []byte, err error) // 64 bytes, r‖s
}

// Attester is a Signer whose chip has an attestation key. It is asked for every
// request that carries an Attestation.
type Attester interface {
	Signer
	// Attest returns the statements for the request with that nonce, whose Context
	// is about; nil: none. The chip must not be in use for something else.
	Attest(ctx context.Context, nonce []byte, about [32]byte) (*Attestation, error)
}
