package app

import (
	"context"
	"errors"
	"strings"

	"fyne.io/fyne/v2"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// commented runs work without a comment, and once more with the one that the
// person types if the server wants to know why. what is it for, such as the
// title of an entry. Of a person who gives none, done hears context.Canceled.
func commented[T any](d *Desktop, what string, work func(ctx context.Context, comment string) (T, error), done func(T, error), lost func(T)) *task {
	outer := &task{}
	var inner *task
	var dialog *widget.Dialog
	outer.cancel = func() {
		inner.Cancel()
		if dialog != nil {
			d.dialogs.Close(dialog)
		}
	}
	over := func(result T, err error) {
		outer.over = true
		done(result, err)
	}
	inner = start(d.tasks, func(ctx context.Context, _ func(func())) (T, error) { return work(ctx, "") }, func(result T, err error) {
		if !errors.Is(err, vault.CommentRequired) {
			over(result, err)
			return
		}
		dialog = askComment(d, what, func(comment string) {
			dialog.SetError("", "")
			dialog.SetBusy(true, d.words.Text("comment.sending", nil), -1)
			inner = start(d.tasks, func(ctx context.Context, _ func(func())) (T, error) { return work(ctx, comment) }, func(result T, err error) {
				if errors.Is(err, vault.CommentRequired) { // not good enough
					n := d.words.Failure(err)
					dialog.SetBusy(false, "", 0)
					dialog.SetError(n.Message, n.Remedy)
					return
				}
				d.dialogs.Close(dialog)
				over(result, err)
			}, lost)
		})
		never := func() {
			inner.Cancel()
			d.dialogs.Close(dialog)
			var nothing T
			over(nothing, context.Canceled)
		}
		dialog.OnStop, dialog.OnCancel = never, never
	}, lost)
	return outer
}

// askComment opens the dialog that asks why, and tells given what was typed.
func askComment(d *Desktop, what string, given func(comment string)) *widget.Dialog {
	text := func(key string) string { return d.words.Text("comment."+key, nil) }
	why := widget.NewTextEntry()
	ask := fw.NewLabel(d.words.Text("comment.ask", map[string]any{"What": what}))
	ask.Wrapping = fyne.TextWrapWord
	dialog := &widget.Dialog{
		Title: text("title"), Icon: theme.IconNote, First: why, Primary: text("do"), Cancel: text("cancel"),
		Body: widget.NewForm(widget.FormRow{Field: ask, Wide: true}, widget.FormRow{Label: text("why"), Field: why}),
	}
	dialog.OnPrimary = func() {
		if comment := strings.TrimSpace(why.Text); comment != "" {
			given(comment)
		}
	}
	why.OnChanged = func(typed string) { dialog.SetPrimaryEnabled(strings.TrimSpace(typed) != "") }
	dialog.SetPrimaryEnabled(false)
	d.dialogs.Open(dialog)
	return dialog
}
