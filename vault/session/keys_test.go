package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/session"
)

// holder is the person at the security keys, and what is plugged in.
type holder struct {
	plugged *fidotest.Key // nil: nothing
	next    *fidotest.Key // that is plugged in when a new one is asked for
	pin     string
	touches int
	onTouch func()
}

func (h *holder) Find() ([]fido.Device, error) {
	if h.plugged == nil {
		return nil, nil
	}
	return []fido.Device{h.plugged.Plug()}, nil
}

func (h *holder) PIN(context.Context, fido.Tries) (vault.Secret, error) { return secret(h.pin), nil }

func (h *holder) Touch() {
	h.touches++
	if h.onTouch != nil {
		h.onTouch()
	}
}

func (h *holder) NewKey(context.Context) error {
	h.plugged = h.next
	return nil
}

// withKeys is newWorld at whose computer somebody has security keys.
func withKeys(t *testing.T) (*world, *holder) {
	t.Helper()
	h := &holder{plugged: fidotest.New(fidotest.Options{})}
	w := &world{}
	*w = *newWorld(t)
	w.keys = fido.NewHID(h)
	w.server.policy.SecurityKey = lease.KeyAllowed
	w.run()
	return w, h
}

func (w *world) cacheWith(r session.KeyRequest) error {
	_, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master), Key: r})
	return err
}

func (w *world) open(h *holder) error {
	w.s.Lock()
	return w.s.Unlock(w.ctx(), session.UnlockRequest{Master: ask(master), Asker: h})
}

// online comes back without renewing the cache.
func (w *world) online() {
	w.t.Helper()
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
}

func (w *world) keyNames(want ...string) {
	w.t.Helper()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if st.Cache == nil || !cmp.Equal(st.Cache.Keys, append([]string{}, want...)) {
		w.t.Fatalf("keys: %+v, want %q", st.Cache, want)
	}
}

// keysAdded checks when the keys of the cache were added: whatever generations
// were made since.
func (w *world) keysAdded(want ...time.Time) {
	w.t.Helper()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	var got []time.Time
	for _, k := range st.Keys {
		got = append(got, k.Added)
	}
	if !slices.EqualFunc(got, want, func(a, b time.Time) bool { return a.Equal(b.Truncate(time.Second)) }) {
		w.t.Errorf("keys %+v, want those of %v", st.Keys, want)
	}
}

func TestKeyOfTheCache(t *testing.T) {
	t.Parallel()
	w, h := withKeys(t)
	w.signIn()
	began := w.clock.now
	w.must(w.cacheWith(session.KeyRequest{Wish: session.KeyNew, Name: "blue", Asker: h}))
	w.keyNames("blue")
	blue := h.plugged
	h.plugged = nil
	w.refused(w.open(h), vault.KeyMissing)
	if w.s.Unlocked() {
		t.Fatal("open without the key")
	}
	h.plugged = blue
	w.must(w.open(h))
	w.refused(func() error {
		_, err := w.s.AddKey(w.ctx(), session.KeyChange{Master: ask(master), Asker: h})
		return err
	}(), vault.SomeoneOffline)

	// Online the next cache keeps the key, by the lease's word: nobody is asked.
	w.online()
	h.plugged, h.touches = nil, 0
	terms, err := w.s.CacheTerms(w.ctx())
	w.must(err)
	if !cmp.Equal(terms.Keys, []string{"blue"}) || terms.SecurityKey != lease.KeyAllowed || terms.NewKey() || terms.Problem != nil {
		t.Errorf("terms: %+v", terms)
	}
	w.must(w.cacheWith(session.KeyRequest{Asker: h}))
	w.keyNames("blue")
	h.plugged = blue
	w.must(w.open(h))

	// And a renewal while connecting keeps it, with the key that opened it.
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Master: ask(master), Key: session.KeyRequest{Asker: h}})
	w.must(err)
	w.keyNames("blue")

	// A second one, and the first is lost.
	h.next = fidotest.New(fidotest.Options{PIN: "1234", PINToMake: true, Permissions: true})
	h.pin = "1234"
	_, err = w.s.AddKey(w.ctx(), session.KeyChange{Name: "blue", Master: ask(master), Asker: h})
	w.refused(err, vault.Usage)
	h.plugged = blue
	w.clock.now = w.clock.now.Add(time.Minute)
	later := w.clock.now
	made, err := w.s.AddKey(w.ctx(), session.KeyChange{Master: ask(master), Asker: h})
	w.must(err)
	w.keyNames("blue", "key 2")
	w.keysAdded(began, later)
	if made.Mode != session.Online || w.s.Unlocked() {
		t.Errorf("mode %s, unlocked %v", made.Mode, w.s.Unlocked())
	}
	_, err = w.s.RemoveKey(w.ctx(), session.KeyChange{Name: "green", Master: ask(master), Asker: h})
	w.refused(err, vault.NotFound)
	w.keyNames("blue", "key 2")
	_, err = w.s.RemoveKey(w.ctx(), session.KeyChange{Name: "blue", Master: ask(master), Asker: h})
	w.must(err)
	w.keyNames("key 2")
	w.keysAdded(later)
	w.must(w.open(h))
	h.plugged = blue
	w.refused(w.open(h), vault.KeyUnknown)

	// And none at all.
	w.must(w.cacheWith(session.KeyRequest{Wish: session.KeysNone}))
	w.keyNames()
	w.must(w.open(nil))
}

