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

// MaxTokenBytes bounds a lease before anything is decoded. A full one has
// about 2 KiB; it must fit into the header of the cache and into one line.
const MaxTokenBytes = 16 << 10

// b64 is base64url without padding, and with zero spare bits.
var b64 = base64.RawURLEncoding.Strict()

// head is the JOSE header up to and after the key id. It is compared, never
// parsed: there is nothing in it to choose.
const (
	headStart = `{"alg":"ES256","typ":"tideover-lease+jws","kid":"`
	headEnd   = `"}`
)

// Sign returns l as a compact JWS, signed with the sub-key kid. It refuses a
// lease that Verify would refuse.
func Sign(key *ecdsa.PrivateKey, kid string, l Lease) (string, error) {
	if err := checkKeyID(kid); err != nil {
		return "", fmt.Errorf("sign lease: %w", err)
	}
	if err := l.check(); err != nil {
		return "", fmt.Errorf("sign lease: %w", err)
	}
	input, err := signingInput(kid, &l)
	if err != nil {
		return "", fmt.Errorf("sign lease: %w", err)
	}
	sig, err := sign(key, []byte(input))
	if err != nil {
		return "", fmt.Errorf("sign lease: %w", err)
	}
	token := input + "." + b64.EncodeToString(sig[:])
	if len(token) > MaxTokenBytes {
		return "", fmt.Errorf("sign lease: %d bytes, at most %d", len(token), MaxTokenBytes)
	}
	return token, nil
}

// Verify reads a lease that one of the server's lease keys has signed. It says
// nothing about whether the lease is for this device or over: see Judge and
// vault/cache. A false signature, an unknown key and every other form than the
// one that Sign writes are Damaged problems, an oversized token is Hostile, a
// later version Unsupported.
func Verify(token string, keys KeySet) (*Lease, error) {
	l, input, sig, err := decode(token)
	if err != nil {
		return nil, err
	}
	pub := keys.find(UseLease, l.KeyID)
	if pub == nil {
		return nil, vault.Fail(vault.Damaged, "lease: signed by key %s, which the server has not introduced", l.KeyID)
	}
	if !verify(pub, []byte(input), sig) {
		return nil, vault.Fail(vault.Damaged, "lease: false signature")
	}
	return l, nil
}

// decode reads the token without judging its signature.
func decode(token string) (l *Lease, input string, sig Signature, err error) {
	if len(token) > MaxTokenBytes {
		return nil, "", sig, vault.Fail(vault.Hostile, "lease: %d bytes, at most %d", len(token), MaxTokenBytes)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, "", sig, vault.Fail(vault.Damaged, "lease: %d parts, want 3", len(parts))
	}
	kid, err := readHead(parts[0])
	if err != nil {
		return nil, "", sig, vault.Fail(vault.Damaged, "lease: header: %w", err)
	}
	payload, err := b64.DecodeString(parts[1])
	if err != nil {
		return nil, "", sig, vault.Fail(vault.Damaged, "lease: payload: %w", err)
	}
	if err := checkVersion(payload); err != nil {
		return nil, "", sig, err
	}
	l = &Lease{}
	d := json.NewDecoder(bytes.NewReader(payload))
	d.DisallowUnknownFields()
	if err := d.Decode(l); err != nil {
		return nil, "", sig, vault.Fail(vault.Damaged, "lease: payload: %w", err)
	}
	l.KeyID = kid
	// Writing it again decides everything that encoding/json is lenient about:
	// duplicate names, other cases, white space, missing fields, spare digits.
	input, err = signingInput(kid, l)
	if err != nil || input != parts[0]+"."+parts[1] {
		return nil, "", sig, vault.Fail(vault.Damaged, "lease: not in its one form")
	}
	if err := sig.UnmarshalText([]byte(parts[2])); err != nil {
		return nil, "", sig, vault.Fail(vault.Damaged, "lease: %w", err)
	}
	if again, _ := sig.MarshalText(); string(again) != parts[2] {
		return nil, "", sig, vault.Fail(vault.Damaged, "lease: signature not in its one form")
	}
	if err := l.check(); err != nil {
		return nil, "", sig, vault.Fail(vault.Damaged, "lease: %w", err)
	}
	return l, input, sig, nil
}

// checkVersion tells a newer lease from a broken one, so that the message can.
func checkVersion(payload []byte) error {
	var v struct {
		Version int `json:"v"`
	}
	if err := json.Unmarshal(payload, &v); err != nil {
		return vault.Fail(vault.Damaged, "lease: payload: %w", err)
	}
	if v.Version > Version {
		return vault.Fail(vault.Unsupported, "lease: version %d, this program knows %d", v.Version, Version)
	}
	return nil
}

// signingInput returns header and payload in base64url, joined by a dot.
func signingInput(kid string, l *Lease) (string, error) {
	payload, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	return b64.EncodeToString([]byte(headStart+kid+headEnd)) + "." + b64.EncodeToString(payload), nil
}

// readHead returns the key id of a header in base64url.
func readHead(part string) (string, error) {
	raw, err := b64.DecodeString(part)
	if err != nil {
		return "", err
	}
	kid, ok := strings.CutPrefix(string(raw), headStart)
	if ok {
		kid, ok = strings.CutSuffix(kid, headEnd)
	}
	if !ok {
		return "", errors.New("not the fixed one")
	}
	return kid, checkKeyID(kid)
}
