package screen

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// generator is the small dialog that makes passwords.
type generator struct {
	words *present.Catalogue
	stack *widget.Stack
	make  func(present.Generator) present.Generated

	dialog   *widget.Dialog
	shown    *widget.SecretLabel
	strength *widget.StrengthBar
	length   *slider
	number   *widget.TextEntry
	checks   [5]*widget.Check
	rules    present.Generator
	made     []byte
	filling  bool
}

// openGenerator opens it; use gets the password that the person took, and must
// not keep it.
func openGenerator(words *present.Catalogue, stack *widget.Stack, make func(present.Generator) present.Generated, use func([]byte)) {
	g := &generator{words: words, stack: stack, make: make, strength: widget.NewStrengthBar(), number: widget.NewTextEntry()}
	text := func(key string) string { return words.Text("generator."+key, nil) }
	g.shown = widget.NewSecretLabel("", "")
	g.shown.Allow(false, false)
	again := widget.NewTipButton(theme.Icon(theme.IconRefresh), text("again"), g.again)
	g.length = newSlider(8, 64, func() { stack.Close(g.dialog) }, func() { g.dialog.OnPrimary() })
	g.length.OnChanged = func(v float64) { g.set(func() { g.rules.Length = int(v) }) }
	g.number.OnChanged = func(typed string) {
		if n, err := strconv.Atoi(typed); err == nil && n >= 8 && n <= 128 {
			g.set(func() { g.rules.Length = n })
		}
	}
	for i, key := range []string{"upper", "lower", "digits", "symbols", "clear"} {
		g.checks[i] = widget.NewCheck(text(key), func(bool) {
			g.set(func() {
				g.rules.Upper, g.rules.Lower = g.checks[0].Checked, g.checks[1].Checked
				g.rules.Digits, g.rules.Symbols, g.rules.NoLookAlikes = g.checks[2].Checked, g.checks[3].Checked, g.checks[4].Checked
			})
		})
	}
	preview := container.New(sized{height: 40}, g.shown)
	g.dialog = &widget.Dialog{
		Title: text("title"), Icon: theme.IconGenerator, Width: 460, Primary: text("use"), Cancel: text("cancel"), First: g.number,
		Body: container.NewVBox(
			container.NewBorder(nil, nil, nil, container.NewVBox(again), preview),
			g.strength, gap(0, 6),
			widget.NewForm(
				widget.FormRow{Label: text("length"), Field: container.NewBorder(nil, nil, nil, container.New(wide{width: 56}, g.number), g.length)},
				widget.FormRow{Label: text("classes"), Field: container.NewGridWithColumns(2, g.checks[0], g.checks[1], g.checks[2], g.checks[3])},
				widget.FormRow{Field: g.checks[4]},
			),
		),
	}
	g.dialog.OnPrimary = func() {
		made := append([]byte(nil), g.made...)
		stack.Close(g.dialog)
		use(made)
		clear(made)
	}
	g.dialog.OnClosed = g.forget
	stack.Open(g.dialog)
	g.again()
}

// set changes the rules and makes another password.
func (g *generator) set(change func()) {
	if g.filling {
		return
	}
	change()
	g.again()
}

// again makes a password by the rules; the zero rules are those of last time.
func (g *generator) again() {
	done := g.make(g.rules)
	g.forget()
	g.rules, g.made = done.Rules, done.Password
	g.shown.Reveal(g.made)
	g.strength.Set(done.Score, done.Words)
	g.filling = true
	g.length.SetValue(float64(g.rules.Length))
	if g.number.Text != strconv.Itoa(g.rules.Length) {
		g.number.SetText(strconv.Itoa(g.rules.Length))
	}
	for i, on := range []bool{g.rules.Upper, g.rules.Lower, g.rules.Digits, g.rules.Symbols, g.rules.NoLookAlikes} {
		g.checks[i].SetChecked(on)
	}
	g.filling = false
	g.dialog.SetPrimaryEnabled(len(g.made) > 0)
}

func (g *generator) forget() {
	clear(g.made)
	g.made = nil
	g.shown.HideSecret()
}

// slider is the toolkit's that leaves Escape and Enter to its dialog.
type slider struct {
	fw.Slider
	escape, enter func()
}

func newSlider(from, to float64, escape, enter func()) *slider {
	s := &slider{escape: escape, enter: enter}
	s.Min, s.Max, s.Step, s.Orientation = from, to, 1, fw.Horizontal
	s.ExtendBaseWidget(s)
	return s
}

// CreateRenderer is the toolkit's, with a track that is seen on a dialog.
func (s *slider) CreateRenderer() fyne.WidgetRenderer {
	r := &tracked{WidgetRenderer: s.Slider.CreateRenderer(), of: s}
	r.paint()
	return r
}

// tracked draws the track of a slider, its first object, in a colour that
// differs from the ground.
type tracked struct {
	fyne.WidgetRenderer
	of *slider
}

func (t *tracked) paint() {
	if track, ok := t.Objects()[0].(*canvas.Rectangle); ok {
		track.FillColor = t.of.Theme().Color(toolkit.ColorNameInputBorder, fyne.CurrentApp().Settings().ThemeVariant())
		track.CornerRadius = track.Size().Height / 2
		track.Refresh()
	}
}

// Refresh is the toolkit's.
func (t *tracked) Refresh() {
	t.WidgetRenderer.Refresh()
	t.paint()
}

// TypedKey is the toolkit's.
func (s *slider) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		s.escape()
	case fyne.KeyReturn, fyne.KeyEnter:
		s.enter()
	default:
		s.Slider.TypedKey(k)
	}
}

// paragraph is text that wraps.
func paragraph(text string) fyne.CanvasObject {
	l := fw.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}
