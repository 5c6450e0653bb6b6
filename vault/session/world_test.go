package session_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
)

// The session is used with the real chip.
var (
	_ session.Chip   = (*tpm.Chip)(nil)
	_ session.Keeper = (*tpm.Chip)(nil)
	_ session.Keeper = (*session.Keychain)(nil)
)

const (
	url     = "https://vault.example.com:10001"
	user    = "bob@example.com"
	account = "account password 1"
	master  = "correct horse battery staple"
)

// fakeClock is a clock that tests set.
type fakeClock struct{ now time.Time }

func (c *fakeClock) Now() time.Time { return c.now }

// testContent is a tree with what a listing has to tell apart. Its identifiers
// are the same each time.
func testContent() *vault.Content {
	id := func(n byte) vault.ID { return vault.ID{6: 0x40, 8: 0x80, 15: n} }
	entry := func(n byte, title, username, password string) *vault.Entry {
		e := &vault.Entry{ID: id(n)}
		e.Set(vault.FieldTitle, vault.SecretText(title), false)
		e.Set(vault.FieldUsername, vault.SecretText(username), false)
		e.Set(vault.FieldPassword, vault.SecretText(password), true)
		return e
	}
	web := entry(1, "web", "root", "pass web")
	web.Set("PIN", vault.SecretText("4711"), true)
	web.Set("Rack", vault.SecretText("B 12"), false)
	web.Tags = []string{"prod"}
	web.History = []*vault.Entry{entry(1, "web", "root", "pass before")}
	web.Attachments = []vault.Attachment{{ID: id(21), Name: "key.pem", Binary: &vault.Binary{Data: []byte("PEM")}}}
	mail := entry(2, "a/b", "postmaster", "pass mail")
	mail.Set(vault.FieldOTP, vault.SecretText("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"), true)
	old := entry(3, "web", "admin", "pass old")
	twins := []*vault.Entry{old, entry(4, "twin", "romulus", ""), entry(5, "twin", "remus", "")}
	return &vault.Content{Root: &vault.Group{
		ID: id(10), Name: "Root", Entries: []*vault.Entry{mail},
		Groups: []*vault.Group{{
			ID: id(11), Name: "Servers", Entries: []*vault.Entry{web},
			Groups: []*vault.Group{{ID: id(12), Name: "Old", Entries: twins}},
		}},
	}}
}

func all(c *vault.Content) []*vault.Entry {
	var entries []*vault.Entry
	_ = c.Root.Walk(func(_ []string, g *vault.Group) error {
		entries = append(entries, g.Entries...)
		return nil
	})
	return entries
}

// world is one computer with its chip, its clock and its server.
type world struct {
	t       *testing.T
	machine *tpmtest.Machine
	chip    *tpm.Chip
	server  *fakeServer
	clock   *fakeClock
	home    string
	keys    fido.Platform // nil: there is no way to any
	s       *session.Session
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, machine: tpmtest.Start(t), home: t.TempDir(), clock: &fakeClock{time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}}
	w.chip = w.machine.Open(t)
	w.server = newServer(t, w.clock)
	w.run()
	return w
}

// run starts the program anew, as after its end.
func (w *world) run() {
	w.t.Helper()
	if w.s != nil {
		w.s.Close()
	}
	w.s = w.start()
	w.t.Cleanup(w.s.Close)
}

// start returns another process of the same home.
func (w *world) start() *session.Session {
	return session.New(session.Config{
		Home: w.home, Chip: w.chip, Keeper: w.chip, Clock: w.clock, Cost: cache.FloorCost(),
		Name: "test", OS: "linux", Version: "0", Keys: w.keys,
		Dial: func(t session.Target) (session.Remote, error) {
			if t.Pin != w.server.pin() && w.server.kind == session.Tideover {
				return strange{w.server, t.Pin}, nil
			}
			return w.server, nil
		},
	})
}

// strange is the server as a client meets it that expects another identity.
type strange struct {
	*fakeServer
	pin string
}

func (s strange) Probe(context.Context) (session.Identity, error) {
	if s.pin == "" {
		return session.Identity{}, vault.Fail(vault.IdentityUnknown, "%s", s.fakeServer.pin())
	}
	return session.Identity{}, vault.Fail(vault.IdentityChanged, "%s", s.fakeServer.pin())
}

func (w *world) ctx() context.Context { return w.t.Context() }

func secret(s string) vault.Secret { return vault.SecretText(s) }

// ask is a person who knows one master password.
func ask(password string) session.Ask {
	return func(context.Context, cache.Status) (vault.Secret, error) { return secret(password), nil }
}

func newMaster(password string) func(context.Context, policy.MasterRules) (vault.Secret, error) {
	return func(context.Context, policy.MasterRules) (vault.Secret, error) { return secret(password), nil }
}

func (w *world) signIn() {
	w.t.Helper()
	w.must(w.s.SignIn(w.ctx(), session.SignInRequest{
		Target: w.server.target(), Credentials: session.Credentials{User: user, Password: secret(account)},
	}))
}

// disconnect signs in and makes a cache.
func (w *world) disconnect() session.Cached {
	w.t.Helper()
	w.signIn()
	made, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
	return made
}

func (w *world) unlock() {
	w.t.Helper()
	w.must(w.s.Unlock(w.ctx(), session.UnlockRequest{Master: ask(master)}))
}

func (w *world) list() *session.Listing {
	w.t.Helper()
	l, err := w.s.List(w.ctx())
	w.must(err)
	return l
}

func (w *world) find(ref string) *session.Item {
	w.t.Helper()
	i, err := w.list().Find(ref)
	w.must(err)
	return i
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) refused(err error, cause vault.Cause) {
	w.t.Helper()
	if !errors.Is(err, cause) {
		w.t.Fatalf("got %v, want %s", err, cause)
	}
}

func (w *world) mode(want session.Mode) {
	w.t.Helper()
	if got, err := w.s.Mode(w.ctx()); got != want || err != nil {
		w.t.Fatalf("mode %s, %v; want %s", got, err, want)
	}
}

// stateBytes is what is on disk beside the cache.
func (w *world) stateBytes() []byte {
	w.t.Helper()
	raw, err := os.ReadFile(w.home + "/state.json")
	w.must(err)
	return raw
}
