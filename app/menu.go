package app

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
)

// paintTitle shows who is there and in which mode in the window's title.
func (d *Desktop) paintTitle() {
	unlocked := d.proven && d.here == place(d.main)
	title := present.NewStatusBar(d.words, d.status, d.now(), unlocked, 0, 0).Title
	if d.cfg.Window.Title() != title {
		d.cfg.Window.SetTitle(title)
	}
}

// paintMenu makes the main menu anew if anything in it changed: the toolkit
// draws it all again each time.
func (d *Desktop) paintMenu() {
	menus := present.Menus(d.words, d.commands, d.state())
	now := fmt.Sprint(menus, d.columns(), d.choiceKeys())
	if now == d.menuNow {
		return
	}
	d.menuNow = now
	var list []*fyne.Menu
	for _, m := range menus {
		list = append(list, fyne.NewMenu(m.Label, d.menuItems(m.Items)...))
	}
	// The toolkit adds an item of its own to the first menu unless one quits.
	if len(list) > 0 {
		items := list[0].Items
		items[len(items)-1].IsQuit = true
	}
	d.cfg.Window.SetMainMenu(fyne.NewMainMenu(list...))
}

// menuItems draws items, with what they are chosen for as submenus.
func (d *Desktop) menuItems(items []present.MenuItem) []*fyne.MenuItem {
	var list []*fyne.MenuItem
	for _, m := range items {
		list = append(list, d.menuItem(m))
	}
	return list
}

func (d *Desktop) menuItem(m present.MenuItem) *fyne.MenuItem {
	if m.Separator {
		return fyne.NewMenuItemSeparator()
	}
	item := fyne.NewMenuItem(m.Label, nil)
	item.Disabled = !m.Enabled
	item.Checked = m.Switch && m.On
	if name := fyne.ThemeIconName(m.Icon); m.Icon != "" && theme.Known(name) {
		item.Icon = theme.Icon(name)
	}
	switch {
	case len(m.Items) > 0:
		item.ChildMenu = fyne.NewMenu("", d.menuItems(m.Items)...)
	case m.Choices != "":
		item.ChildMenu = fyne.NewMenu("", d.choices(m)...)
		item.Disabled = item.Disabled || len(item.ChildMenu.Items) == 0
	default:
		item.Action = func() { d.do(m.ID, "") }
		item.Shortcut = shortcut(m.Shortcut)
	}
	if item.Disabled {
		item.ChildMenu = nil
	}
	return item
}

// choices are the objects that a command can be given for.
func (d *Desktop) choices(m present.MenuItem) []*fyne.MenuItem {
	var list []*fyne.MenuItem
	for _, c := range d.choicesOf(m.Choices) {
		item := fyne.NewMenuItem(c.label, func() { d.do(m.ID, c.key) })
		item.Checked = c.on
		list = append(list, item)
	}
	return list
}

// choice is one object of a command.
type choice struct {
	key, label string
	on         bool
}

// maxChoices is how many groups or fields a submenu lists: it does not scroll.
const maxChoices = 40

func (d *Desktop) choicesOf(c present.Choices) []choice {
	var list []choice
	switch c {
	case present.ChooseColumn:
		shown := map[string]bool{}
		for _, key := range d.columns() {
			shown[key] = true
		}
		for _, column := range present.Columns() {
			list = append(list, choice{string(column), column.Label(d.words), shown[string(column)]})
		}
	case present.ChooseLanguage:
		list = append(list, choice{"", d.words.Text("menu.view.system", nil), d.settings.Language == ""})
		for _, l := range present.Languages() {
			list = append(list, choice{l, d.words.Text("language."+l, nil), d.settings.Language == l})
		}
	default:
		if d.here == place(d.main) {
			list = d.main.choices(c)
		}
	}
	return list[:min(len(list), maxChoices)]
}

// choiceKeys stands for the choices of the main menu that depend on what is
// selected, to see when it has to be made anew.
func (d *Desktop) choiceKeys() string {
	var b strings.Builder
	for _, c := range []present.Choices{present.ChooseField, present.ChooseAttachment, present.ChooseGroup} {
		for _, o := range d.choicesOf(c) {
			b.WriteString(o.key + "\x00" + o.label + "\x00")
		}
	}
	return b.String()
}

// columns are the keys of the columns that are shown.
func (d *Desktop) columns() []string {
	if len(d.settings.Columns) > 0 {
		return d.settings.Columns
	}
	var keys []string
	for _, c := range present.DefaultColumns() {
		keys = append(keys, string(c))
	}
	return keys
}

// shortcut is what the toolkit shows beside the label and fires. Those without
// Ctrl or Alt, and Ctrl+C, are shown by it only: keyboard fires them.
func shortcut(s present.Shortcut) fyne.Shortcut {
	if s.IsZero() {
		return nil
	}
	var m fyne.KeyModifier
	if s.Ctrl {
		m |= fyne.KeyModifierControl
	}
	if s.Shift {
		m |= fyne.KeyModifierShift
	}
	if s.Alt {
		m |= fyne.KeyModifierAlt
	}
	return &desktop.CustomShortcut{KeyName: fyne.KeyName(s.Key), Modifier: m}
}
