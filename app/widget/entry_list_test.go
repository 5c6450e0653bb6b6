package widget_test

import (
	"image"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

func columns() []widget.Column {
	return []widget.Column{
		{Key: "title", Title: "Title", Width: 200, Min: 100},
		{Key: "user", Title: "User name", Width: 120, Min: 80, Drop: 1},
		{Key: "url", Title: "URL", Width: 120, Min: 80, Drop: 2},
		{Key: "notes", Title: "Notes", Width: 100, Min: 80, Drop: 3, Fixed: true},
	}
}

func newList(t *testing.T, rows widget.Rows, width float32) *widget.EntryList {
	t.Helper()
	l := widget.NewEntryList(columns())
	window(t, l, width, 300)
	l.SetRows(rows)
	return l
}

func TestOnlyRowsInViewArePainted(t *testing.T) {
	asked := map[int]bool{}
	l := newList(t, table{n: 100_000, title: func(i int) string { asked[i] = true; return "entry" }}, 600)
	if len(asked) == 0 || len(asked) > 40 {
		t.Errorf("%d of 100,000 rows were asked for", len(asked))
	}
	clear(asked)
	keys(l.Focusable(), fyne.KeyEnd)
	if !asked[99_999] || len(asked) > 40 {
		t.Errorf("End asked for %d rows; the last: %v", len(asked), asked[99_999])
	}
}

func TestPressSelects(t *testing.T) {
	l := newList(t, table{n: 8}, 600)
	told := 0
	l.OnSelect = func() { told++ }
	left := desktop.MouseButtonPrimary
	steps := []struct {
		name string
		do   func()
		want []widget.RowID
	}{
		{"press", func() { press(rowOf(t, l, "title 2"), left, 0, fyne.Position{}) }, []widget.RowID{id(2)}},
		{"Ctrl adds", func() { press(rowOf(t, l, "title 4"), left, fyne.KeyModifierShortcutDefault, fyne.Position{}) }, []widget.RowID{id(2), id(4)}},
		{"Ctrl takes away", func() { press(rowOf(t, l, "title 2"), left, fyne.KeyModifierShortcutDefault, fyne.Position{}) }, []widget.RowID{id(4)}},
		{"Shift extends from the last", func() { press(rowOf(t, l, "title 0"), left, fyne.KeyModifierShift, fyne.Position{}) }, []widget.RowID{id(0), id(1), id(2)}},
		{"right button keeps a selection that it hits", func() { press(rowOf(t, l, "title 1"), desktop.MouseButtonSecondary, 0, fyne.Position{}) }, []widget.RowID{id(0), id(1), id(2)}},
		{"and selects what it hits beside it", func() { press(rowOf(t, l, "title 6"), desktop.MouseButtonSecondary, 0, fyne.Position{}) }, []widget.RowID{id(6)}},
	}
	for i, s := range steps {
		s.do()
		if diff := cmp.Diff(s.want, l.Selected()); diff != "" {
			t.Errorf("%s: %s", s.name, diff)
		}
		if told != i+1 {
			t.Errorf("%s: told %d times", s.name, told)
		}
	}
	if !l.Focused() {
		t.Error("a press does not bring the keyboard")
	}
}

func TestListKeys(t *testing.T) {
	l := newList(t, table{n: 100}, 600)
	var opened []widget.RowID
	deleted := 0
	l.OnOpen = func(id widget.RowID) { opened = append(opened, id) }
	l.OnDelete = func() { deleted++ }
	l.Focus()
	f := l.Focusable()
	at := func(want int) {
		t.Helper()
		if got, ok := l.Current(); !ok || got != id(want) {
			t.Errorf("the cursor is on %v, want row %d", got, want)
		}
	}
	at(0)
	keys(f, fyne.KeyDown, fyne.KeyDown, fyne.KeyUp)
	at(1)
	keys(f, fyne.KeyEnd, fyne.KeyDown)
	at(99)
	keys(f, fyne.KeyHome, fyne.KeyUp)
	at(0)
	keys(f, fyne.KeyPageDown)
	if got, _ := l.Current(); got == id(0) {
		t.Error("PgDn stays where it is")
	}
	keys(f, fyne.KeyPageUp)
	at(0)
	keys(f, fyne.KeyReturn, fyne.KeyDelete)
	if len(opened) != 1 || opened[0] != id(0) || deleted != 1 {
		t.Errorf("Enter opened %v, Del deleted %d times", opened, deleted)
	}
	held := f.(desktop.Keyable)
	held.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	keys(f, fyne.KeyDown, fyne.KeyDown)
	held.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	if got := len(l.Selected()); got != 3 {
		t.Errorf("Shift+Down twice selects %d rows, want 3", got)
	}
}

func TestTypingAhead(t *testing.T) {
	names := []string{"alpha", "beta", "Bravo", "gamma", "bravissimo"}
	l := newList(t, table{n: 5, title: func(i int) string { return names[i] }}, 600)
	l.Focus()
	for _, r := range "br" {
		l.Focusable().TypedRune(r)
	}
	if got, _ := l.Current(); got != id(2) {
		t.Errorf("typing br goes to %v, want Bravo", got)
	}
}

func TestSelectionFollowsTheEntry(t *testing.T) {
	l := newList(t, table{n: 50}, 600)
	l.Select(id(20))
	l.SetRows(table{from: 15, n: 10})
	if diff := cmp.Diff([]widget.RowID{id(20)}, l.Selected()); diff != "" {
		t.Error(diff)
	}
	if got, ok := l.Current(); !ok || got != id(20) {
		t.Errorf("the cursor is on %v", got)
	}
	l.SetRows(table{n: 5})
	if got := l.Selected(); len(got) != 0 {
		t.Errorf("%v is selected and not in the list", got)
	}
	l.SetRows(nil)
	l.SelectAll()
	keys(l.Focusable(), fyne.KeyDown, fyne.KeyEnd, fyne.KeyReturn) // an empty list takes any key
}

func TestDoubleClickAndMenu(t *testing.T) {
	l := newList(t, table{n: 3}, 600)
	var opened widget.RowID
	var at fyne.Position
	l.OnOpen = func(id widget.RowID) { opened = id }
	l.OnMenu = func(p fyne.Position) { at = p }
	row := rowOf(t, l, "title 1")
	row.(fyne.DoubleTappable).DoubleTapped(&fyne.PointEvent{})
	row.(fyne.SecondaryTappable).TappedSecondary(&fyne.PointEvent{AbsolutePosition: fyne.NewPos(7, 9)})
	if opened != id(1) || at != fyne.NewPos(7, 9) {
		t.Errorf("opened %v, menu at %v", opened, at)
	}
}

func TestHeadSortsAndResizes(t *testing.T) {
	l := newList(t, table{n: 3}, 540)
	var sorted []widget.Sorting
	var widths map[string]float32
	l.OnSort = func(s widget.Sorting) {
		sorted = append(sorted, s)
		l.SetSorting(s)
	}
	l.OnWidths = func(w map[string]float32) { widths = w }
	var head fyne.CanvasObject
	for _, o := range test.LaidOutObjects(l) {
		if _, ok := o.(fyne.Draggable); ok && slices.Contains(texts(o), "User name") {
			head = o
			break
		}
	}
	if head == nil {
		t.Fatal("no head")
	}
	tap := func(x float32) {
		head.(fyne.Tappable).Tapped(&fyne.PointEvent{Position: fyne.NewPos(x, 5)})
	}
	tap(250)
	tap(250)
	tap(20)
	tap(520) // Fixed
	want := []widget.Sorting{{Column: "user"}, {Column: "user", Descending: true}, {Column: "title"}}
	if diff := cmp.Diff(want, sorted); diff != "" {
		t.Error(diff)
	}
	drag := head.(fyne.Draggable)
	drag.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(230, 5)}, Dragged: fyne.NewDelta(30, 0)})
	drag.DragEnd()
	if widths["title"] != 230 || widths["user"] != 90 {
		t.Errorf("after a drag by 30 the widths are %v", widths)
	}
}

