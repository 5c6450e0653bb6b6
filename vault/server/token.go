package server

import (
	"errors"
	"net/http"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// maxAgentBytes is how much of the User-Agent is kept with a token.
const maxAgentBytes = 200

// postToken is POST (and, for one client, GET) /OAuth2/Token: the password
// grant, with Pleasant's dialogue for a second factor. The first answer asks
// for a code in headers; a request that brings a code, or says that it knows
// the provider, is never asked again, so a wrong code ends the dialogue.
func (s *Server) postToken(w http.ResponseWriter, r *http.Request, c *call) error {
	head := w.Header()
	head.Set("Cache-Control", "no-cache")
	head.Set("Pragma", "no-cache")
	head.Set("Expires", "-1")
	if until, ok := s.signIns.allow(c.address); !ok {
		return &vault.Problem{Cause: vault.TooManyAttempts, Until: until}
	}
	form, err := readForm(w, r)
	if err != nil {
		return refuseToken(w, wire.InvalidRequest, "The request is not a form.")
	}
	switch grant := form.Get("grant_type"); grant {
	case "password":
	case "":
		return refuseToken(w, wire.InvalidRequest, "grant_type is missing.")
	default:
		return refuseToken(w, wire.UnsupportedGrantType, "Only the grant type password is supported.")
	}
	signIn := catalog.SignIn{
		Name:     form.Get("username"),
		Password: vault.SecretText(form.Get("password")),
		OTP:      vault.SecretText(r.Header.Get(wire.HeaderOTP)),
		Address:  c.address,
		Agent:    cut(r.UserAgent(), maxAgentBytes),
	}
	if device, err := vault.ParseID(r.Header.Get(wire.HeaderDevice)); err == nil {
		signIn.Device = device
	}
	token, err := s.catalog.SignIn(r.Context(), signIn)
	switch {
	case errors.Is(err, vault.SecondFactor) && r.Header.Get(wire.HeaderOTPProvider) == "":
		head.Set(wire.HeaderOTP, wire.OTPRequired)
		head.Set(wire.HeaderOTPProvider, wire.OTPAuthenticator)
		return refuseToken(w, wire.InvalidGrant, "A one-time code is required.")
	case errors.Is(err, vault.SecondFactor), errors.Is(err, vault.WrongCredentials):
		orders, err := s.barredOrders(err)
		if err != nil {
			return err
		}
		return refuseTokenWith(w, wire.OAuthError{
			Error: wire.InvalidGrant, Description: "The username or password is incorrect.", Orders: orders,
		})
	case err != nil:
		return err
	}
	defer token.Access.Wipe()
	body, err := wire.Marshal(wire.TokenAnswer{
		AccessToken: wire.Secret{Secret: token.Access},
		TokenType:   "bearer",
		ExpiresIn:   wire.Number(token.Expires.Sub(s.now()) / time.Second),
	})
	if err != nil {
		return err
	}
	writeBody(w, http.StatusOK, tokenType, body)
	clear(body)
	return nil
}

func refuseToken(w http.ResponseWriter, id, description string) error {
	return refuseTokenWith(w, wire.OAuthError{Error: id, Description: description})
}

func refuseTokenWith(w http.ResponseWriter, refusal wire.OAuthError) error {
	body, err := wire.Marshal(refusal)
	if err != nil {
		return err
	}
	writeBody(w, http.StatusBadRequest, tokenType, body)
	return nil
}

// cut returns at most n bytes of a header, which is ASCII.
func cut(s string, n int) string { return s[:min(len(s), n)] }
