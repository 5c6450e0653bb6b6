package app

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault/fido/fidotest"
	"github.com/tideover/tideover/vault/session"
)

// button presses the button of the dialog in front with this label, the n-th of
// them.
func (e *entrance) button(label string, n int) {
	e.t.Helper()
	for _, b := range e.buttons() {
		if b.Text != label {
			continue
		}
		if n--; n < 0 {
			test.Tap(b)
			return
		}
	}
	e.t.Fatalf("there is no button %q: %s", label, e.front())
}

// listed waits for the list with these keys in it, and that the cache has no
// others.
func (h *harbour) listed(text string, names ...string) {
	h.t.Helper()
	h.asks(text)
	st, err := h.session.Status(h.t.Context())
	if err != nil || !cmp.Equal(st.Cache.Keys, names) {
		h.t.Fatalf("the cache has %+v, %v, want %q", st.Cache, err, names)
	}
	for _, name := range names {
		if !strings.Contains(h.front(), name+" added ") {
			h.t.Errorf("%s is not listed: %s", name, h.front())
		}
	}
}

// change fills the question in front in, with the name of a key that is added.
func (h *harbour) change(name, master string) {
	h.t.Helper()
	if name != "" {
		h.write(name)
		h.press(fyne.KeyReturn) // on to the password
	}
	h.write(master)
	h.press(fyne.KeyReturn)
}

// keyPIN is that of the key that wants one.
const keyPIN = "2468"

func (h *harbour) givePIN() {
	h.t.Helper()
	h.asks("wants its PIN")
	h.write(keyPIN)
	h.press(fyne.KeyReturn)
}

// remove asks to remove the first key of the list, by one that wants its PIN.
func (h *harbour) remove(asked string) {
	h.t.Helper()
	h.button("Remove…", 0)
	h.asks(asked)
	h.change("", keyWord)
	h.givePIN()
}

// The keys of a cache are listed, added and removed in the window, and whoever
// gives up, slips or has no key at hand changes nothing.
func TestKeysOfTheCacheInTheWindow(t *testing.T) {
	h := newHarbour(t)
	h.arrive()
	h.settle()
	h.rest()
	h.offline()

	// Offline they are read, and no more.
	h.do(present.CmdSecurityKeys, "")
	h.listed("needs no security key", []string{}...)
	h.asks("They can be changed online only")
	for _, b := range h.buttons() {
		if b.Text == "Add a key…" && !b.Disabled() {
			t.Error("a key can be added offline")
		}
	}
	h.press(fyne.KeyEscape)
	h.online()

	// The first one: no key, a wrong password, then it is there.
	blue := fidotest.New(fidotest.Options{})
	h.do(present.CmdSecurityKeys, "")
	h.asks("needs no security key")
	h.button("Add a key…", 0)
	h.asks("it does not open without the key")
	h.change("blue", "wrong")
	h.asks("The master password is wrong")
	h.write(keyWord) // replaces what was refused
	h.press(fyne.KeyReturn)
	h.asks("No security key is plugged in")
	h.keys.plugged = fidotest.New(fidotest.Options{Untouched: true})
	h.press(fyne.KeyReturn)
	h.until(func() bool { return strings.Contains(h.front(), "Touch your security key") })
	h.press(fyne.KeyEscape)
	h.asks("Stopped. Nothing was changed.")
	h.keys.plugged = blue
	h.press(fyne.KeyReturn)
	h.listed("The offline cache was made anew and needs the key now", "blue")

	// Another one, by the one that is there; given up half way at first.
	red := fidotest.New(fidotest.Options{PIN: keyPIN, Permissions: true, AlwaysUV: true})
	h.button("Add a key…", 0)
	h.asks("each of the keys opens it")
	h.change("blue", keyWord)
	h.asks("“blue” is there already")
	h.write("red")
	h.press(fyne.KeyReturn)
	h.asks("Unplug this security key")
	h.press(fyne.KeyEscape)
	h.asks("Stopped. Nothing was changed.")
	h.press(fyne.KeyReturn)
	h.asks("Unplug this security key")
	h.press(fyne.KeyReturn) // and it is not unplugged
	h.asks("This security key belongs to the cache already")
	h.press(fyne.KeyReturn)
	h.asks("Unplug this security key")
	h.keys.plugged = red
	h.press(fyne.KeyReturn)
	h.givePIN()
	h.listed("each of these keys opens it now", "blue", "red")

	// The first is lost, and removed by the second.
	h.remove("Remove “blue”?")
	h.listed("“blue” opens the offline cache no more.", "red")
	if !strings.Contains(h.front(), "Copies of the cache from before") {
		t.Errorf("nothing is said of copies: %s", h.front())
	}

	// The last one stays where the policy wants one: the server has the last word.
	h.rule("security_key", "required")
	h.remove("needs no security key any more")
	h.asks("“red” is the last one")
	h.press(fyne.KeyEscape)
	h.listed("this security key is needed", "red")
	h.press(fyne.KeyEscape)
	h.alone()
	h.isAt(h.main, session.Online)

	// The server wants to know who it is: the password is asked for in place.
	h.rule("security_key", "allowed")
	if err := h.session.SignOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.do(present.CmdSecurityKeys, "")
	h.button("Remove…", 0)
	h.change("", keyWord)
	h.asks("the server wants to know that it is you")
	h.write("wrong")
	h.press(fyne.KeyReturn)
	h.asks("The server refused")
	h.write(doorWord)
	h.press(fyne.KeyReturn)
	h.givePIN()
	h.listed("“red” opens the offline cache no more.", []string{}...)
	h.clean()
}
