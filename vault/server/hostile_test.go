package server_test

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault/server"
)

// Whatever comes in, the server answers with a status below 500, in the shape
// of the API, and goes on.
func TestHostileBodies(t *testing.T) {
	f := newFixture(t)
	deep := strings.Repeat(`{"Item":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	bodies := map[string]string{
		"empty":           "",
		"not JSON":        "<xml/>",
		"half":            `{"Name":"x`,
		"array":           `[1,2]`,
		"string":          `"x"`,
		"null":            `null`,
		"wrong types":     `{"Name":{},"Tags":7,"CustomUserFields":[],"FileData":{},"Search":[]}`,
		"bad identifiers": `{"Id":"zzz","GroupId":"../../etc","ParentId":"7"}`,
		"bad UTF-8":       "{\"Name\":\"\xff\xfe\"}",
		"half surrogate":  `{"Password":"\ud800"}`,
		"NUL":             `{"Name":"a\u0000b","ParentId":"` + f.team.String() + `","GroupId":"` + f.team.String() + `"}`,
		"deep":            deep,
		"too large":       `{"Name":"` + strings.Repeat("x", 1<<20) + `"}`, // and what stands around it
		"numbers":         `{"Id":1e999,"TOTPDigits":99999999999999999999}`,
		"same name often": `{"Name":"a","name":"b","NAME":"c"}`,
	}
	for _, r := range server.Routes() {
		if r.Method == http.MethodGet || r.Proof != server.SignedIn {
			continue
		}
		path := strings.NewReplacer("{pleasant}", "v5", "{folders}", "folders", "{entries}", "entries", "{objects}", "entries",
			"{folder}", f.team.String(), "{entry}", f.entry.String(), "{object}", f.entry.String(),
			"{attachment}", f.attachment.String(), "{row}", f.team.String(), "{device}", f.team.String(), "{cache}", f.team.String()).Replace(r.Path)
		if r.Method == http.MethodDelete {
			continue // their bodies are optional; TestHostileRemovals
		}
		for name, body := range bodies {
			got := f.do(request{method: r.Method, path: path, as: "alice", body: body})
			if got.status >= 500 || got.status == 0 {
				t.Errorf("%s %s with %s: %d %.200s", r.Method, r.Path, name, got.status, got.body)
			}
			files := strings.Contains(r.Path, "/attachments") || r.Path == "/api/v4/rest/credential" || r.Path == "/api/v4/rest/credential/{entry}"
			if name == "too large" && r.Right != "Grant…" && !files && got.status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s %s with more than 1 MiB: %d %.200s", r.Method, r.Path, got.status, got.body)
			}
			if strings.Contains(string(got.body), "xxxxxxxx") {
				t.Errorf("%s %s with %s: the answer repeats the body", r.Method, r.Path, name)
			}
		}
	}
	f.want(yes, request{method: "GET", path: v5 + "/folders", as: "alice"})
}

// An attachment beyond the limit is refused while it is being read.
func TestHostileAttachment(t *testing.T) {
	f := newFixture(t)
	path := v5 + "/entries/" + f.entry.String() + "/attachments"
	large := `{"FileName":"x","FileData":"` + strings.Repeat("A", 90<<20) + `"}`
	if got := f.do(request{method: "POST", path: path, as: "alice", body: large}); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %.200s", got.status, got.body)
	}
	for _, body := range []string{`{"FileData":"eA=="}`, `{"FileName":"` + strings.Repeat("n", 300) + `","FileData":"eA=="}`, `{"FileName":"x","FileData":"***"}`} {
		f.want(invalid, request{method: "POST", path: path, as: "alice", body: body})
	}
}

func TestHostileRemovals(t *testing.T) {
	f := newFixture(t)
	for _, body := range []string{`{`, `[]`, `{"Action":7}`, `{"Action":"Burn"}`, strings.Repeat(" ", 3<<20)} {
		got := f.do(request{method: "DELETE", path: v5 + "/entries/" + f.entry.String(), as: "alice", body: body})
		if got.status < 400 || got.status >= 500 {
			t.Errorf("%.20q: %d %.200s", body, got.status, got.body)
		}
	}
	f.want(yes, request{method: "GET", path: v5 + "/entries/" + f.entry.String(), as: "alice"})
}

