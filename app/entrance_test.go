package app

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/screen"
	launch "github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

const (
	doorURL  = "https://vault.example:10001"
	doorPin  = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
	doorUser = "erika"
	doorWord = "password of the account"
)

// door is a Pleasant server as far as login and Work Offline need one.
type door struct {
	session.Remote // nil: what is not written below is not asked for

	mu     sync.Mutex
	pin    string // of its identity; empty: publicly trusted
	code   string // wanted as the second factor; empty: none
	down   bool
	slow   bool          // the answer to a sign-in waits for the end of the attempt
	asked  chan struct{} // told of a sign-in that waits
	stray  bool          // it lets in although the attempt has ended
	deaf   chan struct{} // it waits for this, not for the end of the attempt; nil: it listens
	calls  []string
	secret []string // what it was sent
}

// dialled is the door as seen from a target.
type dialled struct {
	*door
	target session.Target
}

func (d *door) dial(t session.Target) (session.Remote, error) { return dialled{d, t}, nil }

func (d *door) ask(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, what)
	if d.down {
		return vault.Fail(vault.Unreachable, "%s", doorURL)
	}
	return nil
}

func (d dialled) Probe(context.Context) (session.Identity, error) {
	if err := d.ask("probe"); err != nil {
		return session.Identity{}, err
	}
	if d.pin != "" && d.target.Pin != d.pin {
		return session.Identity{}, vault.Fail(vault.IdentityUnknown, "%s", d.pin)
	}
	return session.Identity{Kind: session.Pleasant, Pin: d.pin}, nil
}

func (d dialled) SignIn(ctx context.Context, c session.Credentials) (session.Token, error) {
	if err := d.ask("sign in"); err != nil {
		return session.Token{}, err
	}
	d.mu.Lock()
	d.secret = append(d.secret, c.Password.Text()+c.OTP.Text())
	slow, stray, deaf, code := d.slow, d.stray, d.deaf, d.code
	d.mu.Unlock()
	if slow {
		d.asked <- struct{}{}
		if deaf != nil {
			<-deaf
		} else {
			<-ctx.Done()
		}
		if !stray {
			return session.Token{}, ctx.Err()
		}
	}
	switch {
	case c.Password.Text() != doorWord:
		return session.Token{}, vault.WrongCredentials
	case code != "" && c.OTP.IsEmpty():
		return session.Token{}, vault.SecondFactor
	case code != c.OTP.Text():
		return session.Token{}, vault.WrongCredentials
	}
	return session.Token{Access: vault.SecretText("token"), Expires: time.Now().Add(time.Hour)}, nil
}

func (d dialled) UseToken(vault.Secret) {}

func (d dialled) Tree(context.Context) (*wire.Stream, error) {
	if err := d.ask("tree"); err != nil {
		return nil, err
	}
	return &wire.Stream{Head: wire.Head{At: time.Now()}, Content: doorContent(), Facts: map[vault.ID]*wire.Facts{}}, nil
}

func (d dialled) OfflineAvailable(context.Context) (bool, error) { return true, d.ask("offline") }

func (d dialled) OfflinePackage(context.Context, string) (*vault.Content, time.Time, error) {
	return doorContent(), time.Time{}, d.ask("package")
}

func doorContent() *vault.Content {
	e := &vault.Entry{ID: vault.NewID()}
	e.Set(vault.FieldTitle, vault.SecretText("Mail gateway"), false)
	e.Set(vault.FieldPassword, vault.SecretText("tide"), true)
	return &vault.Content{Root: &vault.Group{ID: vault.NewID(), Name: "Root", Entries: []*vault.Entry{e}}}
}

// drawer is a system's keychain in memory.
type drawer struct{ items sync.Map }

func (k *drawer) Get(service, name string) (string, error) {
	if v, ok := k.items.Load(service + "/" + name); ok {
		return v.(string), nil
	}
	return "", session.ErrNoItem
}

