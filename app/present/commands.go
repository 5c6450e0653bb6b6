package present

// The verbs of the window.
const (
	CmdSignIn          CommandID = "server.sign_in"
	CmdConnect         CommandID = "server.connect"
	CmdDisconnect      CommandID = "server.disconnect"
	CmdWorkOffline     CommandID = "server.work_offline"
	CmdReload          CommandID = "server.reload"
	CmdClearCache      CommandID = "server.clear_cache"
	CmdImportCache     CommandID = "server.import_cache"
	CmdOfflineContents CommandID = "server.contents"
	CmdSecurityKeys    CommandID = "server.keys"
	CmdSignOut         CommandID = "server.sign_out"
	CmdLock            CommandID = "server.lock"
	CmdExit            CommandID = "server.exit"

	CmdCopyUser       CommandID = "entry.copy_user"
	CmdCopyPassword   CommandID = "entry.copy_password"
	CmdCopyURL        CommandID = "entry.copy_url"
	CmdOpenURL        CommandID = "entry.open_url"
	CmdCopyCode       CommandID = "entry.copy_code"
	CmdShowCode       CommandID = "entry.show_code"
	CmdCopyField      CommandID = "entry.copy_field"
	CmdSaveAttachment CommandID = "entry.save_attachment"
	CmdAddEntry       CommandID = "entry.add"
	CmdEditEntry      CommandID = "entry.edit"
	CmdDuplicateEntry CommandID = "entry.duplicate"
	CmdDeleteEntry    CommandID = "entry.delete"
	CmdMoveEntry      CommandID = "entry.move"

	CmdAddGroup    CommandID = "group.add"
	CmdRenameGroup CommandID = "group.rename"
	CmdDeleteGroup CommandID = "group.delete"

	CmdFindEntries CommandID = "find.find"
	CmdFindInGroup CommandID = "find.in_group"
	CmdClearSearch CommandID = "find.clear"
	CmdFindExpired CommandID = "find.expired"
	CmdFindDrafts  CommandID = "find.drafts"

	CmdLookLight       CommandID = "view.light"
	CmdLookDark        CommandID = "view.dark"
	CmdLookSystem      CommandID = "view.system"
	CmdShowToolbar     CommandID = "view.toolbar"
	CmdPaneBelow       CommandID = "view.details_below"
	CmdPaneRight       CommandID = "view.details_right"
	CmdPaneOff         CommandID = "view.details_off"
	CmdShowSubgroups   CommandID = "view.subgroups"
	CmdChooseColumns   CommandID = "view.columns"
	CmdChooseLanguages CommandID = "view.language"

	CmdShowShortcuts CommandID = "help.shortcuts"
	CmdDoctor        CommandID = "help.doctor"
	CmdHardware      CommandID = "help.hardware"
	CmdAbout         CommandID = "help.about"

	// These stand in the tray's menu only.
	CmdTrayConnect   CommandID = "tray.connect"
	CmdTrayGoOnline  CommandID = "tray.go_online"
	CmdTrayGoOffline CommandID = "tray.go_offline"
	CmdTrayShow      CommandID = "tray.show"
)

const (
	menuServer = "menu.server"
	menuEntry  = "menu.entry"
	menuGroup  = "menu.group"
	menuFind   = "menu.find"
	menuView   = "menu.view"
	menuHelp   = "menu.help"
	menuLook   = "menu.view.look"
	menuPane   = "menu.view.details"
)

func ctrl(key string) Shortcut      { return Shortcut{Key: key, Ctrl: true} }
func ctrlShift(key string) Shortcut { return Shortcut{Key: key, Ctrl: true, Shift: true} }

// Commands returns every command of the window, in the order of the menus. The
// shortcuts are those of KeePass 2. The caller owns the slice.
func Commands() []Command {
	table := serverCommands()
	for _, part := range [][]Command{entryCommands(), groupCommands(), findCommands(), viewCommands(), helpCommands(), trayCommands()} {
		table = append(table, part...)
	}
	for i := range table {
		table[i].Label = "menu." + string(table[i].ID)
	}
	return table
}

