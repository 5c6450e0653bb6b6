package app

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/tideover/tideover/vault"
)

// A secret that was asked for is dots again when its time is over.
func TestSecretIsHiddenAfterItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newDesk(t, few)
		k.choose(1)
		begun := time.Now()
		k.main.reveal(entryID(1), "PIN")
		k.settle()
		if !k.main.screen.Details().Shows(entryID(1), "PIN") {
			t.Fatal("it is not shown")
		}
		k.until(func() bool { return !k.main.screen.Details().Shows(entryID(1), "PIN") })
		if shown := time.Since(begun); shown < shownFor || shown > shownFor+time.Second {
			t.Errorf("it was shown for %v", shown)
		}
		k.main.hid(vault.ID{}, "PIN") // is hidden already
	})
}
