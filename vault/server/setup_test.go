package server_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

// words shows the keys, and which header they were chosen by.
type words string

func (w words) Text(key string, args map[string]any) string {
	name, _ := args["Name"].(string)
	return key + "[" + name + "]"
}
func (w words) Language() string { return string(w) }

// unsetUp is a server that nobody can sign in to yet.
type unsetUp struct {
	t       *testing.T
	srv     *server.Server
	catalog *catalog.Catalog
	mu      sync.Mutex
	now     time.Time
	path    string // with the token
}

func newUnsetUp(t *testing.T) *unsetUp {
	t.Helper()
	u := &unsetUp{t: t, now: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC)}
	dir := t.TempDir()
	db, err := sqlstore.Open(t.Context(), filepath.Join(dir, "test.db"))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	kek, err := keyring.CreateFile(filepath.Join(dir, "kek"))
	must(t, err)
	keys, err := keyring.Open(t.Context(), keyring.Config{Store: db, KEK: kek})
	must(t, err)
	config := catalog.Config{Store: db, Keys: keys, Now: u.clock}
	must(t, catalog.Init(t.Context(), config, catalog.Setup{}))
	u.catalog, err = catalog.Open(t.Context(), config)
	must(t, err)
	id, err := server.CreateIdentity(dir, u.now)
	must(t, err)
	must(t, server.MakeKeys(t.Context(), id, u.catalog))
	u.srv, err = server.New(t.Context(), server.Config{
		Identity: id, Catalog: u.catalog, Now: u.clock,
		Words: func(accept string) server.Words { return words("lang-" + accept) },
	})
	must(t, err)
	u.path = u.link()
	return u
}

func (u *unsetUp) clock() time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.now
}

func (u *unsetUp) wait(d time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.now = u.now.Add(d)
}

func (u *unsetUp) link() string {
	u.t.Helper()
	token, _, err := u.catalog.NewSetup(u.t.Context(), catalog.Operator("init"))
	must(u.t, err)
	defer token.Wipe()
	return server.SetupPath + token.Text()
}

