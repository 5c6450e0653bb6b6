package fido

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"slices"

	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/vault"
)

// session is one key that is plugged in, and what is known of it.
type session struct {
	*codec
	ch       *channel
	info     info
	protocol protocol
}

// newSession greets a key and refuses one without hmac-secret.
func newSession(ctx context.Context, k *codec, dev Device, touch func()) (*session, error) {
	ch, err := newChannel(ctx, dev, touch)
	if err != nil {
		return nil, err
	}
	s := &session{codec: k, ch: ch}
	if err := s.ask(ctx, getInfo, nil, &s.info); err != nil {
		return nil, err
	}
	if s.info.MaxMessage == 0 {
		s.info.MaxMessage = 1024 // CTAP 6.4, maxMsgSize
	}
	var ok bool
	if s.protocol, ok = s.info.protocol(); !ok || !slices.Contains(s.info.Extensions, hmacSecret) {
		return nil, vault.Fail(vault.Unsupported, "a security key without hmac-secret")
	}
	return s, nil
}

// ask sends a command; a refusal becomes a Problem over its status.
func (s *session) ask(ctx context.Context, code byte, request, response any) error {
	err := s.command(ctx, s.ch, code, request, response)
	var refused status
	if errors.As(err, &refused) {
		return refused.problem()
	}
	return err
}

// can reports whether the key has an option and has it switched on.
func (s *session) can(option string) bool { return s.info.Options[option] }

// agree agrees on a key for one exchange.
func (s *session) agree(ctx context.Context) (*shared, coseKey, error) {
	var answer pinResponse
	if err := s.ask(ctx, clientPIN, pinRequest{Protocol: s.protocol, Sub: keyAgreement}, &answer); err != nil {
		return nil, coseKey{}, err
	}
	if answer.Agreement == nil {
		return nil, coseKey{}, failed("no key agreement key")
	}
	return s.protocol.encapsulate(*answer.Agreement)
}

// tries asks how many PINs are left. An answer is not needed.
func (s *session) tries(ctx context.Context) Tries {
	var answer pinResponse
	if err := s.ask(ctx, clientPIN, pinRequest{Protocol: s.protocol, Sub: pinRetries}, &answer); err != nil || answer.Retries == nil || *answer.Retries > 255 {
		return Tries{}
	}
	return Tries{Left: int(*answer.Retries), Known: true}
}

// token gets leave for one command from the person at the key, by finger if it
// has a reader, else by PIN. The caller wipes it.
func (s *session) token(ctx context.Context, permission int, a Asker) ([]byte, error) {
	if s.can("uv") && s.can("pinUvAuthToken") {
		token, err := s.fetchToken(ctx, pinRequest{Sub: tokenByFinger, Permissions: permission, RPID: RPID}, nil)
		var refused status
		if err == nil || !errors.As(err, &refused) || !s.can("clientPin") ||
			!slices.Contains([]status{statusUVBlocked, statusUVInvalid, statusNotAllowed}, refused) {
			return token, err
		}
	}
	if !s.can("clientPin") {
		return nil, &vault.Problem{Cause: vault.PINNotSet}
	}
	tries := s.tries(ctx)
	if tries.Known && tries.Left == 0 {
		return nil, &vault.Problem{Cause: vault.PINBlocked, TriesLeft: &tries.Left}
	}
	pin, err := a.PIN(ctx, tries)
	defer pin.Wipe()
	if err != nil {
		return nil, err
	}
	nfc := norm.NFC.Bytes(pin.Bytes()) // CTAP 6.5.5.5
	digest := pinDigest(nfc)
	defer clear(digest)
	if len(nfc) > 0 && &nfc[0] != &pin.Bytes()[0] { // a copy, though it may be the same text
		defer clear(nfc)
	}
	request := pinRequest{Sub: tokenByPIN}
	if s.can("pinUvAuthToken") {
		request = pinRequest{Sub: tokenByPINWith, Permissions: permission, RPID: RPID}
	}
	token, err := s.fetchToken(ctx, request, digest)
	return token, s.withTries(ctx, err)
}

// fetchToken is the exchange itself.
func (s *session) fetchToken(ctx context.Context, request pinRequest, digest []byte) ([]byte, error) {
	agreed, own, err := s.agree(ctx)
	if err != nil {
		return nil, err
	}
	defer agreed.wipe()
	request.Protocol, request.Agreement = s.protocol, &own
	if digest != nil {
		if request.PINHash, err = agreed.encrypt(digest); err != nil {
			return nil, err
		}
	}
	var answer pinResponse
	if err := s.ask(ctx, clientPIN, request, &answer); err != nil {
		return nil, err
	}
	token, err := agreed.decrypt(answer.Token)
	if err != nil {
		return nil, err
	}
	if !s.protocol.validToken(token) {
		return nil, failed("a PIN token of %d bytes", len(token))
	}
	return token, nil
}

// withTries adds to a refusal of a PIN how many are left.
func (s *session) withTries(ctx context.Context, err error) error {
	var problem *vault.Problem
	if errors.As(err, &problem) && (problem.Cause == vault.WrongPIN || problem.Cause == vault.PINBlocked) {
		if t := s.tries(ctx); t.Known {
			problem.TriesLeft = &t.Left
		}
	}
	return err
}

// errTokenNeeded says that this key tells nothing without a PIN (alwaysUv).
var errTokenNeeded = errors.New("the key wants a PIN for everything")

