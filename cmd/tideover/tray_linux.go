package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/systray"

	"github.com/tideover/tideover/app/native"
)

// shownInTray is what the tray is to show.
type shownInTray struct {
	icon    []byte
	tooltip string
	menu    *fyne.Menu
}

// trayOf returns what shows an icon with a menu in the tray; a press on it calls
// show. It returns at once, and nothing waits for the bus: who has no tray has a
// window.
//
// The toolkit has a tray, too. It makes a window that nobody sees, with all that
// is needed to draw in it, before ours can be made: a fifth of the time until
// ours stands. And it draws the program's icon for the tray, at its full size.
func trayOf(_ fyne.App, _ fyne.Window, show func()) func(fyne.Resource, string, *fyne.Menu) {
	wanted := make(chan shownInTray, 1)
	go keepTray(wanted, show)
	return func(icon fyne.Resource, tooltip string, menu *fyne.Menu) {
		select {
		case <-wanted: // not shown yet, and not wanted any more
		default:
		}
		wanted <- shownInTray{icon.Content(), tooltip, menu}
	}
}

// keepTray shows what is wanted until the program ends, and its connection to
// the bus with it.
func keepTray(wanted <-chan shownInTray, show func()) {
	first := <-wanted
	// Without a session bus the library would start one.
	if native.TrayHost() == native.TrayNoBus {
		for range wanted { // for nobody
		}
	}
	start, _ := systray.RunWithExternalLoop(nil, nil)
	systray.SetTitle(id) // some trays want one
	systray.SetOnTapped(func() { fyne.Do(show) })
	showInTray(first)
	start()
	for next := range wanted {
		showInTray(next)
	}
}

func showInTray(s shownInTray) {
	systray.SetIcon(s.icon)
	systray.SetTooltip(s.tooltip)
	systray.ResetMenu()
	for _, item := range s.menu.Items {
		addToTray(nil, item)
	}
}

// addToTray adds an item to the menu, or to that of another item.
func addToTray(above *systray.MenuItem, item *fyne.MenuItem) {
	if item.IsSeparator {
		if above == nil {
			systray.AddSeparator()
		} else {
			above.AddSeparator()
		}
		return
	}
	add, addChecked := systray.AddMenuItem, systray.AddMenuItemCheckbox
	if above != nil {
		add, addChecked = above.AddSubMenuItem, above.AddSubMenuItemCheckbox
	}
	var added *systray.MenuItem
	if item.Checked {
		added = addChecked(item.Label, "", true)
	} else {
		added = add(item.Label, "")
	}
	if item.Disabled {
		added.Disable()
	}
	if item.ChildMenu != nil {
		for _, below := range item.ChildMenu.Items {
			addToTray(added, below)
		}
	}
	go func() {
		for range added.ClickedCh { // closed when the menu is made anew
			if item.Action != nil {
				fyne.Do(item.Action)
			}
		}
	}()
}