func serverCommands() []Command {
	m := menuServer
	return []Command{
		{ID: CmdSignIn, Menu: m, Section: 1, Icon: "user", enabled: signInReason},
		{ID: CmdConnect, Menu: m, Section: 1, Icon: "connect", enabled: connectReason},
		{ID: CmdDisconnect, Menu: m, Section: 1, Icon: "disconnect", enabled: disconnectReason},
		{ID: CmdWorkOffline, Menu: m, Section: 1, Icon: "cache", enabled: workOfflineReason, visible: mayWorkOffline},
		{ID: CmdReload, Menu: m, Section: 1, Icon: "refresh", Shortcut: Shortcut{Key: "F5"}, enabled: opened},
		{ID: CmdOfflineContents, Menu: m, Section: 2, Icon: "contents", enabled: withCache},
		{ID: CmdSecurityKeys, Menu: m, Section: 2, Icon: "key", enabled: withCache},
		{ID: CmdImportCache, Menu: m, Section: 2, Icon: "import", enabled: idle},
		{ID: CmdClearCache, Menu: m, Section: 2, Icon: "clear-cache", enabled: withCache},
		{ID: CmdSignOut, Menu: m, Section: 3, Icon: "sign-out", enabled: signOutReason},
		{ID: CmdLock, Menu: m, Section: 3, Icon: "lock", Shortcut: ctrl("L"), enabled: lockReason},
		{ID: CmdExit, Menu: m, Section: 4, Icon: "exit", Shortcut: ctrl("Q")},
	}
}

func entryCommands() []Command {
	m := menuEntry
	return []Command{
		{ID: CmdCopyUser, Menu: m, Section: 1, Icon: "copy-user", Shortcut: ctrl("B"), enabled: one(func(s *State) string { return unless(s.HasUser, reasonNoUser) })},
		{ID: CmdCopyPassword, Menu: m, Section: 1, Icon: "copy-password", Shortcut: ctrl("C"), enabled: one(func(s *State) string {
			return first(unless(s.HasPassword, reasonNoPassword), unless(!s.NoCopy, reasonNoCopy))
		})},
		{ID: CmdOpenURL, Menu: m, Section: 2, Icon: "open-url", Shortcut: ctrl("U"), enabled: one(hasURL)},
		{ID: CmdCopyURL, Menu: m, Section: 2, Icon: "globe", Shortcut: ctrlShift("U"), enabled: one(hasURL)},
		{ID: CmdCopyCode, Menu: m, Section: 3, Icon: "totp", Shortcut: ctrl("T"), enabled: one(func(s *State) string {
			return first(unless(s.HasOTP, reasonNoOTP), unless(!s.NoCopy, reasonNoCopy))
		})},
		{ID: CmdShowCode, Menu: m, Section: 3, Icon: "eye", Shortcut: ctrlShift("T"), enabled: one(func(s *State) string {
			return first(unless(s.HasOTP, reasonNoOTP), unless(!s.NoReveal, reasonNoReveal))
		})},
		{ID: CmdCopyField, Menu: m, Section: 4, Icon: "copy", Choices: ChooseField, enabled: one(func(s *State) string {
			return unless(s.Fields > 0, reasonNoField)
		})},
		{ID: CmdSaveAttachment, Menu: m, Section: 4, Icon: "attachment", Choices: ChooseAttachment, enabled: one(func(s *State) string {
			return first(unless(s.Attachments > 0, reasonNoAttachment), unless(!s.NoReveal, reasonNoReveal))
		})},
		{ID: CmdAddEntry, Menu: m, Section: 5, Icon: "add", Shortcut: ctrl("I"), enabled: edits},
		{ID: CmdEditEntry, Menu: m, Section: 5, Icon: "edit", Shortcut: Shortcut{Key: "Return"}, enabled: one(nil)},
		{ID: CmdDuplicateEntry, Menu: m, Section: 5, Icon: "duplicate", Shortcut: ctrl("K"), enabled: one(duplicateReason)},
		{ID: CmdDeleteEntry, Menu: m, Section: 5, Icon: "delete", Shortcut: Shortcut{Key: "Delete"}, enabled: some(edits)},
		{ID: CmdMoveEntry, Menu: m, Section: 6, Icon: "folder", enabled: some(onlineEdits), visible: func(s *State) bool { return s.Moves }},
	}
}

