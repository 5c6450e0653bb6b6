package app

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// A new cache that does not come leaves the earlier one, which opens; what was
// wrong with the server is told.
func (h *harbour) disconnects(t *testing.T) {
	const making = true
	stage := map[string]bool{toCache: making}
	h.run(t, []bad{
		{"gone", toServer, hangUp, vault.Unreachable},
		{"page", toServer, page, vault.BadAnswer},
		{"half", toMe, half, vault.BadAnswer},
		{"no end", toMe, noEnd, vault.Hostile},
		{"slow", toServer, hang, ""},
		{"slow", toMe, hang, ""},
		{"gone", toCache, hangUp, vault.Unreachable},
		{"cut", toCache, cut, vault.Unreachable},
		{"page", toCache, page, vault.BadAnswer},
		{"no end", toCache, noEnd, vault.Hostile},
		{"no lease", toCache, noLease, vault.BadAnswer},
		{"another content", toCache, otherContent, vault.BadAnswer},
		{"another lease", toCache, otherLease, vault.BadAnswer},
		{"slow", toCache, hang, ""},
	}, func(b bad) {
		before := h.bytes()
		h.do(present.CmdDisconnect, "")
		if stage[b.route] == making {
			h.asks("1 of 1 entries will be kept")
			h.press(fyne.KeyReturn)
			h.asks("Choose a master password")
			h.write(keyWord + " 2")
			h.cfg.Window.Canvas().Focus(nil)
			h.dialogs.Top().SetFirst(h.fields()[1])
			h.write(keyWord + " 2")
			h.press(fyne.KeyReturn)
		}
		switch {
		case b.cause == "":
			h.hangs()
			h.press(fyne.KeyEscape)
			if stage[b.route] == making {
				h.asks(h.words.Text("dialog.stopped", nil))
				h.press(fyne.KeyEscape)
			}
			h.alone()
			h.isAt(h.main, session.Online)
		case b.cause == vault.Hostile:
			h.asks(h.words.Text(remedy(b.cause), nil))
			h.says(h.front(), b.cause, remedy(b.cause))
			h.press(fyne.KeyEscape)
			h.alone()
			h.isAt(h.main, session.Online)
		default:
			h.alone()
			h.isAt(h.main, session.Offline)
			if b.cause == vault.Unreachable {
				h.want(h.words.Text("cache.previous", nil))
			} else {
				h.says(h.reads(), b.cause, remedy(b.cause))
				h.want(h.words.Text("cache.previous.lied", nil))
			}
		}
		h.rest()
		if !bytes.Equal(h.bytes(), before) {
			h.t.Error("the earlier cache is another file")
		}
		h.line.set("", nil)
		if h.status.Mode == session.Offline {
			h.online()
		}
	})
	h.do(present.CmdWorkOffline, "")
	h.unlock.unlock(doorUser, []byte(keyWord))
	h.until(func() bool { return h.status.Mode == session.Offline && h.here == place(h.main) })
	h.rest()
	if !h.session.Unlocked() {
		t.Error("the earlier cache does not open")
	}
}

