package screen

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// propertiesPage is what one looks at rarely: the picture, and what the entry
// is to the server.
type propertiesPage struct {
	e      *Entry
	object fyne.CanvasObject

	icon                         *widget.Button
	why                          *widget.Hint
	chosen                       uint32
	group, created, modified, id *fw.Label
	copy                         *widget.Button
}

func newPropertiesPage(e *Entry) *propertiesPage {
	p := &propertiesPage{e: e, why: widget.NewHint("")}
	p.icon = widget.NewIconButton(e.text("icon.choose"), theme.Icon(theme.IconKey), p.choose)
	fixed := func() *fw.Label {
		l := fw.NewLabel("")
		l.Truncation = fyne.TextTruncateEllipsis
		return l
	}
	p.group, p.created, p.modified, p.id = fixed(), fixed(), fixed(), fixed()
	p.copy = widget.NewIconButton(e.text("copy"), theme.Icon(theme.IconCopy), func() {
		e.actions.CopyTyped([]byte(p.id.Text), e.text("id"))
	})
	p.object = widget.NewForm(
		widget.FormRow{Label: e.text("icon"), Field: container.NewHBox(p.icon)},
		widget.FormRow{Field: p.why},
		widget.FormRow{Label: e.words.Text("column.group", nil), Field: p.group},
		widget.FormRow{Label: e.text("created"), Field: p.created},
		widget.FormRow{Label: e.words.Text("column.modified", nil), Field: p.modified},
		widget.FormRow{Label: e.text("id"), Field: right(p.id, p.copy), Hint: e.text("id.hint")},
	)
	return p
}

func (p *propertiesPage) show() {
	f := &p.e.form
	p.chosen = f.Icon
	p.icon.SetIcon(theme.Icon(iconOf(f.Icon)))
	enable(p.icon, p.e.editable() && f.NoIcon == "")
	p.why.SetText(f.NoIcon)
	show(p.why, f.NoIcon != "" && p.e.editable())
	or := func(text string) string {
		if text == "" {
			return "–"
		}
		return text
	}
	p.group.SetText(or(f.Path))
	p.created.SetText(or(f.Created))
	p.modified.SetText(or(f.Modified))
	id := ""
	if !f.ID.IsZero() {
		id = f.ID.String()
	}
	p.id.SetText(or(id))
	enable(p.copy, id != "")
}

// choose opens the pictures, each of them once.
func (p *propertiesPage) choose() {
	var d *widget.Dialog
	grid := container.NewGridWithColumns(8)
	seen := map[fyne.ThemeIconName]bool{}
	numbers := []uint32{0}
	for n := range standardIcons {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		name := iconOf(n)
		if seen[name] {
			continue
		}
		seen[name] = true
		b := widget.NewIconButton("", theme.Icon(name), func() {
			p.chosen = n
			p.icon.SetIcon(theme.Icon(name))
			p.e.stack.Close(d)
		})
		b.Importance = fw.LowImportance
		if name == iconOf(p.chosen) {
			b.Importance = fw.HighImportance
		}
		grid.Add(b)
	}
	d = &widget.Dialog{Title: p.e.text("icon.title"), Body: grid, Width: 340, Cancel: p.e.text("cancel")}
	p.e.stack.Open(d)
}

func (p *propertiesPage) collect(c *present.Changes) {
	if p.chosen != p.e.form.Icon {
		icon := p.chosen
		c.Icon = &icon
	}
}
