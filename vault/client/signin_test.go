package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/wire"
)

func TestSignInToEveryVersion(t *testing.T) {
	for _, versions := range []string{"4", "45", "56", "567"} {
		for _, wantsID := range []bool{false, true} {
			p := &replay{t: t, versions: versions, wantsID: wantsID}
			c := open(t, p.start().URL)
			who, err := c.Probe(context.Background())
			if err != nil || who.Kind != wire.KindPleasant || who.Server != nil {
				t.Fatalf("versions %s: %+v, %v", versions, who, err)
			}
			for _, line := range p.requests() {
				if strings.Contains(line, "p%22w") || strings.Contains(line, "ann") {
					t.Errorf("the probe sent %s", line)
				}
			}
			before := time.Now()
			token, err := c.SignIn(context.Background(), credentials())
			if err != nil || token.Access.Text() != accessToken {
				t.Fatalf("versions %s: %v", versions, err)
			}
			if life := token.Expires.Sub(before).Round(time.Minute); life != 20*time.Minute {
				t.Errorf("the token lives %v", life)
			}
			c.UseToken(token.Access)
			if tree, err := c.Tree(context.Background()); err != nil || tree.Entries != 2 {
				t.Errorf("versions %s: %v", versions, err)
			}
		}
	}
}

func TestWrongCredentials(t *testing.T) {
	p := &replay{t: t, versions: "6"}
	c := open(t, p.start().URL)
	_, err := c.SignIn(context.Background(), wire.Credentials{User: "ann@corp", Password: vault.SecretText("guess")})
	want(t, "wrong password", err, vault.WrongCredentials)
	if strings.Contains(err.Error(), "guess") {
		t.Errorf("the error repeats the password: %v", err)
	}
}

func TestSecondFactor(t *testing.T) {
	p := &replay{t: t, versions: "6", provider: "authenticator-app"}
	c := open(t, p.start().URL)
	ctx := context.Background()

	_, err := c.SignIn(ctx, credentials())
	want(t, "without a code", err, vault.SecondFactor)
	if !strings.Contains(err.Error(), "authenticator-app") {
		t.Errorf("the provider is not named: %v", err)
	}
	p.requests()

	// The person has typed the code: one request, or a provider that sends
	// codes would send a second one and make the first void.
	token, err := c.SignIn(ctx, withCode(credentials(), p.provider))
	if err != nil || token.Access.IsEmpty() {
		t.Fatal(err)
	}
	if n := len(p.requests()); n != 1 {
		t.Errorf("%d requests with a code at hand", n)
	}

	wrong := credentials()
	wrong.OTP = vault.SecretText("000000")
	_, err = c.SignIn(ctx, wrong)
	want(t, "wrong code", err, vault.WrongCredentials)
}

func TestSecondFactorInOneCall(t *testing.T) {
	p := &replay{t: t, versions: "6", provider: "sms-of-another-vendor"}
	c := open(t, p.start().URL)
	token, err := c.SignIn(context.Background(), withCode(credentials(), p.provider))
	if err != nil || token.Access.IsEmpty() {
		t.Fatal(err)
	}
	wrong := credentials()
	wrong.Password = vault.SecretText("guess")
	wrong.OTP = vault.SecretText("123456")
	_, err = open(t, p.start().URL).SignIn(context.Background(), wrong)
	want(t, "wrong password with a code", err, vault.WrongCredentials)
}

// answers serves one fixed answer to /OAuth2/Token, and otherwise a Pleasant
// server of version 6.
func answers(t *testing.T, status int, contentType, body string) *client.Client {
	t.Helper()
	inner := &replay{t: t, versions: "6"}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/OAuth2/Token" {
			inner.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(srv.Close)
	return open(t, srv.URL)
}

func TestTokenAnswers(t *testing.T) {
	for _, tc := range []struct {
		name, contentType, body string
		status                  int
		want                    vault.Cause
	}{
		{"single sign-on only", "application/json", `{"error":"unsupported_grant_type","error_description":"password not supported"}`, 400, vault.NotPermitted},
		{"a page", "text/html", "<html>portal</html>", 200, vault.BadAnswer},
		{"a page that refuses", "text/html", "<html>no</html>", 400, vault.BadAnswer},
		{"not JSON", "application/json", "ok", 200, vault.BadAnswer},
		{"no token", "application/json", `{"access_token":"","expires_in":5}`, 200, vault.BadAnswer},
		{"a token that would break the header", "application/json", `{"access_token":"a\r\nX: y","expires_in":5}`, 200, vault.BadAnswer},
		{"a redirect", "text/plain", "", 302, vault.BadAnswer},
		{"too many", "application/json", `{}`, 429, vault.TooManyAttempts},
		{"a proxy without its server", "text/html", "<html>", 502, vault.Unreachable},
		{"a failure", "application/json", `{"Message":"An error has occurred."}`, 500, vault.BadAnswer},
	} {
		_, err := answers(t, tc.status, tc.contentType, tc.body).SignIn(context.Background(), credentials())
		want(t, tc.name, err, tc.want)
	}
}

func TestTokenIsForgotten(t *testing.T) {
	p := &replay{t: t, versions: "6"}
	c := signedIn(t, p)
	if _, err := c.Tree(context.Background()); err != nil {
		t.Fatal(err)
	}
	c.UseToken(vault.Secret{})
	p.requests()
	_, err := c.Tree(context.Background())
	want(t, "without a token", err, vault.NotSignedIn)
	if diff := cmp.Diff([]string(nil), p.requests()); diff != "" {
		t.Errorf("a request went out all the same: %s", diff)
	}
	c.UseToken(vault.SecretText("expired"))
	_, err = c.Tree(context.Background())
	want(t, "old token", err, vault.NotSignedIn)
}

// The client keeps a copy: the caller wipes its own.
func TestTokenIsCopied(t *testing.T) {
	p := &replay{t: t, versions: "6"}
	c := open(t, p.start().URL)
	token, err := c.SignIn(context.Background(), credentials())
	if err != nil {
		t.Fatal(err)
	}
	c.UseToken(token.Access)
	token.Access.Wipe()
	if _, err := c.Tree(context.Background()); err != nil {
		t.Error(err)
	}
}
