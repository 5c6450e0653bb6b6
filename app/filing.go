package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// addFile asks for a file and brings it into the dialog; it is saved with the
// rest.
func (ed *editor) addFile() {
	d := ed.d
	text := func(key string) string { return d.words.Text("entry."+key, nil) }
	path := widget.NewTextEntry()
	ask := &widget.Dialog{
		Title: text("files.choose"), Icon: theme.IconAttachment, First: path, Width: 520,
		Primary: text("ok"), Cancel: text("cancel"),
	}
	var open *dialog.FileDialog // in front of ours; nil: it is not
	browse := widget.NewButton(text("files.browse"), func() {
		if open != nil {
			return
		}
		open = dialog.NewFileOpen(func(chosen fyne.URIReadCloser, err error) {
			if err != nil || chosen == nil {
				return
			}
			_ = chosen.Close() // it is read away from the painting goroutine
			path.SetText(chosen.URI().Path())
		}, d.cfg.Window)
		open.SetOnClosed(func() { open = nil })
		open.Show() // before Resize, which would panic
		size := d.cfg.Window.Canvas().Size()
		open.Resize(fyne.NewSize(size.Width*0.9, size.Height*0.9))
	})
	ask.Body = widget.NewForm(widget.FormRow{
		Label: d.words.Text("main.file", nil), Field: container.NewBorder(nil, nil, nil, browse, path),
		Hint: d.words.Text("entry.files.limit", map[string]any{"Limit": present.MaxAttachment >> 20}),
	})
	var reading *task
	ask.OnPrimary = func() {
		from := strings.TrimSpace(path.Text)
		if from == "" || open != nil {
			return
		}
		ask.SetError("", "")
		ask.SetBusy(true, d.words.Text("entry.files.read", map[string]any{"Name": filepath.Base(from)}), -1)
		reading = start(d.tasks, func(context.Context, func(func())) ([]byte, error) {
			return readAttachment(from)
		}, func(data []byte, err error) {
			ask.SetBusy(false, "", 0)
			if err != nil {
				n := d.words.Failure(err)
				ask.SetError(n.Message, n.Remedy)
				return
			}
			d.dialogs.Close(ask)
			ed.screen.AddFile(filepath.Base(from), data)
		}, wipe)
	}
	ask.OnStop = func() {
		reading.Cancel()
		ask.SetBusy(false, "", 0)
	}
	ask.OnCancel = func() { // Escape reaches this dialog, not the toolkit's in front
		if open != nil {
			open.Hide()
			return
		}
		d.dialogs.Close(ask)
	}
	ask.OnClosed = func() { // also as the window locks
		reading.Cancel()
		if open != nil {
			open.Hide()
		}
	}
	d.dialogs.Open(ask)
}

// readAttachment reads a file that is to be attached, which must be a plain one
// and not too large.
func readAttachment(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("attach: %w", err)
	}
	about := func(topic string) error {
		return &present.EntryProblem{Part: present.PartFiles, Err: &present.Worded{
			Cause: vault.Usage, Topic: "entry." + topic,
			Args: map[string]any{"Name": filepath.Base(path), "Limit": present.MaxAttachment >> 20},
		}}
	}
	switch {
	case !info.Mode().IsRegular(): // a pipe would wait for ever
		return nil, about("file_empty")
	case info.Size() > present.MaxAttachment:
		return nil, about("file_large")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("attach: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(f, present.MaxAttachment+1)) // it may grow meanwhile
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("attach: %w", err)
	}
	if len(data) > present.MaxAttachment {
		return nil, about("file_large")
	}
	return data, nil
}

// saveFile writes a stored attachment into a file.
func (ed *editor) saveFile(name string) {
	if ed.item != nil {
		ed.p.saveAttachment(ed.item.Entry.ID, name)
	}
}
