package main

import (
	"context"

	"fyne.io/fyne/v2"
	toolkit "fyne.io/fyne/v2/app"

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
// because the end is wanted.
func show(e *ending, s shown) {
	a := toolkit.NewWithID(id)
	w := a.NewWindow("Tideover")
	w.SetMaster()
	config := app.Config{
		App: a, Window: w, Client: s.client, Target: s.options.Target, Chip: s.options.Chip(), Home: s.home,
		Language: s.language, Version: start.Version(), Post: app.Bundled(fyne.Do), Shows: s.instance.Shows(),
		Quit: func() {
			leave(toolkitPatience)
			a.Quit()
		},
		Tray: trayOf(a, w, w.Show),
	}
	d := app.New(config)
	a.Lifecycle().SetOnStarted(func() {
		e.alone()
		d.Begin()
	})
	defer context.AfterFunc(e.wanted, func() {
		leave(endPatience)
		d.Quit()
	})()
	w.ShowAndRun()
}
