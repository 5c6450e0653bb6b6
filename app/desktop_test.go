package app

import (
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	launch "github.com/tideover/tideover/app/start"
)

// newDesktop returns a window on the toolkit's test driver, of a client that
// nobody used, and the queue of what it paints.
func newDesktop(t *testing.T) (*Desktop, queue) {
	t.Helper()
	d, q := newWindow(t)
	d.build()
	return d, q
}

// newWindow is newDesktop before the window has anything in it.
func newWindow(t *testing.T) (*Desktop, queue) {
	t.Helper()
	home := filepath.Join(t.TempDir(), "home")
	options := launch.Options{Home: home, TPM: "none", Getenv: func(string) string { return "" }}
	client, err := options.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	q := newQueue()
	a := test.NewTempApp(t)
	d := New(Config{
		App: a, Window: test.NewTempWindow(t, nil), Client: client, Target: options.Target,
		Home: home, Language: "en", Version: "test", Post: q.post, Quit: func() {},
	})
	t.Cleanup(func() {
		over := make(chan struct{})
		d.tasks.end(client.Close, func() { close(over) })
		for {
			select {
			case paint := <-q:
				paint()
			case <-over:
				return
			}
		}
	})
	return d, q
}

// Every command that menus, toolbar and tray offer does something.
func TestEveryCommandHasAHandler(t *testing.T) {
	d, _ := newDesktop(t)
	handlers := d.handlers()
	for _, c := range d.commands {
		if handlers[c.ID] == nil {
			t.Errorf("%s does nothing", c.ID)
		}
		delete(handlers, c.ID)
	}
	for id := range handlers {
		t.Errorf("%s is no command", id)
	}
}

// Whatever the colours and the language, the window can be painted.
func TestLooks(t *testing.T) {
	d, _ := newDesktop(t)
	for _, language := range append(present.Languages(), "") {
		for _, look := range []present.CommandID{present.CmdLookDark, present.CmdLookLight, present.CmdLookSystem} {
			d.do(look, "")
			d.do(present.CmdChooseLanguages, language)
		}
		if d.settings.Language != language {
			t.Errorf("language is %q, want %q", d.settings.Language, language)
		}
	}
	if d.settings.Theme != present.ThemeSystem {
		t.Errorf("theme is %q", d.settings.Theme)
	}
}
