package app

import (
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	launch "github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// desk is a window in which somebody signed in at the office.
type desk struct {
	*Desktop
	tb     testing.TB
	q      queue
	office *office
}

func newDesk(tb testing.TB, content func() *vault.Content) *desk {
	tb.Helper()
	return newDeskBefore(tb, &office{content: content, gone: map[vault.ID]bool{}}, func(o *office) session.Remote { return o })
}

// newDeskBefore is newDesk with something between the window and the office.
func newDeskBefore(tb testing.TB, o *office, between func(*office) session.Remote) *desk {
	tb.Helper()
	k := &desk{tb: tb, q: newQueue(), office: o}
	remote := between(o)
	home := filepath.Join(tb.TempDir(), "home")
	s := session.New(session.Config{
		Home: home, Dial: func(session.Target) (session.Remote, error) { return remote, nil },
		Keeper: session.NewKeychain(&drawer{}), Clock: wall{}, Name: "desk", OS: "linux", Version: "test",
	})
	options := launch.Options{Home: home, Getenv: func(string) string { return "" }}
	application := test.NewTempApp(tb) // first: its driver looks for everything in its last window
	window := test.NewTempWindow(tb, nil)
	k.Desktop = New(Config{
		App: application, Window: window, Client: &launch.Client{Session: s}, Target: options.Target,
		Home: home, Language: "en", Version: "test", Post: k.q.post, Quit: func() {},
	})
	k.build()
	tb.Cleanup(func() {
		over := make(chan struct{})
		k.tasks.end(s.Close, func() { close(over) })
		for {
			select {
			case paint := <-k.q:
				paint()
			case <-over:
				return
			}
		}
	})
	err := s.SignIn(tb.Context(), session.SignInRequest{
		Target:      session.Target{URL: "https://office.example"},
		Credentials: session.Credentials{User: "erika", Password: vault.SecretText("word")},
	})
	if err != nil {
		tb.Fatal(err)
	}
	window.Resize(fyne.NewSize(1100, 800))
	k.enter()
	k.until(func() bool { return k.here == place(k.main) && k.main.list != nil })
	k.settle()
	return k
}

// until paints what comes until something is so.
func (k *desk) until(so func() bool) {
	k.tb.Helper()
	for !so() {
		select {
		case paint := <-k.q:
			paint()
		case <-k.tb.Context().Done():
			k.tb.Fatal("the test ended")
		}
	}
}

// settle waits for everything that was begun.
func (k *desk) settle() {
	k.tb.Helper()
	p := k.main
	k.until(func() bool {
		return !k.reading && !p.loading.running() && !p.finding.running() && !p.describing.running() && !p.asking.running()
	})
}

// reads returns what can be read in the window, dialogs included.
func (k *desk) reads() string {
	return readable(append([]fyne.CanvasObject{k.host}, k.cfg.Window.Canvas().Overlays().List()...)...)
}

func (k *desk) want(texts ...string) {
	k.tb.Helper()
	got := k.reads()
	for _, text := range texts {
		if !strings.Contains(got, text) {
			k.tb.Errorf("%q is not in %q", text, got)
		}
	}
}

func (k *desk) wantNot(texts ...string) {
	k.tb.Helper()
	got := k.reads()
	for _, text := range texts {
		if strings.Contains(got, text) {
			k.tb.Errorf("%q is in %q", text, got)
		}
	}
}

// choose selects an entry by its number.
func (k *desk) choose(n int) {
	k.tb.Helper()
	if !k.main.screen.SelectEntry(entryID(n)) {
		k.tb.Fatalf("entry %d is not listed: %q", n, k.reads())
	}
	k.settle()
}

// shows returns how many rows are listed.
func (k *desk) shows() int { return len(k.main.view.Rows) }

func (k *desk) find(text string) {
	k.tb.Helper()
	k.main.screen.SetSearch(text, "")
	k.settle()
}
