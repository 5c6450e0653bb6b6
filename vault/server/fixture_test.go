package server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
	"github.com/tideover/tideover/vault/wire"
)

// Passwords of the fixture's users. The awkward one is what hand-made clients
// send without escaping it.
const (
	anyPassword     = "correct horse battery staple"
	awkwardPassword = "100% <sure> \"ok\""
	// entryPassword has what HTML escaping, JSON escaping and clients that cut
	// strings by hand get wrong.
	entryPassword = "a&b<c>d\u00fc\u20ac\U0001F511 e\\f\"g\u2028"
)

// fixture is a whole server on a loopback address, with TLS under its identity.
type fixture struct {
	t        testing.TB
	dir      string // of the server's files
	database string

	url     string
	client  *http.Client
	id      *server.Identity
	catalog *catalog.Catalog
	srv     *server.Server
	op      *catalog.Caller
	tokens  map[string]string

	team, secret          vault.ID // folders: granted, and granted to nobody
	entry, hidden         vault.ID // entries in them
	attachment, protected vault.ID // files of entry
	carolCode             otp.Config
}

// newFixture starts a server with users who differ in what they may do:
// admin, alice (Full + Offline on /Team), bob (Read-Only on /Team), carol (as
// alice, with a second factor), nobody (no grant at all). The first one is made;
// all others are copies of what it was.
func newFixture(t testing.TB) *fixture {
	t.Helper()
	dir := t.TempDir()
	original.Lock()
	defer original.Unlock()
	if original.files == nil {
		f := newFixtureOn(t, dir, filepath.Join(dir, databaseName))
		original.files, original.fixture = f.files(), *f
		return f
	}
	for name, data := range original.files {
		must(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
	}
	f := original.fixture
	f.t, f.dir, f.database, f.tokens = t, dir, filepath.Join(dir, databaseName), map[string]string{}
	kek, err := keyring.OpenFile(filepath.Join(dir, kekName))
	must(t, err)
	f.catalog, err = catalog.Open(t.Context(), f.open(kek))
	must(t, err)
	f.id, err = server.OpenIdentity(dir, time.Now())
	must(t, err)
	f.serve()
	return &f
}

const databaseName, kekName = "test.db", "kek"

// original is what the first fixture was when it was new.
var original struct {
	sync.Mutex
	files   map[string][]byte
	fixture fixture
}

// files returns the server's files as of one moment.
func (f *fixture) files() map[string][]byte {
	t := f.t
	t.Helper()
	backup := filepath.Join(t.TempDir(), databaseName)
	db, err := sqlstore.Open(t.Context(), f.database)
	must(t, err)
	must(t, errors.Join(db.Backup(t.Context(), backup), db.Close()))
	out := map[string][]byte{}
	for name, path := range map[string]string{
		databaseName: backup, kekName: filepath.Join(f.dir, kekName),
		server.IdentityFile: filepath.Join(f.dir, server.IdentityFile), server.CAFile: filepath.Join(f.dir, server.CAFile),
	} {
		out[name], err = os.ReadFile(path)
		must(t, err)
	}
	return out
}

// newFixtureOn makes one with its files in dir and its content in database.
func newFixtureOn(t testing.TB, dir, database string) *fixture {
	t.Helper()
	ctx := t.Context()
	kek, err := keyring.CreateFile(filepath.Join(dir, kekName))
	must(t, err)
	f := &fixture{t: t, dir: dir, database: database, op: catalog.Operator("test"), tokens: map[string]string{}}
	config := f.open(kek)
	must(t, catalog.Init(ctx, config, catalog.Setup{Admin: "admin", Password: vault.SecretText(anyPassword)}))
	f.catalog, err = catalog.Open(ctx, config)
	must(t, err)
	f.id, err = server.CreateIdentity(dir, time.Now())
	must(t, err)
	must(t, server.MakeKeys(ctx, f.id, f.catalog))
	f.populate(ctx)
	f.serve()
	return f
}

// open opens the database as one more process.
func (f *fixture) open(kek keyring.KEK) catalog.Config {
	f.t.Helper()
	db, err := sqlstore.Open(f.t.Context(), f.database)
	must(f.t, err)
	f.t.Cleanup(func() { must(f.t, db.Close()) })
	keys, err := keyring.Open(f.t.Context(), keyring.Config{Store: db, KEK: kek})
	must(f.t, err)
	return catalog.Config{Store: db, Keys: keys}
}

// another returns another instance of the same server: its own process, as far
// as it can tell, on the same database.
func (f *fixture) another() *fixture {
	f.t.Helper()
	kek, err := keyring.OpenFile(filepath.Join(f.dir, kekName))
	must(f.t, err)
	g := *f
	g.tokens = map[string]string{}
	g.catalog, err = catalog.Open(f.t.Context(), f.open(kek))
	must(f.t, err)
	g.serve()
	return &g
}

func (f *fixture) populate(ctx context.Context) {
	t := f.t
	t.Helper()
	entry := func(title string) *vault.Entry {
		e := &vault.Entry{ID: vault.NewID(), AutoType: vault.AutoType{Enabled: true}}
		e.Times.Created = time.Date(2024, 3, 5, 9, 15, 17, 0, time.UTC)
		e.Times.Modified = time.Date(2024, 3, 6, 10, 0, 0, 0, time.UTC)
		e.Set(vault.FieldTitle, vault.SecretText(title), false)
		e.Set(vault.FieldUsername, vault.SecretText("svc"), false)
		e.Set(vault.FieldPassword, vault.SecretText(entryPassword), true)
		return e
	}
	shown := entry("db <prod> & co")
	shown.Set(vault.FieldNotes, vault.SecretText("line 1\nline 2"), false)
	shown.Set(vault.FieldURL, vault.SecretText("https://db.example/?a=1&b=2"), false)
	shown.Set("Owner", vault.SecretText("team-db"), false)
	shown.Set("Recovery", vault.SecretText("r3c0very"), true)
	shown.Set(vault.FieldOTP, vault.SecretText("otpauth://totp/Db:svc?secret=JBSWY3DPEHPK3PXP&period=30&digits=6&issuer=Db"), true)
	shown.Tags = []string{"prod"}
	shown.Attachments = []vault.Attachment{
		{ID: vault.NewID(), Name: "cert.pem", Binary: &vault.Binary{Data: []byte("hello")}},
		{ID: vault.NewID(), Name: "key.pem", Binary: &vault.Binary{Data: []byte("private"), Protected: true}},
	}
	hidden := entry("hidden")
	f.entry, f.hidden = shown.ID, hidden.ID
	sub := &vault.Group{ID: vault.NewID(), Name: "Sub", Entries: []*vault.Entry{entry("in sub")}}
	team := &vault.Group{ID: vault.NewID(), Name: "Team", Entries: []*vault.Entry{shown}, Groups: []*vault.Group{sub}}
	secret := &vault.Group{ID: vault.NewID(), Name: "Secret", Entries: []*vault.Entry{hidden}}
	f.team, f.secret = team.ID, secret.ID
	root := &vault.Group{ID: vault.NewID(), Name: "Import", Groups: []*vault.Group{team, secret}}
	_, err := f.catalog.Import(ctx, f.op, "/", &vault.Content{Root: root})
	must(t, err)
	stored, err := f.catalog.Entry(ctx, f.op, f.entry) // an import numbers attachments anew
	must(t, err)
	f.attachment, f.protected = stored.Attachments[0].ID, stored.Attachments[1].ID
	for name, password := range map[string]string{"alice": anyPassword, "bob": awkwardPassword, "carol": anyPassword, "nobody": anyPassword} {
		_, err := f.catalog.AddUser(ctx, f.op, catalog.NewUser{Name: name, Password: vault.SecretText(password)})
		must(t, err)
	}
	for name, level := range map[string]string{"alice": "Full + Offline", "carol": "Full + Offline", "bob": "Read-Only"} {
		_, err := f.catalog.AddGrant(ctx, f.op, catalog.NewGrant{
			Node: catalog.Node{Kind: catalog.FolderNode, ID: f.team}, User: name, Level: level,
		})
		must(t, err)
	}
	f.enrol(ctx, "carol")
}

// addEntry adds an entry to the team's folder.
func (f *fixture) addEntry(title string) vault.ID {
	f.t.Helper()
	e := &vault.Entry{AutoType: vault.AutoType{Enabled: true}}
	e.Set(vault.FieldTitle, vault.SecretText(title), false)
	e.Set(vault.FieldPassword, vault.SecretText(entryPassword), true)
	id, err := f.catalog.AddEntry(f.t.Context(), f.op, catalog.NewEntry{Folder: f.team, Entry: e})
	must(f.t, err)
	return id
}

// enrol gives a user a second factor, confirmed with the code before the
// present one, which therefore stays usable.
func (f *fixture) enrol(ctx context.Context, name string) {
	f.t.Helper()
	u, err := f.catalog.UserByName(ctx, f.op, name)
	must(f.t, err)
	enrolment, err := f.catalog.EnrolTOTP(ctx, f.op, u.ID)
	must(f.t, err)
	f.carolCode, err = otp.Parse(enrolment.URI.Bytes())
	must(f.t, err)
	code, err := f.carolCode.Code(time.Now().Add(-f.carolCode.Period))
	must(f.t, err)
	must(f.t, f.catalog.ConfirmTOTP(ctx, f.op, enrolment.ID, vault.SecretText(code)))
}

func (f *fixture) serve() {
	t := f.t
	t.Helper()
	srv, err := server.New(t.Context(), server.Config{Identity: f.id, Catalog: f.catalog, Version: "test"})
	must(t, err)
	f.srv = srv
	config, err := f.id.TLSConfig(time.Now)
	must(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l, server.Listen{Handler: srv, TLS: config}) }()
	roots := x509.NewCertPool()
	roots.AddCert(f.id.CA())
	f.url = "https://" + l.Addr().String()
	f.client = &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(func() {
		f.client.CloseIdleConnections()
		stop()
		must(t, <-ended)
	})
}

