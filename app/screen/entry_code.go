package screen

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// The choices of a code. RFC 6238 has 6 to 8 digits and 30 seconds; KeePassXC
// offers the same.
var (
	codeDigits  = []int{6, 7, 8}
	codeSeconds = []int{15, 30, 60}
)

// codePage shows and sets up the one-time code.
type codePage struct {
	e      *Entry
	object fyne.CanvasObject

	now            *fw.Label
	left           *widget.CountdownBar
	showing        *widget.Button
	copy           *widget.Button
	secret         *secretField
	digits, period *widget.Select
	remove         *widget.Button
	about          *widget.Hint
	removed        bool
	filling        bool
	parted         bool // a choice differs from what the secret says
}

func newCodePage(e *Entry) *codePage {
	p := &codePage{e: e, now: fw.NewLabel(""), left: widget.NewCountdownBar(), about: widget.NewHint("")}
	p.now.SizeName = toolkit.SizeNameHeadingText
	p.now.TextStyle.Monospace = true
	p.showing = widget.NewIconButton(e.text("code.show"), theme.Icon(theme.IconEye), p.reveal)
	p.copy = widget.NewIconButton(e.text("copy"), theme.Icon(theme.IconCopy), func() { e.actions.CopyCode() })
	p.secret = newSecretField(e.words, func() { e.actions.Reveal(vault.FieldOTP) }, p.changed)
	choice := func(numbers []int, unit string) *widget.Select {
		var list []string
		for _, n := range numbers {
			list = append(list, codeNumber(e, n, unit))
		}
		return widget.NewSelect(list, func(string) { p.chosen() })
	}
	p.digits, p.period = choice(codeDigits, "digits"), choice(codeSeconds, "seconds")
	p.remove = widget.NewButton(e.text("code.remove"), p.removeAsked)
	p.object = widget.NewForm(
		widget.FormRow{Label: e.text("code.now"), Field: container.NewBorder(nil, nil, nil, container.NewHBox(p.showing, p.copy), p.now)},
		widget.FormRow{Field: p.left},
		widget.FormRow{Label: e.text("code.secret"), Field: p.secret.object, Hint: e.text("code.secret.hint")},
		widget.FormRow{Label: e.text("code.digits"), Field: container.NewHBox(container.New(wide{width: 150}, p.digits))},
		widget.FormRow{Label: e.text("code.period"), Field: container.NewHBox(container.New(wide{width: 150}, p.period))},
		widget.FormRow{Field: container.NewHBox(p.remove)},
		widget.FormRow{Field: p.about},
	)
	return p
}

func codeNumber(e *Entry, n int, unit string) string {
	return e.words.Text("entry.code."+unit+".value", map[string]any{"Count": n})
}

func (p *codePage) show() {
	f := &p.e.form
	p.removed, p.parted = false, false
	p.secret.refuse = nil
	if f.NoReveal != "" {
		p.secret.refuse = func() { p.e.Tell(&present.Notice{Severity: present.Info, Message: f.NoReveal}) }
	}
	p.secret.show(f.Code.Has)
	p.secret.fix(!p.e.editable(), f.NoReveal == "")
	p.set("", 0, "")
	p.choose(f.Code.Digits, f.Code.Seconds)
	p.paint()
}

// choose shows digits and period without taking it as a choice.
func (p *codePage) choose(digits, seconds int) {
	p.filling = true
	for _, x := range []struct {
		field   *widget.Select
		value   int
		numbers []int
		unit    string
	}{{p.digits, digits, codeDigits, "digits"}, {p.period, seconds, codeSeconds, "seconds"}} {
		x.field.ClearSelected()
		x.field.PlaceHolder = "–"
		for _, n := range x.numbers {
			if n == x.value {
				x.field.SetSelected(codeNumber(p.e, n, x.unit))
			}
		}
		if x.value != 0 && x.field.Selected == "" { // Steam's five, or a rare period
			x.field.PlaceHolder = codeNumber(p.e, x.value, x.unit)
		}
		x.field.Refresh() // a placeholder alone is not painted
	}
	p.filling = false
}

