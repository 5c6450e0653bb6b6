package screen_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// tap presses the n-th button or box with this label.
func (s *stage) tap(t *testing.T, label string, n int) {
	t.Helper()
	for _, o := range seen(s.window.Canvas().Overlays().Top()) {
		var w fyne.Tappable
		switch o := o.(type) {
		case *widget.Button:
			if o.Text == label {
				w = o
			}
		case *widget.Check:
			if o.Text == label {
				w = o
			}
		}
		if w == nil {
			continue
		}
		if n--; n < 0 {
			test.Tap(w)
			return
		}
	}
	t.Fatalf("there is no %q in %q", label, s.shows())
}

func TestListOfKeys(t *testing.T) {
	words := present.Load("en")
	long := strings.Repeat("WM", 32)
	m := present.KeyList{Intro: "One of them.", Keys: []present.KeyLine{{Name: "blue", Added: "added today"}, {Name: long}}}
	var x *screen.KeyList
	s := raise(t, func(s *stage) *widget.Dialog {
		x = screen.NewKeyList(words, screen.KeyListActions{
			Add: s.tell("add"), Remove: func(name string) { s.told = append(s.told, "remove "+name) }, Leave: s.tell("leave"), Closed: s.tell("closed"),
		})
		return x.Dialog()
	})
	x.Show(m)
	s.has(t, "One of them.", "blue added today", "WMWM")
	s.press(t, fyne.KeyEscape)
	s.tap(t, "Remove…", 1)
	s.tap(t, "Add a key…", 0)
	s.said(t, "leave", "remove "+long, "add")
	m.NoAdd, m.NoRemove = "Not now.", "Not now."
	x.Show(m)
	s.tap(t, "Remove…", 0)
	s.tap(t, "Add a key…", 0)
	s.said(t, "leave", "remove "+long, "add")
	if got := strings.Count(s.shows(), "Not now."); got != 1 {
		t.Errorf("it is said %d times: %s", got, s.shows())
	}
}

// What is missing gets the keyboard, what was typed stays, and what was refused is
// replaced by typing.
func TestChangeOfAKey(t *testing.T) {
	words := present.Load("en")
	var x *screen.KeyChange
	m := present.KeyChange{Title: "Add", Does: []string{"It is made anew."}, Name: true, Confirm: "Add"}
	s := raise(t, func(s *stage) *widget.Dialog {
		x = screen.NewKeyChange(words, m, screen.KeyChangeActions{
			Change: func(k screen.KeyTyped) {
				s.told = append(s.told, strings.Join([]string{k.Name, string(k.Master), string(k.Password), string(k.Code)}, "|"))
				x.SetBusy("Working", -1)
			},
			Stop: s.tell("stop"), Leave: s.tell("leave"), Closed: s.tell("closed"),
		})
		return x.Dialog()
	})
	s.has(t, "It is made anew.", "Name")
	s.hasNot(t, "Account password")
	s.write(t, "blue")
	s.press(t, fyne.KeyReturn)
	s.write(t, "master")
	s.press(t, fyne.KeyReturn, fyne.KeyEscape)
	s.said(t, "blue|master||", "stop")
	m.Notice = words.Failure(vault.WrongPassword)
	x.Show(m)
	s.write(t, "Master")
	s.press(t, fyne.KeyReturn)
	s.said(t, "blue|master||", "stop", "blue|Master||")
	m.Notice, m.Password, m.Code = words.Failure(vault.SecondFactor), true, true
	x.Show(m)
	s.has(t, "Account password", "One-time code")
	s.write(t, "word")
	s.press(t, fyne.KeyReturn)
	s.write(t, "123456")
	s.press(t, fyne.KeyReturn)
	s.stack.CloseAll()
	x.Show(m) // late
	s.said(t, "blue|master||", "stop", "blue|Master||", "blue|Master|word|123456", "closed")
}

// What a review says of security keys and of who can release the secret goes by
// the box that is ticked; and who agreed to give level A up for one review has not
// for the next.
func TestTicksOfTheReview(t *testing.T) {
	s, x, _ := disconnectStage(t)
	words := present.Load("en")
	facts := present.ReviewFacts{
		Run: wire.DryRun{Total: 1, Cached: 1}, Level: "B", Governed: true, GiveUp: true, Recovery: &session.Recovery{Key: "k"},
		Terms: session.CacheTerms{CanKey: true, SecurityKey: "allowed", Recovery: &session.Recovery{Key: "k"}},
	}
	r := present.NewReview(words, facts)
	x.ShowReview(r)
	s.has(t, r.NoFactor, r.Recovery)
	s.tap(t, r.AddKey, 0)
	s.has(t, r.WithKey.NoFactor, r.WithKey.Recovery)
	s.hasNot(t, r.Recovery)
	s.tap(t, r.GiveUp, 0)
	if x.Dialog().PrimaryButton().Disabled() {
		t.Error("agreed, and it does not go on")
	}
	x.ShowReview(r)
	for _, o := range seen(s.window.Canvas().Overlays().Top()) {
		if b, ok := o.(*widget.Check); ok && b.Checked != (b.Text == r.AddKey) {
			t.Errorf("%q: %v", b.Text, b.Checked)
		}
	}
	if !x.Dialog().PrimaryButton().Disabled() {
		t.Error("it goes on without being agreed to")
	}
}

// A key that says again and again that it waits paints nothing anew.
func TestTouchIsAskedForOnce(t *testing.T) {
	words := present.Load("en")
	var x *screen.SecurityKey
	s := raise(t, func(s *stage) *widget.Dialog {
		x = screen.NewSecurityKey(words, screen.SecurityKeyActions{PIN: func([]byte) {}, Ready: s.tell("ready"), Cancel: s.tell("cancel"), Closed: s.tell("closed")})
		return x.Dialog()
	})
	x.ShowTouch()
	s.has(t, "Touch your security key")
	if n := testing.AllocsPerRun(10, x.ShowTouch); n != 0 {
		t.Errorf("%v allocations", n)
	}
	x.ShowNew()
	s.has(t, "Unplug this security key")
	s.press(t, fyne.KeyReturn)
	s.has(t, "Touch your security key")
	x.ShowPIN("3 tries left")
	s.has(t, "wants its PIN (3 tries left)")
	s.press(t, fyne.KeyEscape)
	s.said(t, "ready", "cancel")
}
