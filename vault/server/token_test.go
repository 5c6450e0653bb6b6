package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault/wire"
)

const (
	formType = "application/x-www-form-urlencoded"
	badGrant = `{"error":"invalid_grant","error_description":"The username or password is incorrect."}`
)

// Every spelling stands for a client that really sends it.
func TestTokenTakesWhatRealClientsSend(t *testing.T) {
	f := newFixture(t)
	good := "grant_type=password&username=alice&password=" + url.QueryEscape(anyPassword)
	tests := []struct {
		name string
		r    request
	}{
		{"as documented", request{method: "POST", path: "/OAuth2/Token", body: good, header: map[string]string{"Content-Type": formType}}},
		{"GET with a body (pypleasant)", request{method: "GET", path: "/oauth2/token", body: good, header: map[string]string{"Content-Type": formType}}},
		{"form called JSON (pleasant-cli)", request{method: "POST", path: "/OAuth2/Token", body: good, header: map[string]string{"Content-Type": "application/json; charset=UTF-8"}}},
		{"no content type", request{method: "POST", path: "/OAuth2/Token", body: good}},
		{"other case, slashes", request{method: "POST", path: "//OAUTH2//Token/", body: good}},
		{"names in another case", request{method: "POST", path: "/OAuth2/Token", body: strings.Replace(good, "username", "UserName", 1)}},
		{"values not escaped (gearge)", request{method: "POST", path: "/OAuth2/Token", body: "grant_type=password&username=bob&password=" + awkwardPassword}},
		{"values escaped", request{method: "POST", path: "/OAuth2/Token", body: "grant_type=password&username=bob&password=" + url.QueryEscape(awkwardPassword)}},
		{"user name in another case", request{method: "POST", path: "/OAuth2/Token", body: strings.Replace(good, "alice", "ALICE", 1)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := f.want(http.StatusOK, tt.r)
			var in struct {
				AccessToken string `json:"access_token"`
				TokenType   string `json:"token_type"`
				ExpiresIn   int    `json:"expires_in"`
			}
			decode(t, got.body, &in)
			if len(in.AccessToken) < 32 || in.TokenType != "bearer" || in.ExpiresIn < 60 {
				t.Errorf("got %s", got.body)
			}
			for name, want := range map[string]string{"Content-Type": "application/json;charset=UTF-8", "Cache-Control": "no-cache", "Pragma": "no-cache", "Expires": "-1"} {
				if got := got.header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if got.body[len(got.body)-1] != '}' {
				t.Errorf("something follows the object: %q", got.body)
			}
		})
	}
}

func TestTokenRefuses(t *testing.T) {
	f := newFixture(t)
	tests := []struct {
		name, body string
		want       string
	}{
		{"wrong password", "grant_type=password&username=alice&password=x", badGrant},
		{"unknown user", "grant_type=password&username=mallory&password=x", badGrant},
		{"no password", "grant_type=password&username=alice", badGrant},
		{"empty", "", `{"error":"invalid_request","error_description":"grant_type is missing."}`},
		{"other grant", "grant_type=client_credentials&client_id=x", `{"error":"unsupported_grant_type","error_description":"Only the grant type password is supported."}`},
		{"a name twice", "grant_type=password&username=alice&username=bob&password=x", `{"error":"invalid_request","error_description":"The request is not a form."}`},
		{"endless", "grant_type=password&username=alice&password=" + strings.Repeat("x", 70<<10), `{"error":"invalid_request","error_description":"The request is not a form."}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := f.want(http.StatusBadRequest, request{method: "POST", path: "/OAuth2/Token", body: tt.body})
			if string(got.body) != tt.want {
				t.Errorf("got  %s\nwant %s", got.body, tt.want)
			}
			if h := got.header.Get(wire.HeaderOTP); h != "" {
				t.Errorf("it asks for a code: %q", h)
			}
		})
	}
}

// The dialogue of "OAuth Two Factor Support": asked once, in headers, and never
// again once the client names the provider.
func TestTokenSecondFactor(t *testing.T) {
	f := newFixture(t)
	form := "grant_type=password&username=carol&password=" + url.QueryEscape(anyPassword)
	ask := f.want(http.StatusBadRequest, request{method: "POST", path: "/OAuth2/Token", body: form})
	if ask.header.Get(wire.HeaderOTP) != "required" || ask.header.Get(wire.HeaderOTPProvider) != "authenticator-app" {
		t.Fatalf("it does not ask for a code: %v", ask.header)
	}

	wrongPassword := f.want(http.StatusBadRequest, request{method: "POST", path: "/OAuth2/Token", body: strings.Replace(form, "correct", "wrong", 1)})
	if wrongPassword.header.Get(wire.HeaderOTP) != "" {
		t.Error("it asks for a code before the password is right")
	}

	code := func(value string) request {
		return request{method: "POST", path: "/OAuth2/Token", body: form, header: map[string]string{
			wire.HeaderOTP: value, wire.HeaderOTPProvider: wire.OTPAuthenticator,
		}}
	}
	wrong := f.want(http.StatusBadRequest, code("000000"))
	if wrong.header.Get(wire.HeaderOTP) != "" || string(wrong.body) != badGrant {
		t.Errorf("a wrong code: %v %s", wrong.header, wrong.body)
	}
	empty := f.want(http.StatusBadRequest, code(""))
	if empty.header.Get(wire.HeaderOTP) != "" {
		t.Error("it asks again although the client named the provider")
	}

	right, err := f.carolCode.Code(time.Now())
	must(t, err)
	f.want(http.StatusOK, code(right))
	f.want(http.StatusBadRequest, code(right)) // a code opens once
}

func TestBearerSpellings(t *testing.T) {
	f := newFixture(t)
	token := f.token("alice")
	tests := []struct {
		name, value string
		want        int
	}{
		{"Bearer", "Bearer " + token, http.StatusOK},
		{"bearer", "bearer " + token, http.StatusOK},
		{"bare", token, http.StatusOK},
		{"spaces", "  Bearer   " + token + " ", http.StatusOK},
		{"none", "", http.StatusUnauthorized},
		{"Basic", "Basic " + token, http.StatusUnauthorized},
		{"scheme alone", "Bearer", http.StatusUnauthorized},
		{"another token", "Bearer " + strings.Repeat("A", len(token)), http.StatusUnauthorized},
		{"cut short", "Bearer " + token[:len(token)-1], http.StatusUnauthorized},
		{"endless", strings.Repeat("A", 8<<10), http.StatusUnauthorized},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			header := map[string]string{}
			if tt.value != "" {
				header["Authorization"] = tt.value
			}
			got := f.want(tt.want, request{method: "GET", path: "/api/v5/rest/folders/root", header: header})
			if tt.want == http.StatusUnauthorized && string(got.body) != `{"Message":"Authorization has been denied for this request."}` {
				t.Errorf("body %s", got.body)
			}
		})
	}
}