func groupCommands() []Command {
	m := menuGroup
	changing := func(s *State) bool { return s.GroupEdits }
	selected := func(s *State) string { return first(onlineEdits(s), unless(s.Group, reasonSelectGroup)) }
	return []Command{
		{ID: CmdAddGroup, Menu: m, Section: 1, Icon: "add", enabled: onlineEdits, visible: changing},
		{ID: CmdRenameGroup, Menu: m, Section: 1, Icon: "edit", enabled: selected, visible: changing},
		{ID: CmdDeleteGroup, Menu: m, Section: 1, Icon: "delete", enabled: selected, visible: changing},
	}
}

func findCommands() []Command {
	m := menuFind
	return []Command{
		{ID: CmdFindEntries, Menu: m, Section: 1, Icon: "search", Shortcut: ctrl("F"), enabled: opened},
		{ID: CmdFindInGroup, Menu: m, Section: 1, Icon: "folder", Shortcut: ctrlShift("F"), enabled: opened},
		{ID: CmdClearSearch, Menu: m, Section: 1, Icon: "close", Shortcut: Shortcut{Key: "Escape"}, enabled: func(s *State) string {
			return first(opened(s), unless(s.Searching || s.Only != OnlyAny, reasonNoSearch))
		}},
		{
			ID: CmdFindExpired, Menu: m, Section: 2, Icon: "clock", enabled: opened,
			checked: func(s *State) bool { return s.Only == OnlyExpired },
		},
		{
			ID: CmdFindDrafts, Menu: m, Section: 2, Icon: "draft",
			enabled: func(s *State) string { return first(opened(s), unless(s.Drafts > 0, reasonNoDrafts)) },
			checked: func(s *State) bool { return s.Only == OnlyDrafts },
		},
	}
}

func viewCommands() []Command {
	m := menuView
	look := func(value string) func(*State) bool {
		return func(s *State) bool { return s.Theme == value || s.Theme == "" && value == ThemeSystem }
	}
	pane := func(value string) func(*State) bool {
		return func(s *State) bool { return s.Details == value || s.Details == "" && value == DetailsBelow }
	}
	return []Command{
		{ID: CmdLookLight, Menu: m, Submenu: menuLook, Section: 1, Icon: "sun", checked: look(ThemeLight)},
		{ID: CmdLookDark, Menu: m, Submenu: menuLook, Section: 1, Icon: "moon", checked: look(ThemeDark)},
		{ID: CmdLookSystem, Menu: m, Submenu: menuLook, Section: 1, Icon: "screen", checked: look(ThemeSystem)},
		{ID: CmdChooseLanguages, Menu: m, Section: 1, Choices: ChooseLanguage},
		{ID: CmdShowToolbar, Menu: m, Section: 2, checked: func(s *State) bool { return s.Toolbar }},
		{ID: CmdPaneBelow, Menu: m, Submenu: menuPane, Section: 2, checked: pane(DetailsBelow)},
		{ID: CmdPaneRight, Menu: m, Submenu: menuPane, Section: 2, checked: pane(DetailsRight)},
		{ID: CmdPaneOff, Menu: m, Submenu: menuPane, Section: 2, checked: pane(DetailsOff)},
		{ID: CmdChooseColumns, Menu: m, Section: 3, Choices: ChooseColumn},
		{ID: CmdShowSubgroups, Menu: m, Section: 3, checked: func(s *State) bool { return s.Subgroups }},
	}
}

func helpCommands() []Command {
	m := menuHelp
	return []Command{
		{ID: CmdShowShortcuts, Menu: m, Section: 1, Icon: "help", Shortcut: Shortcut{Key: "F1"}},
		{ID: CmdDoctor, Menu: m, Section: 1, Icon: "shield"},
		{ID: CmdHardware, Menu: m, Section: 1, Icon: "chip", enabled: hardwareReason},
		{ID: CmdAbout, Menu: m, Section: 2, Icon: "info"},
	}
}

func trayCommands() []Command {
	return []Command{
		{ID: CmdTrayShow, Section: 1},
		{ID: CmdTrayConnect, Section: 2, Icon: "connect", enabled: func(s *State) string {
			return first(connectReason(s), unless(!isOffline(s), reasonOffline))
		}},
		{ID: CmdTrayGoOnline, Section: 2, Icon: "connect", enabled: func(s *State) string {
			return first(connectReason(s), unless(isOffline(s), "reason.disconnected"))
		}},
		{ID: CmdTrayGoOffline, Section: 2, Icon: "disconnect", enabled: workOfflineReason},
	}
}
