package app

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// top is the dialog in front; nil: there is none.
func (e *entrance) top() fyne.CanvasObject { return e.cfg.Window.Canvas().Overlays().Top() }

// front returns what can be read in it.
func (e *entrance) front() string { return readable(e.top()) }

// asks waits until the dialog in front says text and waits for the person.
func (e *entrance) asks(text string) {
	e.t.Helper()
	e.until(func() bool {
		top := e.dialogs.Top()
		return top != nil && !top.Busy() && strings.Contains(e.front(), text)
	})
}

// alone waits until no dialog is open and everything has been painted.
func (e *entrance) alone() {
	e.t.Helper()
	e.until(func() bool { return e.dialogs.Len() == 0 && !e.reading && !e.main.loading.running() })
}

func (e *entrance) write(text string) {
	e.t.Helper()
	f := e.cfg.Window.Canvas().Focused()
	if f == nil {
		e.t.Fatalf("nothing has the keyboard for %q", text)
	}
	test.Type(f, text)
}

func (e *entrance) press(key fyne.KeyName) {
	e.t.Helper()
	if f := e.cfg.Window.Canvas().Focused(); f != nil {
		f.TypedKey(&fyne.KeyEvent{Name: key})
	} else {
		e.cfg.Window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: key})
	}
}

func (e *entrance) setDown(down bool) {
	e.door.mu.Lock()
	defer e.door.mu.Unlock()
	e.door.down = down
}

// cache makes one by the dialog, from the review on.
func (e *entrance) cache() {
	e.t.Helper()
	e.do(present.CmdDisconnect, "")
	e.asks("1 of 1 entries will be kept")
	e.press(fyne.KeyReturn)
	e.asks("Choose a master password")
	e.write(keyWord)
	e.cfg.Window.Canvas().Focus(nil)
	e.dialogs.Top().SetFirst(e.fields()[1])
	e.write(keyWord)
	e.press(fyne.KeyReturn) // before it is judged
	e.alone()
}

// fields are the password fields of the dialog in front.
func (e *entrance) fields() []*widget.PasswordEntry {
	return shown[*widget.PasswordEntry](e.top())
}

func (e *entrance) buttons() []*widget.Button { return shown[*widget.Button](e.top()) }