// find asks without a touch which of the credentials the key has: CTAP 6.2, "up"
// false. It returns -1 if none, and errTokenNeeded if it does not say without a
// token, which may be nil.
func (s *session) find(ctx context.Context, keys []Key, token []byte) (int, error) {
	for i := range keys {
		n := uint(len(keys[i].Credential))
		if n+256 > s.info.MaxMessage || s.info.MaxIDBytes != 0 && n > s.info.MaxIDBytes {
			continue // never one of this key's
		}
		request, err := s.assertion(&keys[i], token)
		if err != nil {
			return -1, err
		}
		request.Options = map[string]bool{"up": false}
		var refused status
		switch err := s.ask(ctx, getAssertion, request, nil); {
		case err == nil:
			return i, nil
		case !errors.As(err, &refused):
			return -1, err
		case refused == statusNoCredentials || refused == statusBadCredential:
		case token == nil && slices.Contains([]status{statusTokenRequired, statusNotAllowed, statusBadOption, statusInvalidOption}, refused):
			return -1, errTokenNeeded
		default:
			return -1, err
		}
	}
	return -1, nil
}

// assertion starts a request for one key's assertion.
func (s *session) assertion(k *Key, token []byte) (assertRequest, error) {
	data, err := clientData(clientGet)
	if err != nil {
		return assertRequest{}, err
	}
	hash := sha256.Sum256(data)
	r := assertRequest{RPID: RPID, ClientData: hash[:], Allow: []descriptor{{ID: k.Credential, Type: "public-key"}}}
	if token != nil {
		r.PINAuth, r.Protocol = s.protocol.authenticate(token, hash[:]), s.protocol
	}
	return r, nil
}

// evaluate returns the key's output for a salt: CTAP 12.5. The caller wipes it.
func (s *session) evaluate(ctx context.Context, k *Key, a Asker) (vault.Secret, error) {
	var token []byte
	if k.Verified {
		var err error
		if token, err = s.token(ctx, mayAssert, a); err != nil {
			return vault.Secret{}, err
		}
		defer clear(token)
	}
	request, err := s.assertion(k, token)
	if err != nil {
		return vault.Secret{}, err
	}
	agreed, own, err := s.agree(ctx)
	if err != nil {
		return vault.Secret{}, err
	}
	defer agreed.wipe()
	input := saltInput{Agreement: own}
	if input.Salt, err = agreed.encrypt(k.Salt[:]); err != nil {
		return vault.Secret{}, err
	}
	input.Auth = s.protocol.authenticate(agreed.mac, input.Salt)
	if s.protocol != protocolOne {
		input.Protocol = s.protocol
	}
	request.Extensions = map[string]saltInput{hmacSecret: input}
	var answer assertResponse
	if err := s.ask(ctx, getAssertion, request, &answer); err != nil {
		return vault.Secret{}, err
	}
	return s.output(k, agreed, &answer)
}

// output takes the output out of an assertion.
func (s *session) output(k *Key, agreed *shared, answer *assertResponse) (vault.Secret, error) {
	if answer.Credential != nil && !bytes.Equal(answer.Credential.ID, k.Credential) {
		return vault.Secret{}, failed("an assertion of another credential")
	}
	data, err := s.parseAuthData(answer.AuthData)
	if err != nil {
		return vault.Secret{}, err
	}
	if data.flags&flagTouched == 0 || (data.flags&flagVerified != 0) != k.Verified {
		return vault.Secret{}, failed("flags %#02x of an assertion", data.flags)
	}
	var extensions struct {
		Output []byte `cbor:"hmac-secret"`
	}
	if err := s.dec.Unmarshal(data.extensions, &extensions); err != nil {
		return vault.Secret{}, failed("extensions of an assertion: %w", err)
	}
	output, err := agreed.decrypt(extensions.Output)
	if err != nil {
		return vault.Secret{}, err
	}
	if len(output) != outputBytes {
		return vault.Secret{}, failed("an output of %d bytes", len(output))
	}
	return vault.NewSecret(output), nil
}

// register makes a credential: CTAP 6.1.
func (s *session) register(ctx context.Context, r Registration, a Asker) (Registered, error) {
	verified := r.Verified || s.can("alwaysUv")
	data, err := clientData(clientCreate)
	if err != nil {
		return Registered{}, err
	}
	hash := sha256.Sum256(data)
	request := makeRequest{
		ClientData: hash[:],
		RP:         entity{ID: RPID, Name: "Tideover"},
		User:       entity{ID: r.Cache[:], Name: "offline cache", DisplayName: "offline cache"},
		Algorithms: []algorithm{{Alg: -7, Type: "public-key"}}, // ES256: every key has it
		Extensions: map[string]bool{hmacSecret: true},
	}
	for i := range r.Existing {
		request.Exclude = append(request.Exclude, descriptor{ID: r.Existing[i].Credential, Type: "public-key"})
	}
	// A key with a PIN makes no credential without it, unless it says so.
	if verified || s.can("clientPin") && !s.can("makeCredUvNotRqd") {
		token, err := s.token(ctx, mayMake, a)
		if err != nil {
			return Registered{}, err
		}
		defer clear(token)
		request.PINAuth, request.Protocol = s.protocol.authenticate(token, hash[:]), s.protocol
	}
	var answer makeResponse
	if err := s.ask(ctx, makeCredential, request, &answer); err != nil {
		return Registered{}, err
	}
	made, err := s.parseAuthData(answer.AuthData)
	if err != nil {
		return Registered{}, err
	}
	var extensions struct {
		Made bool `cbor:"hmac-secret"`
	}
	if made.credential == nil || made.flags&flagTouched == 0 {
		return Registered{}, failed("flags %#02x of a new credential", made.flags)
	}
	if err := s.dec.Unmarshal(made.extensions, &extensions); err != nil || !extensions.Made {
		return Registered{}, vault.Fail(vault.Unsupported, "a security key that makes no hmac-secret")
	}
	return Registered{Credential: bytes.Clone(made.credential), Verified: verified}, nil
}
