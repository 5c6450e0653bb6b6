package screen

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
)

// expiryField says whether and when an entry expires.
type expiryField struct {
	object  fyne.CanvasObject
	fields  fyne.CanvasObject
	fixed   *fw.Label // in place of the fields where nothing may be changed
	check   *widget.Check
	date    *widget.TextEntry
	clock   *widget.TextEntry
	presets *widget.Select
	e       *Entry
	on      bool
}

// terms are the presets: from now on.
var terms = []struct {
	key                 string
	years, months, days int
}{
	{"week", 0, 0, 7},
	{"month", 0, 1, 0},
	{"quarter", 0, 3, 0},
	{"half", 0, 6, 0},
	{"year", 1, 0, 0},
}

func newExpiryField(e *Entry) *expiryField {
	x := &expiryField{e: e, date: widget.NewTextEntry(), clock: widget.NewTextEntry()}
	x.check = widget.NewCheck(e.text("expires.on"), func(bool) { x.paint() })
	x.date.SetPlaceHolder(e.text("expires.date"))
	x.clock.SetPlaceHolder(e.text("expires.clock"))
	var names []string
	for _, t := range terms {
		names = append(names, e.text("expires.in."+t.key))
	}
	x.presets = widget.NewSelect(names, nil)
	x.presets.PlaceHolder = e.text("expires.presets")
	x.presets.OnChanged = x.preset
	x.fixed = fw.NewLabel("")
	x.fields = container.NewBorder(nil, nil, container.NewHBox(x.check,
		container.New(wide{width: 104}, x.date), container.New(wide{width: 62}, x.clock)), nil, x.presets)
	x.object = container.NewStack(x.fields, x.fixed)
	return x
}

func (x *expiryField) show(expires bool, at time.Time, on bool) {
	x.on = on
	x.date.SetText("")
	x.clock.SetText("")
	if !at.IsZero() {
		date, clock := present.ExpiryText(at)
		x.date.SetText(date)
		x.clock.SetText(clock)
	}
	x.presets.ClearSelected()
	show(x.fields, on)
	show(x.fixed, !on)
	x.fixed.SetText("–")
	if expires {
		x.fixed.SetText(x.date.Text + " " + x.clock.Text)
	}
	x.check.SetChecked(expires)
	x.paint()
}

func (x *expiryField) paint() {
	enable(x.check, x.on)
	enable(x.date, x.on && x.check.Checked)
	enable(x.clock, x.on && x.check.Checked)
	enable(x.presets, x.on)
}

// preset fills in a term from today on.
func (x *expiryField) preset(string) {
	at := x.presets.SelectedIndex()
	if at < 0 {
		return
	}
	t := terms[at]
	date, clock := present.ExpiryText(time.Now().AddDate(t.years, t.months, t.days))
	x.check.SetChecked(true)
	x.date.SetText(date)
	x.clock.SetText(clock)
	x.paint()
}

// value reads what was typed.
func (x *expiryField) value() (present.Expiry, error) {
	if !x.check.Checked {
		return present.Expiry{}, nil
	}
	at, err := present.ParseExpiry(x.date.Text, x.clock.Text)
	return present.Expiry{On: true, At: at}, err
}