// A person's way offline and back, and what they are told on it.
func TestDisconnectAndConnect(t *testing.T) {
	e := newEntrance(t, tpmtest.Start(t).Open(t))
	e.signIn(doorWord)
	e.settle()
	e.isAt(e.main, session.Online)

	// Back, and away from every page: nothing happens.
	e.do(present.CmdDisconnect, "")
	e.asks("1 of 1 entries will be kept")
	e.press(fyne.KeyReturn)
	e.asks("Choose a master password")
	typed := e.fields()[0]
	e.write("kurz")
	e.asks("guessed at once")
	e.press(fyne.KeyEscape)
	e.alone()
	e.isAt(e.main, session.Online)
	if typed.Text != "" {
		t.Error("the master password outlives its dialog")
	}

	// The cache is made, opened, and worked with.
	e.cache()
	e.isAt(e.main, session.Offline)
	e.want("You are working offline. 1 entry is kept on this computer")
	if !e.session.Unlocked() {
		t.Error("the password is asked for a third time")
	}

	// Connect lists what is lost, and keeps what was typed when it fails.
	list, err := e.session.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.session.Edit(t.Context(), list.Root.Items()[0], func(x *vault.Entry) error {
		x.Set(vault.FieldUsername, vault.SecretText("postmaster"), false)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	e.refresh()
	e.do(present.CmdTrayGoOnline, "")
	e.asks("Drop 1 draft and connect")
	e.write("wrong")
	e.press(fyne.KeyReturn)
	e.asks("The server refused")
	e.write(doorWord) // replaces what was refused
	e.setDown(true)
	e.press(fyne.KeyReturn)
	e.asks("The server cannot be reached")
	e.setDown(false)
	e.press(fyne.KeyReturn)
	e.alone()
	e.isAt(e.main, session.Online)
	e.want("You are online.")
	e.want("1 draft was dropped.")

	// Without the server Disconnect takes the cache of before.
	e.setDown(true)
	e.do(present.CmdDisconnect, "")
	e.alone()
	e.isAt(e.main, session.Offline)
	e.want("with the earlier one")

	// Clearing asks, and Enter at once is no answer to it.
	e.do(present.CmdClearCache, "")
	e.press(fyne.KeyReturn)
	e.alone()
	e.isAt(e.main, session.Offline)
	e.do(present.CmdClearCache, "")
	test.Tap(e.dialogs.Top().PrimaryButton())
	e.alone()
	e.isAt(e.login, session.Disconnected)
	e.want("The offline cache was cleared.")
	if e.status.Cache != nil {
		t.Error("there is a cache still")
	}
}

// The lock closes what is open, wherever it is, and what was under way leaves no
// cache behind it that nobody knows of.
func TestLockWhileDisconnecting(t *testing.T) {
	e := newEntrance(t, tpmtest.Start(t).Open(t))
	e.signIn(doorWord)
	e.settle()
	e.do(present.CmdDisconnect, "")
	e.asks("1 of 1 entries will be kept")
	e.press(fyne.KeyReturn)
	e.asks("Choose a master password")
	typed := e.fields()[0]
	e.write(keyWord)
	e.lock()
	e.settle()
	if e.dialogs.Len() != 0 || typed.Text != "" {
		t.Errorf("%d dialogs, %q typed", e.dialogs.Len(), typed.Text)
	}
	e.isAt(e.login, session.Online)

	// A live session lets nobody into a locked window.
	e.do(present.CmdTrayConnect, "")
	if e.dialogs.Len() != 0 {
		e.asks("Account password")
		e.press(fyne.KeyEscape)
	}
}

func TestDisconnectRefused(t *testing.T) {
	e := newEntrance(t, nil)
	e.signIn(doorWord)
	e.settle()
	e.setDown(true)
	e.do(present.CmdDisconnect, "")
	e.asks("The server cannot be reached")
	e.setDown(false)
	e.press(fyne.KeyReturn) // checks again
	e.asks("No cache can be kept on this computer.")
	e.press(fyne.KeyEscape)
	e.alone()
}

func TestDialogsOfHelp(t *testing.T) {
	e := newEntrance(t, nil)
	for id, text := range map[present.CommandID]string{
		present.CmdShowShortcuts: "Ctrl+B",
		present.CmdAbout:         "Version test",
		present.CmdDoctor:        "The disk",
	} {
		e.do(id, "")
		e.until(func() bool {
			return strings.Contains(e.front(), text) || strings.Contains(e.front(), "disk is encrypted")
		})
		e.press(fyne.KeyEscape)
		e.alone()
	}
}

// The choice of a file stands in front of the dialog; Escape leaves the one,
// then the other.
func TestImportBrowses(t *testing.T) {
	e := newEntrance(t, nil)
	e.signIn(doorWord)
	e.settle()
	e.do(present.CmdImportCache, "")
	e.asks("a cache cannot be moved")
	var x *widget.Button
	for _, b := range e.buttons() {
		if b.Text == "Browse…" {
			x = b
		}
	}
	test.Tap(x)
	c := e.cfg.Window.Canvas()
	if len(c.Overlays().List()) != 2 {
		t.Fatalf("%d overlays", len(c.Overlays().List()))
	}
	c.OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if len(c.Overlays().List()) != 1 || e.dialogs.Len() != 1 {
		t.Fatalf("%d overlays, %d dialogs", len(c.Overlays().List()), e.dialogs.Len())
	}
	e.write("/nowhere/cache.kdbx")
	e.press(fyne.KeyReturn)
	e.write(keyWord)
	e.press(fyne.KeyReturn)
	e.until(func() bool {
		return !e.dialogs.Top().Busy() && strings.Contains(e.front(), "There is no file /nowhere/cache.kdbx")
	})
	if got := e.fields()[0].Text; got != keyWord {
		t.Errorf("the password is %q after a failure", got)
	}
	e.press(fyne.KeyEscape)
	e.alone()
}
