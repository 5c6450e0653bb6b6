package session_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/session"
)

// governed is a session with a chip, and a real server over TLS with a listener
// for devices beside it. Time is the test's.
type governed struct {
	*realServer
	chip  *tpm.Chip
	home  string
	s     *session.Session
	ahead atomic.Int64 // of the clock, nanoseconds

	vault, devices net.Listener
	stopVault      func()                        // closes the listener where the vault is
	instead        atomic.Pointer[server.Server] // answers in place of the first server, if it is set
	tamper         func(http.Handler) http.Handler

	news chan session.News
}

func (g *governed) Now() time.Time       { return time.Now().Add(time.Duration(g.ahead.Load())) }
func (g *governed) pass(d time.Duration) { g.ahead.Add(int64(d)) }
func (g *governed) url() string          { return "https://" + g.vault.Addr().String() }
func (g *governed) ctx() context.Context { return g.t.Context() }
func (g *governed) listPath() string     { return filepath.Join(g.dir, server.ListFile) }
func (g *governed) user() vault.ID       { return g.named(user).ID }
func (g *governed) named(n string) catalog.User {
	g.t.Helper()
	u, err := g.catalog.UserByName(g.ctx(), g.op, n)
	g.must(err)
	return u
}

// newGoverned returns a client whose user is signed in, and who may take
// everything offline. tamper, if not nil, stands between the client and both
// listeners.
func newGoverned(t testing.TB, tamper func(http.Handler) http.Handler) *governed {
	t.Helper()
	return newGovernedWith(t, governedOptions{tamper: tamper})
}

// governedOptions is what may be different about a governed client.
type governedOptions struct {
	tamper  func(http.Handler) http.Handler
	chip    *tpm.Chip                          // nil: one of its own
	maker   *tpmtest.Maker                     // of chips, whom the server believes; nil: nobody
	session func(g *governed) *session.Session // nil: g.client
}

func newGovernedWith(t testing.TB, o governedOptions) *governed {
	t.Helper()
	g := &governed{home: t.TempDir(), tamper: o.tamper}
	g.realServer = newRealServer(t, o.maker, g.Now)
	g.vault, g.devices = listen(t), listen(t)
	g.serve()

	if g.chip = o.chip; g.chip == nil {
		g.chip = tpmtest.Start(t).Open(t)
	}
	if o.session == nil {
		o.session = (*governed).client
	}
	g.s = o.session(g)
	g.must(g.s.SignIn(g.ctx(), session.SignInRequest{
		Target: session.Target{URL: g.url(), Pin: g.id.Pin()}, Credentials: session.Credentials{User: user, Password: secret(accountPassword)},
	}))
	return g
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serve answers on both listeners, as another process would.
func (g *governed) serve() {
	g.t.Helper()
	srv, err := server.New(g.ctx(), server.Config{
		Identity: g.id, Catalog: g.catalog, Version: "test", Now: g.Now, ListPath: g.listPath(),
		Governance: "https://" + g.devices.Addr().String(),
	})
	g.must(err)
	config, err := g.id.TLSConfig(time.Now)
	g.must(err)
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	run := func(ctx context.Context, l net.Listener, first http.Handler) {
		h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if other := g.instead.Load(); other != nil {
				other.ServeHTTP(w, r)
				return
			}
			first.ServeHTTP(w, r)
		}))
		if g.tamper != nil {
			h = g.tamper(h)
		}
		all.Go(func() {
			if err := server.Serve(ctx, l, server.Listen{Handler: h, TLS: config}); err != nil {
				g.t.Errorf("serve: %v", err)
			}
		})
	}
	vaultCtx, stopVault := context.WithCancel(ctx)
	run(vaultCtx, g.vault, srv)
	run(ctx, g.devices, srv.Governance())
	all.Go(func() {
		if err := srv.Upkeep(ctx); err != nil {
			g.t.Errorf("upkeep: %v", err)
		}
	})
	g.stopVault = stopVault
	g.t.Cleanup(func() {
		stop()
		all.Wait()
	})
}

// replaceVault lets another server answer from now on.
func (g *governed) replaceVault(srv *server.Server) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Upkeep(ctx) }()
	g.t.Cleanup(func() {
		stop()
		g.must(<-ended)
	})
	g.instead.Store(srv)
}

// client returns another process of the client.
func (g *governed) client() *session.Session {
	s := session.New(session.Config{
		Home: g.home, Chip: g.chip, Keeper: g.chip, Clock: g, Cost: cache.FloorCost(),
		Name: "test", OS: "linux", Version: "0",
		Dial: func(t session.Target) (session.Remote, error) {
			return client.New(client.Config{URL: t.URL, Pin: t.Pin, Kind: t.Kind})
		},
	})
	g.t.Cleanup(s.Close)
	return s
}

// offline makes a cache and opens it.
func (g *governed) offline() session.Status {
	g.t.Helper()
	_, err := g.s.Disconnect(g.ctx(), session.CacheRequest{Master: newMaster(master)})
	g.must(err)
	g.unlock()
	return g.status()
}

func (g *governed) unlock() {
	g.t.Helper()
	g.must(g.s.Unlock(g.ctx(), session.UnlockRequest{Master: ask(master)}))
}

func (g *governed) status() session.Status {
	g.t.Helper()
	st, err := g.s.Status(g.ctx())
	g.must(err)
	return st
}

// govern runs the governance of the session until the test ends, or stop.
func (g *governed) govern() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	g.news = make(chan session.News, 64)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		g.s.Govern(ctx, func(n session.News) { g.news <- n })
	}()
	stop = func() {
		cancel()
		<-ended
	}
	g.t.Cleanup(stop)
	return stop
}

// until waits for a piece of news and returns it, and what came before.
func (g *governed) until(kind session.NewsKind) (session.News, []session.News) {
	g.t.Helper()
	var before []session.News
	for n := range g.news {
		if n.Kind == kind {
			return n, before
		}
		before = append(before, n)
	}
	return session.News{}, before
}

// wiped asserts that nothing is left of the cache.
func (g *governed) wiped(before session.Status, state cache.State) {
	g.t.Helper()
	st := g.status()
	if g.s.Unlocked() || st.Cache == nil || st.Cache.State != state {
		g.t.Errorf("unlocked %t, %+v; want a cache that is %s", g.s.Unlocked(), st.Cache, state)
	}
	for _, name := range []string{"", ".new", ".gov"} {
		if _, err := os.Stat(before.Cache.Path + name); !os.IsNotExist(err) {
			g.t.Errorf("cache.kdbx%s is still there (%v)", name, err)
		}
	}
}

// audited counts the audit's records of an action.
func (g *governed) audited(action string) int {
	g.t.Helper()
	n := 0
	for r, err := range g.catalog.Audit(g.ctx(), g.op, catalog.AuditQuery{}) {
		g.must(err)
		if r.Action == action {
			n++
		}
	}
	return n
}
