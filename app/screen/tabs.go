package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/widget"
)

// tabs shows one page of several. The toolkit's own cannot be reached by the
// keyboard, and would keep Escape from the dialog.
type tabs struct {
	fw.BaseWidget
	heads    []*tabHead
	pages    []fyne.CanvasObject
	line     *canvas.Rectangle // below all heads
	mark     *canvas.Rectangle // below the chosen one
	chosen   int
	selected func(int)
	leave    func() // Escape on a head
}

// page is one page with its head.
type page struct {
	title string
	body  fyne.CanvasObject
}

func newTabs(leave func(), selected func(int), pages ...page) *tabs {
	t := &tabs{line: canvas.NewRectangle(nil), mark: canvas.NewRectangle(nil), selected: selected, leave: leave}
	for i, p := range pages {
		t.heads = append(t.heads, newTabHead(t, i, p.title))
		t.pages = append(t.pages, p.body)
	}
	t.ExtendBaseWidget(t)
	t.choose(0)
	return t
}

// choose shows a page.
func (t *tabs) choose(at int) {
	if at < 0 || at >= len(t.pages) {
		return
	}
	t.chosen = at
	for i, p := range t.pages {
		show(p, i == at)
		importance := fw.LowImportance
		t.heads[i].Importance = importance
		t.heads[i].Refresh()
	}
	t.Refresh()
	if t.selected != nil {
		t.selected(at)
	}
}

// turn shows the page that is step further on, round and round. Its head gets
// the keyboard: what had it is on a page that is hidden now.
func (t *tabs) turn(step int) {
	next := t.chosen
	for range t.heads {
		if next = (next + step + len(t.heads)) % len(t.heads); !t.heads[next].Disabled() {
			break
		}
	}
	t.choose(next)
	focus(t.heads[next])
}

// allow lets a page be chosen, or not.
func (t *tabs) allow(at int, allowed bool) { enable(t.heads[at], allowed) }

func (t *tabs) paint() {
	th, v := t.Theme(), fyne.CurrentApp().Settings().ThemeVariant()
	t.line.FillColor = th.Color(toolkit.ColorNameSeparator, v)
	t.mark.FillColor = th.Color(toolkit.ColorNamePrimary, v)
}

func (t *tabs) headHeight() float32 {
	if len(t.heads) == 0 {
		return 0
	}
	return t.heads[0].MinSize().Height
}

// CreateRenderer is the toolkit's.
func (t *tabs) CreateRenderer() fyne.WidgetRenderer {
	t.paint()
	all := []fyne.CanvasObject{t.line}
	for _, h := range t.heads {
		all = append(all, h)
	}
	all = append(all, t.mark)
	all = append(all, t.pages...)
	arrange := func(size fyne.Size) {
		high, x := t.headHeight(), float32(0)
		for i, h := range t.heads {
			w := h.MinSize().Width
			put(h, x, 0, w, high)
			if i == t.chosen {
				put(t.mark, x+4, high, w-8, 2)
			}
			x += w + 2
		}
		put(t.line, 0, high+1, size.Width, 1)
		top := high + 12
		for i, p := range t.pages {
			if i == t.chosen {
				put(p, 0, top, size.Width, max(0, size.Height-top))
			}
		}
	}
	return &drawn{
		all:    all,
		layout: arrange,
		min: func() fyne.Size {
			var m fyne.Size
			for _, p := range t.pages { // as wide as the widest, so that it does not jump
				m.Width = max(m.Width, p.MinSize().Width)
			}
			m.Height = t.pages[t.chosen].MinSize().Height + t.headHeight() + 12
			var heads float32
			for _, h := range t.heads {
				heads += h.MinSize().Width + 2
			}
			return fyne.NewSize(max(m.Width, heads), m.Height)
		},
		refresh: func() {
			t.paint()
			arrange(t.Size())
			canvas.Refresh(t)
		},
	}
}

// tabHead is the name of a page: a press, Enter and Space choose it, Left and
// Right go on to the next.
type tabHead struct {
	widget.Button
	tabs *tabs
	at   int
}

func newTabHead(t *tabs, at int, title string) *tabHead {
	h := &tabHead{tabs: t, at: at}
	h.Text, h.Importance = title, fw.LowImportance
	h.OnTapped = func() { t.choose(at) }
	h.ExtendBaseWidget(h)
	return h
}

// MinSize is the toolkit's: no wider than its name asks for.
func (h *tabHead) MinSize() fyne.Size {
	m := h.Button.Button.MinSize()
	return fyne.NewSize(m.Width+10, h.Button.MinSize().Height)
}

// TypedKey is the toolkit's.
func (h *tabHead) TypedKey(e *fyne.KeyEvent) {
	step := 0
	switch e.Name {
	case fyne.KeyLeft:
		step = -1
	case fyne.KeyRight:
		step = 1
	case fyne.KeyEscape:
		h.tabs.leave()
		return
	default:
		h.Button.TypedKey(e)
		return
	}
	next := h.at + step
	for next >= 0 && next < len(h.tabs.heads) && h.tabs.heads[next].Disabled() {
		next += step
	}
	if next >= 0 && next < len(h.tabs.heads) {
		h.tabs.choose(next)
		focus(h.tabs.heads[next])
	}
}