// No path leads anywhere but to a route, none is answered with a redirect, and
// what is no identifier names nothing.
func TestHostilePaths(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{
		"/", "//", "/..", "/api/v5/rest/../../../etc/passwd", "/api/v5/rest/entries/..%2f..%2fetc", "/api/v5/rest/entries/%00",
		"/api/v5/rest/entries/" + f.entry.String() + "/../" + f.hidden.String(),
		"/api/v5/rest/entries/{entry}", "/api/v5/rest/entries/*", "/api/v5/rest/entries/" + strings.Repeat("a", 3000),
		"/api/v5/rest/entries/" + f.entry.String() + "%20", "/api/v5/rest/entries/" + f.entry.String() + ";x=1",
		"/api/\u212Av5/rest/folders", "/api/v5/rest/\u017Fearch", "/api/{pleasant}/rest/folders", "/api/v4/rest/folders", "/api/v4/rest/entries/" + f.entry.String(), "/api/v4/rest/credential/" + f.entry.String() + "/attachments", "/api/v55/rest/folders",
		"/api/v5/rest/entries/00000000-0000-0000-0000-000000000000", "/api/v5/rest/folders/00000000-0000-0000-0000-000000000000x",
		"/api/v5/rest/entries/" + f.team.String(), "/api/v5/rest/entries/" + f.hidden.String(), "/api/v5/rest/entries/" + f.hidden.String() + "/password",
		"/api/v5/rest/folders/" + f.secret.String(), "/api/tideover/v1/entries/" + f.hidden.String(), "/api/tideover/v1/nothing", "/api/tideover/v1/",
	} {
		got := f.do(request{method: "GET", path: (&url.URL{Path: path}).EscapedPath(), as: "alice"})
		if got.status != unseen {
			t.Errorf("GET %s: %d %.200s", path, got.status, got.body)
		}
		if !strings.HasPrefix(string(got.body), "{") {
			t.Errorf("GET %s: %.200s", path, got.body)
		}
	}
}

// Requests that net/http's client would not send, on the wire itself.
func TestHostileRequestLines(t *testing.T) {
	f := newFixture(t)
	address := strings.TrimPrefix(f.url, "https://")
	roots := x509.NewCertPool()
	roots.AddCert(f.id.CA())
	token := f.token("alice")
	tests := []struct{ name, text, status string }{
		{"invented method", "BREW /api/v5/rest/folders HTTP/1.1\r\nHost: x\r\nAuthorization: " + token + "\r\n\r\n", "405"},
		{"override header", "POST /api/v5/rest/entries/" + f.entry.String() + "/password HTTP/1.1\r\nHost: x\r\nX-HTTP-Method-Override: DELETE\r\nAuthorization: " + token + "\r\nContent-Length: 0\r\n\r\n", "200"},
		{"absolute URI", "GET http://other/api/v5/rest/folders/root HTTP/1.1\r\nHost: x\r\nAuthorization: " + token + "\r\n\r\n", "200"},
		{"no host", "GET /api/v5/rest/folders/root HTTP/1.1\r\nAuthorization: " + token + "\r\n\r\n", "400"},
		{"two lengths", "POST /OAuth2/Token HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", "400"},
		{"endless header", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("a", 200<<10) + "\r\n\r\n", "431"},
		{"not HTTP", "\x00\x01\x02\r\n\r\n", "400"},
		{"CONNECT", "CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n", "404"},
		{"OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "200"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", address, &tls.Config{RootCAs: roots, NextProtos: []string{"http/1.1"}})
			must(t, err)
			defer func() { _ = conn.Close() }()
			_, err = fmt.Fprint(conn, tt.text)
			var wrote *net.OpError // the server may hang up before it has read everything
			if err != nil && !asOpError(err, &wrote) {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(conn).ReadString('\n')
			if err != nil || !strings.Contains(line, " "+tt.status+" ") {
				t.Errorf("got %q, %v, want %s", line, err, tt.status)
			}
		})
	}
	f.want(yes, request{method: "GET", path: v5 + "/entries/" + f.entry.String(), as: "alice"})
}

func asOpError(err error, target **net.OpError) bool {
	op, ok := err.(*net.OpError)
	*target = op
	return ok
}

// One address that signs in without end is slowed down; the others are not.
func TestSignInsAreLimitedByAddress(t *testing.T) {
	f := newFixture(t)
	limited := false
	for range 200 {
		got := f.do(request{method: "POST", path: "/OAuth2/Token", body: "grant_type=none"})
		if got.status == http.StatusTooManyRequests {
			if got.header.Get("Retry-After") == "" {
				t.Error("it does not say when")
			}
			limited = true
			break
		}
	}
	if !limited {
		t.Error("200 sign-ins in a row were answered")
	}
}

// Nothing that a client sends as a secret may stand in the log, and no header
// of ours may be missing.
func TestAnswersCarryTheirHeaders(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/healthz", "/nothing", v5 + "/folders"} {
		got := f.do(request{method: "GET", path: path})
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Strict-Transport-Security": "max-age=31536000",
		} {
			if got.header.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, got.header.Get(name))
			}
		}
		if len(got.header.Get("X-Request-Id")) != 16 {
			t.Errorf("%s: request id %q", path, got.header.Get("X-Request-Id"))
		}
	}
	if got := f.do(request{method: "GET", path: v5 + "/folders"}); got.header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("401 without WWW-Authenticate: %v", got.header)
	}
}
