package present

// Menu is a menu as it is to be drawn.
type Menu struct {
	Label string
	Items []MenuItem
}

// MenuItem is a line of a menu, a button of the toolbar, or a line between them.
type MenuItem struct {
	Separator bool // and nothing else

	ID       CommandID // empty: a submenu, see Items
	Label    string
	Icon     string
	Shortcut Shortcut
	Enabled  bool
	Why      string // in words, where it is not enabled
	Switch   bool   // it switches something
	On       bool   // which is on
	Choices  Choices
	Items    []MenuItem // of a submenu
}

// Item returns a command as it is to be drawn in this state.
func (c *Command) Item(words *Catalogue, s State) MenuItem {
	m := MenuItem{ID: c.ID, Label: words.Text(c.Label, nil), Icon: c.Icon, Shortcut: c.Shortcut, Choices: c.Choices}
	var reason string
	m.Enabled, reason = c.Enabled(s)
	m.Why = s.Why(words, reason)
	m.Switch, m.On = c.Switch(s)
	return m
}

// Menus returns the main menu in this state. A menu that has nothing to show
// is left out.
func Menus(words *Catalogue, commands []Command, s State) []Menu {
	var menus []Menu
	for _, key := range []string{menuServer, menuGroup, menuEntry, menuFind, menuView, menuHelp} {
		m := Menu{Label: words.Text(key, nil)}
		subs := map[string]int{}
		section := 0
		for i := range commands {
			c := &commands[i]
			if c.Menu != key || !c.Visible(s) {
				continue
			}
			if section != 0 && c.Section != section {
				m.Items = append(m.Items, MenuItem{Separator: true})
			}
			section = c.Section
			item := c.Item(words, s)
			if c.Submenu == "" {
				m.Items = append(m.Items, item)
				continue
			}
			at, ok := subs[c.Submenu]
			if !ok {
				at = len(m.Items)
				subs[c.Submenu] = at
				m.Items = append(m.Items, MenuItem{Label: words.Text(c.Submenu, nil), Enabled: true})
			}
			m.Items[at].Items = append(m.Items[at].Items, item)
		}
		if len(m.Items) > 0 {
			menus = append(menus, m)
		}
	}
	return menus
}

// Toolbar returns the buttons in this state: of Disconnect/Cache… and Connect…
// the one that fits the mode.
func Toolbar(words *Catalogue, commands []Command, s State) []MenuItem {
	server := CmdDisconnect
	if ok, _ := FindCommand(commands, CmdConnect).Enabled(s); ok || isOffline(&s) {
		server = CmdConnect
	}
	return pick(words, commands, s, server, "", CmdAddEntry, CmdEditEntry, CmdDeleteEntry, "",
		CmdCopyUser, CmdCopyPassword, CmdOpenURL, CmdCopyCode, "", CmdFindEntries, "", CmdLock)
}

// EntryMenu returns the context menu of an entry.
func EntryMenu(words *Catalogue, commands []Command, s State) []MenuItem {
	return pick(words, commands, s, CmdCopyUser, CmdCopyPassword, CmdOpenURL, CmdCopyURL, "", CmdCopyCode, CmdShowCode, CmdCopyField, CmdSaveAttachment, "",
		CmdAddEntry, CmdEditEntry, CmdDuplicateEntry, CmdDeleteEntry, CmdMoveEntry)
}

// GroupMenu returns the context menu of a group.
func GroupMenu(words *Catalogue, commands []Command, s State) []MenuItem {
	return pick(words, commands, s, CmdAddEntry, CmdFindInGroup, "", CmdAddGroup, CmdRenameGroup, CmdDeleteGroup)
}

// TrayMenu returns the menu of the tray.
func TrayMenu(words *Catalogue, commands []Command, s State) []MenuItem {
	return pick(words, commands, s, CmdTrayShow, "", CmdTrayConnect, CmdTrayGoOnline, CmdTrayGoOffline, "", CmdLock, CmdExit)
}

// pick returns the named commands that are visible, with lines where "" stands:
// never two in a row, none at an end.
func pick(words *Catalogue, commands []Command, s State, ids ...CommandID) []MenuItem {
	var items []MenuItem
	line := false
	for _, id := range ids {
		if id == "" {
			line = len(items) > 0
			continue
		}
		c := FindCommand(commands, id)
		if c == nil || !c.Visible(s) {
			continue
		}
		if line {
			items = append(items, MenuItem{Separator: true})
			line = false
		}
		items = append(items, c.Item(words, s))
	}
	return items
}

// ShortcutHelp is a line of the list of shortcuts.
type ShortcutHelp struct {
	Keys, Label string
	Menu        string // title of the menu that the command stands in
}

// Shortcuts lists every command that has keys, in the order of the menus.
func Shortcuts(words *Catalogue, commands []Command) []ShortcutHelp {
	var list []ShortcutHelp
	for i := range commands {
		if c := &commands[i]; !c.Shortcut.IsZero() {
			list = append(list, ShortcutHelp{Keys: c.Shortcut.String(), Label: words.Text(c.Label, nil), Menu: words.Text(c.Menu, nil)})
		}
	}
	return list
}