func (p *codePage) paint() {
	f, on := &p.e.form, p.e.editable()
	has := f.Code.Has && !p.removed
	value := p.secret.text()
	known := len(value) > 0
	clear(value)
	enable(p.digits, on && known)
	enable(p.period, on && known)
	enable(p.showing, (has || known) && f.NoReveal == "" && !f.Past)
	enable(p.copy, has && f.NoCopy == "" && !f.Past)
	show(p.remove, on && f.Code.Has)
	label := "code.remove"
	if p.removed {
		label = "code.keep"
	}
	p.remove.SetText(p.e.text(label))
	about := ""
	switch {
	case p.removed:
		about = p.e.text("code.about.removed")
	case !has && !known:
		about = p.e.text("code.about.none")
	}
	p.about.SetText(about)
	show(p.about, about != "")
	p.object.Refresh()
}

// changed follows what is typed.
func (p *codePage) changed() {
	if p.secret.typed {
		p.removed = false
	}
	p.parts()
}

// parts shows digits and period of the secret that is here.
func (p *codePage) parts() {
	value := p.secret.text()
	defer clear(value)
	if digits, seconds, ok := present.CodeParts(value); ok && !p.parted {
		p.choose(digits, seconds)
	}
	p.paint()
}

// chosen takes a choice of digits or period.
func (p *codePage) chosen() {
	if !p.filling {
		p.parted = true
	}
}

func (p *codePage) reveal() {
	if p.now.Text != "" {
		p.set("", 0, "")
		return
	}
	if p.secret.typed {
		setting, err := p.setting()
		if err != nil {
			p.e.Failed(p.e.words.Failure(err), err)
			return
		}
		p.e.actions.ShowCode(append([]byte(nil), setting.Bytes()...))
		setting.Wipe()
		return
	}
	p.e.actions.ShowCode(nil)
}

func (p *codePage) removeAsked() {
	p.removed = !p.removed
	if p.removed {
		p.secret.show(false)
		p.set("", 0, "")
	} else {
		p.secret.show(p.e.form.Code.Has)
	}
	p.paint()
}

// set shows a code in two halves, as people read it out.
func (p *codePage) set(code string, left float64, words string) {
	if n := len(code); n >= 6 {
		code = code[:n/2] + " " + code[n/2:]
	}
	p.now.SetText(code)
	p.left.Set(left, words)
	if changed := p.left.Hidden == (code != ""); changed {
		show(p.left, code != "")
		label, icon := "code.show", theme.IconEye
		if code != "" {
			label, icon = "code.hide", theme.IconEyeOff
		}
		p.showing.SetText(p.e.text(label))
		p.showing.SetIcon(theme.Icon(icon))
		if p.object != nil {
			p.object.Refresh()
		}
	}
}

// setting is what is to be stored of what is here.
func (p *codePage) setting() (vault.Secret, error) {
	value := p.secret.text()
	defer clear(value)
	digits, seconds := 0, 0
	if at := p.digits.SelectedIndex(); at >= 0 {
		digits = codeDigits[at]
	}
	if at := p.period.SelectedIndex(); at >= 0 {
		seconds = codeSeconds[at]
	}
	return present.CodeSetting(value, digits, seconds)
}

func (p *codePage) collect(c *present.Changes) error {
	switch {
	case p.removed:
		c.Code = &present.CodeChange{}
	case p.secret.typed && strings.TrimSpace(p.secret.entry.Text) == "":
		if p.e.form.Code.Has {
			c.Code = &present.CodeChange{}
		}
	case p.secret.typed, p.secret.known && p.parted:
		setting, err := p.setting()
		if err != nil {
			return err
		}
		c.Code = &present.CodeChange{Setting: setting}
	}
	return nil
}

func (p *codePage) clear() {
	p.secret.clear()
	p.set("", 0, "")
}
