package session_test

import (
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// After the password of the account has changed the cache opens with the master
// password that it was made with, in its place and as a file that is imported, and
// with no other; the server wants the new one of the account.
func TestAccountPasswordChanged(t *testing.T) {
	t.Parallel()
	const changed = "another account password 9"
	w := newWorld(t)
	w.disconnect()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	copied := filepath.Join(t.TempDir(), "copy.kdbx")
	copyFile(t, st.Cache.Path, copied)
	w.server.passwords[user], w.server.token = changed, "ended"
	w.run()

	w.refused(w.s.Unlock(w.ctx(), session.UnlockRequest{Master: ask(changed)}), vault.WrongPassword)
	w.refused(w.s.Unlock(w.ctx(), session.UnlockRequest{Master: ask(account)}), vault.WrongPassword)
	w.unlock()
	w.refused(w.s.ImportCache(w.ctx(), copied, session.UnlockRequest{Master: ask(changed)}), vault.WrongPassword)
	w.must(w.s.ImportCache(w.ctx(), copied, session.UnlockRequest{Master: ask(master)}))
	w.list()

	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.refused(err, vault.WrongCredentials)
	_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(changed), Master: ask(master)})
	w.must(err)
	w.mode(session.Online)
}
