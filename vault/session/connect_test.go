package session_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, raw, 0o600); err != nil {
		t.Fatal(err)
	}
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
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.edit()
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
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.edit()
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

func TestConnectRenewsTheCache(t *testing.T) {
	w := newWorld(t)
	w.disconnect()
	w.run()
	// A slip of the finger must not become the next master password.
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Master: ask(master + "r")})
	w.refused(err, vault.WrongPassword)
	w.mode(session.Offline)

	w.clock.now = w.clock.now.Add(24 * time.Hour)
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Master: ask(master)})
	w.must(err)
	if !done.Renewed {
		t.Error("not renewed")
	}
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if st.Cache.Generation != 2 || !st.Cache.Created.Equal(w.clock.now) || st.Mode != session.Online {
		t.Errorf("%s, cache %+v", st.Mode, st.Cache)
	}
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
}

// With the flag an open cache is renewed without its password, and a locked one
// stays.
func TestConnectWithTheFlag(t *testing.T) {
	for name, open := range map[string]bool{"open": true, "locked": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.refused(w.s.SetAutoCache(w.ctx(), true), vault.NotSignedIn)
			w.disconnect()
			w.must(w.s.SetAutoCache(w.ctx(), true))
			if open {
				w.unlock()
			}
			done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
			w.must(err)
			if done.Renewed != open || done.Mode != session.Online {
				t.Errorf("%+v", done)
			}
			w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
		})
	}
}

func TestConnectRefusals(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.refused(err, vault.NotSignedIn)
	w.disconnect()
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{})
	w.refused(err, vault.NotSignedIn) // Disconnect deleted the token
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret("wrong")})
	w.refused(err, vault.WrongCredentials)
	w.server.down.Store(true)
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.refused(err, vault.Unreachable)
	w.mode(session.Offline)
}

// Going offline keeps the session, so that Go Online asks for nothing; a token
// that has ended is none.
func TestGoOfflineKeepsTheSession(t *testing.T) {
	w := newWorld(t)
	w.disconnect()
	w.server.expires = w.clock.now.Add(time.Hour)
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	w.refused(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask("wrong")}), vault.WrongPassword)
	w.mode(session.Online) // a wrong password leaves it
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
	w.mode(session.Offline)
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{})
	w.must(err)
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
	w.clock.now = w.clock.now.Add(2 * time.Hour)
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{})
	w.refused(err, vault.NotSignedIn)
	w.must(w.s.SignOut(w.ctx()))
	w.mode(session.Offline) // sticky
}

func TestSignIn(t *testing.T) {
	w := newWorld(t)
	sign := func(target session.Target, name, password, otp string) error {
		return w.s.SignIn(w.ctx(), session.SignInRequest{
			Target: target, Credentials: session.Credentials{User: name, Password: secret(password), OTP: secret(otp)},
		})
	}
	unknown := session.Target{URL: url}
	w.refused(sign(unknown, user, account, ""), vault.IdentityUnknown)
	w.refused(w.s.Meet(w.ctx(), unknown), vault.IdentityUnknown)
	if w.server.calls["sign in"] != 0 {
		t.Fatal("a password went to a server that nobody knows")
	}
	w.refused(sign(w.server.target(), user, "wrong", ""), vault.WrongCredentials)
	w.server.otp = "123456"
	w.refused(sign(w.server.target(), user, account, ""), vault.SecondFactor)
	w.refused(sign(w.server.target(), user, account, "000000"), vault.WrongCredentials)
	w.mode(session.Disconnected)
	w.must(sign(session.Target{URL: url + "/", Pin: w.server.pin()}, user, account, "123456"))
	w.mode(session.Online)
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if !st.SignedIn || st.User != user || st.Server.Pin != w.server.pin() || st.Server.URL != url || st.Device.State != "approved" {
		t.Errorf("%+v", st)
	}

	w.server.otp = ""
	w.run()
	w.list()                                                        // the token was kept
	w.must(sign(unknown, "carol", w.server.passwords["carol"], "")) // pinned: no flag is needed
	if st, err = w.s.Status(w.ctx()); err != nil || st.User != "carol" {
		t.Errorf("%+v, %v", st, err)
	}
	w.must(w.s.SignOut(w.ctx()))
	w.mode(session.Disconnected)
	_, err = w.s.List(w.ctx())
	w.refused(err, vault.NotSignedIn)
}

// What a server was at the first sign-in it must stay: a server that does not
// govern, or has another key, is another server.
func TestServerIsPinned(t *testing.T) {
	w := newWorld(t)
	w.disconnect()
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	signIns := w.server.calls["sign in"]
	again := func() error {
		return w.s.SignIn(w.ctx(), session.SignInRequest{
			Target: session.Target{URL: url}, Credentials: session.Credentials{User: user, Password: secret(account)},
		})
	}
	w.server.kind = session.Pleasant
	w.refused(again(), vault.IdentityChanged)
	w.server.kind = session.Tideover
	old := w.server.root
	w.server.root = newKey(t)
	w.refused(again(), vault.IdentityChanged)
	// Not even with the new pin, as long as the old server's cache is there.
	w.refused(w.s.Meet(w.ctx(), w.server.target()), vault.IdentityChanged)
	if w.server.calls["sign in"] != signIns {
		t.Error("a password went to another server")
	}
	w.server.root = old
	w.must(again())
}

