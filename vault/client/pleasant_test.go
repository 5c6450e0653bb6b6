package client_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/wire"
)

const (
	dbEntry    = "3f0c1f6e-52a1-4b7e-9d35-6a1b2c3d4e5f"
	abEntry    = "c4b7a1f2-6d3e-4a59-b0c8-7e6f5d4c3b2a"
	infra      = "5be1c9d0-93f4-4c47-8f0e-2d1c3b4a5968"
	emptyGroup = "7c6b5a49-3827-4615-8403-f2e1d0c9b8a7"
	certFile   = "a81d2c70-0b54-4f0e-8a3e-0c9d8e7f6a5b"

	accessToken = "9fQ-invented-opaque-token-Zk3x"
	password    = "p\"w\\1&<ü> "
)

// replay is a Pleasant server that knows one user and answers from testdata.
type replay struct {
	t        testing.TB
	versions string // the digits of those that it has
	wantsID  bool   // 500 without a client identifier
	provider string // of the second factor; empty: none is asked for
	zipped   bool   // the form of the package
	postOnly bool   // the password is given to POST alone

	mu   sync.Mutex
	seen []string // method, path and body of every request
}

func (p *replay) start() *httptest.Server {
	srv := httptest.NewServer(p)
	p.t.Cleanup(srv.Close)
	return srv
}

func (p *replay) file(name string) []byte {
	b, err := os.ReadFile(filepath.Join("testdata", "pleasant", name))
	if err != nil {
		p.t.Error(err)
	}
	return b
}

func (p *replay) answer(w http.ResponseWriter, status int, name string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(p.file(name))
}

func (p *replay) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p.mu.Lock()
	p.seen = append(p.seen, strings.TrimSpace(r.Method+" "+r.URL.RequestURI()+" "+string(body)))
	p.mu.Unlock()
	if r.Header.Get("Accept") != "application/json" && !strings.HasPrefix(r.URL.Path, wire.APIRoot) {
		p.t.Errorf("%s: Accept is %q", r.URL.Path, r.Header.Get("Accept"))
	}
	if p.wantsID && r.Header.Get("X-Pleasant-Client-Identifier") == "" {
		p.answer(w, http.StatusInternalServerError, "client_id_missing.json")
		return
	}
	if r.URL.Path == "/OAuth2/Token" {
		p.token(w, r, string(body))
		return
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "/api/v")
	if !ok || len(rest) < 7 || !strings.Contains(p.versions, rest[:1]) {
		p.answer(w, http.StatusNotFound, "no_route.json")
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+accessToken {
		p.answer(w, http.StatusUnauthorized, "unauthorized.json")
		return
	}
	p.rest(w, r, rest[:1], strings.TrimPrefix(rest[1:], "/rest/"))
}

func (p *replay) token(w http.ResponseWriter, r *http.Request, body string) {
	form, err := url.ParseQuery(body)
	if err != nil || r.Method != "POST" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		p.t.Errorf("token request %s %s: %v", r.Method, r.Header.Get("Content-Type"), err)
	}
	switch {
	case form.Get("grant_type") != "password" || form.Get("username") != "ann@corp" || form.Get("password") != password:
		p.answer(w, http.StatusBadRequest, "invalid_grant.json")
	case p.provider != "" && r.Header.Get("X-Pleasant-OTP-Provider") == "":
		w.Header().Set("X-Pleasant-OTP", "required")
		w.Header().Set("X-Pleasant-OTP-Provider", p.provider)
		p.answer(w, http.StatusBadRequest, "invalid_grant.json")
	case p.provider != "" && (r.Header.Get("X-Pleasant-OTP") != "123456" || r.Header.Get("X-Pleasant-OTP-Provider") != p.provider):
		p.answer(w, http.StatusBadRequest, "invalid_grant.json")
	default:
		p.answer(w, http.StatusOK, "token.json")
	}
}

