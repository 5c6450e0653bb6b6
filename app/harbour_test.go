package app

import (
	"bytes"
	"context"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/servertest"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// harbour is a window at a bad line, with a chip.
type harbour struct {
	*entrance
	line *badLine
	home string
	file string // of the cache
	keys holder
	rule func(name, value string) // makes a rule of the server another
}

// holder is what is plugged in, which the person changes.
type holder struct{ plugged *fidotest.Key }

func (h *holder) Find() ([]fido.Device, error) {
	if h.plugged == nil {
		return nil, nil
	}
	return []fido.Device{h.plugged.Plug()}, nil
}

func newHarbour(t *testing.T) *harbour {
	t.Helper()
	return newHarbourWith(t, session.Config{Chip: tpmtest.Start(t).Open(t)})
}

// newHarbourWith is a harbour on a computer of one's own making, but for the
// server and the security keys.
func newHarbourWith(t *testing.T, computer session.Config) *harbour {
	t.Helper()
	ctx, dir, op := t.Context(), t.TempDir(), catalog.Operator("test")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(servertest.Fill(ctx, dir, servertest.Filling{
		Admin: vault.SecretText(keyWord), User: doorUser, Password: vault.SecretText(doorWord), Content: doorContent(),
	}))
	config, closing, err := servertest.OpenConfig(ctx, dir, "")
	must(err)
	t.Cleanup(func() { must(closing()) })
	c, err := catalog.Open(ctx, config)
	must(err)
	id, err := server.OpenIdentity(dir, time.Now())
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
	h := &harbour{line: l, rule: func(name, value string) {
		t.Helper()
		must(c.Set(ctx, op, name, value))
	}}
	computer.Keys = fido.NewHID(&h.keys)
	computer.Dial = func(to session.Target) (session.Remote, error) {
		return client.New(client.Config{URL: to.URL, Pin: to.Pin, Kind: to.Kind, Limits: limits})
	}
	h.entrance = newEntranceWith(t, computer)
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