func (k *drawer) Set(service, name, value string) error {
	k.items.Store(service+"/"+name, value)
	return nil
}

// wall is the time.
type wall struct{}

func (wall) Now() time.Time { return time.Now() }

// entrance is a window before a door.
type entrance struct {
	*Desktop
	t    *testing.T
	door *door
	q    queue
}

func newEntrance(t *testing.T, chip session.Chip) *entrance {
	t.Helper()
	d := &door{asked: make(chan struct{}, 1)}
	e := newEntranceAt(t, chip, d.dial)
	e.door = d
	return e
}

// newEntranceAt is a window before another server.
func newEntranceAt(t *testing.T, chip session.Chip, dial func(session.Target) (session.Remote, error)) *entrance {
	t.Helper()
	return newEntranceWith(t, session.Config{Chip: chip, Dial: dial})
}

// newEntranceWith is a window on a computer of one's own making: with what c says,
// and the usual where it says nothing.
func newEntranceWith(t *testing.T, c session.Config) *entrance {
	t.Helper()
	e := &entrance{t: t, q: newQueue()}
	home := filepath.Join(t.TempDir(), "home")
	if c.Keeper == nil {
		c.Keeper = session.NewKeychain(&drawer{})
	}
	c.Home, c.Clock, c.Cost = home, wall{}, cache.FloorCost()
	c.Name, c.OS, c.Version = "desk", "linux", "test"
	s := session.New(c)
	options := launch.Options{Home: home, Getenv: func(string) string { return "" }}
	e.Desktop = New(Config{
		App: test.NewTempApp(t), Window: test.NewTempWindow(t, nil), Client: &launch.Client{Session: s}, Target: options.Target,
		Home: home, Language: "en", Version: "test", Post: e.q.post, Quit: func() {},
	})
	e.build()
	t.Cleanup(func() {
		over := make(chan struct{})
		e.tasks.end(s.Close, func() { close(over) })
		for {
			select {
			case paint := <-e.q:
				paint()
			case <-over:
				return
			}
		}
	})
	e.here.enter()
	e.refresh()
	e.until(func() bool { return e.known })
	return e
}

// until paints what comes until something is so.
func (e *entrance) until(so func() bool) {
	e.t.Helper()
	for !so() {
		select {
		case paint := <-e.q:
			paint()
		case <-e.t.Context().Done():
			e.t.Fatal("the test ended")
		}
	}
}

// settle waits for the attempt under way and the reading of the status after it.
func (e *entrance) settle() {
	e.t.Helper()
	e.until(func() bool {
		return !e.login.task.running() && !e.unlock.task.running() && !e.reading && e.busy == 0
	})
}

func (e *entrance) signIn(word string) {
	e.t.Helper()
	e.login.signIn(screen.LoginForm{Server: "vault.example:10001", User: doorUser, Password: []byte(word)})
}

// reads returns what can be read in the window.
func (e *entrance) reads() string {
	return readable(e.host)
}

func (e *entrance) want(text string) {
	e.t.Helper()
	if got := e.reads(); !strings.Contains(got, text) {
		e.t.Errorf("%q is not in %q", text, got)
	}
}

func (e *entrance) isAt(want place, mode session.Mode) {
	e.t.Helper()
	if got := e.status.Mode; e.here != want || got != mode && (got != "" || mode != session.Disconnected) {
		e.t.Errorf("at %T in mode %q, want %T in %q; it reads %q", e.here, got, want, mode, e.reads())
	}
	// A place that nobody sees does not wait: its bar would keep the window painting.
	waiting := map[place]string{e.login: e.words.Text("login.busy", map[string]any{"Server": ""}), e.unlock: e.words.Text("unlock.busy", nil)}
	for other, what := range waiting {
		what, _, _ = strings.Cut(what, " ")
		if text := readable(other.object()); other != e.here && strings.Contains(text, what) {
			e.t.Errorf("%T goes on behind the window: %q", other, text)
		}
	}
}
