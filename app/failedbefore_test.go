package app

import (
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// slots is the chip as caches of level A want it.
type slots struct{ *tpm.Chip }

func (x slots) With(s binding.Slots) (cache.Indexed, error) {
	chip, err := x.WithIndices(s)
	if err != nil {
		return nil, err
	}
	return chip, nil
}

// Whoever opens a cache, and for whatever, hears how many wrong passwords somebody
// has tried since it was opened last, and hears it once.
func TestWrongPasswordsAreToldOf(t *testing.T) {
	chip := tpmtest.Start(t).Open(t)
	h := newHarbourWith(t, session.Config{Chip: chip, Indices: slots{chip}, Prover: chip, Keeper: chip})
	h.arrive()
	h.settle()
	h.rest()
	h.offline()
	if st := h.status.Cache; st == nil || st.Level != binding.LevelA {
		t.Fatalf("%+v", st)
	}
	told := func(n int) string { return h.words.Text("failed_before", map[string]any{"Count": n}) }
	guess := func(n int) {
		t.Helper()
		h.lock()
		h.until(func() bool { return h.here == place(h.unlock) && !h.reading })
		for range n {
			h.entrance.open("a guess")
			h.want("The master password is wrong")
		}
	}

	// The unlocking.
	guess(1)
	h.entrance.open(keyWord)
	h.rest()
	h.isAt(h.main, session.Offline)
	h.want(told(1))
	guess(0)
	h.entrance.open(keyWord)
	h.rest()
	if got := h.reads(); strings.Contains(got, told(1)) {
		t.Errorf("told again: %q", got)
	}

	// An import.
	guess(2)
	h.do(present.CmdImportCache, "")
	h.asks("a cache cannot be moved")
	h.write(filepath.Clean(h.file))
	h.press(fyne.KeyReturn)
	h.write(keyWord)
	h.press(fyne.KeyReturn)
	h.alone()
	h.rest()
	h.want(h.words.Text("import.done", nil))
	h.want(told(2))

	// A command that has nothing to say of itself.
	guess(3)
	h.open()
	h.want(told(3))
}
