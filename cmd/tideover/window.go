package main

import (
	"context"

	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/systray"

	"github.com/tideover/tideover/app"
	"github.com/tideover/tideover/app/native"
	"github.com/tideover/tideover/app/start"
)

// id names the program to the desktop: its notes, its icon, its preferences.
const id = "org.tideover.tideover"

// shown is what the window is opened with.
type shown struct {
	options  start.Options
	client   *start.Client
	home     string
	instance *native.Instance
	language string
}

// show opens the window and returns when it is closed for good, by the person or
// because it is not wanted any more.
func show(wanted context.Context, s shown) {
	a := toolkit.NewWithID(id)
	w := a.NewWindow("Tideover")
	w.SetMaster()
	config := app.Config{
		App: a, Window: w, Client: s.client, Target: s.options.Target, Chip: s.options.Chip(), Home: s.home,
		Language: s.language, Version: start.Version(), Post: fyne.Do, Quit: a.Quit, Shows: s.instance.Shows(),
	}
	// Without a session bus the toolkit's tray would start one, and panic in
	// the end.
	if tray, ok := a.(desktop.App); ok && native.TrayHost() != native.TrayNoBus {
		config.Tray = trayOf(tray, w)
	}
	d := app.New(config)
	a.Lifecycle().SetOnStarted(d.Begin)

	defer context.AfterFunc(wanted, d.Quit)()
	w.ShowAndRun()
}

// trayOf shows an icon in the tray; a press on it shows the window. It is for
// before the controller: the toolkit starts its tray with its loop or never,
// and then panics in the end, and it takes over the cross of the window, which
// the controller takes back.
func trayOf(a desktop.App, w fyne.Window) func(fyne.Resource, string, *fyne.Menu) {
	a.SetSystemTrayMenu(fyne.NewMenu(""))
	a.SetSystemTrayWindow(w)
	return func(icon fyne.Resource, tooltip string, menu *fyne.Menu) {
		a.SetSystemTrayIcon(icon)
		a.SetSystemTrayMenu(menu)
		systray.SetTooltip(tooltip)
	}
}
