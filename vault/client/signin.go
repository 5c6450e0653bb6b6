package client

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// factor is a second factor that a server has asked a user for.
type factor struct{ user, provider string }

// SignIn returns a token, which the client does not use until UseToken. Wrong
// user name, password or code: WrongCredentials, as *wire.Ordered where the
// server has orders for the device. SecondFactor, with the
// provider as Detail, if a code is needed and none was given. NotPermitted if
// the server lets nobody in by password.
//
// The server asks for the code in answer to a first request without one, and a
// provider that sends codes sends it then: so that the code which a person
// types in is not made void by a second one, the request that brings it comes
// first once the provider is known.
func (c *Client) SignIn(ctx context.Context, cred wire.Credentials) (wire.Token, error) {
	if _, err := c.meet(ctx); err != nil {
		return wire.Token{}, err
	}
	provider := c.provider(cred)
	token, asked, err := c.requestToken(ctx, cred, provider)
	if asked == "" || provider != "" {
		return token, err
	}
	c.mu.Lock()
	c.factor = factor{cred.User, asked}
	c.mu.Unlock()
	if cred.OTP.IsEmpty() {
		return wire.Token{}, &vault.Problem{Cause: vault.SecondFactor, Detail: asked}
	}
	token, _, err = c.requestToken(ctx, cred, asked)
	return token, err
}

// provider returns the provider to name with the code at once; empty: ask.
func (c *Client) provider(cred wire.Credentials) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cred.OTP.IsEmpty() || c.factor.user != cred.User {
		return ""
	}
	return c.factor.provider
}

// requestToken asks for a token, with the code if a provider is named. asked is
// the provider whose code the server wants.
func (c *Client) requestToken(ctx context.Context, cred wire.Credentials, provider string) (t wire.Token, asked string, err error) {
	r := request{
		method: http.MethodPost, path: wire.TokenPath, anonymous: true, form: true, secret: true,
		body: passwordGrant(cred), header: http.Header{},
	}
	if !cred.Device.IsZero() {
		r.header.Set(wire.HeaderDevice, cred.Device.String())
	}
	if provider != "" {
		r.header.Set(wire.HeaderOTP, cred.OTP.Text())
		r.header.Set(wire.HeaderOTPProvider, provider)
	}
	resp, err := c.do(ctx, r)
	if err != nil {
		return wire.Token{}, "", err
	}
	defer func() { _ = resp.Body.Close() }() // everything that matters was read
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusUnauthorized:
		if resp.Header.Get(wire.HeaderOTP) == wire.OTPRequired {
			asked = wire.Message(resp.Header.Get(wire.HeaderOTPProvider))
			if asked == "" {
				asked = wire.OTPAuthenticator // the only one that anybody has seen
			}
		}
		return wire.Token{}, asked, c.refusedGrant(resp)
	}
	if err := c.check(resp); err != nil {
		return wire.Token{}, "", err
	}
	at := time.Now()
	body, err := readAll(resp, smallAnswer)
	if err != nil {
		return wire.Token{}, "", err
	}
	defer clear(body)
	var answer wire.TokenAnswer
	if err := decode(body, &answer); err != nil {
		return wire.Token{}, "", err
	}
	if !isToken(answer.AccessToken.Bytes()) {
		answer.AccessToken.Wipe()
		return wire.Token{}, "", vault.Fail(vault.BadAnswer, "%s gives no token", c.base.Host)
	}
	t.Access = answer.AccessToken.Secret
	if answer.ExpiresIn > 0 {
		t.Expires = at.Add(time.Duration(answer.ExpiresIn) * time.Second)
	}
	return t, "", nil
}

// refusedGrant reads an OAuth error (RFC 6749, section 5.2).
func (c *Client) refusedGrant(resp *http.Response) error {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, errorAnswer)) // what came is enough
	var refused wire.OAuthError
	if json.Unmarshal(trimBOM(body), &refused) != nil || refused.Error == "" {
		return vault.Fail(vault.BadAnswer, "%s refuses in a form that no password server uses", c.base.Host)
	}
	detail := wire.Message(refused.Description)
	if refused.Error == wire.InvalidGrant {
		problem := &vault.Problem{Cause: vault.WrongCredentials, Detail: detail}
		if len(refused.Orders) > 0 {
			return &wire.Ordered{Orders: refused.Orders, Err: problem}
		}
		return problem
	}
	return &vault.Problem{Cause: vault.NotPermitted, Detail: detail, Err: errors.New("token endpoint: " + refused.Error)}
}

// passwordGrant writes the form without a string of the password.
func passwordGrant(cred wire.Credentials) []byte {
	form := make([]byte, 0, 64+3*len(cred.User)+3*cred.Password.Len()) // large enough that no copy stays behind
	form = appendForm(append(form, "grant_type=password&username="...), []byte(cred.User))
	return appendForm(append(form, "&password="...), cred.Password.Bytes())
}

// appendForm percent-encodes everything but unreserved characters (RFC 3986,
// section 2.3).
func appendForm(dst, value []byte) []byte {
	const hexDigits = "0123456789ABCDEF"
	for _, c := range value {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_' || c == '~' {
			dst = append(dst, c)
			continue
		}
		dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// isToken reports whether b can stand in a header (RFC 6750, section 2.1, in
// the wider form that servers use).
func isToken(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(b) > 0
}

// UseToken makes the requests that follow those of the token's user. The client
// keeps a copy of its own; an empty token forgets, and closes the connections
// that nobody uses now: their buffers hold what was read last. A token that the
// server no longer takes gives NotSignedIn: signing in again is the caller's.
func (c *Client) UseToken(access vault.Secret) {
	c.mu.Lock()
	c.token.Wipe()
	c.token = access.Clone()
	c.mu.Unlock()
	if access.IsEmpty() {
		c.http.CloseIdleConnections()
	}
}

// Me describes the user of the token. A Pleasant server cannot: Unsupported.
func (c *Client) Me(ctx context.Context) (wire.Me, error) {
	var me wire.Me
	err := c.askTideover(ctx, request{method: http.MethodGet, path: "/me"}, &me)
	return me, err
}

// askTideover is ask under the root of the Tideover API.
func (c *Client) askTideover(ctx context.Context, r request, out any) error {
	m, err := c.meet(ctx)
	if err != nil {
		return err
	}
	if m.Kind != wire.KindTideover {
		return vault.Fail(vault.Unsupported, "%s is not a Tideover server", c.base.Host)
	}
	r.path = wire.APIRoot + r.path
	return c.ask(ctx, r, out)
}
