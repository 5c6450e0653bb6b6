package screen_test

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// seat is a place in a window, as a person sits before it.
type seat struct {
	window fyne.Window
	told   []string // what the place asked for
}

func sit(t *testing.T, place func(s *seat) fyne.CanvasObject) *seat {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(theme.New(theme.Light))
	s := &seat{}
	s.window = test.NewTempWindow(t, nil)
	s.window.SetPadded(false)
	s.window.SetContent(widget.NewTipHost(place(s)))
	s.window.Resize(fyne.NewSize(900, 600))
	return s
}

func (s *seat) tell(what string) func() { return func() { s.told = append(s.told, what) } }

// press sends keys to whatever has the keyboard.
func (s *seat) press(t *testing.T, names ...fyne.KeyName) {
	t.Helper()
	for _, n := range names {
		f := s.window.Canvas().Focused()
		if f == nil {
			t.Fatalf("nothing has the keyboard for %s", n)
		}
		f.TypedKey(&fyne.KeyEvent{Name: n})
	}
}

func (s *seat) write(t *testing.T, text string) {
	t.Helper()
	f := s.window.Canvas().Focused()
	if f == nil {
		t.Fatalf("nothing has the keyboard for %q", text)
	}
	test.Type(f, text)
}

// sees returns everything that is shown.
func (s *seat) sees() []fyne.CanvasObject { return seen(s.window.Canvas().Content()) }

func seen(o fyne.CanvasObject) []fyne.CanvasObject {
	if !o.Visible() {
		return nil
	}
	all := []fyne.CanvasObject{o}
	var below []fyne.CanvasObject
	switch o := o.(type) {
	case fyne.Widget:
		below = test.WidgetRenderer(o).Objects()
	case *fyne.Container:
		below = o.Objects
	}
	for _, b := range below {
		all = append(all, seen(b)...)
	}
	return all
}

// reads returns everything that can be read.
func (s *seat) reads() string { return read(s.sees()) }

// read returns what can be read in these objects.
func read(objects []fyne.CanvasObject) string {
	var out []string
	for _, o := range objects {
		if t, ok := o.(*canvas.Text); ok && t.Text != "" {
			out = append(out, t.Text)
		}
	}
	return strings.Join(out, " ")
}

// button returns the button with that label, if it can be seen.
func (s *seat) button(label string) *widget.Button {
	for _, o := range s.sees() {
		if b, ok := o.(*widget.Button); ok && b.Text == label {
			return b
		}
	}
	return nil
}

// walk returns what the keyboard comes to with the key Tab.
func (s *seat) walk() []string {
	c := s.window.Canvas()
	c.Unfocus()
	var names []string
	for range 20 {
		c.FocusNext()
		name := ""
		switch f := c.Focused().(type) {
		case *widget.Button:
			name = f.Text
		case *widget.PasswordEntry:
			name = "secret"
		case *widget.TextEntry:
			name = "text " + f.Text
		default:
			name = "?"
		}
		if slices.Contains(names, name) {
			break
		}
		names = append(names, name)
	}
	return names
}

// The fields that have the keyboard, by their text.
func focusedText(s *seat) (string, bool) {
	switch f := s.window.Canvas().Focused().(type) {
	case *widget.TextEntry:
		return f.Text, true
	case *widget.PasswordEntry:
		return f.Text, true
	}
	return "", false
}

type loginSeat struct {
	*seat
	login *screen.Login
	form  screen.LoginForm
	code  string
	pin   string
}

func sitAtLogin(t *testing.T, m present.Login) *loginSeat {
	t.Helper()
	l := &loginSeat{}
	l.seat = sit(t, func(s *seat) fyne.CanvasObject {
		l.login = screen.NewLogin(present.Load("en"), screen.LoginActions{
			SignIn: func(f screen.LoginForm) { l.form = f; s.tell("sign in")() },
			Code:   func(c []byte) { l.code = string(c); s.tell("code")() },
			Accept: func(pin string) { l.pin = pin; s.tell("accept")() },
			Refuse: s.tell("refuse"), Cancel: s.tell("cancel"), WorkOffline: s.tell("work offline"), Back: s.tell("back"),
		})
		return l.login.Object()
	})
	l.login.Show(m)
	l.login.Focus(l.window.Canvas())
	return l
}