// Whoever comes back to a server that fails stays offline, with every draft.
func (h *harbour) connects(t *testing.T) {
	list, err := h.session.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.session.Edit(t.Context(), list.Root.Items()[0], func(x *vault.Entry) error {
		x.Set(vault.FieldUsername, vault.SecretText("postmaster"), false)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	h.refresh()
	h.rest()
	h.run(t, []bad{
		{"gone", toServer, hangUp, vault.Unreachable},
		{"page", toServer, page, vault.BadAnswer},
		{"no JSON", toServer, noJSON, vault.IdentityChanged},
		{"no end", toServer, noEnd, vault.Hostile},
		{"gone", toToken, hangUp, vault.Unreachable},
		{"page", toToken, page, vault.BadAnswer},
		{"cut", toMe, cut, vault.Unreachable},
		{"half", toMe, half, vault.BadAnswer},
		{"slow", toServer, hang, ""},
		{"slow", toToken, hang, ""},
		{"slow", toMe, hang, ""},
	}, func(b bad) {
		before := h.bytes()
		h.do(present.CmdTrayGoOnline, "")
		h.asks("Drop 1 draft and connect")
		h.write(doorWord)
		h.press(fyne.KeyReturn)
		if b.cause == "" {
			h.hangs()
			h.press(fyne.KeyEscape)
			h.asks(h.words.Text("login.cancelled", nil))
		} else {
			h.asks(h.words.Text(remedy(b.cause), nil))
			h.says(h.front(), b.cause, remedy(b.cause))
		}
		h.press(fyne.KeyEscape)
		h.alone()
		h.isAt(h.main, session.Offline)
		drafts, err := h.session.Drafts(h.t.Context())
		if err != nil || len(drafts) != 1 || !h.session.Unlocked() || !bytes.Equal(h.bytes(), before) {
			h.t.Errorf("%d drafts, %v, unlocked %v, the same file %v", len(drafts), err, h.session.Unlocked(), bytes.Equal(h.bytes(), before))
		}
	})
	h.online()
	h.renews(t)
}

// Who comes back and asks for a fresh cache has the earlier one where that does
// not come, and is told.
func (h *harbour) renews(t *testing.T) {
	if err := h.session.SetAutoCache(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	h.run(t, []bad{
		{"another content", toCache, otherContent, vault.BadAnswer},
		{"no end", toCache, noEnd, vault.Hostile},
		{"slow", toCache, hang, ""},
	}, func(b bad) {
		h.offlineAgain()
		h.line.set(b.route, b.lie)
		before := h.bytes()
		h.do(present.CmdTrayGoOnline, "")
		h.asks("Account password")
		h.write(doorWord)
		h.press(fyne.KeyReturn)
		if b.cause == "" {
			h.hangs()
			h.press(fyne.KeyEscape)
		}
		h.alone()
		switch b.cause {
		case "":
			h.isAt(h.main, session.Online)
		case vault.Hostile:
			h.isAt(h.main, session.Online)
			h.says(h.reads(), b.cause, remedy(b.cause))
		default:
			h.isAt(h.main, session.Offline)
			h.says(h.reads(), b.cause, remedy(b.cause))
		}
		if !bytes.Equal(h.bytes(), before) {
			h.t.Error("the earlier cache is another file")
		}
		h.online()
	})
	if err := h.session.SetAutoCache(t.Context(), false); err != nil {
		t.Fatal(err)
	}
}

// imports needs no server, whatever it does; and half a file takes nobody's
// place.
func (h *harbour) imports(t *testing.T) {
	before := h.bytes()
	dir := t.TempDir()
	for name, raw := range map[string][]byte{"half.kdbx": before[:len(before)/2], "whole.kdbx": before} {
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.run(t, []bad{{"slow", "", hang, vault.Damaged}, {"slow", "", hang, ""}}, func(b bad) {
		h.line.set("/", hang)
		name := "whole.kdbx"
		if b.cause != "" {
			name = "half.kdbx"
		}
		h.do(present.CmdImportCache, "")
		h.asks("a cache cannot be moved")
		h.write(filepath.Join(dir, name))
		h.press(fyne.KeyReturn)
		h.write(keyWord)
		h.press(fyne.KeyReturn)
		if b.cause != "" {
			h.asks(h.words.Text(remedy(b.cause), nil))
			h.says(h.front(), b.cause, remedy(b.cause))
			h.press(fyne.KeyEscape)
		}
		h.alone()
		if b.cause == "" {
			h.want(h.words.Text("import.done", nil))
		}
		if n := h.line.requests(); n != 0 {
			h.t.Errorf("the server was asked %d times", n)
		}
		if !bytes.Equal(h.bytes(), before) {
			h.t.Error("the cache is another file")
		}
	})
	h.line.set("", nil)
}

// A cache is cleared whether or not the server can be told, and nobody has to
// wait for that.
func (h *harbour) clears(t *testing.T) {
	h.run(t, []bad{
		{"gone", "/cleared", hangUp, vault.Unreachable},
		{"slow", "/cleared", hang, ""},
	}, func(b bad) {
		h.offlineAgain()
		h.online()
		h.line.set(b.route, b.lie)
		h.do(present.CmdClearCache, "")
		test.Tap(h.dialogs.Top().PrimaryButton())
		if b.cause == "" {
			h.hangs()
			if _, err := os.Stat(h.file); !os.IsNotExist(err) {
				h.t.Errorf("the server is told of a cache that is there: %v", err)
			}
			h.press(fyne.KeyEscape)
		}
		h.alone()
		h.rest()
		h.isAt(h.main, session.Online)
		h.want(h.words.Text("clear.done", nil))
		if _, err := os.Stat(h.file); !os.IsNotExist(err) || h.status.Cache != nil && h.status.Cache.State == cache.Usable {
			h.t.Errorf("%v, %+v", err, h.status.Cache)
		}
	})
}

// Whoever prepares for another board needs the server, and can give the waiting
// up; then nothing has changed, and the same question does it once there is one.
func (h *harbour) leavesHardware(t *testing.T) {
	h.offlineAgain()
	h.do(present.CmdHardware, "")
	h.run(t, []bad{
		{"gone", toServer, hangUp, vault.Unreachable},
		{"slow", toServer, hang, ""},
	}, func(b bad) {
		before := h.bytes()
		test.Tap(h.dialogs.Top().PrimaryButton())
		if b.cause == "" {
			h.hangs()
			h.press(fyne.KeyEscape)
			h.asks(h.words.Text("dialog.stopped", nil))
		} else {
			h.asks(h.words.Text("window.topic.release_offline.remedy", nil))
		}
		if !bytes.Equal(h.bytes(), before) {
			h.t.Error("the cache is another file")
		}
	})
	h.line.set("", nil)
	test.Tap(h.dialogs.Top().PrimaryButton())
	h.until(func() bool { return h.dialogs.Len() == 0 && !h.reading })
	h.want(h.words.Text("hardware.done", nil))
	if _, err := os.Stat(h.file); !os.IsNotExist(err) || h.status.Cache != nil {
		t.Errorf("%v, %+v", err, h.status.Cache)
	}
}

// offlineAgain makes a new cache and works with it.
func (h *harbour) offlineAgain() {
	h.t.Helper()
	h.offline()
	h.isAt(h.main, session.Offline)
}