// answer is what came back, with its bytes.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) String() string { return http.StatusText(a.status) + " " + string(a.body) }

// request is one request of a test; as is the user whose token it carries.
type request struct {
	method, path, as string
	body             string
	header           map[string]string
}

func (f *fixture) do(r request) answer {
	f.t.Helper()
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(f.t.Context(), r.method, f.url+r.path, body)
	must(f.t, err)
	if r.as != "" {
		req.Header.Set("Authorization", "Bearer "+f.token(r.as))
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	return f.send(req)
}

func (f *fixture) send(req *http.Request) answer {
	f.t.Helper()
	resp, err := f.client.Do(req)
	must(f.t, err)
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	must(f.t, err)
	return answer{resp.StatusCode, resp.Header, body}
}

// want sends the request and fails unless the status is the one expected.
func (f *fixture) want(status int, r request) answer {
	f.t.Helper()
	got := f.do(r)
	if got.status != status {
		f.t.Fatalf("%s %s as %q: %d %s, want %d", r.method, r.path, r.as, got.status, got.body, status)
	}
	return got
}

// token signs a user in, once.
func (f *fixture) token(user string) string {
	f.t.Helper()
	if token, ok := f.tokens[user]; ok {
		return token
	}
	password := anyPassword
	if user == "bob" {
		password = awkwardPassword
	}
	header := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	if user == "carol" {
		code, err := f.carolCode.Code(time.Now())
		must(f.t, err)
		header[wire.HeaderOTP], header[wire.HeaderOTPProvider] = code, wire.OTPAuthenticator
	}
	form := url.Values{"grant_type": {"password"}, "username": {user}, "password": {password}}
	got := f.want(http.StatusOK, request{method: "POST", path: "/OAuth2/Token", body: form.Encode(), header: header})
	var in struct {
		AccessToken string `json:"access_token"`
	}
	decode(f.t, got.body, &in)
	f.tokens[user] = in.AccessToken
	return in.AccessToken
}

func decode(t testing.TB, body []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(body, v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
}

// setFlags sets comment prompts on a folder.
func (f *fixture) setFlags(folder vault.ID, flags policy.Flags) {
	f.t.Helper()
	must(f.t, f.catalog.SetFlags(f.t.Context(), f.op, catalog.Node{Kind: catalog.FolderNode, ID: folder}, flags))
}

// actions returns the audit's actions so far, with how many records each has.
func (f *fixture) actions() map[string]int {
	f.t.Helper()
	out := map[string]int{}
	for r, err := range f.catalog.Audit(f.t.Context(), f.op, catalog.AuditQuery{}) {
		must(f.t, err)
		out[r.Action+" "+r.Outcome]++
	}
	return out
}
