package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

const (
	indentStep = 14 // per level
	// titleRoom is what a title gets at any depth: where indenting would take
	// of it, it ends, and the number of the level stands before the title.
	titleRoom = 96
)

// treeBody is the scrolled part of a GroupTree.
type treeBody struct {
	widget.List
	tree    *GroupTree
	focused bool
}

func newTreeBody(t *GroupTree) *treeBody {
	b := &treeBody{tree: t}
	b.HideSeparators = true
	b.Length = func() int { return len(t.lines) }
	b.CreateItem = func() fyne.CanvasObject { return newTreeRow(t) }
	b.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) { o.(*treeRow).show(i) }
	b.ExtendBaseWidget(b)
	return b
}

// FocusGained is the toolkit's.
func (b *treeBody) FocusGained() {
	b.focused = true
	b.Refresh()
}

// FocusLost is the toolkit's.
func (b *treeBody) FocusLost() {
	b.focused = false
	b.Refresh()
}

// TypedKey is the toolkit's.
func (b *treeBody) TypedKey(e *fyne.KeyEvent) {
	t := b.tree
	if t.OnKey != nil && t.OnKey(e) {
		return
	}
	at := t.line(t.selected)
	page := max(1, int(b.Size().Height/(listRowHeight(t)+sizeOf(t, toolkit.SizeNamePadding)))-1)
	switch e.Name {
	case fyne.KeyUp:
		t.choose(at - 1)
	case fyne.KeyDown:
		t.choose(at + 1)
	case fyne.KeyHome:
		t.choose(0)
	case fyne.KeyEnd:
		t.choose(len(t.lines) - 1)
	case fyne.KeyPageUp:
		t.choose(at - page)
	case fyne.KeyPageDown:
		t.choose(at + page)
	case fyne.KeyRight:
		b.right(at)
	case fyne.KeyLeft:
		b.left(at)
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if at >= 0 && !t.lines[at].Leaf {
			t.Open(t.selected, !t.open[t.selected])
		}
	default:
		pass(b, e)
	}
}

// right opens a group, or goes to the first below an open one.
func (b *treeBody) right(at int) {
	t := b.tree
	if at < 0 || t.lines[at].Leaf {
		return
	}
	if t.open[t.selected] {
		t.choose(at + 1)
	} else {
		t.Open(t.selected, true)
	}
}

// left closes a group, or goes to the one above a closed one.
func (b *treeBody) left(at int) {
	t := b.tree
	if at < 0 {
		return
	}
	if t.open[t.selected] && !t.lines[at].Leaf {
		t.Open(t.selected, false)
		return
	}
	for i := at - 1; i >= 0; i-- {
		if t.lines[i].depth < t.lines[at].depth {
			t.choose(i)
			return
		}
	}
}

// TypedRune is the toolkit's.
func (b *treeBody) TypedRune(r rune) {
	t := b.tree
	from := t.line(t.selected) + 1
	for i := range t.lines {
		if at := (from + i) % len(t.lines); hasPrefixFold(t.lines[at].Title, string(r)) {
			t.choose(at)
			return
		}
	}
}

// treeRow paints one group.
type treeRow struct {
	widget.BaseWidget
	tips
	tree         *GroupTree
	at           int
	hover, cut   bool
	chevronX     float32
	ground       *canvas.Rectangle
	chevron      pictures
	icon         pictures
	title, count *canvas.Text
}

func newTreeRow(t *GroupTree) *treeRow {
	r := &treeRow{tree: t, at: -1, ground: canvas.NewRectangle(nil), chevron: make(pictures), icon: make(pictures), title: canvas.NewText("", nil), count: canvas.NewText("", nil)}
	r.ExtendBaseWidget(r)
	return r
}

func (r *treeRow) show(at int) {
	if r.at != at {
		r.leave()
		r.hover = false
	}
	r.at = at
	r.paint()
}

// CreateRenderer is the toolkit's.
func (r *treeRow) CreateRenderer() fyne.WidgetRenderer {
	return &objects{
		all: func() []fyne.CanvasObject {
			return r.chevron.over(r.icon.over(r.ground, r.title, r.count)...)
		},
		layout: func(size fyne.Size) {
			gap := sizeOf(r.tree, toolkit.SizeNamePadding)
			place(r.ground, 0, -gap/2, size.Width, size.Height+gap)
			r.paint()
		},
		min:     func() fyne.Size { return fyne.NewSize(64, listRowHeight(r.tree)) },
		refresh: func() { r.paint(); canvas.Refresh(r) },
	}
}

// MouseDown is the toolkit's.
func (r *treeRow) MouseDown(e *desktop.MouseEvent) {
	r.leave()
	focus(r.tree.body)
	if r.at < 0 || r.at >= len(r.tree.lines) {
		return
	}
	line := r.tree.lines[r.at]
	if !line.Leaf && e.Position.X < r.chevronX+16 && e.Button == desktop.MouseButtonPrimary {
		r.tree.Open(line.uid, !r.tree.open[line.uid])
		return
	}
	r.tree.choose(r.at)
}

// MouseUp is the toolkit's.
func (r *treeRow) MouseUp(*desktop.MouseEvent) {}

// DoubleTapped is the toolkit's.
func (r *treeRow) DoubleTapped(e *fyne.PointEvent) {
	if r.at < 0 || r.at >= len(r.tree.lines) || e.Position.X < r.chevronX+16 {
		return
	}
	if line := r.tree.lines[r.at]; !line.Leaf {
		r.tree.Open(line.uid, !r.tree.open[line.uid])
	}
}

// TappedSecondary is the toolkit's.
func (r *treeRow) TappedSecondary(e *fyne.PointEvent) {
	if r.tree.OnMenu != nil && r.at >= 0 && r.at < len(r.tree.lines) {
		r.tree.OnMenu(r.tree.lines[r.at].uid, e.AbsolutePosition)
	}
}

// MouseIn is the toolkit's.
func (r *treeRow) MouseIn(e *desktop.MouseEvent) {
	r.hover = true
	r.paint()
	if r.cut && r.at >= 0 && r.at < len(r.tree.lines) {
		r.enter(r, r.tree.lines[r.at].Title, e)
	}
}

// MouseMoved is the toolkit's.
func (r *treeRow) MouseMoved(e *desktop.MouseEvent) { r.moved(e) }

// MouseOut is the toolkit's.
func (r *treeRow) MouseOut() {
	r.hover = false
	r.paint()
	r.leave()
}

func (r *treeRow) groundName() fyne.ThemeColorName {
	switch selected := r.tree.lines[r.at].uid == r.tree.selected; {
	case r.tree.lines[r.at].uid == r.tree.target, selected && r.tree.body.focused:
		return theme.ColorSelected
	case selected:
		return theme.ColorSelectedDim
	case r.hover:
		return theme.ColorRowHover
	default:
		return theme.ColorPanel
	}
}