func (l *loginSeat) said(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(l.told, want) {
		t.Errorf("told %q, want %q", l.told, want)
	}
}

func TestLoginByKeyboard(t *testing.T) {
	l := sitAtLogin(t, present.Login{SignIn: true, FocusOn: "server"})
	l.write(t, " https://v.example ")
	l.press(t, fyne.KeyReturn) // the user is missing
	l.write(t, "erika")
	l.press(t, fyne.KeyEnter)
	l.said(t) // and the password
	l.write(t, "geheim")
	if l.login.Typed() != true || strings.Contains(l.reads(), "geheim") {
		t.Errorf("the password can be read in %q", l.reads())
	}
	l.press(t, fyne.KeyReturn)
	l.said(t, "sign in")
	if l.form.Server != "https://v.example" || l.form.User != "erika" || string(l.form.Password) != "geheim" {
		t.Errorf("signs in with %+v", l.form)
	}
	if text, ok := focusedText(l.seat); !ok || text != "" || l.login.Typed() {
		t.Errorf("the password stays in its field: %q", text)
	}
}

func TestLoginOrderOfFocus(t *testing.T) {
	l := sitAtLogin(t, present.Login{Server: "srv", User: "usr", SignIn: true, WorkOffline: true, WorkOfflineCan: true, Back: true})
	if got, want := l.walk(), []string{"text srv", "text usr", "secret", "Back", "Sign in", "Work Offline"}; !slices.Equal(got, want) {
		t.Errorf("Tab goes %q, want %q", got, want)
	}
}

// Work Offline is usable at once while a sign-in waits, the form is not.
func TestLoginWaits(t *testing.T) {
	m := present.Login{Server: "srv", User: "usr", SignIn: true, WorkOffline: true, WorkOfflineCan: true, Recent: "made just now"}
	l := sitAtLogin(t, m)
	l.write(t, "geheim")
	l.press(t, fyne.KeyReturn)
	m.Busy, m.SignIn = true, false
	l.login.Show(m)
	if !strings.Contains(l.reads(), "Asking srv…") || !l.button("Sign in").Disabled() {
		t.Errorf("does not wait: %q", l.reads())
	}
	l.press(t, fyne.KeyReturn, fyne.KeyEscape) // one Enter too many ends nothing
	l.said(t, "sign in", "cancel")
	test.Tap(l.button("Work Offline"))
	test.Tap(l.button("Cancel"))
	l.said(t, "sign in", "cancel", "work offline", "cancel")
	m.Busy, m.SignIn = false, true
	l.login.Show(m)
	if text, ok := focusedText(l.seat); !ok || text != "" || l.button("Cancel") != nil {
		t.Error("the password is not asked for again")
	}
}

func TestLoginWorkOfflineIsThereForWhoMay(t *testing.T) {
	l := sitAtLogin(t, present.Login{SignIn: true})
	if l.button("Work Offline") != nil {
		t.Error("offered to everybody")
	}
	l.login.Show(present.Login{SignIn: true, WorkOffline: true, WorkOfflineWhy: "There is no offline cache."})
	if b := l.button("Work Offline"); b == nil || !b.Disabled() || !strings.Contains(l.reads(), "There is no offline cache.") {
		t.Errorf("reads %q", l.reads())
	}
}

// What a person has typed is not painted over when the status is read again.
func TestLoginKeepsWhatIsTyped(t *testing.T) {
	m := present.Login{Server: "srv", User: "usr", SignIn: true, FocusOn: "user"}
	l := sitAtLogin(t, m)
	l.write(t, "max")
	l.login.Show(m)
	if text, _ := focusedText(l.seat); text != "max" {
		t.Errorf("the user is %q", text)
	}
	m.User = "anna" // of another account
	l.login.Show(m)
	if text, _ := focusedText(l.seat); text != "anna" {
		t.Errorf("the user is %q", text)
	}
}

