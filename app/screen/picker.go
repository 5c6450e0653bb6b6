package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
)

// GroupPicker is a tree of groups in a dialog, one of which is to be chosen.
type GroupPicker struct {
	tree   *widget.GroupTree
	object fyne.CanvasObject
}

// NewGroupPicker returns a picker of the groups of a listing.
func NewGroupPicker(words *present.Catalogue, t *present.Tree) *GroupPicker {
	room := canvas.NewRectangle(nil)
	room.SetMinSize(fyne.NewSize(380, 260))
	p := &GroupPicker{tree: widget.NewGroupTree()}
	p.tree.SetGroups(groups{t, false, words.Text("main.all", nil)})
	p.object = container.NewStack(room, p.tree)
	return p
}

// Object returns what is drawn.
func (p *GroupPicker) Object() fyne.CanvasObject { return p.object }

// Focusable returns what takes the keyboard.
func (p *GroupPicker) Focusable() fyne.Focusable { return p.tree.Focusable() }

// Select selects a group, with those above it that have to be open for it.
func (p *GroupPicker) Select(uid string, above ...string) { p.tree.Select(uid, above...) }

// Selected returns the UID of the selected group; empty: none.
func (p *GroupPicker) Selected() string { return p.tree.Selected() }

// OnSelect calls told after each change.
func (p *GroupPicker) OnSelect(told func()) { p.tree.OnSelect = func(string) { told() } }
