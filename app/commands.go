package app

import (
	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/vault"
)

// do gives a command, if it can be given now; choice is what it is for, where
// the command has choices.
func (d *Desktop) do(id present.CommandID, choice string) {
	c := present.FindCommand(d.commands, id)
	if c == nil {
		return
	}
	if ok, _ := c.Enabled(d.state()); !ok {
		return
	}
	d.clip.used()
	if run, ok := d.handlers()[id]; ok {
		run(choice)
	}
}

// handlers are what the commands do. A test holds the table to
// present.Commands: every command has one.
func (d *Desktop) handlers() map[present.CommandID]func(choice string) {
	main := d.workplace()
	return map[present.CommandID]func(string){
		present.CmdLock:     func(string) { d.lock() },
		present.CmdExit:     func(string) { d.quit() },
		present.CmdTrayShow: func(string) { d.show() },

		present.CmdSignIn:        func(string) { d.signInAgain() },
		present.CmdSignOut:       func(string) { d.signOut() },
		present.CmdWorkOffline:   func(string) { d.workOffline() },
		present.CmdTrayGoOffline: func(string) { d.show(); d.workOffline() },

		present.CmdDisconnect:      func(string) { d.disconnect() },
		present.CmdConnect:         func(string) { d.connect() },
		present.CmdTrayConnect:     func(string) { d.show(); d.connect() },
		present.CmdTrayGoOnline:    func(string) { d.show(); d.connect() },
		present.CmdClearCache:      func(string) { d.clearCache() },
		present.CmdImportCache:     func(string) { d.importCache() },
		present.CmdOfflineContents: func(string) { d.offlineContents() },
		present.CmdSecurityKeys:    func(string) { d.listKeys() },
		present.CmdShowShortcuts:   func(string) { d.showShortcuts() },
		present.CmdDoctor:          func(string) { d.doctor() },
		present.CmdHardware:        func(string) { d.leaveHardware() },
		present.CmdAbout:           func(string) { d.showAbout() },

		present.CmdReload:         func(string) { main.reload() },
		present.CmdCopyUser:       main.copyOf(vault.FieldUsername),
		present.CmdCopyPassword:   main.copyOf(vault.FieldPassword),
		present.CmdCopyURL:        main.copyOf(vault.FieldURL),
		present.CmdCopyCode:       main.copyOf(vault.FieldOTP),
		present.CmdCopyField:      main.copyChosen,
		present.CmdOpenURL:        main.openURL,
		present.CmdShowCode:       main.showCodeOf,
		present.CmdSaveAttachment: main.saveChosen,
		present.CmdAddEntry:       main.addEntry,
		present.CmdEditEntry:      main.editEntry,
		present.CmdDuplicateEntry: main.duplicateEntry,
		present.CmdDeleteEntry:    main.deleteEntries,
		present.CmdMoveEntry:      main.moveEntries,
		present.CmdAddGroup:       main.addGroup,
		present.CmdRenameGroup:    main.renameGroup,
		present.CmdDeleteGroup:    main.deleteGroup,
		present.CmdFindEntries:    main.findEntries,
		present.CmdFindInGroup:    main.findInGroup,
		present.CmdClearSearch:    main.clearSearch,
		present.CmdFindExpired:    main.findOnly(present.OnlyExpired),
		present.CmdFindDrafts:     main.findOnly(present.OnlyDrafts),
		present.CmdShowToolbar:    main.switchToolbar,
		present.CmdPaneBelow:      main.pane(present.DetailsBelow),
		present.CmdPaneRight:      main.pane(present.DetailsRight),
		present.CmdPaneOff:        main.pane(present.DetailsOff),
		present.CmdShowSubgroups:  main.switchSubgroups,
		present.CmdChooseColumns:  main.switchColumn,

		present.CmdLookLight:       func(string) { d.look(present.ThemeLight) },
		present.CmdLookDark:        func(string) { d.look(present.ThemeDark) },
		present.CmdLookSystem:      func(string) { d.look(present.ThemeSystem) },
		present.CmdChooseLanguages: d.speak,
	}
}

// look switches the colours.
func (d *Desktop) look(theming string) {
	d.settings.Theme = theming
	d.cfg.App.Settings().SetTheme(theme.New(theme.Mode(theming)))
	d.save()
	d.paint()
}

// speak switches the language; "" is the system's.
func (d *Desktop) speak(language string) {
	if language == d.settings.Language {
		return
	}
	d.settings.Language = language
	d.save()
	d.rebuild()
}

// show brings the window to the front.
func (d *Desktop) show() {
	d.cfg.Window.Show()
	d.cfg.Window.RequestFocus()
}
