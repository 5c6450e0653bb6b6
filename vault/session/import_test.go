package session_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// A client that was set up anew takes back a cache of this machine; others do
// not, and nothing else is taken for one.
func TestImportOnAClientThatWasNeverUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	copied := filepath.Join(t.TempDir(), "copy.kdbx")
	copyFile(t, st.Cache.Path, copied)
	broken := filepath.Join(t.TempDir(), "broken.kdbx")
	w.must(os.WriteFile(broken, []byte("no cache"), 0o600))
	asked := 0
	imports := func(w *world, path, password string) error {
		return w.s.ImportCache(w.ctx(), path, session.UnlockRequest{Master: func(ctx context.Context, status cache.Status) (vault.Secret, error) {
			if asked++; status.User != user || !status.Tries.Known {
				t.Errorf("asked for the password with %+v", status)
			}
			return ask(password)(ctx, status)
		}})
	}

	elsewhere := newWorld(t)
	w.refused(imports(elsewhere, copied, master), vault.OtherMachine)
	w.refused(imports(elsewhere, broken, master), vault.Damaged)
	missing := filepath.Join(t.TempDir(), "missing.kdbx")
	defer func() {
		if asked != 2 { // with the wrong one, and with the right one
			t.Errorf("the password was asked for %d times", asked)
		}
	}()
	var problem *vault.Problem
	if err := imports(elsewhere, missing, master); !errors.As(err, &problem) || problem.Cause != vault.NotFound ||
		problem.Detail != missing || !errors.Is(err, session.ErrNoFile) {
		t.Errorf("no file: %v", err)
	}

	w.home = t.TempDir()
	w.run()
	w.refused(imports(w, broken, master), vault.Damaged)
	w.refused(imports(w, copied, "wrong"), vault.WrongPassword)
	if st, err := w.s.Status(w.ctx()); err != nil || st.User != "" || st.Cache != nil {
		t.Errorf("after refusals: %+v, %v", st, err)
	}
	w.must(imports(w, copied, master))
	w.mode(session.Disconnected)
	w.run()
	calls := len(w.server.calls)
	w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{User: user, Master: ask(master)}))
	w.find("/Servers/web")
	if len(w.server.calls) != calls {
		t.Error("working offline used the network")
	}
	st, err = w.s.Status(w.ctx())
	w.must(err)
	if st.User != user || st.Server.URL != url || st.Server.Pin != w.server.pin() || st.Server.Kind != session.Tideover || st.Cache.State != cache.Usable {
		t.Errorf("%+v", st)
	}
	// Coming back online, the server is the one of the file, and this machine
	// another device.
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Master: ask(master)})
	w.must(err)
	if !done.Renewed || len(w.server.publicKeys) != 2 {
		t.Errorf("%+v, %d device keys", done, len(w.server.publicKeys))
	}
}

func TestClearAndImport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.refused(w.s.ClearCache(w.ctx()), vault.NoCache)
	w.disconnect()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	saved := t.TempDir() + "/copy.kdbx"
	copyFile(t, st.Cache.Path, saved)
	w.must(w.s.ImportCache(w.ctx(), saved, session.UnlockRequest{Master: ask(master)}))
	w.run()

	w.must(w.s.ClearCache(w.ctx()))
	w.mode(session.Disconnected)
	w.refused(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}), vault.NoCache)
	err = w.s.ImportCache(w.ctx(), saved, session.UnlockRequest{Master: func(context.Context, cache.Status) (vault.Secret, error) {
		t.Error("the password was asked for")
		return vault.Secret{}, nil
	}})
	if err == nil {
		t.Error("a copy of a cleared cache was imported")
	}
	w.refused(w.s.ClearCache(w.ctx()), vault.NoCache)
}

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
