package server_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// FuzzRequest sends whatever comes as a user who may change things. Nothing of
// it may end in a fault of the server, in a redirect, or in what the user may
// not see.
func FuzzRequest(f *testing.F) {
	site := newFixture(f)
	token := site.token("alice")
	entry, team := site.entry.String(), site.team.String()
	for _, seed := range []struct{ method, path, query, body string }{
		{"GET", "//api//V5/rest/Entries/" + entry + "/", "", ""},
		{"GET", v5 + "/folders/" + team, "recurseLevel=-3", ""},
		{"POST", v5 + "/search", "", `{"search":" - "}`},
		{"PATCH", v5 + "/entries/" + entry, "", `{"TOTPSecret":"JBSWY3DP","TOTPDigits":"8","CustomUserFields":{"Password":"x","otp":"y"}}`},
		{"PUT", "/api/v6/rest/credential/" + entry, "", `{"Item":{"Name":null,"Tags":"a;b","Expires":"9999-12-31"},"Comment":7}`},
		{"POST", v5 + "/entries", "", `{"Id":"{00000000-0000-0000-0000-00000000000}","GroupId":"` + team + `"}`},
		{"POST", v5 + "/entries/" + entry + "/attachments", "", `{"FileName":"x","FileData":"eA=="}`},
		{"POST", own + "/devices", "", `{"level":"A","public_key":"AAAA"}`},
		{"GET", "/oauth2/token", "", "grant_type=password&username=%zz&password=%"},
		{"GET", "/api/v5/../..", "", ""},
	} {
		f.Add(seed.method, seed.path, seed.query, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		if method == http.MethodDelete || method == "" {
			return // the next inputs need something to look at
		}
		w := &collect{header: http.Header{}}
		site.srv.ServeHTTP(w, &http.Request{
			Method: method, URL: &url.URL{Path: path, RawQuery: query}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Authorization": {token}}, Body: readCloser{strings.NewReader(body)},
			ContentLength: int64(len(body)), RemoteAddr: "192.0.2.1:1", Host: "x",
		})
		if w.status >= 500 || w.status >= 300 && w.status < 400 || w.status == 0 {
			t.Errorf("%s %q: %d %s", method, path, w.status, w.body.String())
		}
		if strings.Contains(w.body.String(), site.hidden.String()) && !strings.Contains(path+query+body, site.hidden.String()) {
			t.Errorf("%s %q shows what nobody granted", method, path)
		}
	})
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// collect is a response writer that keeps everything.
type collect struct {
	header http.Header
	status int
	body   strings.Builder
}

func (c *collect) Header() http.Header { return c.header }

func (c *collect) WriteHeader(status int) {
	if c.status == 0 {
		c.status = status
	}
}

func (c *collect) Write(b []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(b)
}
