package app

import (
	"fmt"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/native"
	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
)

// paintTray shows mode and verbs in the tray, if there is one. The icon goes by
// the mode and by nothing else.
func (d *Desktop) paintTray() {
	if d.cfg.Tray == nil {
		return
	}
	s := d.state()
	t := present.NewTray(d.words, d.commands, d.status, s, d.now())
	now := fmt.Sprint(t)
	if now == d.trayNow {
		return
	}
	d.trayNow = now
	items := d.menuItems(t.Items)
	for _, item := range items {
		item.Shortcut = nil // the tray does not hear the keyboard
		item.Icon = nil     // it would be drawn to a picture each time
	}
	if len(items) > 0 {
		items[len(items)-1].IsQuit = true
	}
	which := theme.Tray(d.status.Mode)
	if which == "" {
		which = theme.TrayDisconnected
	}
	d.cfg.Tray(theme.TrayIcon(which), t.Tooltip, fyne.NewMenu("", items...))
}

// note tells of something while the window is not in front. It never names a
// user or an entry: notes are seen on locked screens and kept in histories.
func (d *Desktop) note(body, category string) {
	n := native.Note{Title: d.words.Text("window.title", nil), Body: body, Category: category}
	d.tasks.run(func() {
		// A desktop without notes has the strip in the window.
		_ = native.Notify(n, func(title, body string) {
			d.cfg.Post(func() { d.cfg.App.SendNotification(fyne.NewNotification(title, body)) })
		})
	})
}

// modeNote is what is told when the mode changed by itself.
func modeNote(words *present.Catalogue, mode string) string {
	return words.Text("note.mode."+mode, nil)
}