func (u *unsetUp) ask(method, path string, form url.Values, header map[string]string) *httptest.ResponseRecorder {
	u.t.Helper()
	r := httptest.NewRequestWithContext(u.t.Context(), method, "https://vault.example"+path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	u.srv.ServeHTTP(w, r)
	return w
}

func fill(name, password, again string) url.Values {
	return url.Values{"name": {name}, "password": {password}, "again": {again}}
}

func (u *unsetUp) want(w *httptest.ResponseRecorder, status int, texts ...string) {
	u.t.Helper()
	body := w.Body.String()
	if w.Code != status {
		u.t.Errorf("status %d, want %d: %s", w.Code, status, body)
	}
	for _, text := range texts {
		if !strings.Contains(body, text) {
			u.t.Errorf("%q is not in %s", text, body)
		}
	}
	for _, secret := range []string{anyPassword, "abc12", strings.TrimPrefix(u.path, server.SetupPath)} {
		if strings.Contains(body, secret) {
			u.t.Errorf("the page shows %q", secret)
		}
	}
	for name, want := range map[string]string{
		"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
		"X-Content-Type-Options": "nosniff", "Content-Type": "text/html; charset=utf-8",
	} {
		if got := w.Header().Get(name); got != want {
			u.t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "script") {
		u.t.Errorf("policy: %s", policy)
	}
	for _, loaded := range []string{"<script", "http://", "src=", "url(", " style=", "onload"} {
		if strings.Contains(body, loaded) {
			u.t.Errorf("the page has %q: %s", loaded, body)
		}
	}
}

func TestSetup(t *testing.T) {
	u := newUnsetUp(t)
	u.want(u.ask("GET", u.path, nil, map[string]string{"Accept-Language": "xx"}), 200, `lang="lang-xx"`, "setup.form.title", `method="post"`)
	u.want(u.ask("POST", u.path, fill("root", anyPassword, anyPassword+"x"), nil), 400, "setup.error.differs", `value="root"`)
	u.want(u.ask("POST", u.path, fill("root", "abc12", "abc12"), nil), 400, "setup.error.weak", `role="alert"`)
	u.want(u.ask("POST", u.path, fill("", anyPassword, anyPassword), nil), 400, "setup.error.name")
	u.want(u.ask("POST", u.path, fill(`<b>"x`+"\x01", anyPassword, anyPassword), nil), 400, "setup.error.name", "&lt;b&gt;&#34;x")
	u.want(u.ask("POST", u.path, fill(" root ", anyPassword, anyPassword), map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "null"}),
		200, "setup.done.title[root]", "--user root", "https://vault.example")

	_, err := u.catalog.SignIn(t.Context(), catalog.SignIn{Name: "root", Password: vault.SecretText(anyPassword)})
	must(t, err)
	made, err := u.catalog.UserByName(t.Context(), catalog.Operator("test"), "root")
	must(t, err)
	if len(made.Roles) != 1 || made.Roles[0] != catalog.Administrators {
		t.Errorf("roles: %v", made.Roles)
	}

	// Once.
	u.want(u.ask("GET", u.path, nil, nil), 404, "setup.gone.title")
	u.want(u.ask("POST", u.path, fill("other", anyPassword, anyPassword), nil), 404, "setup.gone.title")
	if _, _, err := u.catalog.NewSetup(t.Context(), catalog.Operator("init")); causeOf(err) != vault.Usage {
		t.Errorf("a link beside an administrator: %v", err)
	}
}

// causeOf returns the cause of an error; empty: it has none.
func causeOf(err error) vault.Cause {
	if p, ok := errors.AsType[*vault.Problem](err); ok {
		return p.Cause
	}
	return ""
}

func TestSetupLinkEnds(t *testing.T) {
	ends := map[string]func(u *unsetUp){
		"after a day":      func(u *unsetUp) { u.wait(24 * time.Hour) },
		"with a newer one": func(u *unsetUp) { u.link() },
		"with an administrator": func(u *unsetUp) {
			_, err := u.catalog.AddUser(t.Context(), catalog.Operator("test"), catalog.NewUser{
				Name: "root", Password: vault.SecretText(anyPassword), Roles: []string{catalog.Administrators},
			})
			must(t, err)
		},
		"with a restored backup": func(u *unsetUp) {
			_, err := u.catalog.Restore(t.Context(), catalog.Operator("test"), catalog.Restoring{})
			must(t, err)
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			u := newUnsetUp(t)
			u.wait(24*time.Hour - time.Second)
			u.want(u.ask("GET", u.path, nil, nil), 200)
			end(u)
			u.want(u.ask("GET", u.path, nil, nil), 404, "setup.gone.title")
			u.want(u.ask("POST", u.path, fill("eve", anyPassword, anyPassword), nil), 404, "setup.gone.title")
			if _, err := u.catalog.UserByName(t.Context(), catalog.Operator("test"), "eve"); causeOf(err) != vault.NotFound {
				t.Errorf("eve: %v", err)
			}
		})
	}
}

// Another site cannot have the form sent, and guessing is slow.
func TestSetupIsGuarded(t *testing.T) {
	u := newUnsetUp(t)
	for _, header := range []map[string]string{
		{"Sec-Fetch-Site": "cross-site"},
		{"Sec-Fetch-Site": "same-site"},
		{"Origin": "https://evil.example"},
		{"Origin": "null"},
	} {
		u.want(u.ask("POST", u.path, fill("eve", anyPassword, anyPassword), header), 403, "setup.refused.title")
	}
	for _, path := range []string{server.SetupPath + strings.Repeat("0", 64), server.SetupPath + "x"} {
		u.want(u.ask("GET", path, nil, nil), 404, "setup.gone.title")
	}
	for range 30 {
		u.ask("POST", server.SetupPath+"x", fill("eve", anyPassword, anyPassword), nil)
	}
	w := u.ask("POST", u.path, fill("eve", anyPassword, anyPassword), nil)
	u.want(w, 429, "setup.wait.title")
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	u.wait(time.Minute)
	if w := u.ask("POST", u.path, fill("root", anyPassword, anyPassword), nil); w.Code != http.StatusOK {
		t.Errorf("afterwards: %d", w.Code)
	}
}

// Two who send the form at once make one administrator.
func TestSetupOnce(t *testing.T) {
	u := newUnsetUp(t)
	codes := make(chan int, 2)
	for _, name := range []string{"one", "two"} {
		go func() { codes <- u.ask("POST", u.path, fill(name, anyPassword, anyPassword), nil).Code }()
	}
	if a, b := <-codes, <-codes; a+b != 200+404 {
		t.Errorf("%d and %d", a, b)
	}
	users, err := u.catalog.Users(t.Context(), catalog.Operator("test"))
	must(t, err)
	if len(users) != 1 {
		t.Errorf("%d users", len(users))
	}
}
