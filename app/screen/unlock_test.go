package screen_test

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
)

type unlockSeat struct {
	*seat
	unlock         *screen.Unlock
	user, password string
}

func sitAtUnlock(t *testing.T, m present.Unlock) *unlockSeat {
	t.Helper()
	u := &unlockSeat{}
	u.seat = sit(t, func(s *seat) fyne.CanvasObject {
		u.unlock = screen.NewUnlock(present.Load("en"), screen.UnlockActions{
			Unlock: func(user string, password []byte) { u.user, u.password = user, string(password); s.tell("unlock")() },
			Cancel: s.tell("cancel"), Connect: s.tell("connect"), Back: s.tell("back"), Import: s.tell("import"), Clear: s.tell("clear"),
		})
		return u.unlock.Object()
	})
	u.unlock.Show(m)
	u.unlock.Focus(u.window.Canvas())
	return u
}

func (u *unlockSeat) said(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(u.told, want) {
		t.Errorf("told %q, want %q", u.told, want)
	}
}

func prompt() present.Unlock {
	return present.Unlock{
		Title: "Work Offline", User: "erika", Server: "v.example", Made: "made 3 hours ago", Left: "2 days left", Urgency: present.Warning,
		Level: "hardware", Entries: "118 entries", Tries: "16 tries left", NoFactor: "No second factor.", Can: true, Connect: true, Back: true,
	}
}

func TestUnlockByKeyboard(t *testing.T) {
	u := sitAtUnlock(t, prompt())
	for _, want := range []string{"Work Offline", "v.example", "made 3 hours ago", "2 days left", "hardware", "118 entries", "16 tries left", "No second factor.", "As you typed it"} {
		if !strings.Contains(u.reads(), want) {
			t.Errorf("%q is not in %q", want, u.reads())
		}
	}
	u.press(t, fyne.KeyReturn)
	u.said(t)
	u.write(t, "geheim")
	u.press(t, fyne.KeyReturn)
	u.said(t, "unlock")
	if u.user != "erika" || u.password != "geheim" {
		t.Errorf("unlocks for %q with %q", u.user, u.password)
	}
	if text, ok := focusedText(u.seat); !ok || text != "" {
		t.Errorf("the password stays in its field: %q", text)
	}
	if got, want := u.walk(), []string{"text erika", "secret", "Back", "Connect…", "Unlock"}; !slices.Equal(got, want) {
		t.Errorf("Tab goes %q, want %q", got, want)
	}
	u.unlock.Focus(u.window.Canvas())
	u.press(t, fyne.KeyEscape)
	u.said(t, "unlock", "back")
}

// The name has to be typed as it was when the cache was made, which may be
// another form than the one that is filled in.
func TestUnlockTakesAnotherName(t *testing.T) {
	u := sitAtUnlock(t, prompt())
	u.window.Canvas().FocusPrevious()
	u.write(t, "erika@example.org")
	u.unlock.Show(prompt())
	u.window.Canvas().FocusNext()
	u.write(t, "geheim")
	u.press(t, fyne.KeyReturn)
	if u.user != "erika@example.org" {
		t.Errorf("unlocks for %q", u.user)
	}
}

func TestUnlockWaits(t *testing.T) {
	m := prompt()
	m.Busy = true
	u := sitAtUnlock(t, prompt())
	u.unlock.Show(m)
	if !strings.Contains(u.reads(), "Opening the cache…") || u.button("Back") != nil {
		t.Errorf("does not wait: %q", u.reads())
	}
	u.press(t, fyne.KeyReturn, fyne.KeyEscape) // one Enter too many ends nothing
	test.Tap(u.button("Cancel"))
	u.said(t, "cancel", "cancel")
	m = prompt()
	m.Notice, m.Tries, m.TriesLow = &present.Notice{Severity: present.Alarm, Message: "It is wrong.", Remedy: "Type it again."}, "3 tries left", true
	u.unlock.Show(m)
	if _, ok := focusedText(u.seat); !ok || !strings.Contains(u.reads(), "It is wrong.") || !strings.Contains(u.reads(), "3 tries left") {
		t.Errorf("reads %q", u.reads())
	}
}

// A cache that does not open asks for no password; what helps can be pressed.
func TestUnlockThatCannot(t *testing.T) {
	u := sitAtUnlock(t, prompt())
	u.write(t, "geheim")
	m := prompt()
	m.Can, m.Left, m.Notice = false, "", &present.Notice{Severity: present.Alarm, Message: "It has ended.", Remedy: "Connect."}
	u.unlock.Show(m)
	if u.button("Unlock") != nil || !strings.Contains(u.reads(), "It has ended.") {
		t.Errorf("reads %q", u.reads())
	}
	if got, want := u.walk(), []string{"Import cache file…", "Clear offline cache…", "Back", "Connect…"}; !slices.Equal(got, want) {
		t.Errorf("Tab goes %q, want %q", got, want)
	}
	for _, label := range []string{"Import cache file…", "Clear offline cache…", "Connect…", "Back"} {
		test.Tap(u.button(label))
	}
	u.said(t, "import", "clear", "connect", "back")
	u.unlock.Show(prompt())
	u.press(t, fyne.KeyReturn)
	u.said(t, "import", "clear", "connect", "back") // the password was let go

	// A chip that takes no password takes none of another file either.
	m.Notice = &present.Notice{Severity: present.Warning, Message: "None for now.", ID: string(vault.ChipLocked)}
	u.unlock.Show(m)
	if got, want := u.walk(), []string{"Clear offline cache…", "Back", "Connect…"}; !slices.Equal(got, want) {
		t.Errorf("Tab goes %q, want %q", got, want)
	}
}

// While Offline nobody signs in: there is no way back to the login.
func TestUnlockWhileOffline(t *testing.T) {
	m := prompt()
	m.Back = false
	u := sitAtUnlock(t, m)
	u.press(t, fyne.KeyEscape)
	u.said(t)
	if u.button("Back") != nil {
		t.Error("there is a way back")
	}
}
