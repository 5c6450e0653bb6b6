package app

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// importing is Import cache file… as long as its dialog is open.
type importing struct {
	d      *Desktop
	screen *screen.Import
	file   string // as typed or chosen
	work   *task
	browse *dialog.FileDialog // in front; nil: it is not
}

// importCache is the command.
func (d *Desktop) importCache() {
	x := &importing{d: d}
	x.screen = screen.NewImport(d.words, screen.ImportActions{
		Browse: x.choose, Import: x.take, Stop: func() { x.work.Cancel(); x.show(nil) },
		File: func(path string) {
			if path != x.file {
				x.file = path
				x.show(nil)
			}
		},
		Leave: x.leave, Closed: x.end,
	})
	d.dialogs.Open(x.screen.Dialog())
	x.show(nil)
}

// leave closes what is in front: the choice of a file, or the dialog.
func (x *importing) leave() {
	if x.browse != nil {
		x.browse.Hide()
		x.chosen()
		return
	}
	x.d.dialogs.Close(x.screen.Dialog())
}

func (x *importing) end() {
	x.work.Cancel()
	if x.browse != nil {
		x.browse.Hide()
	}
}

func (x *importing) show(err error) {
	x.screen.Show(present.NewImport(x.d.words, x.d.status, x.file, err, x.work.running()))
}

// choose opens the toolkit's choice of files.
func (x *importing) choose() {
	if x.browse != nil {
		return
	}
	x.browse = dialog.NewFileOpen(func(f fyne.URIReadCloser, err error) {
		x.browse = nil
		switch {
		case err != nil:
			x.show(err)
		case f != nil:
			_ = f.Close() // the session opens it itself
			x.file = f.URI().Path()
			x.show(nil)
		}
		x.chosen()
	}, x.d.cfg.Window)
	x.browse.SetOnClosed(x.chosen)
	x.browse.SetFilter(storage.NewExtensionFileFilter([]string{".kdbx"}))
	size := x.d.cfg.Window.Canvas().Size()
	x.browse.Show()
	x.browse.Resize(fyne.NewSize(size.Width*0.9, size.Height*0.9)) // it has no size before
}

// chosen is called when the choice of files is gone, whether one was chosen or
// not; it took the keyboard with it.
func (x *importing) chosen() {
	x.browse = nil
	x.screen.Ask()
}

// take puts the file in the place of the account's cache.
func (x *importing) take(path string, password []byte) {
	d := x.d
	master := vault.NewSecret(password)
	path = filepath.Clean(strings.TrimPrefix(strings.TrimSpace(path), "file://"))
	keys := d.securityKeys(func() { x.work.Cancel(); x.show(nil) })
	x.work = start(d.tasks, func(ctx context.Context, tell func(func())) (session.Status, error) {
		defer master.Wipe()
		err := d.session.ImportCache(ctx, path, session.UnlockRequest{Asker: keys.of(tell), Master: func(context.Context, cache.Status) (vault.Secret, error) {
			return master.Clone(), nil // the session wipes its own
		}})
		st, failed := d.session.Status(context.WithoutCancel(ctx))
		if err == nil && (st.Mode != session.Offline || ctx.Err() != nil) {
			d.session.Lock() // nobody works with it yet
		}
		return st, errors.Join(err, failed)
	}, func(st session.Status, err error) {
		keys.close()
		if err != nil {
			x.show(err)
			d.refresh() // tries may have gone
			return
		}
		x.leave()
		d.took(st)
		if st.Mode == session.Offline {
			d.enter() // with the master password, which the person knows
		}
		d.paint()
		d.tell(d.failedBefore(&present.Notice{Severity: present.Good, Message: d.words.Text("import.done", nil)}))
	}, func(session.Status) {
		keys.close()
		d.refresh()
	})
	x.show(nil)
}
