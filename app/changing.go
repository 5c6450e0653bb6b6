package app

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault/session"
)

// deleteEntries asks whether the selected entries are to go, and says what that
// means: of a draft something else than online.
func (p *mainPlace) deleteEntries(string) {
	d, items := p.d, p.selected()
	if len(items) == 0 {
		return
	}
	args := map[string]any{"Count": len(items), "Title": p.titleOf(items[0].Entry.ID)}
	title := "main.delete.many"
	if len(items) == 1 {
		title = "main.delete.one"
	}
	what := "main.delete.online"
	if d.status.Mode == session.Offline {
		what = "main.delete.offline"
	}
	p.question(&question{
		title: d.words.Text(title, args), ask: d.words.Text(what, args), icon: theme.IconDelete,
		do: d.words.Text("main.delete.do", nil), dangerous: true, total: len(items),
		each: func(ctx context.Context, c session.Changes, i int) error { return c.Remove(ctx, items[i]) },
		said: func(done int) string {
			return d.words.Text("main.deleting", map[string]any{"Done": done, "Total": len(items)})
		},
	})
}

// question is a change that is asked about in a dialog and then made, piece by
// piece.
type question struct {
	title, ask, do string
	icon           fyne.ThemeIconName
	dangerous      bool
	body           fyne.CanvasObject // below ask; nil: nothing
	first          fyne.Focusable
	ready          func() bool // whether the button works; nil: always
	begin          func()      // before it is made: takes what was typed; may be nil

	total int
	each  func(ctx context.Context, c session.Changes, i int) error
	said  func(done int) string // while it is made
	then  func()                // in place of listing anew; may be nil
}

// question asks and changes. What the server wants to know it asks for in a
// dialog in front; what fails is said in place, and what was done by then stays
// done.
func (p *mainPlace) question(q *question) *widget.Dialog {
	d := p.d
	ask := fw.NewLabel(q.ask)
	ask.Wrapping = fyne.TextWrapWord
	rows := []widget.FormRow{}
	if q.ask != "" {
		rows = append(rows, widget.FormRow{Field: ask, Wide: true})
	}
	if q.body != nil {
		rows = append(rows, widget.FormRow{Field: q.body, Wide: true})
	}
	dialog := &widget.Dialog{
		Title: q.title, Icon: q.icon, Body: widget.NewForm(rows...), First: q.first,
		Primary: q.do, Dangerous: q.dangerous, Cancel: d.words.Text("main.cancel", nil),
	}
	var work *task
	done := 0
	stop := func() {
		work.Cancel()
		p.reload() // whether the server took the last of it is not known
		d.refresh()
	}
	dialog.OnPrimary = func() {
		if q.ready != nil && !q.ready() {
			return
		}
		if q.begin != nil {
			q.begin()
		}
		dialog.SetError("", "")
		dialog.SetBusy(true, q.said(done), -1)
		work = commented(d, q.title, func(ctx context.Context, comment string) (struct{}, error) {
			for i := done; i < q.total; i++ { // done does not change while this runs, but by what it posts
				if err := q.each(ctx, d.session.Because(comment), i); err != nil {
					return struct{}{}, err
				}
				d.cfg.Post(func() {
					done = i + 1
					if dialog.Busy() {
						dialog.SetBusy(true, q.said(done), float64(done)/float64(q.total))
					}
				})
			}
			return struct{}{}, nil
		}, func(_ struct{}, err error) {
			if err != nil {
				dialog.SetBusy(false, "", 0)
				if !errors.Is(err, context.Canceled) {
					n := d.words.Failure(err)
					dialog.SetError(n.Message, n.Remedy)
				}
				d.refresh()
				return
			}
			d.dialogs.Close(dialog)
			if q.then != nil {
				q.then()
			} else {
				p.reload()
			}
			d.refresh()
		}, nil)
	}
	dialog.OnStop = func() {
		stop()
		d.dialogs.Close(dialog)
	}
	dialog.OnClosed = func() { work.Cancel() }
	d.dialogs.Open(dialog)
	if q.ready != nil {
		dialog.SetPrimaryEnabled(q.ready())
	}
	return dialog
}
