package widget

import (
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// PathLine is one line of a PathList.
type PathLine struct {
	Lead string // bold, before the path, such as "edited"; "": nothing
	Path string // groups and title, by slashes; where it is too long the title stays
	More string // dim, at the right; "": nothing
}

// PathList lists entries by their paths, to be read and not to be worked with.
// It paints the lines in view only, so ten thousand cost what ten do. The tip
// of a line that was cut says all of it.
type PathList struct {
	widget.BaseWidget
	body  *pathBody
	frame *canvas.Rectangle
	lines []PathLine
	shown int // lines that it is high for
}

// NewPathList returns an empty list that is as high as its lines, and at most
// as shown of them.
func NewPathList(shown int) *PathList {
	l := &PathList{shown: shown, frame: canvas.NewRectangle(nil)}
	l.frame.StrokeWidth, l.frame.CornerRadius = 1, 4
	l.body = newPathBody(l)
	l.ExtendBaseWidget(l)
	return l
}

// SetLines shows other lines. The list keeps the slice.
func (l *PathList) SetLines(lines []PathLine) {
	l.lines = lines
	if l.body.drawn { // the toolkit's list has nothing to scroll before
		l.body.ScrollToTop()
	}
	l.Refresh()
}

// Lines returns what is listed.
func (l *PathList) Lines() []PathLine { return l.lines }

func (l *PathList) step() float32 { return sizeOf(l, toolkit.SizeNameText)*1.4 + 4 }

// CreateRenderer is the toolkit's.
func (l *PathList) CreateRenderer() fyne.WidgetRenderer {
	paint := func() {
		l.frame.StrokeColor = colorOf(l, toolkit.ColorNameSeparator)
		setFill(l.frame, colorOf(l, theme.ColorPanel))
	}
	paint()
	return &objects{
		all: func() []fyne.CanvasObject { return []fyne.CanvasObject{l.frame, l.body} },
		layout: func(size fyne.Size) {
			l.frame.Resize(size)
			place(l.body, 2, 2, max(0, size.Width-4), max(0, size.Height-4))
		},
		min: func() fyne.Size {
			n := float32(max(1, min(len(l.lines), l.shown)))
			return fyne.NewSize(160, n*(l.step()+sizeOf(l, toolkit.SizeNamePadding))+4)
		},
		refresh: func() { paint(); l.body.Refresh(); canvas.Refresh(l) },
	}
}

// pathBody is the part that scrolls.
type pathBody struct {
	widget.List
	of    *PathList
	drawn bool
}

// CreateRenderer is the toolkit's.
func (b *pathBody) CreateRenderer() fyne.WidgetRenderer {
	b.drawn = true
	return b.List.CreateRenderer()
}

func newPathBody(l *PathList) *pathBody {
	b := &pathBody{of: l}
	b.HideSeparators = true
	b.Length = func() int { return len(l.lines) }
	b.CreateItem = func() fyne.CanvasObject { return newPathRow(l) }
	b.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) {
		if i < len(l.lines) {
			o.(*pathRow).show(l.lines[i])
		}
	}
	b.ExtendBaseWidget(b)
	return b
}

// TypedKey scrolls; what it has no use for goes to the dialog.
func (b *pathBody) TypedKey(e *fyne.KeyEvent) {
	step := b.of.step() + sizeOf(b.of, toolkit.SizeNamePadding)
	by := func(d float32) { b.ScrollToOffset(max(0, b.GetScrollOffset()+d)) }
	switch e.Name {
	case fyne.KeyDown:
		by(step)
	case fyne.KeyUp:
		by(-step)
	case fyne.KeyPageDown:
		by(b.Size().Height - step)
	case fyne.KeyPageUp:
		by(step - b.Size().Height)
	case fyne.KeyHome:
		b.ScrollToTop()
	case fyne.KeyEnd:
		b.ScrollToBottom()
	default:
		pass(b, e)
	}
}

// pathRow shows one line.
type pathRow struct {
	widget.BaseWidget
	tips
	of               *PathList
	line             PathLine
	lead, path, more *canvas.Text
	cutter           cutter
	whole            bool
}

func newPathRow(l *PathList) *pathRow {
	r := &pathRow{of: l, lead: canvas.NewText("", nil), path: canvas.NewText("", nil), more: canvas.NewText("", nil)}
	r.lead.TextStyle.Bold = true
	r.ExtendBaseWidget(r)
	return r
}

func (r *pathRow) show(line PathLine) {
	r.line = line
	r.Refresh()
}

func (r *pathRow) arrange(size fyne.Size) {
	text := sizeOf(r, toolkit.SizeNameText)
	r.cutter.reset(text)
	left, room := float32(6), size.Width-12
	put := func(t *canvas.Text, s string, color fyne.ThemeColorName, x, w float32) {
		setText(t, s, text, colorOf(r, color))
		place(t, x, 0, max(0, w), size.Height)
	}
	lead, _ := r.cutter.cut(r.line.Lead, room*0.3)
	put(r.lead, lead, toolkit.ColorNameForeground, left, room*0.3)
	if lead != "" {
		w := max(r.lead.MinSize().Width, 76) + 8
		left, room = left+w, room-w
	}
	more, whole := r.cutter.cut(r.line.More, room*0.45)
	r.whole = !whole
	w := float32(0)
	if more != "" {
		w = r.cutter.measure(more) + 2
		put(r.more, more, theme.ColorDim, left+room-w, w)
		w += 10
	} else {
		put(r.more, "", theme.ColorDim, left, 0)
	}
	path, cut := r.cutter.cutStart(r.line.Path, room-w)
	r.whole = r.whole && !cut
	put(r.path, path, toolkit.ColorNameForeground, left, room-w)
}

// CreateRenderer is the toolkit's.
func (r *pathRow) CreateRenderer() fyne.WidgetRenderer {
	return &objects{
		all:     func() []fyne.CanvasObject { return []fyne.CanvasObject{r.lead, r.path, r.more} },
		layout:  r.arrange,
		min:     func() fyne.Size { return fyne.NewSize(80, r.of.step()) },
		refresh: func() { r.arrange(r.Size()); canvas.Refresh(r) },
	}
}

// MouseIn is the toolkit's.
func (r *pathRow) MouseIn(e *desktop.MouseEvent) {
	if r.whole {
		return
	}
	text := strings.ReplaceAll(r.line.Path, "/", " / ")
	if r.line.More != "" {
		text += " – " + r.line.More
	}
	const longest = 1200 // a tip that fills the window helps nobody
	if len(text) > longest {
		at := len(text) - longest
		for at < len(text) && !utf8.RuneStart(text[at]) {
			at++
		}
		text = ellipsis + text[at:]
	}
	r.enter(r, text, e)
}

// MouseMoved is the toolkit's.
func (r *pathRow) MouseMoved(e *desktop.MouseEvent) { r.moved(e) }

// MouseOut is the toolkit's.
func (r *pathRow) MouseOut() { r.leave() }
