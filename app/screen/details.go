package screen

import (
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	toolkit "fyne.io/fyne/v2/theme"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// DetailActions are what a person can do with the details of an entry. All of
// them return at once, and none may be nil. Secrets are asked for by entry and
// name of the field.
type DetailActions struct {
	Reveal  func(id vault.ID, field string) // wanted: ShowSecret
	Hide    func(id vault.ID, field string) // it was hidden by the person
	Code    func(id vault.ID)               // wanted: ShowCode
	Copy    func(id vault.ID, field string)
	OpenURL func()
	Save    func(id vault.ID, attachment string)
}

// Selection is what the details are of.
type Selection struct {
	Count    int             // of selected entries
	Detail   *present.Detail // of the only one; nil: it is not there yet
	NoReveal bool            // secrets may not be shown
	NoCopy   bool            // and not copied
}

// Details shows everything of the selected entry. Secrets are dots until they
// are asked for, and are let go of whenever something else is shown.
type Details struct {
	words   *present.Catalogue
	actions DetailActions
	shown   Selection

	object  *fyne.Container
	empty   *widget.Empty
	scroll  *container.Scroll
	content *fyne.Container
	secrets map[string]*widget.SecretLabel // by the name of the field
	code    *widget.CountdownBar           // below the one-time code; nil: there is none
}

// detailPane is the name that the main place knows it by.
type detailPane = Details

func newDetailPane(words *present.Catalogue, actions DetailActions) *Details {
	d := &Details{words: words, actions: actions, empty: widget.NewEmpty(theme.IconList, "", "", "", nil), content: container.New(&pages{})}
	d.scroll = container.NewVScroll(d.content)
	d.object = container.NewStack(newTint(theme.ColorPanel), container.New(&fitted{d.scroll, d.content}, d.scroll), container.NewPadded(d.empty))
	d.blank(0)
	return d
}

// Show shows a selection. The same one again changes nothing.
func (d *Details) Show(s Selection) {
	if reflect.DeepEqual(s, d.shown) {
		return
	}
	d.HideSecrets()
	same := d.shown.Detail != nil && s.Detail != nil && d.shown.Detail.ID == s.Detail.ID
	d.shown = s
	d.secrets, d.code = map[string]*widget.SecretLabel{}, nil
	if s.Detail == nil {
		d.blank(s.Count)
		return
	}
	d.content.Objects = []fyne.CanvasObject{d.header(s.Detail), d.fields(s.Detail), d.facts(s.Detail)}
	d.empty.Hide()
	d.scroll.Show()
	if !same {
		d.scroll.Offset = fyne.Position{}
	}
	d.object.Refresh()
}

// blank says that there is nothing, or too much.
func (d *Details) blank(count int) {
	d.content.Objects = nil
	d.scroll.Hide()
	switch count {
	case 0:
		d.empty.Set(theme.IconList, d.words.Text("main.detail.none", nil), d.words.Text("main.detail.none.hint", nil), "", nil)
	case 1: // it comes in a moment
		d.empty.Hide()
		d.object.Refresh()
		return
	default:
		d.empty.Set(theme.IconList, d.words.Text("main.detail.several", map[string]any{"Count": count}), d.words.Text("main.detail.several.hint", nil), "", nil)
	}
	d.empty.Show()
	d.object.Refresh()
}

// ShowSecret shows the value of a field that was asked for, if its entry is
// still there. The caller wipes secret.
func (d *Details) ShowSecret(id vault.ID, field string, secret []byte) {
	if label := d.secret(id, field); label != nil {
		label.Reveal(secret)
		d.relayout()
	}
}

// HideSecret shows dots again.
func (d *Details) HideSecret(id vault.ID, field string) {
	if label := d.secret(id, field); label != nil && label.Shown() {
		label.HideSecret()
		if field == vault.FieldOTP {
			d.hideBar()
		}
		d.relayout()
	}
}

// ShowCode shows a one-time code and how much of its time is left, from 1 to 0.
func (d *Details) ShowCode(id vault.ID, code []byte, left float64, words string) {
	label := d.secret(id, vault.FieldOTP)
	if label == nil {
		return
	}
	label.Reveal(code)
	if d.code != nil {
		hidden := d.code.Hidden
		d.code.Hidden = false
		d.code.Set(left, words)
		if hidden {
			d.relayout()
		}
	}
}

// CodeLeft shows how much time a code that is shown has left.
func (d *Details) CodeLeft(id vault.ID, left float64, words string) {
	if label := d.secret(id, vault.FieldOTP); label != nil && label.Shown() && d.code != nil {
		d.code.Set(left, words)
	}
}

// Shows reports whether the value of a field can be read now.
func (d *Details) Shows(id vault.ID, field string) bool {
	label := d.secret(id, field)
	return label != nil && label.Shown()
}

// HideSecrets lets go of every secret.
func (d *Details) HideSecrets() {
	for _, label := range d.secrets {
		if label.Shown() {
			label.HideSecret()
		}
	}
	d.hideBar()
}

// hideBar takes the time of a one-time code away.
func (d *Details) hideBar() {
	if d.code != nil {
		d.code.Set(0, "")
		d.code.Hide()
	}
}

func (d *Details) secret(id vault.ID, field string) *widget.SecretLabel {
	if d.shown.Detail == nil || d.shown.Detail.ID != id {
		return nil
	}
	return d.secrets[field]
}

// relayout makes room for what grew.
func (d *Details) relayout() { d.object.Refresh() }

// header is icon, title and path.
func (d *Details) header(x *present.Detail) fyne.CanvasObject {
	icon := fw.NewIcon(theme.Colored(iconOf(x.Icon), toolkit.ColorNamePrimary))
	title := fw.NewLabel(x.Title)
	title.TextStyle.Bold = true
	title.SizeName = toolkit.SizeNameSubHeadingText
	title.Truncation = fyne.TextTruncateEllipsis
	path := newInk(x.Path, theme.ColorDim, toolkit.SizeNameCaptionText)
	return container.New(&headline{}, icon, title, path)
}

// fields are what one has an entry for: user name, password and the like.
func (d *Details) fields(x *present.Detail) fyne.CanvasObject {
	list := container.New(&sheet{})
	for i := range x.Fields {
		f := &x.Fields[i]
		var field fyne.CanvasObject
		switch {
		case f.Kind == present.KindCode:
			field = d.codeRow(x.ID)
		case f.Protected:
			field = d.secretRow(x.ID, f)
		case f.Kind == present.KindNotes:
			field = d.notesRow(x.ID, f)
		default:
			field = d.textRow(x.ID, f)
		}
		list.Add(labelOf(f.Label))
		list.Add(field)
		if f.Code != "" {
			list.Add(labelOf(""))
			list.Add(widget.NewHint(f.Code))
		}
	}
	return list
}

// labelOf is what stands beside a field. Other people name fields: a long name
// must not take the room of the value.
func labelOf(name string) fyne.CanvasObject {
	if runes := []rune(name); len(runes) > longestLabel {
		name = string(runes[:longestLabel]) + "…"
	}
	return newInk(name, theme.ColorDim, toolkit.SizeNameText)
}

const longestLabel = 24 // characters

func (d *Details) secretRow(id vault.ID, f *present.DetailField) fyne.CanvasObject {
	return d.dots(id, f.Name, func() { d.actions.Reveal(id, f.Name) })
}

func (d *Details) dots(id vault.ID, name string, reveal func()) *widget.SecretLabel {
	label := widget.NewSecretLabel(d.words.Text("main.reveal", nil), d.words.Text("main.copy", nil))
	label.OnReveal = reveal
	label.OnHide = func() {
		d.relayout()
		d.actions.Hide(id, name)
	}
	label.OnCopy = func() { d.actions.Copy(id, name) }
	label.Allow(!d.shown.NoReveal, !d.shown.NoCopy)
	d.secrets[name] = label
	return label
}

func (d *Details) codeRow(id vault.ID) fyne.CanvasObject {
	label := d.dots(id, vault.FieldOTP, func() { d.actions.Code(id) })
	label.OnHide = func() {
		d.hideBar()
		d.relayout()
		d.actions.Hide(id, vault.FieldOTP)
	}
	d.code = widget.NewCountdownBar()
	d.code.Hide()
	return container.New(&stacked{}, label, container.New(&inset{}, d.code))
}

func (d *Details) textRow(id vault.ID, f *present.DetailField) fyne.CanvasObject {
	text := wrapped(f.Value)
	row := container.New(&beside{side: iconButton}, text)
	if f.Kind == present.KindURL {
		row.Add(widget.NewIconTap(theme.IconOpenURL, d.words.Text("menu.entry.open_url", nil), d.actions.OpenURL))
	}
	row.Add(d.copyButton(id, f.Name))
	if f.Full != "" {
		return d.more(row, f.Full)
	}
	return row
}

func (d *Details) notesRow(id vault.ID, f *present.DetailField) fyne.CanvasObject {
	row := container.New(&beside{side: iconButton}, wrapped(f.Value), d.copyButton(id, f.Name))
	if f.Full == "" {
		return row
	}
	return d.more(row, f.Full)
}

// more adds a button below a value that is shown in part. All of it is then
// shown line by line: a label of a megabyte would take seconds to lay out.
func (d *Details) more(row *fyne.Container, full string) fyne.CanvasObject {
	var whole *fyne.Container
	button := widget.NewButton(d.words.Text("main.show_all", nil), func() {
		row.Objects[0] = newLongText(full, row.Objects[0].Size().Width)
		whole.Objects = whole.Objects[:1]
		d.relayout()
	})
	whole = container.New(&stacked{}, row, container.NewHBox(button))
	return whole
}

const iconButton = 24 // side of the buttons beside a value, in points

func (d *Details) copyButton(id vault.ID, name string) fyne.CanvasObject {
	return widget.NewIconTap(theme.IconCopy, d.words.Text("main.copy", nil), func() { d.actions.Copy(id, name) })
}

// wrapped is a value over as many lines as it needs. It breaks within words, as
// addresses and keys have no spaces.
func wrapped(text string) *fw.Label {
	l := fw.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}

// facts are what is known about the entry beside its fields.
func (d *Details) facts(x *present.Detail) fyne.CanvasObject {
	list := container.New(&sheet{})
	add := func(key string, field fyne.CanvasObject) {
		name := ""
		if key != "" {
			name = d.words.Text("main."+key, nil)
		}
		list.Add(labelOf(name))
		list.Add(field)
	}
	text := func(key, value string) {
		if value != "" {
			add(key, wrapped(value))
		}
	}
	if x.Draft != "" {
		add("draft", sign(theme.IconDraft, theme.ColorDraft, x.Draft))
	}
	if x.Expires != "" {
		icon := theme.IconClock
		if x.Urgency != present.Info {
			icon = theme.IconWarning
		}
		add("expires", sign(icon, urgencyColor(x.Urgency, theme.ColorDim), x.Expires))
	}
	if x.Offline != "" {
		icon, color := theme.IconClose, theme.ColorDim
		if x.OfflineYes {
			icon, color = theme.IconCheck, theme.ColorOffline
		}
		add("offline", sign(icon, color, x.Offline))
		if x.OfflineWhy != "" {
			add("", widget.NewHint(x.OfflineWhy))
		}
	}
	if len(x.Tags) > 0 {
		chips := container.New(&flow{gap: 4})
		for _, tag := range x.Tags {
			chips.Add(widget.NewChip(tag, nil))
		}
		add("tags", container.New(lowered{}, chips))
	}
	for i, a := range x.Attachments {
		key := ""
		if i == 0 {
			key = "attachments"
		}
		add(key, d.attachment(x.ID, a))
	}
	text("modified", x.Modified)
	text("created", x.Created)
	text("history", x.History)
	return list
}

// sign is a coloured icon with words in the same colour: neither stands alone.
func sign(icon fyne.ThemeIconName, color fyne.ThemeColorName, words string) fyne.CanvasObject {
	l := wrapped(words)
	return container.New(&signed{}, fw.NewIcon(theme.Colored(icon, color)), l)
}

func (d *Details) attachment(id vault.ID, a present.DetailAttachment) fyne.CanvasObject {
	name := present.Shown(a.Name)
	if a.Size != "" {
		name += "  (" + a.Size + ")"
	}
	l := fw.NewLabel(name)
	l.Truncation = fyne.TextTruncateEllipsis
	row := container.New(&beside{side: iconButton}, l)
	if !d.shown.NoReveal {
		row.Add(widget.NewIconTap(theme.IconSave, d.words.Text("main.save", nil), func() { d.actions.Save(id, a.Name) }))
	}
	return row
}