func TestNarrowListDropsColumns(t *testing.T) {
	for _, c := range []struct {
		width float32
		want  string
	}{{540, "title user url notes"}, {300, "title user url"}, {200, "title user"}, {120, "title"}, {40, "title"}} {
		l := newList(t, table{n: 3}, c.width)
		l.Resize(fyne.NewSize(c.width, 200))
		if got := strings.Join(l.ShownColumns(), " "); got != c.want {
			t.Errorf("%v points wide: %s, want %s", c.width, got, c.want)
		}
	}
}

func TestLongTextsAreCut(t *testing.T) {
	cases := map[string]string{
		"wide":      strings.Repeat("W", 300),
		"narrow":    strings.Repeat("i", 300),
		"megabyte":  strings.Repeat("notes ", 200_000),
		"lines":     "one\ntwo\tthree\x00four",
		"combining": strings.Repeat("e\u0301", 300),
		"invalid":   strings.Repeat("\xff", 300),
		"family":    strings.Repeat("👨\u200d👩\u200d👧", 100),
	}
	for name, text := range cases {
		l := newList(t, table{n: 1, title: func(int) string { return text }}, 540)
		painted := texts(l)
		i := slices.IndexFunc(painted, func(s string) bool { return s == "user 0" }) - 1
		if i < 0 {
			t.Fatalf("%s: %q", name, painted)
		}
		title := painted[i]
		if w := fyne.MeasureText(title, 13, fyne.TextStyle{}).Width; w > 175 {
			t.Errorf("%s: %v points in a cell of 167", name, w)
		}
		if len(text) > 100 && !strings.HasSuffix(title, "…") {
			t.Errorf("%s: cut without an ellipsis: %q", name, title)
		}
		if strings.ContainsAny(title, "\n\t\x00") {
			t.Errorf("%s: %q holds control characters", name, title)
		}
		if rest := strings.TrimSuffix(title, "…"); strings.HasSuffix(rest, "\u200d") || utf8.ValidString(text) && !utf8.ValidString(rest) {
			t.Errorf("%s: cut inside a character: %q", name, title)
		}
	}
}