func (p *replay) rest(w http.ResponseWriter, r *http.Request, version, path string) {
	folders, entries := "folders", "entries"
	if version == "4" {
		folders, entries = "credentialgroup", "credential"
	}
	switch r.Method + " " + path {
	case "GET " + folders + "/root":
		p.answer(w, http.StatusOK, "root.json")
	case "GET " + folders:
		p.answer(w, http.StatusOK, "tree_v"+version+".json")
	case "GET " + folders + "/" + infra:
		_, _ = w.Write([]byte(`{"Id":"` + infra + `","Name":"Infra","Children":[],"Credentials":[{"Id":"` + dbEntry + `","Name":"db"}]}`))
	case "GET " + folders + "/" + emptyGroup:
		_, _ = w.Write([]byte(`{"Id":"` + emptyGroup + `","Name":"Empty","Children":[],"Credentials":[]}`))
	case "POST " + folders:
		_, _ = w.Write([]byte(`"` + emptyGroup + `"`))
	case "PATCH " + folders + "/" + infra, "DELETE " + folders + "/" + infra, "DELETE " + folders + "/" + emptyGroup:
		w.WriteHeader(http.StatusNoContent)
	case "GET " + entries + "/" + dbEntry:
		p.answer(w, http.StatusOK, "entry_v6.json")
	case "GET " + entries + "/" + dbEntry + "/password", "POST " + entries + "/" + dbEntry + "/password":
		if p.postOnly && r.Method == "GET" {
			p.answer(w, http.StatusMethodNotAllowed, "no_route.json")
			return
		}
		p.answer(w, http.StatusOK, "password.json")
	case "GET " + entries + "/" + dbEntry + "/attachments/" + certFile:
		p.answer(w, http.StatusOK, "attachment.json")
	case "GET IsOfflineAvailable":
		_, _ = w.Write([]byte("true"))
	case "POST OfflinePackage":
		if !p.zipped {
			p.answer(w, http.StatusOK, "package.json")
			return
		}
		w.Header().Set("Content-Type", "application/octet-stream")
		_, _ = w.Write(p.archive())
	case "POST " + entries, "POST " + entries + "/" + dbEntry + "/attachments", "POST " + entries + "/" + abEntry + "/attachments":
		_, _ = w.Write([]byte(`"c4b7a1f2-6d3e-4a59-b0c8-7e6f5d4c3b2a"`))
	case "PATCH " + entries + "/" + dbEntry, "DELETE " + entries + "/" + dbEntry, "DELETE " + entries + "/" + dbEntry + "/attachments/" + certFile:
		w.WriteHeader(http.StatusNoContent)
	default:
		p.answer(w, http.StatusNotFound, "no_entry.json")
	}
}

// archive is the package as a ZIP file.
func (p *replay) archive() []byte {
	return zipOf(p.t, []member{
		{"8e7d6c5b-4a39-4281-8706-f5e4d3c2b1a0.json", p.file("manifest.json")},
		{certFile, []byte("hello world")},
		{"0d9c8b7a-6f5e-4d3c-9b2a-1f0e9d8c7b6a", nil},
	})
}

type member struct {
	name string
	data []byte
}

func zipOf(t testing.TB, members []member) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, m := range members {
		f, err := w.Create(m.name)
		if err == nil {
			_, err = f.Write(m.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// requests returns what the server was asked, and forgets it.
func (p *replay) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := p.seen
	p.seen = nil
	return seen
}

func open(t testing.TB, address string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: address})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func credentials() wire.Credentials {
	return wire.Credentials{User: "ann@corp", Password: vault.SecretText(password)}
}

// signedIn returns a client of the server whose user is signed in.
func signedIn(t testing.TB, p *replay) *client.Client {
	t.Helper()
	c := open(t, p.start().URL)
	token, err := c.SignIn(context.Background(), withCode(credentials(), p.provider))
	if err != nil {
		t.Fatal(err)
	}
	c.UseToken(token.Access)
	p.requests()
	return c
}

func withCode(cred wire.Credentials, provider string) wire.Credentials {
	if provider != "" {
		cred.OTP = vault.SecretText("123456")
	}
	return cred
}

func id(t testing.TB, text string) vault.ID {
	t.Helper()
	id, err := vault.ParseID(text)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// want fails unless err has the cause.
func want(t testing.TB, what string, err error, cause vault.Cause) {
	t.Helper()
	if !errors.Is(err, cause) {
		t.Errorf("%s: got %v, want %s", what, err, cause)
	}
}
