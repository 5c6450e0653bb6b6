package session_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/session"
)

// newEdited returns a world that works offline, with one edit of each kind.
func newEdited(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.edit()
	return w
}

// edit makes one edit of each kind.
func (w *world) edit() {
	w.t.Helper()
	w.must(w.s.Edit(w.ctx(), w.find("/Servers/web"), func(e *vault.Entry) error {
		e.Set(vault.FieldPassword, secret("new"), true)
		e.Tags = nil
		return nil
	}))
	w.must(w.s.Remove(w.ctx(), w.find("/Servers/Old/web")))
	e := &vault.Entry{}
	e.Set(vault.FieldTitle, secret("fresh"), false)
	folder, err := w.list().Folder("/Servers/Old")
	w.must(err)
	_, err = w.s.Add(w.ctx(), folder.ID, e)
	w.must(err)
}

func TestDraftsAreMarkedAndRead(t *testing.T) {
	t.Parallel()
	w := newEdited(t)
	w.run()
	w.unlock()
	for path, want := range map[string]cache.Op{
		"/Servers/web": cache.Edited, "/Servers/Old/web": cache.Removed, "/Servers/Old/fresh": cache.Added, `/a\/b`: "",
	} {
		if got := w.find(path).Edit; got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	e, err := w.s.Reveal(w.ctx(), w.find("/Servers/web").Entry.ID, session.ToShow, "")
	w.must(err)
	if e.Password().Text() != "new" {
		t.Errorf("password %q", e.Password().Text())
	}
	data, err := w.s.Attachment(w.ctx(), w.find("/Servers/web"), "key.pem", "")
	if err != nil || string(data) != "PEM" {
		t.Errorf("an edit lost the attachment: %q, %v", data, err)
	}
	w.refused(w.s.Remove(w.ctx(), w.find("/Servers/Old/web")), vault.NotFound)
	// What was added here and removed again leaves nothing.
	w.must(w.s.Remove(w.ctx(), w.find("/Servers/Old/fresh")))
	if _, err := w.list().Find("/Servers/Old/fresh"); !errors.Is(err, vault.NotFound) {
		t.Errorf("removed: %v", err)
	}
}

// The invariant of Connect: local edits are never dropped unheard, and dropped
// they are (PPS-06, PPS-07).
func TestConnectListsThenDrops(t *testing.T) {
	t.Parallel()
	w := newEdited(t)
	w.run()
	state, asked := w.stateBytes(), len(w.server.calls)
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.refused(err, vault.Unconfirmed)
	want := []session.Draft{
		{Op: cache.Edited, Path: "/Servers/web", Fields: []string{"Password", "tags"}},
		{Op: cache.Removed, Path: "/Servers/Old/web", Fields: []string{}},
		{Op: cache.Added, Path: "/Servers/Old/fresh", Fields: []string{"Title"}},
	}
	for i := range done.Dropped {
		done.Dropped[i].ID = vault.ID{}
	}
	if diff := cmp.Diff(want, done.Dropped); diff != "" {
		t.Error(diff)
	}
	if string(w.stateBytes()) != string(state) || len(w.server.calls) != asked {
		t.Error("a refused Connect changed something")
	}
	w.mode(session.Offline)

	done, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Drop: true})
	w.must(err)
	if len(done.Dropped) != 3 || done.Mode != session.Online {
		t.Errorf("%+v", done)
	}
	if left := w.overlays(); len(left) != 0 {
		t.Errorf("dropped, and still on disk: %v", left)
	}
	for call := range w.server.calls {
		switch call {
		case "update web", "delete", "create fresh":
			t.Errorf("a local edit reached the server: %s", call)
		}
	}
	// Dropped without the master password: the next unlock must not find them.
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
	if i := w.find("/Servers/web"); i.Edit != "" {
		t.Errorf("a dropped edit is back: %s", i.Edit)
	}
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if st.Drafts || st.Cache.OverlayEdits != 0 {
		t.Errorf("%+v", st)
	}
}

// overlays returns the files of edits that are on disk.
func (w *world) overlays() []string {
	w.t.Helper()
	found, err := filepath.Glob(filepath.Join(w.home, "accounts", "*", "overlay.kdbx*"))
	w.must(err)
	return found
}

// Edits that cannot even be listed any more, because the chip was reset, can be
// given up, and only on purpose.
func TestConnectAfterTheChipWasReset(t *testing.T) {
	t.Parallel()
	w := newEdited(t)
	w.machine.Clear()
	w.chip = w.machine.Open(t) // another process meets another root
	w.run()
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.refused(err, vault.Unconfirmed)
	if done.Dropped != nil {
		t.Errorf("%v would be dropped, says a client that cannot know", done.Dropped)
	}
	done, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Drop: true})
	w.must(err)
	if done.Dropped != nil || len(w.overlays()) != 0 {
		t.Errorf("dropped %v, left %v", done.Dropped, w.overlays())
	}
	if len(w.server.publicKeys) != 2 {
		t.Errorf("%d device keys, want a new one for a new chip", len(w.server.publicKeys))
	}
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
	w.unlock()
}

// A process that was killed while it cleared the cache leaves the list of edits
// behind, and not the edits: nobody is asked about those.
func TestEditsOfAKilledClearingAreGone(t *testing.T) {
	t.Parallel()
	w := newEdited(t)
	before := w.stateBytes()
	w.must(w.s.ClearCache(w.ctx()))
	w.must(os.WriteFile(filepath.Join(w.home, "state.json"), before, 0o600))
	w.run()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	drafts, err := w.s.Drafts(w.ctx())
	w.must(err)
	if st.Drafts || len(drafts) != 0 {
		t.Errorf("edits that are gone: %v, %v", st.Drafts, drafts)
	}
	w.signIn()
	terms, err := w.s.CacheTerms(w.ctx())
	w.must(err)
	w.must(terms.Problem)
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
}

func TestEditsOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.policy.OfflineEdits = lease.EditsOff
	w.disconnect()
	w.unlock()
	w.refused(w.s.Remove(w.ctx(), w.find("/Servers/web")), vault.ReadOnly)
}
