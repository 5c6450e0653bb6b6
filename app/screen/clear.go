package screen

import (
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// ClearActions are what a person can do in Clear offline cache….
type ClearActions struct {
	Clear  func()
	Stop   func() // waiting for the server, while the dialog is busy
	Leave  func()
	Closed func()
}

// Clear is the question of Clear offline cache…. The keyboard is at the way out
// at first: nothing is destroyed by a slip.
type Clear struct {
	words  *present.Catalogue
	dialog *widget.Dialog
}

// NewClear returns the question of a model.
func NewClear(words *present.Catalogue, m present.Clear, actions ClearActions) *Clear {
	var gone []widget.Point
	for _, text := range m.Destroys {
		gone = append(gone, widget.Point{Icon: theme.IconDelete, Color: theme.ColorError, Text: text})
	}
	if m.Drafts != "" {
		gone = append(gone, widget.Point{Icon: theme.IconDraft, Color: theme.ColorError, Text: m.Drafts})
	}
	left := []widget.Point{{Icon: theme.IconWarning, Color: theme.ColorWarning, Text: m.Remains}}
	if m.Journal != "" {
		left = append(left, widget.Point{Icon: theme.IconHistory, Text: m.Journal})
	}
	x := &Clear{words: words}
	x.dialog = &widget.Dialog{
		Title: dialogTitle(words, present.CmdClearCache), Icon: theme.IconClearCache, Width: 470,
		Body: widget.NewForm(
			widget.FormRow{Wide: true, Field: bold(words.Text("clear.destroys", nil))},
			widget.FormRow{Wide: true, Field: widget.NewPoints(gone...)},
			widget.FormRow{Wide: true, Field: bold(words.Text("clear.remains", nil))},
			widget.FormRow{Wide: true, Field: widget.NewPoints(left...)},
		),
		Primary: m.Confirm, Dangerous: true, Cancel: words.Text("dialog.cancel", nil),
		OnPrimary: actions.Clear, OnStop: actions.Stop, OnCancel: actions.Leave, OnClosed: actions.Closed,
	}
	x.dialog.First = x.dialog.CancelButton()
	return x
}

// Dialog returns what a Stack opens.
func (x *Clear) Dialog() *widget.Dialog { return x.dialog }

// SetBusy shows that the cache is being cleared and the server told. The one
// cannot be stopped half way, the other can.
func (x *Clear) SetBusy(busy bool) {
	x.dialog.SetBusy(busy, x.words.Text("clear.busy", nil), -1)
}

// SetNotice says what went wrong.
func (x *Clear) SetNotice(n *present.Notice) {
	m := noticeMessage(n)
	x.dialog.SetMessage(m.Level, m.Text, m.Remedy)
}

// bold returns a line that heads others.
func bold(text string) *fw.Label {
	l := fw.NewLabel(text)
	l.TextStyle.Bold = true
	return l
}
