package fido

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/fxamacker/cbor/v2"

	"github.com/tideover/tideover/vault"
)

// Commands and subcommands: CTAP 6.1, 6.2, 6.4, 6.5.
const (
	makeCredential = 0x01
	getAssertion   = 0x02
	getInfo        = 0x04
	clientPIN      = 0x06

	pinRetries     = 0x01
	keyAgreement   = 0x02
	tokenByPIN     = 0x05 // without permissions, CTAP 2.0
	tokenByFinger  = 0x06
	tokenByPINWith = 0x09 // with permissions

	mayMake   = 0x01 // CTAP 6.5.5.7, permissions
	mayAssert = 0x02
)

// Flags of authenticator data: WebAuthn Level 2, 6.1.
const (
	flagTouched    = 0x01
	flagVerified   = 0x04
	flagCredential = 0x40
	flagExtensions = 0x80
)

const hmacSecret = "hmac-secret" // CTAP 12.5

// codec encodes as CTAP 8 wants it, and decodes within its limits: it allows 4
// levels, an attestation's certificates inside included.
type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

func newCodec() (*codec, error) {
	enc, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		return nil, err
	}
	dec, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		UTF8:              cbor.UTF8RejectInvalid,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		MaxNestedLevels:   8,
		MaxArrayElements:  128,
		MaxMapPairs:       128,
	}.DecMode()
	return &codec{enc: enc, dec: dec}, err
}

// info is what a key says of itself: CTAP 6.4.
type info struct {
	Versions   []string        `cbor:"1,keyasint"`
	Extensions []string        `cbor:"2,keyasint"`
	Options    map[string]bool `cbor:"4,keyasint"`
	MaxMessage uint            `cbor:"5,keyasint"`
	Protocols  []protocol      `cbor:"6,keyasint"`
	MaxIDBytes uint            `cbor:"8,keyasint"`
}

// protocol returns the better of the PIN protocols that both ends know.
func (i *info) protocol() (protocol, bool) {
	for _, p := range []protocol{protocolTwo, protocolOne} {
		if slices.Contains(i.Protocols, p) {
			return p, true
		}
	}
	// Key agreement exists in every key with hmac-secret; those of 2018 do not list it.
	return protocolOne, len(i.Protocols) == 0
}

type entity struct {
	ID          any    `cbor:"id"`
	Name        string `cbor:"name"`
	DisplayName string `cbor:"displayName,omitempty"`
}

type descriptor struct {
	ID   []byte `cbor:"id"`
	Type string `cbor:"type"`
}

type algorithm struct {
	Alg  int    `cbor:"alg"`
	Type string `cbor:"type"`
}

type makeRequest struct {
	ClientData []byte          `cbor:"1,keyasint"`
	RP         entity          `cbor:"2,keyasint"`
	User       entity          `cbor:"3,keyasint"`
	Algorithms []algorithm     `cbor:"4,keyasint"`
	Exclude    []descriptor    `cbor:"5,keyasint,omitempty"`
	Extensions map[string]bool `cbor:"6,keyasint"`
	PINAuth    []byte          `cbor:"8,keyasint,omitempty"`
	Protocol   protocol        `cbor:"9,keyasint,omitempty"`
}

type makeResponse struct {
	AuthData []byte `cbor:"2,keyasint"`
}

type saltInput struct {
	Agreement coseKey  `cbor:"1,keyasint"`
	Salt      []byte   `cbor:"2,keyasint"`
	Auth      []byte   `cbor:"3,keyasint"`
	Protocol  protocol `cbor:"4,keyasint,omitempty"` // left out for protocol one, which CTAP 2.0 has no word for
}

type assertRequest struct {
	RPID       string               `cbor:"1,keyasint"`
	ClientData []byte               `cbor:"2,keyasint"`
	Allow      []descriptor         `cbor:"3,keyasint"`
	Extensions map[string]saltInput `cbor:"4,keyasint,omitempty"`
	Options    map[string]bool      `cbor:"5,keyasint,omitempty"`
	PINAuth    []byte               `cbor:"6,keyasint,omitempty"`
	Protocol   protocol             `cbor:"7,keyasint,omitempty"`
}

type assertResponse struct {
	Credential *descriptor `cbor:"1,keyasint"`
	AuthData   []byte      `cbor:"2,keyasint"`
}

type pinRequest struct {
	Protocol    protocol `cbor:"1,keyasint,omitempty"`
	Sub         int      `cbor:"2,keyasint"`
	Agreement   *coseKey `cbor:"3,keyasint,omitempty"`
	PINHash     []byte   `cbor:"6,keyasint,omitempty"`
	Permissions int      `cbor:"9,keyasint,omitempty"`
	RPID        string   `cbor:"10,keyasint,omitempty"`
}