func TestNoPlaceForSecrets(t *testing.T) {
	w := newWorld(t)
	for _, noChip := range []bool{true, false} {
		s := session.New(session.Config{
			Home: w.home, Clock: w.clock, NoChip: noChip,
			Dial: func(session.Target) (session.Remote, error) { return w.server, nil },
		})
		err := s.SignIn(context.Background(), session.SignInRequest{
			Target: w.server.target(), Credentials: session.Credentials{User: user, Password: secret(account)},
		})
		want := vault.ChipMissing // which is there, and cannot be used now
		if noChip {
			want = vault.NoSecretStore
		}
		w.refused(err, want)
	}
	if len(w.server.calls) != 0 {
		t.Error("the server was asked")
	}
}

func TestOnlineEditsGoToTheServer(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	w.must(w.s.Edit(w.ctx(), w.find("/Servers/web"), func(e *vault.Entry) error {
		e.Set(vault.FieldTitle, secret("www"), false)
		return nil
	}))
	w.must(w.s.Remove(w.ctx(), w.find("/Servers/web")))
	e := &vault.Entry{}
	e.Set(vault.FieldTitle, secret("fresh"), false)
	_, err := w.s.Add(w.ctx(), w.list().Root.ID, e)
	w.must(err)
	for _, call := range []string{"update www", "delete", "create fresh"} {
		if w.server.calls[call] != 1 {
			t.Errorf("%s: %d", call, w.server.calls[call])
		}
	}
	if w.server.calls["reveal"] != 0 {
		t.Error("an edit revealed the entry")
	}
}

func TestFind(t *testing.T) {
	w := newWorld(t)
	w.signIn()
	l := w.list()
	for ref, want := range map[string]vault.Cause{
		"/Servers/nothing": vault.NotFound, "/nothing/web": vault.NotFound, "/": vault.NotFound,
		vault.NewID().String(): vault.NotFound, `/a\b`: vault.Usage,
	} {
		if _, err := l.Find(ref); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %s", ref, err, want)
		}
	}
	web, err := l.Find("Servers/web")
	w.must(err)
	if byID, err := l.Find(web.Entry.ID.String()); err != nil || byID.Entry.ID != web.Entry.ID {
		t.Errorf("by id: %v", err)
	}
	if f, err := l.Folder("/Servers"); err != nil || f.Count() != 4 {
		t.Errorf("folder: %v", err)
	}
	_, err = l.Find("/Servers/Old/twin")
	w.refused(err, vault.Ambiguous)
	var p *vault.Problem
	if !errors.As(err, &p) || len(p.IDs) != 2 {
		t.Fatalf("%v names no ids", err)
	}
	for _, id := range p.IDs {
		if i, err := l.Find(id.String()); err != nil || i.Entry.ID != id {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// What tells the session of the computer's life: rows of the table, with the
// effects of a real cache.
func TestHappened(t *testing.T) {
	w := newWorld(t)
	happened := func(e session.Event, server bool, want session.Mode) {
		t.Helper()
		if got, err := w.s.Happened(w.ctx(), e, server); got != want || err != nil {
			t.Errorf("%s, server %v: %s, %v; want %s", e, server, got, err, want)
		}
		w.run()
		w.mode(want)
	}
	w.signIn()
	happened(session.Resume, true, session.Online)
	happened(session.Restart, true, session.Disconnected)
	w.disconnect()
	happened(session.Shutdown, true, session.Offline)
	happened(session.ConnectionRegained, true, session.Offline)
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	happened(session.Logoff, true, session.Online)
	happened(session.ConnectionLost, false, session.Offline)
}

// A server that has forgotten the device gets to know it again, as the same one.
func TestForgottenDeviceIsEnrolledAgain(t *testing.T) {
	w := newWorld(t)
	w.disconnect()
	w.server.forgot = true
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	if n := w.server.calls["register"]; n < 3 {
		t.Errorf("registered %d times", n)
	}
	if len(w.server.publicKeys) != 1 {
		t.Errorf("%d device keys", len(w.server.publicKeys))
	}
}

// An alarm about the journal is told, and never keeps anybody offline.
func TestRefusedJournalDoesNotBlockConnect(t *testing.T) {
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.server.refusesJournal = true
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	w.refused(done.Journal, vault.Damaged)
	w.mode(session.Online)
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if st.Cache.JournalEvents == 0 {
		t.Error("the journal was thrown away")
	}
	w.server.refusesJournal = false
	done, err = w.s.Connect(w.ctx(), session.ConnectRequest{})
	w.must(err)
	if done.Journal != nil || len(w.server.journal) == 0 {
		t.Errorf("%v, %d events", done.Journal, len(w.server.journal))
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
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.edit()
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
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.edit()
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