func TestMarksAreShown(t *testing.T) {
	l := newList(t, table{n: 1, look: widget.RowLook{Mark: "edited", Expired: true}}, 540)
	if got := texts(l); !slices.Contains(got, "edited") || !slices.Contains(got, "title 0") {
		t.Errorf("painted: %q", got)
	}
}

// kinds is rows of several icons and marks.
type kinds struct{ table }

func (k kinds) Look(i int) widget.RowLook {
	icons := []fyne.ThemeIconName{"key", "globe", "server", "note"}
	return widget.RowLook{Icon: icons[i%4], Expired: i%5 == 0, Mark: strings.Repeat("edited", i%2)}
}

// Colours that stay behind when the theme changes are the toolkit's oldest
// trap: a list that was switched must look like one that was always so.
func TestThemeSwitchRepaintsAll(t *testing.T) {
	picture := func(modes ...theme.Mode) image.Image {
		a := test.NewTempApp(t)
		a.Settings().SetTheme(theme.New(modes[0]))
		list, tree, strip := widget.NewEntryList(columns()), widget.NewGroupTree(), widget.NewStrip()
		badge, form := widget.NewModeBadge(), widget.NewForm(widget.FormRow{Label: "One", Field: widget.NewSelect(nil, nil), Hint: "hint"})
		secret := widget.NewSecretLabel("", "")
		strip.Set(widget.Message{Level: widget.LevelWarning, Text: "Text", Remedy: "Remedy", Action: "Act"})
		w := test.NewTempWindow(t, container.NewGridWithRows(3, list, tree, container.NewVBox(strip, badge, form, secret, widget.NewChip("tag", func() {}), widget.NewToolbarButton("key", "Key", "", nil))))
		w.Resize(fyne.NewSize(500, 700))
		list.SetRows(kinds{table{n: 20}})
		list.Select(id(3))
		tree.SetGroups(example)
		tree.OpenAll(true)
		secret.Reveal([]byte("a1!"))
		for _, m := range modes[1:] {
			a.Settings().SetTheme(theme.New(m))
		}
		return w.Canvas().Capture()
	}
	want, got := picture(theme.Dark), picture(theme.Light, theme.Dark)
	for y := range want.Bounds().Dy() {
		for x := range want.Bounds().Dx() {
			if want.At(x, y) != got.At(x, y) {
				t.Fatalf("at %d,%d the switched window shows %v, a dark one %v", x, y, got.At(x, y), want.At(x, y))
			}
		}
	}
}

// BenchmarkListJump measures a jump through 100,000 rows.
func BenchmarkListJump(b *testing.B) {
	test.NewTempApp(b).Settings().SetTheme(theme.New(theme.Light))
	l := widget.NewEntryList(columns())
	w := test.NewTempWindow(b, l)
	w.Resize(fyne.NewSize(1000, 760))
	l.SetRows(kinds{table{n: 100_000}})
	for i := 0; b.Loop(); i++ {
		l.Select(id(i * 7919 % 1000 * 100 % 100_000))
	}
}

// BenchmarkListSearch measures what a keystroke costs after the search: other
// rows in the same list, the selection kept.
func BenchmarkListSearch(b *testing.B) {
	test.NewTempApp(b).Settings().SetTheme(theme.New(theme.Light))
	l := widget.NewEntryList(columns())
	w := test.NewTempWindow(b, l)
	w.Resize(fyne.NewSize(1000, 760))
	l.SetRows(kinds{table{n: 100_000}})
	l.Select(id(99_999))
	for i := 0; b.Loop(); i++ {
		l.SetRows(kinds{table{from: i % 1000, n: 100_000 - i%1000}})
	}
}
