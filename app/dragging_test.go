package app

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// mouse is a row of the list as the driver meets it.
type mouse interface {
	fyne.CanvasObject
	fyne.Draggable
	desktop.Mouseable
}

// row finds the innermost object of a kind that a text is drawn in.
func row[T fyne.CanvasObject](k *desk, text string) (found T) {
	k.tb.Helper()
	ok := false
	each(k.host, func(o fyne.CanvasObject) {
		r, kind := o.(T)
		if !kind {
			return
		}
		each(o, func(below fyne.CanvasObject) {
			if t, words := below.(*canvas.Text); words && t.Text == text {
				found, ok = r, true
			}
		})
	})
	if !ok {
		k.tb.Fatalf("no row %q", text)
	}
	return found
}

// centre is the middle of an object on the canvas.
func centre(o fyne.CanvasObject) fyne.Position {
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
	return at.AddXY(o.Size().Width/2, o.Size().Height/2)
}

// hold presses a row of the list and moves the pointer over a group.
func (k *desk) hold(entry, group string) mouse {
	k.tb.Helper()
	r := row[mouse](k, entry)
	r.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	k.settle()
	to := centre(row[interface {
		fyne.CanvasObject
		fyne.DoubleTappable
		fyne.SecondaryTappable
	}](k, group))
	e := &fyne.DragEvent{Dragged: fyne.NewDelta(-3, 0)}
	e.AbsolutePosition = centre(r)
	r.Dragged(e)
	e = &fyne.DragEvent{Dragged: fyne.NewDelta(to.X-centre(r).X, to.Y-centre(r).Y)}
	e.AbsolutePosition = to
	r.Dragged(e)
	return r
}

// release lets go, in the order of the driver.
func release(r mouse) {
	r.MouseUp(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	r.DragEnd()
}

func TestDragEntriesOntoAGroup(t *testing.T) {
	k, _ := newTrouble(t)
	r := k.hold("Mail", "Empty")
	k.want("Move “Mail” to “Empty”")
	release(r)
	k.until(func() bool { return k.dialogs.Len() == 0 })
	k.idle()
	if got, want := k.asks("move"), []string{"move " + entryID(1).String() + " to " + entryID(53).String()}; !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
	k.wantNot("Move “Mail”")

	k.main.screen.SelectAll() // a press on one of them keeps them
	k.settle()
	r = k.hold("Archive", "Empty")
	k.want("Move 2 entries to “Empty”")
	release(r)
	k.until(func() bool { return k.dialogs.Len() == 0 })
	k.idle()
	if got := k.asks("move"); len(got) != 3 {
		t.Errorf("asked for %q", got)
	}

	k.main.screen.SelectAll() // a press without a drag selects the one
	k.settle()
	one := row[mouse](k, "Archive")
	one.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	one.MouseUp(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary})
	k.settle()
	if !slices.Equal(k.main.ids, []vault.ID{entryID(2)}) {
		t.Errorf("selected %v", k.main.ids)
	}
}

// What is not to be is not done, and the reason is said.
func TestDragThatDoesNothing(t *testing.T) {
	k, x := newTrouble(t)
	release(k.hold("Mail", "Servers")) // is there already
	k.idle()

	r := k.hold("Mail", "Empty")
	k.main.screen.ForList().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	k.wantNot("Move “Mail”")
	release(r)
	k.idle()

	r = k.hold("Mail", "Empty")
	k.lock()
	release(r)
	k.idle()
	k.back()

	k.status.Mode = session.Offline
	r = k.hold("Mail", "Empty")
	k.want("That can be changed online only.")
	release(r)
	k.want("That can be changed online only.")
	k.status.Mode = session.Online
	if got := k.asks("move"); len(got) != 0 || k.dialogs.Len() != 0 {
		t.Errorf("asked for %q", got)
	}

	k.main.tell(nil)
	x.set("move", vault.Fail(vault.NotPermitted, "the group is not yours"))
	release(k.hold("Mail", "Empty"))
	k.until(func() bool { return k.dialogs.Len() == 1 && !k.dialogs.Top().Busy() })
	k.want("the group is not yours", "Move “Mail” to “Empty”")
	k.escape()
	k.idle()
	k.atRest()
	if !strings.Contains(k.reads(), "Mail") {
		t.Error("the entry is gone")
	}
}
