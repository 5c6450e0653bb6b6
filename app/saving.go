package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// saveChosen is the command for the selected entry; name is the attachment.
func (p *mainPlace) saveChosen(name string) {
	if len(p.ids) == 1 && name != "" {
		p.saveAttachment(p.ids[0], name)
	}
}

// saveAttachment asks for a place and writes an attachment there. The dialog is
// our own: the toolkit's empties a file as soon as it is chosen, before there
// is anything to write.
func (p *mainPlace) saveAttachment(id vault.ID, name string) {
	item := p.find(id)
	if item == nil || p.d.state().NoReveal {
		return
	}
	d := p.d
	d.askFile(d.words.Text("main.save", nil), filepath.Join(downloads(), fileName(name)), func(path string, replace bool, failed func(error), written func()) *task {
		return commented(d, present.Shown(name), func(ctx context.Context, comment string) (struct{}, error) {
			data, err := d.session.Attachment(ctx, item, name, comment)
			if err != nil {
				return struct{}{}, err
			}
			defer clear(data)
			return struct{}{}, writePrivate(ctx, path, data, replace)
		}, func(_ struct{}, err error) {
			if err != nil {
				failed(err)
				return
			}
			written()
			d.tell(&present.Notice{
				Severity: present.Good, Message: d.words.Text("main.saved", map[string]any{"Name": filepath.Base(path)}),
				Remedy: d.words.Text("main.saved.hint", nil),
			})
		}, nil)
	})
}

// askFile asks for the path of a new file. save writes it; it tells failed or
// written. A file that exists is replaced only after a second question.
func (d *Desktop) askFile(title, path string, save func(path string, replace bool, failed func(error), written func()) *task) {
	text := func(key string, args map[string]any) string { return d.words.Text("main."+key, args) }
	entry := widget.NewTextEntry()
	entry.SetText(path)
	dialog := &widget.Dialog{
		Title: title, Icon: theme.IconSave, First: entry, Primary: text("save.do", nil), Cancel: text("cancel", nil), Width: 520,
		Body: widget.NewForm(widget.FormRow{Label: text("file", nil), Field: entry, Hint: text("saved.hint", nil)}),
	}
	var work *task
	replace := false
	again := func() {
		replace = false
		dialog.SetPrimaryLabel(text("save.do", nil))
		dialog.SetError("", "")
	}
	entry.OnChanged = func(string) { again() }
	dialog.OnPrimary = func() {
		to := entry.Text
		if strings.TrimSpace(to) == "" {
			return
		}
		dialog.SetError("", "")
		dialog.SetBusy(true, text("saving", map[string]any{"Name": filepath.Base(to)}), -1)
		work = save(to, replace, func(err error) {
			dialog.SetBusy(false, "", 0)
			if errors.Is(err, fs.ErrExist) {
				replace = true
				dialog.SetPrimaryLabel(text("overwrite.do", nil))
				dialog.SetMessage(widget.LevelWarning, text("overwrite", nil), text("overwrite.ask", map[string]any{"Name": filepath.Base(to)}))
				return
			}
			if !errors.Is(err, context.Canceled) {
				n := d.words.Failure(err)
				dialog.SetError(n.Message, n.Remedy)
			}
			d.refresh()
		}, func() { d.dialogs.Close(dialog) })
	}
	dialog.OnStop = func() {
		work.Cancel()
		dialog.SetBusy(false, "", 0)
	}
	dialog.OnClosed = func() { work.Cancel() }
	d.dialogs.Open(dialog)
}

// downloads is where people expect a saved file; empty: where the program runs.
func downloads() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	if dir := filepath.Join(home, "Downloads"); isDir(dir) {
		return dir
	}
	return home
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// fileName makes a name of a file of an attachment's name, which other people
// chose: no folder, nothing hidden, nothing that a system refuses, nothing that
// reads as another name, and no longer than systems take.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if present.Unpaintable(r) || r == utf8.RuneError || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(strings.TrimRight(name, " ."), " .")
	if name == "" {
		return "attachment"
	}
	const most = 200 // bytes; systems take 255, or characters, and the person may add some
	if len(name) <= most {
		return name
	}
	end := filepath.Ext(name)
	if len(end) > 20 {
		end = ""
	}
	at := most - len(end)
	for !utf8.RuneStart(name[at]) {
		at--
	}
	return strings.TrimRight(name[:at], " .") + end
}

// writePrivate writes a file that only its owner can read, whole or not at all.
// Without replace a file that exists is fs.ErrExist, and stays as it is. Nothing
// is left of a writing whose context ended.
func writePrivate(ctx context.Context, path string, data []byte, replace bool) (err error) {
	if !replace {
		// The empty file holds the name until the content is there.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	err = writeWhole(ctx, path, data)
	if err != nil && !replace {
		_ = os.Remove(path) // the empty one
	}
	return err
}

func writeWhole(ctx context.Context, path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tideover-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the error matters
		return fmt.Errorf("save: %w", err)
	}
	return nil
}
