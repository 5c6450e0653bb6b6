package session_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// An end that reaches the client while the file is elsewhere is for the file
// as well: put back, it opens no more.
func TestEndWithTheFileMovedAway(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		end  func(w *world)
		want vault.Cause
	}{
		{"cleared", func(w *world) { w.must(w.s.ClearCache(w.ctx())) }, vault.Wiped},
		{"revoked", func(w *world) {
			w.server.device.State = wire.DeviceRevoked
			_, err := w.s.Check(w.ctx())
			w.must(err)
		}, vault.Revoked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.disconnect()
			st, err := w.s.Status(w.ctx())
			w.must(err)
			path, away := st.Cache.Path, filepath.Join(t.TempDir(), "away.kdbx")
			w.must(os.Rename(path, away))
			tt.end(w)
			copyFile(t, away, path)
			w.refused(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}), tt.want)
			if st, err = w.s.Status(w.ctx()); err != nil || st.Cache != nil && st.Cache.State == cache.Usable {
				t.Errorf("%+v, %v", st.Cache, err)
			}
		})
	}
}
