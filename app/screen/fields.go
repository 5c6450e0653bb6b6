package screen

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// ownField is a field of a person's own, as the dialog has it.
type ownField struct {
	was       string // its name as it is stored; empty: new
	name      string
	protected bool
	long      bool // value is only its beginning, and stays as it is
	stored    bool // its value is stored and not here: nobody asked for it
	typed     bool // value is to be saved
	shown     bool // a protected value is shown in the list
	value     []byte
}

// fieldsPage is the list of the fields of a person's own.
type fieldsPage struct {
	e                         *Entry
	object                    fyne.CanvasObject
	list                      *widget.EntryList
	fields                    []ownField
	dirty                     bool
	asked                     string       // the field whose value was asked for
	open                      *fieldDialog // that edits one now
	add, edit, remove, reveal *widget.Button
	copy                      *widget.Button
}

func newFieldsPage(e *Entry) *fieldsPage {
	p := &fieldsPage{e: e}
	p.list = widget.NewEntryList([]widget.Column{
		{Key: "name", Title: e.text("fields.name"), Width: 170, Min: 90, Fixed: true},
		{Key: "value", Title: e.text("fields.value"), Width: 300, Min: 120, Fixed: true},
	})
	p.list.OnSelect = p.enable
	p.list.OnOpen = func(id widget.RowID) { p.edited(placeOf(id)) }
	p.list.OnDelete = p.removed
	p.add = widget.NewButton(e.text("add"), func() { p.edited(-1) })
	p.edit = widget.NewButton(e.text("edit"), func() { p.edited(picked(p.list)) })
	p.remove = widget.NewButton(e.text("remove"), p.removed)
	p.reveal = widget.NewButton(e.text("show"), p.revealed)
	p.copy = widget.NewButton(e.text("copy"), p.copied)
	p.object = listWithButtons(e.text("fields.title"), p.list, p.add, p.edit, p.reveal, p.copy, p.remove)
	return p
}

func (p *fieldsPage) show() {
	p.fields, p.dirty = nil, false
	for _, f := range p.e.form.Fields {
		p.fields = append(p.fields, ownField{
			was: f.Name, name: f.Name, protected: f.Protected, long: f.Long, stored: f.Protected, value: []byte(f.Value),
		})
	}
	p.paint()
}

// paint shows the list.
func (p *fieldsPage) paint() {
	rows := make(lines, 0, len(p.fields))
	for i := range p.fields {
		f := &p.fields[i]
		l := line{cells: map[string]string{"name": f.name, "value": string(f.value)}, look: widget.RowLook{Icon: theme.IconNote}}
		if f.protected {
			l.look.Icon = theme.IconLock
			if !f.shown {
				l.cells["value"] = present.Hidden
			}
		}
		rows = append(rows, l)
	}
	p.list.SetRows(rows)
	p.enable()
}

func (p *fieldsPage) enable() {
	at, on := picked(p.list), p.e.editable()
	one := at >= 0 && at < len(p.fields)
	enable(p.add, on)
	enable(p.edit, one)
	enable(p.remove, on && len(p.list.Selected()) > 0)
	enable(p.copy, one && (p.e.form.NoCopy == "" || !p.fields[at].protected))
	enable(p.reveal, one && p.fields[at].protected && p.e.form.NoReveal == "")
	label := "show"
	if one && p.fields[at].shown {
		label = "hide"
	}
	p.reveal.SetText(p.e.text(label))
}

// revealed shows or hides the value of the selected field.
func (p *fieldsPage) revealed() {
	at := picked(p.list)
	if at < 0 {
		return
	}
	f := &p.fields[at]
	switch {
	case f.shown:
		p.hide(f)
		p.paint()
	case f.stored:
		p.asked = f.was
		p.e.actions.Reveal(f.was)
	default:
		f.shown = true
		p.paint()
	}
}

// hide lets go of a value that can be asked for again.
func (p *fieldsPage) hide(f *ownField) {
	f.shown = false
	if f.was != "" && !f.typed {
		clear(f.value)
		f.value, f.stored = nil, true
	}
}

// reveals brings a value that was asked for.
func (p *fieldsPage) reveals(name string, value []byte) {
	for i := range p.fields {
		if f := &p.fields[i]; f.was == name && f.stored {
			f.value, f.stored, f.shown = slices.Clone(value), false, true
			if p.open != nil && p.open.at == i {
				p.open.fill()
			}
		}
	}
	p.paint()
}

// conceal hides a value that was shown for long enough, but not under the hands
// of somebody who edits it.
func (p *fieldsPage) conceal(name string) {
	for i := range p.fields {
		if f := &p.fields[i]; f.was == name && (p.open == nil || p.open.at != i) {
			p.hide(f)
		}
	}
	p.paint()
}

func (p *fieldsPage) copied() {
	at := picked(p.list)
	if at < 0 {
		return
	}
	f := &p.fields[at]
	if f.stored || f.long {
		p.e.actions.Copy(f.was)
		return
	}
	p.e.actions.CopyTyped(f.value, f.name)
}

// edited opens the dialog of a field; below 0: of a new one.
func (p *fieldsPage) edited(at int) {
	if at >= len(p.fields) || at < 0 && !p.e.editable() {
		return
	}
	openField(p, at)
}