type pinResponse struct {
	Agreement *coseKey `cbor:"1,keyasint"`
	Token     []byte   `cbor:"2,keyasint"`
	Retries   *uint    `cbor:"3,keyasint"`
	Replug    bool     `cbor:"4,keyasint"` // powerCycleState
}

// command sends a command and decodes the answer into response, which may be
// nil. A status that is not success is returned as such.
func (k *codec) command(ctx context.Context, c *channel, code byte, request, response any) error {
	message := []byte{code}
	if request != nil {
		body, err := k.enc.Marshal(request)
		if err != nil {
			return err
		}
		message = append(message, body...)
		clear(body)
	}
	answer, err := c.call(ctx, message)
	clear(message)
	if err != nil {
		return err
	}
	if len(answer) == 0 {
		return failed("an empty answer to command %#02x", code)
	}
	if answer[0] != 0 {
		return status(answer[0])
	}
	if response == nil {
		return nil
	}
	if err := k.dec.Unmarshal(answer[1:], response); err != nil {
		return failed("the answer to command %#02x: %w", code, err)
	}
	return nil
}

// authData is what a key signs: WebAuthn Level 2, 6.1.
type authData struct {
	flags      byte
	credential []byte
	extensions []byte // CBOR
}

// parseAuthData reads authenticator data of our relying party.
func (k *codec) parseAuthData(b []byte) (*authData, error) {
	rp := sha256.Sum256([]byte(RPID))
	if len(b) < 37 || [32]byte(b[:32]) != rp {
		return nil, failed("authenticator data of another party, or %d bytes", len(b))
	}
	d := &authData{flags: b[32]}
	rest := b[37:]
	if d.flags&flagCredential != 0 {
		if len(rest) < 18 {
			return nil, failed("attested credential data of %d bytes", len(rest))
		}
		n := int(binary.BigEndian.Uint16(rest[16:]))
		if rest = rest[18:]; n == 0 || n > maxCredential || n > len(rest) {
			return nil, failed("a credential id of %d bytes", n)
		}
		d.credential, rest = rest[:n], rest[n:]
		var public cbor.RawMessage
		var err error
		if rest, err = k.dec.UnmarshalFirst(rest, &public); err != nil {
			return nil, failed("the public key of a credential: %w", err)
		}
	}
	if d.flags&flagExtensions != 0 {
		d.extensions, rest = rest, nil
	}
	if len(rest) != 0 {
		return nil, failed("%d bytes after authenticator data", len(rest))
	}
	return d, nil
}

// status is what a key answers that does not do as asked: CTAP 8.2.
type status byte

const (
	statusExcluded       status = 0x19
	statusBadCredential  status = 0x22
	statusNoAlgorithm    status = 0x26
	statusDenied         status = 0x27
	statusBadOption      status = 0x2b
	statusInvalidOption  status = 0x2c
	statusCancelled      status = 0x2d
	statusNoCredentials  status = 0x2e
	statusUserTimeout    status = 0x2f
	statusNotAllowed     status = 0x30
	statusPINInvalid     status = 0x31
	statusPINBlocked     status = 0x32
	statusPINAuthInvalid status = 0x33
	statusPINAuthBlocked status = 0x34
	statusPINNotSet      status = 0x35
	statusTokenRequired  status = 0x36
	statusTimeout        status = 0x3a
	statusUVBlocked      status = 0x3c
	statusUVInvalid      status = 0x3f
)

func (s status) Error() string {
	return "status 0x" + string("0123456789abcdef"[s>>4]) + string("0123456789abcdef"[s&15])
}

// problem says what a status means to a person.
func (s status) problem() error {
	cause := vault.KeyFailed
	switch s {
	case statusExcluded:
		cause = vault.Conflict
	case statusNoAlgorithm:
		cause = vault.Unsupported
	case statusNoCredentials, statusBadCredential:
		cause = vault.KeyUnknown
	case statusUserTimeout, statusTimeout, statusDenied, statusCancelled:
		cause = vault.TouchTimeout
	case statusPINInvalid:
		cause = vault.WrongPIN
	case statusPINBlocked, statusPINAuthBlocked, statusUVBlocked:
		cause = vault.PINBlocked
	case statusPINNotSet:
		cause = vault.PINNotSet
	}
	return &vault.Problem{Cause: cause, Detail: s.Error(), Err: s}
}
