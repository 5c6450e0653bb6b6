package app

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// badLine is a real server on the network, one of whose routes is answered by a
// lie.
type badLine struct {
	url    string
	server http.Handler
	hangs  chan struct{} // told of each request that does

	mu    sync.Mutex
	route string // end of the path; empty: it is honest
	lie   lie
	heard int    // requests
	lease []byte // last line of the last stream
}

// lie answers in place of an honest server.
type lie func(l *badLine, w http.ResponseWriter, r *http.Request)

func (l *badLine) set(route string, as lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.route, l.lie, l.heard = route, as, 0
}

func (l *badLine) requests() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heard
}

func (l *badLine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	route, as := l.route, l.lie
	l.heard++
	l.mu.Unlock()
	if route != "" && strings.HasSuffix(r.URL.Path, route) {
		as(l, w, r)
		return
	}
	l.server.ServeHTTP(w, r)
}

// honest returns what the server itself says.
func (l *badLine) honest(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	l.server.ServeHTTP(w, r)
	return w
}

// pass writes what the server said with another body.
func pass(w http.ResponseWriter, said *httptest.ResponseRecorder, body []byte) {
	w.Header().Set("Content-Type", said.Header().Get("Content-Type"))
	w.WriteHeader(said.Code)
	_, _ = w.Write(body) // who went away reads no more
}

// The lies.
var (
	hang lie = func(l *badLine, _ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // or nobody sees that the client goes away
		l.hangs <- struct{}{}
		<-r.Context().Done()
	}
	hangUp lie = func(*badLine, http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	cut    lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
		said := l.honest(r)
		w.Header().Set("Content-Length", strconv.Itoa(said.Body.Len()))
		pass(w, said, said.Body.Bytes()[:said.Body.Len()/2])
		panic(http.ErrAbortHandler)
	}
	half lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
		said := l.honest(r)
		pass(w, said, said.Body.Bytes()[:said.Body.Len()/2])
	}
	page lie = func(_ *badLine, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "<html>Internal error of the proxy</html>")
	}
	noJSON lie = func(_ *badLine, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "<html>Welcome to the hotel</html>")
	}
	noEnd lie = func(_ *badLine, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		endless(w, r)
	}
	noLease lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
		said := l.honest(r)
		pass(w, said, withoutLast(said.Body.Bytes()))
	}
	otherContent lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
		said := l.honest(r)
		pass(w, said, bytes.Replace(said.Body.Bytes(), []byte("Mail gateway"), []byte("Mail gatewaz"), 1))
	}
	otherLease lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
		said := l.honest(r)
		l.mu.Lock()
		defer l.mu.Unlock()
		pass(w, said, append(withoutLast(said.Body.Bytes()), l.lease...))
	}
)

func withoutLast(lines []byte) []byte {
	lines = bytes.TrimRight(lines, "\n")
	return lines[:bytes.LastIndexByte(lines, '\n')+1]
}

// keepLease is no lie: it keeps the lease for one.
var keepLease lie = func(l *badLine, w http.ResponseWriter, r *http.Request) {
	said := l.honest(r)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lease = bytes.Clone(said.Body.Bytes()[len(withoutLast(said.Body.Bytes())):])
	pass(w, said, said.Body.Bytes())
}

const (
	toServer = "/server"
	toToken  = wire.TokenPath
	toMe     = "/me"
	toCache  = "/cache"
	toTree   = "/tree"
)

// harbour is a window at a bad line, with a chip.
type harbour struct {
	*entrance
	line *badLine
	home string
	file string // of the cache
}

