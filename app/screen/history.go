package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// historyPage is the list of earlier forms, the newest first.
type historyPage struct {
	e      *Entry
	object fyne.CanvasObject
	list   *widget.EntryList
	empty  *widget.Empty
	whole  fyne.CanvasObject
	strip  *widget.Strip
	asked  bool
	count  int

	view, restore *widget.Button
}

func newHistoryPage(e *Entry) *historyPage {
	h := &historyPage{e: e, strip: widget.NewStrip()}
	h.list = widget.NewEntryList([]widget.Column{
		{Key: "at", Title: e.text("history.at"), Width: 172, Min: 172, Fixed: true},
		{Key: "title", Title: e.words.Text("column.title", nil), Width: 100, Min: 60, Fixed: true},
		{Key: "user", Title: e.words.Text("column.user", nil), Width: 104, Min: 60, Fixed: true, Drop: 1},
		{Key: "changed", Title: e.text("history.changed"), Width: 112, Min: 60, Fixed: true, Drop: 2},
	})
	h.list.OnSelect = h.enable
	h.list.OnOpen = func(id widget.RowID) { e.actions.OpenVersion(placeOf(id)) }
	h.view = widget.NewButton(e.text("history.view"), func() {
		if at := picked(h.list); at >= 0 {
			e.actions.OpenVersion(at)
		}
	})
	h.restore = widget.NewButton(e.text("history.restore"), func() {
		if at := picked(h.list); at >= 0 {
			e.ask("restore", theme.IconHistory, false, func() { e.actions.RestoreVersion(at) })
		}
	})
	h.empty = widget.NewEmpty(theme.IconHistory, "", "", "", nil)
	h.whole = listWithButtons("", h.list, h.view, h.restore)
	h.object = container.NewBorder(h.strip, nil, nil, nil, container.NewStack(h.whole, h.empty))
	return h
}

func (h *historyPage) show() {
	f := &h.e.form
	h.asked, h.count = false, 0
	h.strip.Set(widget.Message{})
	h.list.SetRows(lines{})
	h.list.SelectNone()
	switch {
	case f.Past:
		h.say("history.past")
	case f.New, f.Earlier == "" && !f.AskEarlier:
		h.say("history.none")
	default:
		h.say("history.asking")
	}
	h.enable()
}

// say shows words in place of the list.
func (h *historyPage) say(key string) {
	h.empty.Set(theme.IconHistory, h.e.text(key), "", "", nil)
	h.empty.Show()
	h.whole.Hide()
}

// wanted asks for the list, once; after a failure again.
func (h *historyPage) wanted() {
	f := &h.e.form
	if h.asked || f.New || f.Past || f.Earlier == "" && !f.AskEarlier {
		return
	}
	h.asked = true
	h.strip.Set(widget.Message{})
	h.say("history.asking")
	h.e.actions.Versions()
}

func (h *historyPage) fill(list []present.Version) {
	h.count = len(list)
	if len(list) == 0 {
		h.say("history.none")
		return
	}
	rows := make(lines, 0, len(list))
	for _, v := range list {
		rows = append(rows, line{
			cells: map[string]string{"at": v.At, "title": v.Title, "user": v.User, "changed": v.Changed},
			look:  widget.RowLook{Icon: theme.IconHistory},
		})
	}
	h.list.SetRows(rows)
	h.whole.Show()
	h.empty.Hide()
	h.list.Select(rows.ID(0))
	h.enable()
}

// failed says why there is no list; turning to the page asks again.
func (h *historyPage) failed(n *present.Notice) {
	h.asked = false
	h.strip.Set(noticeMessage(n))
	h.say("history.unknown")
	h.e.dialog.Relayout()
}

func (h *historyPage) enable() {
	at := picked(h.list)
	enable(h.view, at >= 0)
	enable(h.restore, at >= 0 && h.e.editable())
}