func TestKeyThatIsRequired(t *testing.T) {
	t.Parallel()
	w, h := withKeys(t)
	w.signIn()
	w.must(w.cacheWith(session.KeyRequest{}))
	w.online()
	w.server.policy.SecurityKey = lease.KeyRequired
	terms, err := w.s.CacheTerms(w.ctx())
	w.must(err)
	if !terms.NewKey() || terms.Problem != nil {
		t.Errorf("terms: %+v", terms)
	}
	key := h.plugged
	for want, r := range map[vault.Cause]session.KeyRequest{
		vault.KeyRequired: {Wish: session.KeysNone},
		vault.KeyMissing:  {Asker: h},
	} {
		h.plugged = nil
		w.refused(w.cacheWith(r), want)
	}
	w.refused(w.cacheWith(session.KeyRequest{}), vault.KeyRequired) // nobody is there
	before, err := w.s.Status(w.ctx())
	w.must(err)
	// Giving up at the key loses nothing.
	slow := fidotest.New(fidotest.Options{Untouched: true})
	ctx, cancel := context.WithCancel(w.ctx())
	h.plugged, h.onTouch = slow, cancel
	if _, err := w.s.Disconnect(ctx, session.CacheRequest{Master: newMaster(master), Key: session.KeyRequest{Asker: h}}); ctx.Err() == nil || err == nil {
		t.Fatalf("given up: %v", err)
	}
	h.onTouch = nil
	after, err := w.s.Status(w.ctx())
	w.must(err)
	if after.Mode != session.Online || after.Cache == nil || after.Cache.Generation != before.Cache.Generation || after.Cache.State != cache.Usable {
		t.Fatalf("after giving up: %+v, %+v", after, after.Cache)
	}
	h.plugged = key
	w.must(w.cacheWith(session.KeyRequest{Asker: h}))
	w.keyNames("key 1")
	w.must(w.open(h))
	w.online()
	_, err = w.s.RemoveKey(w.ctx(), session.KeyChange{Name: "key 1", Master: ask(master), Asker: h})
	w.refused(err, vault.KeyRequired)
	if problem := new(vault.Problem); !errors.Is(err, session.ErrLastKey) || !errors.As(err, &problem) || problem.Detail != "key 1" {
		t.Errorf("the last key removed: %v", err)
	}
	w.keyNames("key 1")
}

func TestKeysThatAreNotHad(t *testing.T) {
	t.Parallel()
	w := newWorld(t) // no way to keys, no keys by policy
	h := &holder{plugged: fidotest.New(fidotest.Options{})}
	w.signIn()
	w.refused(w.cacheWith(session.KeyRequest{Wish: session.KeyNew, Asker: h}), vault.NotPermitted)
	w.server.policy.SecurityKey = lease.KeyRequired
	terms, err := w.s.CacheTerms(w.ctx())
	w.must(err)
	w.refused(terms.Problem, vault.Unsupported)
	w.refused(w.cacheWith(session.KeyRequest{Asker: h}), vault.Unsupported)
}

// Edits that nobody has listed are in the way of a new generation, whatever it is
// made for.
func TestKeysDropNoEdits(t *testing.T) {
	t.Parallel()
	w, h := withKeys(t)
	w.disconnect()
	w.unlock()
	w.edit()
	w.clock.now = w.clock.now.Add(8 * 24 * time.Hour) // the cache ends; whoever is there signs in
	w.signIn()
	_, err := w.s.AddKey(w.ctx(), session.KeyChange{Name: "blue", Master: ask(master), Asker: h})
	w.refused(err, vault.Unconfirmed)
	if len(w.overlays()) == 0 {
		t.Error("the edits are gone")
	}
}
