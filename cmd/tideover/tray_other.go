//go:build !linux

package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/systray"
)

// trayOf returns what shows an icon with a menu in the tray; a press on it shows
// the window. It is for before the controller: the toolkit starts its tray with
// its loop or never, and it takes over the cross of the window, which the
// controller takes back.
func trayOf(a fyne.App, w fyne.Window, _ func()) func(fyne.Resource, string, *fyne.Menu) {
	tray, ok := a.(desktop.App)
	if !ok {
		return nil
	}
	tray.SetSystemTrayMenu(fyne.NewMenu(""))
	tray.SetSystemTrayWindow(w)
	return func(icon fyne.Resource, tooltip string, menu *fyne.Menu) {
		tray.SetSystemTrayIcon(icon)
		tray.SetSystemTrayMenu(menu)
		systray.SetTooltip(tooltip)
	}
}
