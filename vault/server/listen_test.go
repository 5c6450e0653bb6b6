package server_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/tideover/tideover/vault/server"
)

func TestPlainHTTPOnLoopbackOnly(t *testing.T) {
	tests := []struct {
		address string
		ok      bool
	}{
		{"127.0.0.1:0", true},
		{"[::1]:0", true},
		{"127.9.9.9:0", true},
		{"0.0.0.0:0", false},
		{":0", false},
		{"[::]:0", false},
	}
	for _, tt := range tests {
		t.Run(tt.address, func(t *testing.T) {
			l, err := net.Listen("tcp", tt.address)
			must(t, err)
			ctx, stop := context.WithCancel(t.Context())
			stop()
			err = server.Serve(ctx, l, server.Listen{Handler: http.NotFoundHandler()})
			if tt.ok && err != nil || !tt.ok && !errors.Is(err, server.ErrPlainHTTP) {
				t.Errorf("got %v, want ok %v", err, tt.ok)
			}
			if _, err := l.Accept(); err == nil {
				t.Error("the listener is still open")
			}
		})
	}
}

// An answer under way when the server is told to end is finished.
func TestShutdownFinishesAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	inside, goOn := make(chan struct{}), make(chan struct{})
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(inside)
		<-goOn
		_, _ = io.WriteString(w, "whole") // the client below checks it
	})
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l, server.Listen{Handler: handler}) }()
	got := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			got <- err.Error()
			return
		}
		defer func() { _ = resp.Body.Close() }()
		body, _ := io.ReadAll(resp.Body) // compared below
		got <- string(body)
	}()
	<-inside
	stop()
	close(goOn)
	if body := <-got; body != "whole" {
		t.Errorf("the client got %q", body)
	}
	must(t, <-ended)
}

// buffer is a log that tests read while the server writes.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// What clients send by mistake or on purpose must not reach the log.
func TestLogHoldsNoSecret(t *testing.T) {
	f := newFixture(t)
	var log buffer
	srv, err := server.New(t.Context(), server.Config{
		Identity: f.id, Catalog: f.catalog, Version: "test",
		Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	must(t, err)
	token := f.token("alice")
	for _, r := range []struct{ method, path, body, token string }{
		{"POST", "/OAuth2/Token", "grant_type=password&username=alice&password=S3CRET-1", ""},
		{"GET", "/S3CRET-2/api?password=S3CRET-3", "", "S3CRET-4"},
		{"GET", v5 + "/entries/S3CRET-5", "", token},
		{"POST", v5 + "/entries", `{"Password":"S3CRET-6","GroupId":"S3CRET-7"}`, token},
		{"POST", v5 + "/entries", `{"Password":"S3CRET-8"`, token},
		{"S3CRET-9", v5 + "/entries", "", token},
		{"GET", v5 + "/entries/" + f.entry.String() + "/password", "", token},
		{"POST", own + "/entries/" + f.entry.String() + "/reveal", `{"comment":"S3CRET-10"}`, token},
	} {
		req, err := http.NewRequestWithContext(t.Context(), r.method, "https://x"+r.path, strings.NewReader(r.body))
		must(t, err)
		req.RemoteAddr = "192.0.2.1:1"
		req.Header.Set("Authorization", r.token)
		req.Header.Set("X-Request-Id", "S3CRET-11")
		srv.ServeHTTP(&discard{header: http.Header{}}, req)
	}
	text := log.String()
	if n := strings.Count(text, "msg=request"); n != 8 {
		t.Errorf("%d lines for 8 requests:\n%s", n, text)
	}
	for _, secret := range []string{"S3CRET", token, "a&b", "r3c0very"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in the log:\n%s", secret, text)
		}
	}
	if !strings.Contains(text, "route=/api/{pleasant}/rest/{entries}/{entry}/password") || !strings.Contains(text, "peer=192.0.2.1") {
		t.Errorf("the log does not say what was asked for:\n%s", text)
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(int)             {}

// The listener for devices has nothing of the vault.
func TestGovernanceListener(t *testing.T) {
	f := newFixture(t)
	srv, err := server.New(t.Context(), server.Config{Identity: f.id, Catalog: f.catalog, Version: "test"})
	must(t, err)
	gov := srv.Governance()
	status := func(method, path string) int {
		w := &statusOnly{discard: discard{header: http.Header{}}}
		req, err := http.NewRequestWithContext(t.Context(), method, "https://x"+path, strings.NewReader("{}"))
		must(t, err)
		req.Header.Set("Authorization", f.token("alice"))
		gov.ServeHTTP(w, req)
		return w.status
	}
	open := 0
	for _, r := range server.Routes() {
		path := strings.NewReplacer("{pleasant}", "v5", "{folders}", "folders", "{entries}", "entries", "{objects}", "entries", "{about}", "about",
			"{folder}", f.team.String(), "{entry}", f.entry.String(), "{object}", f.entry.String(),
			"{attachment}", f.attachment.String(), "{row}", f.team.String(), "{device}", f.team.String(), "{cache}", f.team.String()).Replace(r.Path)
		got := status(r.Method, path)
		if got == http.StatusNotFound {
			continue
		}
		open++
		if r.Proof == server.SignedIn || r.Proof == server.DeviceAndUser || strings.Contains(r.Path, "token") {
			t.Errorf("%s %s is answered: %d", r.Method, r.Path, got)
		}
	}
	if open != 12 {
		t.Errorf("%d routes are open, want health, server, nonce, state, proof, cleared, journal, orders, events, lease, reading and revoked", open)
	}
}

type statusOnly struct {
	discard
	status int
}

func (s *statusOnly) WriteHeader(status int) { s.status = status }
