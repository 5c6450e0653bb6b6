package screen

import (
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// generalPage is what every entry has.
type generalPage struct {
	e      *Entry
	object fyne.CanvasObject

	title, user, url *field
	password, again  *secretField
	generator        *widget.Button
	copy, open       *widget.Button
	strength         *widget.StrengthBar
	notes            *field
	notesAll         *widget.Button
	tags             *tagField
	expiry           *expiryField
	whole            bool // notes are shown whole
	judged           string
}

func newGeneralPage(e *Entry) *generalPage {
	line := func() *field { return newField(false, e.enter, e.leave) }
	g := &generalPage{e: e, title: line(), user: line(), url: line(), notes: newField(true, e.enter, e.leave), strength: widget.NewStrengthBar()}
	g.password = newSecretField(e.words, func() { e.actions.Reveal(vault.FieldPassword) }, g.passwordChanged)
	g.again = newSecretField(e.words, func() {}, func() {})
	g.again.entry.SetPlaceHolder(e.text("repeat"))
	g.generator = widget.NewIconButton(e.text("generate"), theme.Icon(theme.IconGenerator), g.generate)
	g.copy = widget.NewTipButton(theme.Icon(theme.IconCopyPassword), e.words.Text("menu."+string(present.CmdCopyPassword), nil), g.copyPassword)
	g.open = widget.NewTipButton(theme.Icon(theme.IconOpenURL), e.words.Text("menu."+string(present.CmdOpenURL), nil), func() { e.actions.OpenURL(g.url.Text) })
	g.url.OnChanged = func(text string) { enable(g.open, strings.TrimSpace(text) != "") }
	g.notesAll = widget.NewButton(e.text("notes.all"), g.showAll)
	g.notes.SetMinRowsVisible(8)
	g.tags = newTagField(e)
	g.expiry = newExpiryField(e)
	label := func(name string) string { return e.words.FieldName(name) }
	g.object = widget.NewForm(
		widget.FormRow{Label: label(vault.FieldTitle), Field: g.title},
		widget.FormRow{Label: label(vault.FieldUsername), Field: g.user},
		widget.FormRow{Label: label(vault.FieldPassword), Field: right(g.password.object, g.generator, g.copy)},
		widget.FormRow{Label: e.text("repeat"), Field: g.again.entry},
		widget.FormRow{Field: g.strength},
		widget.FormRow{Label: label(vault.FieldURL), Field: right(g.url, g.open)},
		widget.FormRow{Label: label(vault.FieldNotes), Field: g.notes},
		widget.FormRow{Field: g.notesAll},
		widget.FormRow{Label: e.words.Text("column.tags", nil), Field: g.tags.object},
		widget.FormRow{Label: e.words.Text("column.expires", nil), Field: g.expiry.object},
	)
	return g
}

// show fills the page from the form.
func (g *generalPage) show() {
	f, on := &g.e.form, g.e.editable()
	g.whole = f.NotesAll == ""
	for _, x := range []struct {
		field *field
		name  string
		text  string
	}{{g.title, vault.FieldTitle, f.Title}, {g.user, vault.FieldUsername, f.User}, {g.url, vault.FieldURL, f.URL}} {
		x.field.SetText(x.text)
		x.field.fix(!on || slices.Contains(f.Long, x.name))
	}
	enable(g.open, strings.TrimSpace(f.URL) != "")
	g.notes.SetText(f.Notes)
	g.notes.fix(!on || !g.whole)
	show(g.notesAll, !g.whole)
	g.password.refuse = nil
	if f.NoReveal != "" {
		g.password.refuse = func() {
			g.e.Tell(&present.Notice{Severity: present.Info, Message: f.NoReveal})
		}
	}
	g.password.show(f.HasPassword)
	g.again.show(false)
	g.password.fix(!on, f.NoReveal == "")
	show(g.generator, on)
	enable(g.copy, f.HasPassword && f.NoCopy == "")
	g.tags.show(f.Tags, on)
	g.expiry.show(f.Expires, f.Expiry, on)
	g.judged = ""
	g.strength.Set(-1, "")
	g.strength.Hide()
	g.again.entry.Hide()
}

// showAll shows the notes whole: the person was told that it takes a while.
func (g *generalPage) showAll() {
	g.whole = true
	g.notes.SetText(g.e.form.NotesAll)
	g.notes.fix(!g.e.editable())
	g.notesAll.Hide()
	g.e.dialog.Relayout()
}

// passwordChanged shows what belongs to a password that is being made: to
// repeat what cannot be read, and how strong it is.
func (g *generalPage) passwordChanged() {
	p := g.password
	repeat := p.typed && !p.entry.Shown() && p.entry.Text != ""
	if !repeat && g.again.entry.Text != "" {
		g.again.clear()
	}
	enable(g.copy, (p.typed || g.e.form.HasPassword) && g.e.form.NoCopy == "")
	// What is only looked at is judged too: its reader sees it anyway.
	judge := p.typed || p.known
	if judge && p.entry.Text != g.judged {
		g.judged = p.entry.Text
		if g.judged == "" {
			g.strength.Set(-1, "")
		} else {
			g.e.actions.Judge([]byte(g.judged))
		}
	}
	if !judge {
		g.judged = ""
	}
	if changed := g.again.entry.Hidden == repeat || g.strength.Hidden == judge; changed {
		show(g.again.entry, repeat)
		show(g.strength, judge)
		g.object.Refresh()
		g.e.dialog.Relayout()
	}
}

func (g *generalPage) copyPassword() {
	value := g.password.text()
	if value == nil {
		g.e.actions.Copy(vault.FieldPassword)
		return
	}
	g.e.actions.CopyTyped(value, vault.FieldPassword)
	clear(value)
}

// generate opens the generator, and takes what it made.
func (g *generalPage) generate() {
	openGenerator(g.e.words, g.e.stack, g.e.actions.Generate, func(made []byte) {
		g.password.take(made)
		g.password.setting = true
		g.password.entry.SetShown(true) // what nobody typed has to be seen once
		g.password.setting = false
		g.passwordChanged()
	})
}

// field returns the field of a part, for the keyboard.
func (g *generalPage) field(part present.EntryPart) fyne.Focusable {
	switch part {
	case present.PartUser:
		return g.user
	case present.PartPassword:
		return g.password.entry
	case present.PartRepeat:
		return g.again.entry
	case present.PartURL:
		return g.url
	case present.PartNotes:
		return g.notes
	case present.PartTags:
		return g.tags.entry
	case present.PartExpiry:
		return g.expiry.date
	}
	return g.title
}

// collect adds what was changed on this page.
func (g *generalPage) collect(c *present.Changes) error {
	f := &g.e.form
	text := func(field *field, was string) *string {
		if field.fixed || field.Text == was {
			return nil
		}
		value := field.Text
		return &value
	}
	c.Title, c.User, c.URL = text(g.title, f.Title), text(g.user, f.User), text(g.url, f.URL)
	was := f.Notes
	if f.NotesAll != "" {
		was = f.NotesAll
	}
	c.Notes = text(g.notes, was)
	if tags := g.tags.value(); !slices.Equal(tags, f.Tags) {
		c.Tags = &tags
	}
	if g.password.typed {
		if g.again.entry.Visible() && g.again.entry.Text != g.password.entry.Text {
			return &present.EntryProblem{Part: present.PartRepeat, Err: &present.Worded{Cause: vault.Usage, Topic: "entry.repeat"}}
		}
		c.Password = g.password.value()
	}
	x, err := g.expiry.value()
	if err != nil {
		return err
	}
	if x.On != f.Expires || x.On && !x.At.Equal(f.Expiry.Truncate(time.Minute)) {
		c.Expiry = &x
	}
	return nil
}

func (g *generalPage) clear() {
	g.password.clear()
	g.again.clear()
	g.judged = ""
	g.notes.SetText("")
}

// tagField is the tags of an entry, each with a cross, and a field for another.
type tagField struct {
	e      *Entry
	object *fyne.Container
	entry  *widget.TextEntry
	tags   []string
	on     bool
}

// mostTags is how many tags are shown, more than an entry may be given here: each
// takes a place of its own.
const mostTags = 200

func newTagField(e *Entry) *tagField {
	t := &tagField{e: e, entry: widget.NewTextEntry()}
	t.entry.SetPlaceHolder(e.text("tags.add"))
	t.entry.OnEnter = func() {
		if strings.TrimSpace(t.entry.Text) == "" {
			e.save()
			return
		}
		t.add()
	}
	t.entry.OnChanged = func(text string) {
		if strings.ContainsAny(text, ",;") {
			t.add()
		}
	}
	t.object = container.New(&flow{gap: 4})
	return t
}

func (t *tagField) show(tags []string, on bool) {
	t.tags, t.on = slices.Clone(tags), on
	t.entry.SetText("")
	t.paint()
}

// add takes what stands in the field: a tag, or several with commas between.
func (t *tagField) add() {
	t.tags = t.value()
	t.entry.SetText("")
	t.paint()
	t.e.dialog.Relayout()
}

// value is the tags, with what stands in the field.
func (t *tagField) value() []string {
	tags := slices.Clone(t.tags)
	for _, word := range strings.FieldsFunc(t.entry.Text, func(r rune) bool { return r == ',' || r == ';' }) {
		if word = strings.TrimSpace(word); word != "" && !slices.Contains(tags, word) {
			tags = append(tags, word)
		}
	}
	return tags
}

func (t *tagField) paint() {
	t.object.RemoveAll()
	for i, tag := range t.tags {
		if i == mostTags {
			t.object.Add(container.New(centred{}, widget.NewChip("…", nil)))
			break
		}
		var remove func()
		if t.on {
			remove = func() {
				t.tags = slices.DeleteFunc(slices.Clone(t.tags), func(x string) bool { return x == tag })
				t.paint()
				t.e.dialog.Relayout()
			}
		}
		t.object.Add(container.New(centred{}, widget.NewChip(present.Shown(tag), remove)))
	}
	if t.on {
		t.object.Add(container.New(wide{width: 130}, t.entry))
	} else if len(t.tags) == 0 {
		t.object.Add(fw.NewLabel("–"))
	}
	t.object.Refresh()
}

// wide gives what it holds a width, or what it needs.
type wide struct{ width float32 }

// Layout is the toolkit's.
func (wide) Layout(all []fyne.CanvasObject, size fyne.Size) {
	for _, o := range all {
		put(o, 0, 0, size.Width, size.Height)
	}
}

// MinSize is the toolkit's.
func (w wide) MinSize(all []fyne.CanvasObject) fyne.Size {
	m := fyne.NewSize(w.width, 0)
	for _, o := range all {
		m = m.Max(o.MinSize())
	}
	return m
}

// centred puts something low into a line as high as a field.
type centred struct{}

// Layout is the toolkit's.
func (centred) Layout(all []fyne.CanvasObject, size fyne.Size) {
	for _, o := range all {
		h := o.MinSize().Height
		put(o, 0, (size.Height-h)/2, size.Width, h)
	}
}

// MinSize is the toolkit's.
func (centred) MinSize(all []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for _, o := range all {
		m = m.Max(o.MinSize())
	}
	return fyne.NewSize(m.Width, max(m.Height, 28))
}