func newHarbour(t *testing.T) *harbour {
	t.Helper()
	ctx, dir, op := t.Context(), t.TempDir(), catalog.Operator("test")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	db, err := sqlstore.Open(ctx, filepath.Join(dir, "test.db"))
	must(err)
	t.Cleanup(func() { must(db.Close()) })
	kek, err := keyring.CreateFile(filepath.Join(dir, "kek"))
	must(err)
	keys, err := keyring.Open(ctx, keyring.Config{Store: db, KEK: kek})
	must(err)
	config := catalog.Config{Store: db, Keys: keys}
	must(catalog.Init(ctx, config, catalog.Setup{Admin: "admin", Password: vault.SecretText(keyWord)}))
	c, err := catalog.Open(ctx, config)
	must(err)
	id, err := server.CreateIdentity(dir, time.Now())
	must(err)
	must(server.MakeKeys(ctx, id, c))
	_, err = c.Import(ctx, op, "/", doorContent())
	must(err)
	_, err = c.AddUser(ctx, op, catalog.NewUser{Name: doorUser, Password: vault.SecretText(doorWord)})
	must(err)
	_, err = c.AddGrant(ctx, op, catalog.NewGrant{
		Node: catalog.Node{Kind: catalog.FolderNode, ID: c.Root()}, User: doorUser, Level: "Full + Offline",
	})
	must(err)
	must(c.Set(ctx, op, "allow_virtual", "on"))
	l := &badLine{hangs: make(chan struct{}, 8)}
	l.server, err = server.New(ctx, server.Config{Identity: id, Catalog: c, Version: "test"})
	must(err)
	web := httptest.NewServer(l)
	t.Cleanup(web.Close)
	l.url = web.URL

	limits := wire.DefaultLimits()
	limits.Bytes = 1 << 20
	h := &harbour{line: l}
	h.entrance = newEntranceAt(t, tpmtest.Start(t).Open(t), func(to session.Target) (session.Remote, error) {
		return client.New(client.Config{URL: to.URL, Pin: to.Pin, Kind: to.Kind, Limits: limits})
	})
	h.home = h.cfg.Home
	return h
}

// arrive signs in by the login.
func (h *harbour) arrive() {
	h.t.Helper()
	h.login.signIn(screen.LoginForm{Server: h.line.url, User: doorUser, Password: []byte(doorWord)})
}

