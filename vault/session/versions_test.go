package session_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// Earlier forms are listed without their secrets; one of them is shown on
// request, with a record of that, and made the entry again.
func TestVersions(t *testing.T) {
	t.Parallel()
	places := map[string]func(t *testing.T) *session.Session{
		"tideover": func(t *testing.T) *session.Session { return newOnline(t, session.Tideover).s },
		"offline": func(t *testing.T) *session.Session {
			w := newWorld(t)
			w.disconnect()
			w.unlock()
			return w.s
		},
	}
	for name, start := range places {
		t.Run(name, func(t *testing.T) {
			s, ctx := start(t), t.Context()
			err := s.Edit(ctx, item(t, s, webID), func(e *vault.Entry) error {
				e.Set(vault.FieldPassword, secret("pass third"), true)
				e.Set(vault.FieldUsername, secret("third"), false)
				e.Tags = nil
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			versions, err := s.Versions(ctx, item(t, s, webID))
			if err != nil {
				t.Fatal(err)
			}
			if n, err := s.History(ctx, item(t, s, webID)); n != 2 || err != nil {
				t.Errorf("history of %d, %v", n, err)
			}
			var got []string
			for i, v := range versions {
				if v.Number != i+1 || !v.Entry.Password().IsEmpty() || !v.Entry.Value("PIN").IsEmpty() {
					t.Errorf("version %d shows a secret", v.Number)
				}
				old, err := s.RevealVersion(ctx, v, session.ToShow, "")
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, old.Username()+", "+old.Password().Text())
			}
			if diff := cmp.Diff([]string{"root, pass before", "root, pass web"}, got); diff != "" {
				t.Fatal(diff)
			}
			if err := s.Restore(ctx, item(t, s, webID), versions[1]); err != nil {
				t.Fatal(err)
			}
			e := revealed(t, s, webID)
			if e.Password().Text() != "pass web" || e.Username() != "root" || e.Value("PIN").Text() != "4711" || len(e.Tags) != 1 || len(e.Attachments) != 1 {
				t.Errorf("restored: %s, %s, %v, %d files", e.Password().Text(), e.Username(), e.Tags, len(e.Attachments))
			}
			gone := session.Version{Number: 7, Entry: &vault.Entry{ID: webID}}
			if _, err := s.RevealVersion(ctx, gone, session.ToShow, ""); !errors.Is(err, vault.NotFound) {
				t.Errorf("a version that is not there: %v", err)
			}
		})
	}
}

// The policy for working offline holds for earlier forms as well, and the
// journal says which one was shown.
func TestVersionsAreJournalled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.policy.Copy = false
	w.disconnect()
	w.unlock()
	versions, err := w.s.Versions(w.ctx(), w.find("/Servers/web"))
	w.must(err)
	_, err = w.s.RevealVersion(w.ctx(), versions[0], session.ToCopy, "")
	w.refused(err, vault.NotPermitted)
	_, err = w.s.RevealVersion(w.ctx(), versions[0], session.ToShow, "")
	w.must(err)
	w.must(w.s.LockEverywhere(w.ctx()))
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	last := w.server.journal[len(w.server.journal)-1]
	if last.Type != "reveal" || last.Entry != webID || last.Detail != "version 1" {
		t.Errorf("%+v", last)
	}
}

// Online the tree has no history: the number comes with the entry. It is the
// one that the cache has.
func TestHistoryIsTheSameOnAndOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	online, err := w.s.History(w.ctx(), w.find("/Servers/web"))
	w.must(err)
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
	w.unlock()
	offline, err := w.s.History(w.ctx(), w.find("/Servers/web"))
	w.must(err)
	if online != 1 || offline != 1 {
		t.Errorf("%d online, %d offline, want 1", online, offline)
	}
}
