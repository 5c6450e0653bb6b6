package widget

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// Groups is what a GroupTree shows. It is asked for open groups only, on the
// UI goroutine, and has to answer in microseconds.
type Groups interface {
	// Children returns the groups below one, in order; "" stands above the
	// first. The tree does not keep or change the slice.
	Children(uid string) []string
	Group(uid string) Group
}

// Group is one line of a GroupTree.
type Group struct {
	Title string
	Count int                // shown dim at the right; 0: nothing
	Icon  fyne.ThemeIconName // "": a folder, open or not
	Leaf  bool               // nothing is below it
}

// GroupTree is the tree of groups. It stands on the toolkit's list rather than
// on its tree, which walks every open node for each key and indents without
// end: here a line costs the same at any depth, and 126 levels stay readable.
// A press on a name selects without opening.
type GroupTree struct {
	widget.BaseWidget

	OnSelect func(uid string)
	OnMenu   func(uid string, at fyne.Position)
	// OnOver is asked what a drop on a group would do, or why it would do
	// nothing. Nil: nothing can be dropped.
	OnOver func(uid string) (what string, allowed bool)
	// OnDrop is told of a drop, also of one that is not allowed.
	OnDrop func(uid string)
	// OnOpened is told that the person opened or closed a group.
	OnOpened func(uid string, open bool)
	// OnKey is asked first about every key; true: it was used.
	OnKey func(*fyne.KeyEvent) bool

	groups   Groups
	open     map[string]bool
	lines    []treeLine
	selected string
	target   string // group that a drop would go to; "": none
	said     *TipHost
	cutter   cutter
	body     *treeBody
	ground   *canvas.Rectangle
}

// treeLine is a group in view.
type treeLine struct {
	uid   string
	depth int
	Group
}

// NewGroupTree returns an empty tree.
func NewGroupTree() *GroupTree {
	t := &GroupTree{open: make(map[string]bool), ground: canvas.NewRectangle(nil)}
	t.body = newTreeBody(t)
	t.ExtendBaseWidget(t)
	return t
}

// SetGroups shows other groups. What was open stays open, and the selection
// stays if it is still there.
func (t *GroupTree) SetGroups(groups Groups) {
	t.groups = groups
	t.flatten()
}

// Selected returns the selected group, "" if none is.
func (t *GroupTree) Selected() string { return t.selected }

// Select selects a group without telling OnSelect, opening those above it that
// the caller names.
func (t *GroupTree) Select(uid string, above ...string) {
	for _, a := range above {
		t.open[a] = true
	}
	t.selected = uid
	t.flatten()
	if i := t.line(uid); i >= 0 {
		t.body.ScrollTo(i)
	}
}

// Open opens or closes a group.
func (t *GroupTree) Open(uid string, open bool) {
	if t.open[uid] == open {
		return
	}
	t.open[uid] = open
	t.flatten()
	if t.OnOpened != nil {
		t.OnOpened(uid, open)
	}
}

// IsOpen tells whether a group is open.
func (t *GroupTree) IsOpen(uid string) bool { return t.open[uid] }

// OpenAll opens every group, or closes every group but the topmost.
func (t *GroupTree) OpenAll(open bool) {
	t.open = make(map[string]bool)
	if t.groups == nil {
		return
	}
	var walk func(uid string, depth int)
	walk = func(uid string, depth int) {
		for _, c := range t.groups.Children(uid) {
			if t.groups.Group(c).Leaf {
				continue
			}
			t.open[c] = open || depth == 0
			if open {
				walk(c, depth+1)
			}
		}
	}
	walk("", 0)
	t.flatten()
}

// Focus gives the tree the keyboard.
func (t *GroupTree) Focus() { focus(t.body) }

// Focused tells whether the tree has the keyboard.
func (t *GroupTree) Focused() bool { return t.body.focused }

// Focusable returns what takes the keyboard, for a window's order of focus.
func (t *GroupTree) Focusable() fyne.Focusable { return t.body }

// Lines returns the titles in view from the top, indented by their depth.
func (t *GroupTree) Lines() []string {
	out := make([]string, len(t.lines))
	for i, l := range t.lines {
		out[i] = strconv.Itoa(l.depth) + " " + l.Title
	}
	return out
}

// flatten works out the lines of the open groups.
func (t *GroupTree) flatten() {
	t.lines = t.lines[:0]
	if t.groups != nil {
		t.below("", 0)
	}
	t.body.Refresh()
}

func (t *GroupTree) below(uid string, depth int) {
	for _, c := range t.groups.Children(uid) {
		t.lines = append(t.lines, treeLine{uid: c, depth: depth, Group: t.groups.Group(c)})
		if t.open[c] {
			t.below(c, depth+1)
		}
	}
}

// line returns where a group is in view; -1: nowhere.
func (t *GroupTree) line(uid string) int {
	for i, l := range t.lines {
		if l.uid == uid {
			return i
		}
	}
	return -1
}

// choose selects the i-th line and tells of it.
func (t *GroupTree) choose(i int) {
	if len(t.lines) == 0 {
		return
	}
	i = max(0, min(i, len(t.lines)-1))
	changed := t.selected != t.lines[i].uid
	t.selected = t.lines[i].uid
	t.body.ScrollTo(i)
	if changed && t.OnSelect != nil {
		t.OnSelect(t.selected)
	}
}

// CreateRenderer is the toolkit's.
func (t *GroupTree) CreateRenderer() fyne.WidgetRenderer {
	setFill(t.ground, colorOf(t, theme.ColorPanel))
	return &objects{
		all: func() []fyne.CanvasObject { return []fyne.CanvasObject{t.ground, t.body} },
		layout: func(size fyne.Size) {
			t.ground.Resize(size)
			t.body.Resize(size)
		},
		min: func() fyne.Size { return fyne.NewSize(120, 80) },
		refresh: func() {
			setFill(t.ground, colorOf(t, theme.ColorPanel))
			t.body.Refresh()
		},
	}
}
