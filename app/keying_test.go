package app

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
	"github.com/tideover/tideover/vault/session"
)

// ring is what is plugged in.
type ring []*fidotest.Key

func (r ring) Find() ([]fido.Device, error) {
	var all []fido.Device
	for _, k := range r {
		all = append(all, k.Plug())
	}
	return all, nil
}

// A cache with a security key: it is added at the review, and asked for at every
// opening. Whoever gives up at it, or slips, loses nothing.
func TestSecurityKeyInTheWindow(t *testing.T) {
	key := fidotest.New(fidotest.Options{PIN: "2468", Permissions: true, AlwaysUV: true})
	d := &door{asked: make(chan struct{}, 1)}
	e := newEntranceWith(t, session.Config{Chip: tpmtest.Start(t).Open(t), Dial: d.dial, Keys: fido.NewHID(ring{key})})
	e.door = d
	e.signIn(doorWord)
	e.settle()
	e.do(present.CmdDisconnect, "")
	e.asks("1 of 1 entries will be kept")
	tick := shown[*widget.Check](e.top())
	if len(tick) != 1 || !strings.Contains(tick[0].Text, "security key") {
		t.Fatalf("the review offers %d ticks:\n%s", len(tick), e.front())
	}
	tick[0].SetChecked(true)
	e.press(fyne.KeyReturn)
	e.asks("Choose a master password")
	e.write(keyWord)
	e.cfg.Window.Canvas().Focus(nil)
	e.dialogs.Top().SetFirst(e.fields()[1])
	e.write(keyWord)
	e.press(fyne.KeyReturn)

	// Given up at the key: the dialog of the cache is there still.
	e.asks("wants its PIN (8 tries left)")
	e.press(fyne.KeyEscape)
	e.asks("Stopped. Nothing was changed.")
	if got, err := e.session.Status(t.Context()); err != nil || got.Mode != session.Online || got.Cache != nil {
		t.Fatalf("after giving up: %+v, %v", got, err)
	}
	e.press(fyne.KeyReturn) // with what was typed
	e.asks("wants its PIN")
	e.write("2468")
	e.press(fyne.KeyReturn)
	e.asks("wants its PIN") // once more: the new key opens the cache once
	e.write("2468")
	e.press(fyne.KeyReturn)
	e.alone()
	e.isAt(e.main, session.Offline)
	st, err := e.session.Status(t.Context())
	if err != nil || !cmp.Equal(st.Cache.Keys, []string{"key 1"}) || !e.session.Unlocked() {
		t.Fatalf("the cache: %+v, %v", st.Cache, err)
	}

	// Locked: the prompt says that a key is needed.
	e.lock()
	e.until(func() bool { return strings.Contains(readable(e.unlock.object()), "needs a security key: key 1") })
	e.unlock.unlock(doorUser, []byte(keyWord))
	e.asks("wants its PIN")
	e.press(fyne.KeyEscape)
	e.until(func() bool { return strings.Contains(readable(e.unlock.object()), "Cancelled") })
	if e.session.Unlocked() || key.Retries() != 8 {
		t.Errorf("unlocked %v, %d PINs left", e.session.Unlocked(), key.Retries())
	}
	tries := st.Cache.Tries.Left
	e.unlock.unlock(doorUser, []byte(keyWord))
	e.asks("wants its PIN")
	e.write("1357")
	e.press(fyne.KeyReturn)
	e.until(func() bool { return !e.unlock.task.running() && e.dialogs.Len() == 0 })
	if st, err = e.session.Status(t.Context()); err != nil || st.Cache.Tries.Left != tries {
		t.Errorf("a wrong PIN cost tries of the chip: %d, %d before, %v", st.Cache.Tries.Left, tries, err)
	}
	if e.unlock.err == nil || e.session.Unlocked() {
		t.Errorf("after a wrong PIN: %v", e.unlock.err)
	}
	e.unlock.unlock(doorUser, []byte(keyWord))
	e.asks("wants its PIN (7 tries left)")
	e.write("2468")
	e.press(fyne.KeyReturn)
	e.alone()
	e.isAt(e.main, session.Offline)
}
