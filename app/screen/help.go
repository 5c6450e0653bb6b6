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

// NewShortcuts returns the dialog of Keyboard shortcuts; leave closes it.
func NewShortcuts(words *present.Catalogue, lines []present.ShortcutHelp, leave func()) *widget.Dialog {
	var menus []string
	of := map[string][]widget.Point{}
	for _, l := range lines {
		if of[l.Menu] == nil {
			menus = append(menus, l.Menu)
			of[l.Menu] = []widget.Point{{Text: l.Menu, Bold: true}}
		}
		of[l.Menu] = append(of[l.Menu], widget.Point{Text: l.Label, Value: l.Keys})
	}
	var left, right []widget.Point
	half := (len(lines) + len(menus)) / 2
	for _, menu := range menus {
		if n := len(of[menu]); len(left) == 0 || len(left)+n <= half+1 {
			left = append(left, of[menu]...)
		} else {
			right = append(right, of[menu]...)
		}
	}
	return &widget.Dialog{
		Title: words.Text("shortcuts.title", nil), Icon: theme.IconHelp, Width: 640,
		Body: widget.NewForm(
			widget.FormRow{Wide: true, Field: container.NewGridWithColumns(2, widget.NewPoints(left...), widget.NewPoints(right...))},
			widget.FormRow{Wide: true, Field: widget.NewHint(words.Text("shortcuts.hint", nil))},
		),
		Cancel: words.Text("dialog.close", nil), OnCancel: leave,
	}
}

// Doctor is the dialog of Check this computer.
type Doctor struct {
	words  *present.Catalogue
	dialog *widget.Dialog
	form   *widget.Form
	rows   *widget.Points
}

// DoctorActions are what a person can do there.
type DoctorActions struct{ Again, Stop, Leave, Closed func() }

// NewDoctor returns the dialog, which shows nothing useful before Show.
func NewDoctor(words *present.Catalogue, actions DoctorActions) *Doctor {
	x := &Doctor{words: words, rows: widget.NewPoints()}
	x.form = widget.NewForm(widget.FormRow{Wide: true, Field: x.rows})
	x.dialog = &widget.Dialog{
		Title: dialogTitle(words, present.CmdDoctor), Icon: theme.IconShield, Body: x.form, Width: 560,
		Primary: words.Text("doctor.again", nil), Cancel: words.Text("dialog.close", nil),
		OnPrimary: actions.Again, OnCancel: actions.Leave, OnStop: actions.Stop, OnClosed: actions.Closed,
	}
	return x
}

// Dialog returns what a Stack opens.
func (x *Doctor) Dialog() *widget.Dialog { return x.dialog }

// SetBusy shows that it is being looked.
func (x *Doctor) SetBusy(busy bool) { x.dialog.SetBusy(busy, x.words.Text("doctor.busy", nil), -1) }

// Show shows what was found out; n is what went wrong.
func (x *Doctor) Show(rows []present.DoctorRow, n *present.Notice) {
	const shortValue = 26 // what fits beside a sentence
	var points []widget.Point
	for _, r := range rows {
		p := widget.Point{Icon: fyne.ThemeIconName(r.Icon), Color: severityColor(r.Severity), Text: r.Message, Value: r.Value, More: r.Remedy}
		if len(r.Value) > shortValue {
			p.Value, p.More = "", r.Value
			if r.Remedy != "" {
				p.More = r.Remedy + " [" + r.Value + "]"
			}
		}
		points = append(points, p)
	}
	x.rows.SetPoints(points...)
	message := noticeMessage(n)
	x.dialog.SetMessage(message.Level, message.Text, message.Remedy)
	x.form.Refresh()
	x.dialog.Relayout()
}

// NewAbout returns the dialog of About Tideover; leave closes it.
func NewAbout(words *present.Catalogue, m present.About, leave func()) *widget.Dialog {
	logo := canvas.NewImageFromResource(theme.Logo())
	logo.FillMode = canvas.ImageFillContain
	logo.SetMinSize(fyne.NewSquareSize(64))
	name := bold(m.Name)
	name.SizeName = toolkit.SizeNameHeadingText
	version := fw.NewLabel(m.Version)
	version.Selectable = true
	version.Truncation = fyne.TextTruncateEllipsis
	licence := fw.NewLabel(m.Licence)
	licence.Wrapping = fyne.TextWrapWord
	line := fw.NewLabel(m.Line)
	line.Wrapping = fyne.TextWrapWord
	lines := make([]widget.PathLine, len(m.Parts))
	for i, p := range m.Parts {
		lines[i] = widget.PathLine{Path: p.Name, More: p.Version}
	}
	list := widget.NewPathList(8)
	list.SetLines(lines)
	list.Hide()
	parts := widget.NewDisclosure(strconv.Itoa(len(m.Parts)), m.PartsWords, len(m.Parts) == 0)
	form := widget.NewForm(
		widget.FormRow{Wide: true, Field: container.NewBorder(nil, nil, container.NewHBox(logo, gap(4, 0)), nil, container.New(&tight{overlap: 8}, name, version))},
		widget.FormRow{Wide: true, Field: line},
		widget.FormRow{Wide: true, Field: licence},
		widget.FormRow{Wide: true, Field: parts},
		widget.FormRow{Wide: true, Field: list},
	)
	d := &widget.Dialog{
		Title: words.Text("menu."+string(present.CmdAbout), nil), Icon: theme.IconInfo, Body: form, Width: 460,
		Cancel: words.Text("dialog.close", nil), OnCancel: leave,
	}
	parts.OnToggle = func(open bool) {
		show(list, open)
		form.Refresh()
		d.Relayout()
	}
	if len(m.Parts) == 0 {
		parts.Hide()
	}
	return d
}
