package widget

import (
	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/theme"
)

// A GroupTree is a DropTarget.

// Over is a DropTarget's: the group below the pointer is marked if a drop there
// does something, and words beside the pointer say what, or why not.
func (t *GroupTree) Over(at fyne.Position) {
	line, target, words := t.lineAt(at), "", ""
	if line >= 0 && t.OnOver != nil {
		var allowed bool
		if words, allowed = t.OnOver(t.lines[line].uid); allowed {
			target = t.lines[line].uid
		}
	}
	if t.target != target {
		t.target = target
		t.body.Refresh()
	}
	if words == "" {
		t.hush()
		return
	}
	if t.said = hostOf(t); t.said != nil {
		t.said.showTip(words, at)
	}
}

// Drop is a DropTarget's.
func (t *GroupTree) Drop(at fyne.Position) {
	if line := t.lineAt(at); line >= 0 && t.OnDrop != nil {
		t.OnDrop(t.lines[line].uid)
	}
}

// Leave is a DropTarget's.
func (t *GroupTree) Leave() {
	t.hush()
	if t.target != "" {
		t.target = ""
		t.body.Refresh()
	}
}

func (t *GroupTree) hush() {
	if t.said != nil {
		t.said.hideTip()
		t.said = nil
	}
}

// lineAt returns the line at a place of the canvas; -1: none.
func (t *GroupTree) lineAt(at fyne.Position) int {
	within, size := at.Subtract(fyne.CurrentApp().Driver().AbsolutePositionForObject(t)), t.Size()
	if within.X < 0 || within.Y < 0 || within.X >= size.Width || within.Y >= size.Height {
		return -1
	}
	line := int((within.Y + t.body.GetScrollOffset()) / (listRowHeight(t) + sizeOf(t, toolkit.SizeNamePadding)))
	if line >= len(t.lines) {
		return -1
	}
	return line
}