// removed takes the selected fields away.
func (p *fieldsPage) removed() {
	if !p.e.editable() {
		return
	}
	gone := map[int]bool{}
	for _, id := range p.list.Selected() {
		gone[placeOf(id)] = true
	}
	var kept []ownField
	for i := range p.fields {
		if gone[i] {
			clear(p.fields[i].value)
			continue
		}
		kept = append(kept, p.fields[i])
	}
	p.fields, p.dirty = kept, true
	p.list.SelectNone()
	p.paint()
}

// names are those that are taken, but for one.
func (p *fieldsPage) names(but int) map[string]bool {
	taken := map[string]bool{}
	for i := range p.fields {
		if i != but {
			taken[p.fields[i].name] = true
		}
	}
	return taken
}

func (p *fieldsPage) collect(c *present.Changes) {
	if !p.dirty {
		return
	}
	c.Fields = []present.FieldChange{}
	for i := range p.fields {
		f := &p.fields[i]
		x := present.FieldChange{Was: f.was, Name: f.name, Protected: f.protected}
		if f.typed {
			v := vault.NewSecret(slices.Clone(f.value))
			x.Value = &v
		}
		c.Fields = append(c.Fields, x)
	}
}

func (p *fieldsPage) clear() {
	for i := range p.fields {
		clear(p.fields[i].value)
	}
	p.fields = nil
	p.list.SetRows(lines{})
}

// fieldDialog edits one field.
type fieldDialog struct {
	page   *fieldsPage
	at     int // below 0: a new one
	dialog *widget.Dialog
	name   *field
	value  *field
	reveal *widget.Button
	lock   *widget.Check
	form   *widget.Form
	loaded string // what value was filled with
	filled bool
}

func openField(p *fieldsPage, at int) {
	e := p.e
	f := ownField{}
	if at >= 0 {
		f = p.fields[at]
	}
	d := &fieldDialog{page: p, at: at, lock: widget.NewCheck(e.text("fields.protected"), nil)}
	leave := func() { e.stack.Close(d.dialog) }
	enter := func() {
		if e.editable() {
			d.take()
			return
		}
		leave()
	}
	d.name, d.value = newField(false, enter, leave), newField(true, enter, leave)
	d.name.SetText(f.name)
	d.lock.SetChecked(f.protected)
	d.value.SetMinRowsVisible(6)
	d.value.OnChanged = func(text string) { d.filled = d.filled || text != "" }
	d.reveal = widget.NewButton(e.text("fields.reveal"), func() { e.actions.Reveal(f.was) })
	d.form = widget.NewForm(
		widget.FormRow{Label: e.text("fields.name"), Field: d.name},
		widget.FormRow{Label: e.text("fields.value"), Field: d.value},
		widget.FormRow{Field: container.NewHBox(d.reveal)},
		widget.FormRow{Field: d.lock, Hint: e.text("fields.protected.hint")},
	)
	title := "fields.edit"
	if at < 0 {
		title = "fields.new"
	}
	d.dialog = &widget.Dialog{
		Title: e.text(title), Icon: theme.IconNote, Body: d.form, Width: 460, First: d.name,
		Primary: e.text("ok"), Cancel: e.text("cancel"), OnPrimary: d.take,
		OnClosed: func() {
			d.value.SetText("")
			p.open = nil
		},
	}
	on := e.editable()
	if !on {
		d.dialog.Primary, d.dialog.Cancel, d.dialog.First = "", e.text("close"), nil
	}
	d.name.fix(!on)
	enable(d.lock, on)
	p.open = d
	d.fill()
	e.stack.Open(d.dialog)
}

// fill shows the value, or that it has to be asked for.
func (d *fieldDialog) fill() {
	e := d.page.e
	f := ownField{typed: true}
	if d.at >= 0 {
		f = d.page.fields[d.at]
	}
	if !f.stored {
		d.loaded = string(f.value)
		d.value.SetText(d.loaded)
		d.filled = true
	}
	if f.stored {
		d.value.SetPlaceHolder(e.text("fields.stored"))
	} else {
		d.value.SetPlaceHolder("")
	}
	show(d.reveal, f.stored && e.form.NoReveal == "")
	d.value.fix(!e.editable() || f.long)
	d.form.Refresh()
	d.dialog.Relayout()
}

// take is the primary button.
func (d *fieldDialog) take() {
	p := d.page
	if err := present.CheckFieldName(d.name.Text, p.names(d.at)); err != nil {
		n := p.e.words.Failure(err)
		d.dialog.SetError(n.Message, n.Remedy)
		d.dialog.SetFirst(d.name)
		return
	}
	if d.at < 0 {
		p.fields = append(p.fields, ownField{typed: true})
		d.at = len(p.fields) - 1
	}
	f := &p.fields[d.at]
	p.dirty = p.dirty || f.typed || f.name != d.name.Text || f.protected != d.lock.Checked
	f.name, f.protected = d.name.Text, d.lock.Checked
	if d.filled && !f.long && (f.typed || d.value.Text != d.loaded) {
		f.value, f.typed, f.stored, p.dirty = []byte(d.value.Text), true, false, true
	}
	at := d.at
	p.e.stack.Close(d.dialog)
	p.paint()
	p.list.Select(lines{}.ID(at))
}