func TestLoginAsksForTheCode(t *testing.T) {
	l := sitAtLogin(t, present.Login{Server: "srv", User: "usr", SignIn: true})
	l.login.Show(present.Login{Server: "srv", User: "usr", SignIn: true, SecondFactor: true, Notice: &present.Notice{Message: "Type the code."}})
	if got, want := l.walk(), []string{"text ", "Back", "Sign in"}; !slices.Equal(got, want) {
		t.Errorf("Tab goes %q, want %q", got, want)
	}
	l.login.Focus(l.window.Canvas())
	l.press(t, fyne.KeyReturn)
	l.write(t, "123 456")
	l.press(t, fyne.KeyReturn)
	if l.code != "123456" || l.login.Typed() {
		t.Errorf("the code is %q", l.code)
	}
	l.press(t, fyne.KeyEscape)
	l.said(t, "code", "refuse")
}

// The question about an identity shows it in groups, and begins at the way out.
func TestLoginAsksForTheIdentity(t *testing.T) {
	pin := strings.Repeat("0123456789abcdef", 4)
	words := present.Load("en")
	m := present.Login{Server: "https://v.example", User: "usr", SignIn: true, Identity: present.NewIdentity(words, "https://v.example", pin)}
	l := sitAtLogin(t, present.Login{Server: "https://v.example", User: "usr", SignIn: true})
	l.login.Show(m)
	if !strings.Contains(l.reads(), "0123 4567 89ab cdef 0123") || !strings.Contains(l.reads(), "nothing was sent to it") {
		t.Errorf("reads %q", l.reads())
	}
	l.press(t, fyne.KeyReturn)
	l.said(t, "refuse")
	test.Tap(l.button(m.Identity.Accept))
	l.said(t, "refuse", "accept")
	if l.pin != pin {
		t.Errorf("accepted %q", l.pin)
	}
	m.Identity = &present.Identity{Server: "https://v.example", Title: "Another", Ask: "Another identity than before."}
	m.Notice = &present.Notice{Severity: present.Alarm, Message: "M", Remedy: "Do not go on."}
	l.login.Show(m)
	l.login.Focus(l.window.Canvas())
	l.press(t, fyne.KeyEscape)
	l.said(t, "refuse", "accept", "refuse")
	if l.button("Sign in") != nil || !strings.Contains(l.reads(), "Another identity than before.") || !strings.Contains(l.reads(), "Do not go on.") {
		t.Errorf("what must not be accepted reads %q", l.reads())
	}
}

func TestLoginClear(t *testing.T) {
	l := sitAtLogin(t, present.Login{Server: "srv", User: "usr", SignIn: true, Back: true})
	l.write(t, "geheim")
	l.press(t, fyne.KeyEscape)
	l.said(t, "back")
	if l.login.Typed() {
		t.Error("the password stays")
	}
	l.write(t, "geheim")
	l.login.Clear()
	if l.login.Typed() {
		t.Error("the password stays after Clear")
	}
}

// Small windows and long words: every button can be reached.
func TestPlacesFitSmallWindows(t *testing.T) {
	pin := strings.Repeat("0123456789abcdef", 4)
	for _, language := range present.Languages() {
		words := present.Load(language)
		login := screen.NewLogin(words, screen.LoginActions{})
		unlock := screen.NewUnlock(words, screen.UnlockActions{})
		identity := present.Login{SignIn: true, Identity: present.NewIdentity(words, "https://v.example", pin)}
		prompt := present.Unlock{Title: "Work Offline", User: "erika", Made: "erstellt vor 3 Stunden", Left: "noch 2 Tage", Level: "Hardware", Can: true, Connect: true, Back: true, NoFactor: words.Text("unlock.no_factor", nil)}
		for name, o := range map[string]fyne.CanvasObject{"login": login.Object(), "unlock": unlock.Object()} {
			s := sit(t, func(*seat) fyne.CanvasObject { return o })
			login.Show(identity)
			unlock.Show(prompt)
			s.window.Resize(fyne.NewSize(480, 440))
			for _, c := range s.sees() {
				if b, ok := c.(*widget.Button); ok {
					at := fyne.CurrentApp().Driver().AbsolutePositionForObject(b)
					if at.X < 0 || at.X+b.Size().Width > 480 || at.Y+b.Size().Height > 440 {
						t.Errorf("%s %s: %q is at %v, out of the window", language, name, b.Text, at)
					}
				}
				if i, ok := c.(*fw.Icon); ok && i.Size().Width > 100 {
					t.Errorf("%s %s: an icon is %v", language, name, i.Size())
				}
			}
		}
	}
}