// offline makes a cache without the window, and opens it.
func (h *harbour) offline() {
	h.t.Helper()
	h.line.set(toCache, keepLease)
	_, err := h.session.Disconnect(h.t.Context(), session.CacheRequest{
		Master: func(context.Context, policy.MasterRules) (vault.Secret, error) { return vault.SecretText(keyWord), nil },
	})
	if err != nil {
		h.t.Fatal(err)
	}
	h.line.set("", nil)
	h.open()
	st, err := h.session.Status(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	h.file = st.Cache.Path
}

// open opens the cache with the password that it was made with.
func (h *harbour) open() {
	h.t.Helper()
	h.session.Lock()
	err := h.session.Unlock(h.t.Context(), session.UnlockRequest{Master: func(context.Context, cache.Status) (vault.Secret, error) {
		return vault.SecretText(keyWord), nil
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.enter()
	h.rest()
}

// online brings the window back without its dialogs.
func (h *harbour) online() {
	h.t.Helper()
	h.line.set("", nil)
	h.dialogs.CloseAll()
	r := session.ConnectRequest{Drop: true}
	if !h.status.SignedIn {
		r.Password = vault.SecretText(doorWord)
	}
	if _, err := h.session.Connect(h.t.Context(), r); err != nil {
		h.t.Fatal(err)
	}
	h.enter()
	h.rest()
	h.isAt(h.main, session.Online)
}

// rest waits until nothing is under way.
func (h *harbour) rest() {
	h.t.Helper()
	h.until(func() bool {
		p := h.main
		return !h.reading && !h.login.task.running() && !p.loading.running() && !p.finding.running() && !p.describing.running() && h.busy == 0
	})
}

// hangs paints until the server hangs.
func (h *harbour) hangs() {
	h.t.Helper()
	for {
		select {
		case paint := <-h.q:
			paint()
		case <-h.line.hangs:
			return
		}
	}
}

// bytes are those of the cache.
func (h *harbour) bytes() []byte {
	h.t.Helper()
	raw, err := os.ReadFile(h.file)
	if err != nil {
		h.t.Fatal(err)
	}
	return raw
}

// clean checks that nothing secret is left, on the screen or on the disk.
func (h *harbour) clean() {
	h.t.Helper()
	secrets := []string{keyWord, doorWord, "tide-secret"}
	for _, text := range secrets {
		if strings.Contains(h.reads()+h.front(), text) {
			h.t.Errorf("%q is on the screen", text)
		}
	}
	if !h.login.password.IsEmpty() {
		h.t.Error("the password is held")
	}
	err := filepath.WalkDir(filepath.Dir(h.home), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if strings.HasSuffix(path, ".new") {
			h.t.Errorf("%s is left", path)
		}
		raw, err := os.ReadFile(path)
		for _, text := range secrets {
			if bytes.Contains(raw, []byte(text)) {
				h.t.Errorf("%q is in %s", text, path)
			}
		}
		return err
	})
	if err != nil {
		h.t.Error(err)
	}
}

// says checks that a person reads what a cause means, and the words of a key,
// which say the way out.
func (h *harbour) says(where string, c vault.Cause, remedy string) {
	h.t.Helper()
	message, _, _ := strings.Cut(h.words.Failure(c).Message, ".") // what is in brackets follows
	for _, text := range []string{message, h.words.Text(remedy, nil)} {
		if !strings.Contains(where, text) {
			h.t.Errorf("%q is not in %q", text, where)
		}
	}
}

// remedy is the key of the way out of a cause.
func remedy(c vault.Cause) string { return "cause." + string(c) + ".remedy" }

type bad struct {
	name  string
	route string
	lie   lie
	cause vault.Cause
}

// Whatever the server does in the middle of a command, the window goes on, the
// wait can be ended, the person reads what happened and what to do, and nothing
// is lost or left behind.
func TestBadLine(t *testing.T) {
	h := newHarbour(t)
	t.Run("sign in", h.signsIn)
	h.arrive()
	h.settle()
	h.rest()
	h.isAt(h.main, session.Online)
	t.Run("refresh", h.refreshes)
	h.offline()
	t.Run("connect", h.connects)
	t.Run("disconnect", h.disconnects)
	t.Run("import", h.imports)
	h.online()
	t.Run("clear", h.clears)
}

// run lets each row happen at a server that lies in its way.
func (h *harbour) run(t *testing.T, rows []bad, row func(bad)) {
	before := h.t
	defer func() { h.t = before }()
	for _, b := range rows {
		t.Run(b.name+" at "+strings.Trim(b.route, "/"), func(t *testing.T) {
			h.t = t
			h.line.set(b.route, b.lie)
			row(b)
			h.clean()
		})
	}
}

// What is wrong with the server at the sign-in lets nobody in.
func (h *harbour) signsIn(t *testing.T) {
	h.run(t, []bad{
		{"gone", toServer, hangUp, vault.Unreachable},
		{"cut", toServer, cut, vault.Unreachable},
		{"page", toServer, page, vault.BadAnswer},
		{"no end", toServer, noEnd, vault.Hostile},
		{"gone", toToken, hangUp, vault.Unreachable},
		{"cut", toToken, cut, vault.Unreachable},
		{"page", toToken, page, vault.BadAnswer},
		{"no JSON", toToken, noJSON, vault.BadAnswer},
		{"no end", toToken, noEnd, vault.Hostile},
		{"half", toMe, half, vault.BadAnswer},
		{"page", "/devices", page, vault.BadAnswer},
		{"slow", toServer, hang, ""},
		{"slow", toToken, hang, ""},
		{"slow", toMe, hang, ""},
	}, func(b bad) {
		h.arrive()
		if b.cause == "" {
			h.hangs()
			h.login.cancel()
		}
		h.settle()
		if b.cause == "" {
			h.want(h.words.Text("login.cancelled", nil))
		} else {
			way := remedy(b.cause)
			if b.cause == vault.Unreachable {
				way = "login.unreachable.remedy" // there is no cache to work with
			}
			h.says(h.reads(), b.cause, way)
		}
		h.isAt(h.login, session.Disconnected)
		if h.status.SignedIn {
			h.t.Error("signed in")
		}
	})
	h.line.set("", nil)
}

// A list that does not come costs the session at most.
func (h *harbour) refreshes(t *testing.T) {
	h.run(t, []bad{
		{"gone", toTree, hangUp, vault.Unreachable},
		{"cut", toTree, cut, vault.Unreachable},
		{"half", toTree, half, vault.BadAnswer},
		{"page", toTree, page, vault.BadAnswer},
		{"no JSON", toTree, noJSON, vault.BadAnswer},
		{"no end", toTree, noEnd, vault.Hostile},
		{"slow", toTree, hang, ""},
	}, func(b bad) {
		h.do(present.CmdReload, "")
		if b.cause == "" {
			h.hangs()
			h.line.set("", nil)
			h.do(present.CmdReload, "") // another one takes its place
			h.rest()
		} else {
			h.rest()
			h.says(h.reads(), b.cause, remedy(b.cause))
		}
		h.line.set("", nil)
		if h.here != place(h.main) {
			h.arrive()
			h.rest()
		}
		h.isAt(h.main, session.Online)
	})
}
