package client_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/wire"
)

// gzipped is n zero bytes, a thousandth of it on the wire.
func gzipped(t testing.TB, n int64) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	if _, err := io.CopyN(w, zeros{}, n); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// evil answers one path so, and the rest as an honest server does.
type evil struct {
	honest http.Handler
	path   string // a part of it, or its end if it ends with $
	answer func(w http.ResponseWriter)
}

func (e *evil) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.URL.Path+"$", e.path) {
		_, _ = io.Copy(io.Discard, r.Body) // or closing would reset the connection before the answer is read
		e.answer(w)
		return
	}
	e.honest.ServeHTTP(w, r)
}

func small() wire.Limits {
	l := wire.DefaultLimits()
	l.Bytes, l.AttachmentBytes, l.LineBytes = 1<<20, 1<<20, 1<<20
	return l
}

func raw(header, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, header+"\r\n\r\n"+body)
		_ = conn.Close()
	}
}

// TestHostileAnswers tries every bad answer on every kind of call.
func TestHostileAnswers(t *testing.T) {
	bomb := gzipped(t, 64<<20)
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	defer elsewhere.Close()
	const ok = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	attacks := []struct {
		name   string
		answer func(http.ResponseWriter)
		want   []vault.Cause
	}{
		{"a gzip bomb", func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb)
		}, []vault.Cause{vault.Hostile, vault.BadAnswer}},
		{"no end", func(w http.ResponseWriter) { _, _ = io.Copy(w, zeros{}) }, []vault.Cause{vault.Hostile, vault.BadAnswer}},
		{"a length beyond the limit", raw(ok+"Content-Length: 99999999999", "{}"), []vault.Cause{vault.Hostile, vault.Unreachable}},
		{"a length that is too long", raw(ok+"Content-Length: 500", `{"a":1}`), []vault.Cause{vault.Unreachable}},
		{"a length that is too short", raw(ok+"Content-Length: 3", `{"a":1}`), []vault.Cause{vault.BadAnswer}},
		{"two lengths", raw(ok+"Content-Length: 3\r\nContent-Length: 7", `{"a":1}`), []vault.Cause{vault.BadAnswer}},
		{"a chunk that is no chunk", raw(ok+"Transfer-Encoding: chunked", "zz\r\n{}"), []vault.Cause{vault.BadAnswer}},
		{"chunks that stop", raw(ok+"Transfer-Encoding: chunked", "7\r\n{\"a\":1}\r\n"), []vault.Cause{vault.Unreachable}},
		{"broken gzip", raw(ok+"Content-Encoding: gzip\r\nContent-Length: 2", "{}"), []vault.Cause{vault.BadAnswer, vault.Unreachable}},
		{"no HTTP", raw("SSH-2.0-OpenSSH_9.2p1", ""), []vault.Cause{vault.BadAnswer}},
		{"headers without end", raw("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("a", 1<<20), "{}"), []vault.Cause{vault.BadAnswer, vault.Unreachable}},
		{"a dropped connection", func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, []vault.Cause{vault.Unreachable}},
		{"a page", func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = w.Write([]byte("<html><title>Sign in to the hotel</title>"))
		}, []vault.Cause{vault.BadAnswer}},
		{"a page that says it is JSON", func(w http.ResponseWriter) { _, _ = w.Write([]byte("<html>")) }, []vault.Cause{vault.BadAnswer}},
		{"a redirect", func(w http.ResponseWriter) {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, []vault.Cause{vault.BadAnswer}},
		{"a redirect to itself", func(w http.ResponseWriter) {
			w.Header().Set("Location", "/")
			w.WriteHeader(http.StatusMovedPermanently)
		}, []vault.Cause{vault.BadAnswer}},
		{"nesting", func(w http.ResponseWriter) { _, _ = w.Write(bytes.Repeat([]byte("["), 1<<19)) }, []vault.Cause{vault.BadAnswer, vault.Hostile}},
		{"nothing", func(http.ResponseWriter) {}, []vault.Cause{vault.BadAnswer}},
		{"null", func(w http.ResponseWriter) { _, _ = w.Write([]byte("null")) }, []vault.Cause{vault.BadAnswer}},
		{"another type", func(w http.ResponseWriter) {
			_, _ = w.Write([]byte(`{"Id":7,"Root":[],"nonce":{},"id":[],"user":1,"through":"x"}`))
		}, []vault.Cause{vault.BadAnswer}},
		{"an unknown status", raw("HTTP/1.1 999 Whatever\r\nContent-Length: 0", ""), []vault.Cause{vault.BadAnswer}},
	}
	ctx := context.Background()
	pleasant := func() http.Handler { return &replay{t: t, versions: "6"} }
	var o *own
	calls := []struct {
		name, path string
		honest     func() http.Handler
		do         func(*client.Client) error
		binary     bool // any bytes are an answer
		loose      bool // null and {} are an answer
	}{
		{name: "tree of Pleasant", path: "/rest/folders$", honest: pleasant, do: func(c *client.Client) error { _, err := c.Tree(ctx); return err }},
		{name: "entry of Pleasant", path: "/rest/entries", honest: pleasant, do: func(c *client.Client) error { _, err := c.Entry(ctx, id(t, dbEntry)); return err }},
		{name: "package", path: "/OfflinePackage", honest: pleasant, do: func(c *client.Client) error { _, _, err := c.OfflinePackage(ctx, ""); return err }},
		{name: "attachment of Pleasant", path: "/attachments", honest: pleasant, do: func(c *client.Client) error {
			_, err := c.Attachment(ctx, id(t, dbEntry), id(t, certFile), "")
			return err
		}},
		{name: "creation", path: "/rest/entries", honest: pleasant, do: func(c *client.Client) error {
			_, err := c.CreateEntry(ctx, id(t, infra), &vault.Entry{}, "")
			return err
		}},
		{name: "token", path: "/OAuth2", honest: pleasant, do: func(c *client.Client) error { _, err := c.SignIn(ctx, credentials()); return err }},
		{name: "tree", path: "/tree", do: func(c *client.Client) error { _, err := c.Tree(ctx); return err }},
		{name: "entry", path: "/entries", do: func(c *client.Client) error { _, err := c.Entry(ctx, id(t, dbEntry)); return err }},
		{name: "reveal", path: "/reveal", do: func(c *client.Client) error { _, err := c.Reveal(ctx, id(t, dbEntry), "x"); return err }},
		{name: "attachment", path: "/attachments", binary: true, do: func(c *client.Client) error {
			_, err := c.Attachment(ctx, id(t, dbEntry), id(t, certFile), "")
			return err
		}},
		{name: "cache", path: "/cache", do: func(c *client.Client) error {
			_, _, err := c.Cache(ctx, o.deviceID, o.request(), o.signer(), nil)
			return err
		}},
		{name: "dry run", path: "/offline", loose: true, do: func(c *client.Client) error { _, err := c.DryRun(ctx, o.deviceID); return err }},
		{name: "nonce", path: "/nonce", do: func(c *client.Client) error { return c.Proof(ctx, o.deviceID, 1, o.signer()) }},
		{name: "journal", path: "/journal", loose: true, do: func(c *client.Client) error {
			_, err := c.Journal(ctx, o.deviceID, make([]wire.JournalEvent, 1), o.signer())
			return err
		}},
		{name: "who are you", path: wire.APIRoot + "/server", do: func(c *client.Client) error { _, err := c.Probe(ctx); return err }},
	}
	for _, call := range calls {
		for _, attack := range attacks {
			if call.binary && !strings.Contains(attack.name, "bomb") && !strings.Contains(attack.name, "end") && !strings.Contains(attack.name, "redirect") ||
				call.loose && attack.name == "null" {
				continue
			}
			o = newOwn(t)
			var honest http.Handler = o
			if call.honest != nil {
				honest = call.honest()
			}
			srv := httptest.NewServer(&evil{honest, call.path, attack.answer})
			c, err := client.New(client.Config{URL: srv.URL, Limits: small()})
			if err != nil {
				t.Fatal(err)
			}
			c.UseToken(vault.SecretText(accessToken))
			err = call.do(c)
			if !oneOf(err, attack.want) {
				t.Errorf("%s, %s: got %v, want one of %v", call.name, attack.name, err, attack.want)
			}
			c.Close()
			srv.Close()
		}
	}
}

