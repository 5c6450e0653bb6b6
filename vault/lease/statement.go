package lease

import (
	"bytes"
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tideover/tideover/vault"
)

// b64 is base64url without padding, and with zero spare bits.
var b64 = base64.RawURLEncoding.Strict()

// form is one kind of signed statement: a compact JWS with a fixed header, and
// a payload that has one encoding.
type form struct {
	noun     string // for messages
	use      Use    // of the sub-keys that sign it
	maxBytes int    // of a token, before anything is decoded
}

// statement is a payload that can say what it must never say, whoever signed it.
type statement[T any] interface {
	*T
	check() error
}

// The JOSE header up to and after the key id. It is compared, never parsed:
// there is nothing in it to choose. A statement of one kind is never taken for
// one of another, by typ and by the use of the key.
const (
	headStart = `{"alg":"ES256","typ":"tideover-`
	headKey   = `+jws","kid":"`
	headEnd   = `"}`
)

// signStatement returns v as a compact JWS, signed with the sub-key kid. It
// refuses what openStatement would refuse.
func signStatement[T any, P statement[T]](f form, key *ecdsa.PrivateKey, kid string, v P) (string, error) {
	fail := func(err error) (string, error) { return "", fmt.Errorf("sign %s: %w", f.noun, err) }
	if err := checkKeyID(kid); err != nil {
		return fail(err)
	}
	if err := v.check(); err != nil {
		return fail(err)
	}
	input, err := f.signingInput(kid, v)
	if err != nil {
		return fail(err)
	}
	sig, err := sign(key, []byte(input))
	if err != nil {
		return fail(err)
	}
	token := input + "." + b64.EncodeToString(sig[:])
	if len(token) > f.maxBytes {
		return fail(fmt.Errorf("%d bytes, at most %d", len(token), f.maxBytes))
	}
	return token, nil
}

// openStatement reads a statement that one of the keys has signed, and returns
// the key's id. A false signature, an unknown key and every other form than the
// one that signStatement writes are Damaged problems, an oversized token is
// Hostile, a later version Unsupported.
func openStatement[T any, P statement[T]](f form, token string, keys KeySet) (P, string, error) {
	v, kid, input, sig, err := decodeStatement[T, P](f, token)
	if err != nil {
		return nil, "", err
	}
	pub := keys.find(f.use, kid)
	if pub == nil {
		return nil, "", vault.Fail(vault.Damaged, "%s: signed by key %s, which the server has not introduced", f.noun, kid)
	}
	if !verify(pub, []byte(input), sig) {
		return nil, "", vault.Fail(vault.Damaged, "%s: false signature", f.noun)
	}
	return v, kid, nil
}

// decodeStatement reads the token without judging its signature.
func decodeStatement[T any, P statement[T]](f form, token string) (v P, kid, input string, sig Signature, err error) {
	fail := func(format string, args ...any) (P, string, string, Signature, error) {
		return nil, "", "", sig, vault.Fail(vault.Damaged, f.noun+": "+format, args...)
	}
	if len(token) > f.maxBytes {
		return nil, "", "", sig, vault.Fail(vault.Hostile, "%s: %d bytes, at most %d", f.noun, len(token), f.maxBytes)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return fail("%d parts, want 3", len(parts))
	}
	if kid, err = f.readHead(parts[0]); err != nil {
		return fail("header: %w", err)
	}
	payload, err := b64.DecodeString(parts[1])
	if err != nil {
		return fail("payload: %w", err)
	}
	if err := f.checkVersion(payload); err != nil {
		return nil, "", "", sig, err
	}
	v = new(T)
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fail("payload: %w", err)
	}
	// Writing it again decides everything that encoding/json is lenient about:
	// duplicate names, other cases, white space, missing fields, spare digits.
	input, err = f.signingInput(kid, v)
	if err != nil || input != parts[0]+"."+parts[1] {
		return fail("not in its one form")
	}
	if err := sig.UnmarshalText([]byte(parts[2])); err != nil {
		return fail("%w", err)
	}
	if again, _ := sig.MarshalText(); string(again) != parts[2] {
		return fail("signature not in its one form")
	}
	if err := v.check(); err != nil {
		return fail("%w", err)
	}
	return v, kid, input, sig, nil
}

// checkVersion tells a newer statement from a broken one, so that the message
// can.
func (f form) checkVersion(payload []byte) error {
	var v struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(payload, &v); err != nil {
		return vault.Fail(vault.Damaged, "%s: payload: %w", f.noun, err)
	}
	if v.Version > Version {
		return vault.Fail(vault.Unsupported, "%s: version %d, this program knows %d", f.noun, v.Version, Version)
	}
	return nil
}

// signingInput returns header and payload in base64url, joined by a dot.
func (f form) signingInput(kid string, v any) (string, error) {
	payload, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return b64.EncodeToString([]byte(f.headStart()+kid+headEnd)) + "." + b64.EncodeToString(payload), nil
}

func (f form) headStart() string { return headStart + string(f.use) + headKey }

// readHead returns the key id of a header in base64url.
func (f form) readHead(part string) (string, error) {
	raw, err := b64.DecodeString(part)
	if err != nil {
		return "", err
	}
	kid, ok := strings.CutPrefix(string(raw), f.headStart())
	if ok {
		kid, ok = strings.CutSuffix(kid, headEnd)
	}
	if !ok {
		return "", errors.New("not the fixed one")
	}
	return kid, checkKeyID(kid)
}
