package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/servertest"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// online is a session whose user is signed in at a real server, through the
// real client. As a Pleasant server the same one shows nothing of its own API.
type online struct {
	t       *testing.T
	s       *session.Session
	url     string
	catalog *catalog.Catalog
	op      *catalog.Caller
}

func newOnline(t *testing.T, kind session.Kind) *online {
	t.Helper()
	ctx, dir := t.Context(), t.TempDir()
	o := &online{t: t, op: catalog.Operator("test")}
	content := testContent()
	for _, e := range all(content) {
		e.Times.Modified = aged
	}
	if kind == session.Pleasant { // which has no protected fields but its own
		for _, e := range all(content) {
			without(e, "PIN")
		}
	}
	o.must(servertest.Fill(ctx, dir, servertest.Filling{
		Admin: secret(master), User: user, Password: secret(master), Content: content,
	}))
	config, closing, err := servertest.OpenConfig(ctx, dir, "")
	o.must(err)
	t.Cleanup(func() { o.must(closing()) })
	o.catalog, err = catalog.Open(ctx, config)
	o.must(err)
	id, err := server.OpenIdentity(dir, time.Now())
	o.must(err)
	handler, err := server.New(ctx, server.Config{Identity: id, Catalog: o.catalog, Version: "test"})
	o.must(err)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case kind == session.Tideover:
			handler.ServeHTTP(w, r)
		case strings.HasPrefix(r.URL.Path, wire.APIRoot):
			http.NotFound(w, r)
		default:
			handler.ServeHTTP(reticent{w}, r)
		}
	}))
	t.Cleanup(srv.Close)
	o.url = srv.URL
	o.s = o.client()
	st, err := o.s.Status(ctx)
	o.must(err)
	if st.Server.Kind != kind {
		t.Fatalf("the client takes the server for a %s one", st.Server.Kind)
	}
	return o
}

// client returns another client, in which the user is signed in.
func (o *online) client() *session.Session {
	o.t.Helper()
	s := session.New(session.Config{
		Home: o.t.TempDir(), Clock: &fakeClock{time.Now()}, Name: "test", OS: "linux", Version: "0",
		Keeper: session.NewKeychain(&keychain{items: map[string]string{}}),
		Dial: func(t session.Target) (session.Remote, error) {
			return client.New(client.Config{URL: t.URL, Pin: t.Pin, Kind: t.Kind})
		},
	})
	o.t.Cleanup(s.Close)
	o.must(s.SignIn(o.t.Context(), session.SignInRequest{
		Target: session.Target{URL: o.url}, Credentials: session.Credentials{User: user, Password: secret(master)},
	}))
	return s
}

// reticent does not say why something is refused, as Pleasant's server.
type reticent struct{ http.ResponseWriter }

func (r reticent) WriteHeader(status int) {
	r.Header().Del(wire.HeaderCause)
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (r reticent) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (o *online) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// flag sets for what the server asks a comment.
func (o *online) flag(f policy.Flags) {
	o.t.Helper()
	o.must(o.catalog.SetFlags(o.t.Context(), o.op, catalog.Node{Kind: catalog.FolderNode, ID: o.catalog.Root()}, f))
}

// audited counts the audit's records of an action on an entry.
func (o *online) audited(action string, entry vault.ID) int {
	o.t.Helper()
	n := 0
	for r, err := range o.catalog.Audit(o.t.Context(), o.op, catalog.AuditQuery{}) {
		o.must(err)
		if r.Action == action && r.Target == entry {
			n++
		}
	}
	return n
}