func oneOf(err error, causes []vault.Cause) bool {
	for _, cause := range causes {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close()
	for _, scheme := range []string{"http://", "https://"} {
		_, err = open(t, scheme+address).Probe(context.Background())
		want(t, scheme, err, vault.Unreachable)
	}
}

// Any web server answers something; it has to be told from a password server
// before a password is sent to it.
func TestOtherServers(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"a web site": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<html>Welcome"))
		},
		"everything is not found": http.NotFound,
		"everything is fine":      func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) },
		"everything fails":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
	} {
		var bodies []string
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			bodies = append(bodies, string(b))
			handler(w, r)
		}))
		_, err := open(t, srv.URL).SignIn(context.Background(), credentials())
		want(t, name, err, vault.BadAnswer)
		if text := fmt.Sprint(bodies); strings.Contains(text, "ann") {
			t.Errorf("%s was sent the password", name)
		}
		srv.Close()
	}
}

func TestAddresses(t *testing.T) {
	for _, address := range []string{
		"", "vault.example", "ftp://vault.example", "https://", "https://ann:secret@vault.example",
		"http://vault.example", "http://10.0.0.1:10000", "http://localhost.example", "https://vault.example/?x=1", "https://vault.example/#x", "::",
	} {
		_, err := client.New(client.Config{URL: address})
		want(t, address, err, vault.Usage)
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats a password: %v", address, err)
		}
	}
	for _, address := range []string{"https://vault.example", "https://vault.example:10001/", "https://vault.example/passwords", "http://127.0.0.1:10000", "http://[::1]:10000", "http://localhost:1"} {
		if _, err := client.New(client.Config{URL: address}); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, pin := range []string{"ab", "zz", strings.Repeat("g", 64)} {
		_, err := client.New(client.Config{URL: "https://vault.example", Pin: pin})
		want(t, pin, err, vault.Usage)
	}
	_, err := client.New(client.Config{URL: "https://vault.example", CAFile: "/nowhere"})
	want(t, "no CA file", err, vault.Usage)
}
