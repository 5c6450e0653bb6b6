package app

import (
	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
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
	return map[present.CommandID]func(string){
		present.CmdLock:     func(string) { d.lock() },
		present.CmdExit:     func(string) { d.quit() },
		present.CmdTrayShow: func(string) { d.show() },

		present.CmdSignIn:        func(string) { d.signInAgain() },
		present.CmdSignOut:       func(string) { d.signOut() },
		present.CmdWorkOffline:   func(string) { d.workOffline() },
		present.CmdTrayGoOffline: func(string) { d.show(); d.workOffline() },

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
