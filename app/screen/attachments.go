package screen

import (
	"slices"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// heldFile is an attachment, as the dialog has it.
type heldFile struct {
	was  string // its name as it is stored; empty: new
	name string
	size string
	data []byte // of a new one
}

// filesPage is the list of attachments.
type filesPage struct {
	e      *Entry
	object fyne.CanvasObject
	list   *widget.EntryList
	files  []heldFile
	gone   []string // names of stored ones that are to go

	add, save, rename, remove *widget.Button
}

func newFilesPage(e *Entry) *filesPage {
	p := &filesPage{e: e}
	p.list = widget.NewEntryList([]widget.Column{
		{Key: "name", Title: e.text("files.name"), Width: 330, Min: 120, Fixed: true},
		{Key: "size", Title: e.text("files.size"), Width: 90, Min: 60, Fixed: true},
	})
	p.list.OnSelect = p.enable
	p.list.OnOpen = func(widget.RowID) { p.saved() }
	p.list.OnDelete = p.removed
	p.add = widget.NewButton(e.text("add"), func() { e.actions.AddFile() })
	p.save = widget.NewButton(e.text("files.save"), p.saved)
	p.rename = widget.NewButton(e.text("files.rename"), p.renamed)
	p.remove = widget.NewButton(e.text("remove"), p.removed)
	p.object = listWithButtons(e.words.Text("column.attachments", nil), p.list, p.add, p.save, p.rename, p.remove)
	return p
}

func (p *filesPage) show() {
	p.files, p.gone = nil, nil
	for _, f := range p.e.form.Files {
		p.files = append(p.files, heldFile{was: f.Name, name: f.Name, size: f.Size})
	}
	p.paint()
}

func (p *filesPage) paint() {
	rows := make(lines, 0, len(p.files))
	for i := range p.files {
		f := &p.files[i]
		l := line{cells: map[string]string{"name": f.name, "size": f.size}, look: widget.RowLook{Icon: theme.IconAttachment}}
		if f.was == "" {
			l.look.Mark = p.e.text("files.new")
		}
		rows = append(rows, l)
	}
	p.list.SetRows(rows)
	p.enable()
}

func (p *filesPage) enable() {
	at, on := picked(p.list), p.e.editable()
	one := at >= 0 && at < len(p.files)
	enable(p.add, on)
	enable(p.save, one && p.files[at].was != "" && p.e.form.NoReveal == "" && !p.e.form.Past)
	enable(p.rename, on && one)
	enable(p.remove, on && len(p.list.Selected()) > 0)
}

// take adds a file that was chosen. A name that is taken gets a number.
func (p *filesPage) take(name string, data []byte) {
	name = present.FreeName(name, p.names(-1))
	p.files = append(p.files, heldFile{name: name, size: p.e.words.Size(int64(len(data))), data: data})
	p.paint()
	p.list.Select(lines{}.ID(len(p.files) - 1))
}

func (p *filesPage) saved() {
	if at := picked(p.list); at >= 0 && !p.save.Disabled() {
		p.e.actions.SaveFile(p.files[at].was)
	}
}

func (p *filesPage) removed() {
	if !p.e.editable() {
		return
	}
	gone := map[int]bool{}
	for _, id := range p.list.Selected() {
		gone[placeOf(id)] = true
	}
	var kept []heldFile
	for i, f := range p.files {
		switch {
		case !gone[i]:
			kept = append(kept, f)
		case f.was != "":
			p.gone = append(p.gone, f.was)
		default:
			clear(f.data)
		}
	}
	p.files = kept
	p.list.SelectNone()
	p.paint()
}

// renamed asks for another name.
func (p *filesPage) renamed() {
	at := picked(p.list)
	if at < 0 || !p.e.editable() {
		return
	}
	name := widget.NewTextEntry()
	name.SetText(present.Typable(p.files[at].name))
	d := &widget.Dialog{
		Title: p.e.text("files.rename.title"), Icon: theme.IconAttachment, First: name, Width: 400,
		Body:    widget.NewForm(widget.FormRow{Label: p.e.text("files.name"), Field: name}),
		Primary: p.e.text("ok"), Cancel: p.e.text("cancel"),
	}
	d.OnPrimary = func() {
		if err := present.CheckFileName(name.Text, p.names(at)); err != nil {
			n := p.e.words.Failure(err)
			d.SetError(n.Message, n.Remedy)
			return
		}
		p.files[at].name = name.Text
		p.e.stack.Close(d)
		p.paint()
	}
	p.e.stack.Open(d)
}

// names are those that are taken, but for one.
func (p *filesPage) names(but int) map[string]bool {
	taken := map[string]bool{}
	for i := range p.files {
		if i != but {
			taken[p.files[i].name] = true
		}
	}
	return taken
}

// held is an entry with the names of the stored attachments, to check the
// changes against.
func (p *filesPage) held() *vault.Entry {
	e := &vault.Entry{}
	for _, f := range p.e.form.Files {
		e.Attachments = append(e.Attachments, vault.Attachment{Name: f.Name})
	}
	return e
}

// collect adds what is to be done, removals first: their names are free then.
func (p *filesPage) collect(c *present.Changes) {
	for _, name := range p.gone {
		c.Files = append(c.Files, present.FileChange{Was: name})
	}
	for i := range p.files {
		switch f := &p.files[i]; {
		case f.was == "":
			c.Files = append(c.Files, present.FileChange{Name: f.name, Data: slices.Clone(f.data)})
		case f.was != f.name:
			c.Files = append(c.Files, present.FileChange{Was: f.was, Name: f.name})
		}
	}
}

func (p *filesPage) clear() {
	for i := range p.files {
		clear(p.files[i].data)
	}
	p.files, p.gone = nil, nil
}
