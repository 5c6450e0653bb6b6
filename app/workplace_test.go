package app

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
)

// The main place takes a while to make, so the window stands before; whatever
// is done meanwhile finds it or does without.
func TestTheMainPlaceIsMadeWhenItIsWanted(t *testing.T) {
	for name, does := range map[string]struct {
		what  func(d *Desktop)
		wants bool
	}{
		"painting":                {func(d *Desktop) { d.paint() }, false},
		"locking":                 {func(d *Desktop) { d.hide() }, false},
		"the master password":     {func(d *Desktop) { d.goOffline() }, false},
		"the tray":                {func(d *Desktop) { d.cfg.Tray = func(fyne.Resource, string, *fyne.Menu) {}; d.paintTray() }, false},
		"something copied":        {func(d *Desktop) { d.clip.paint() }, false},
		"the language":            {func(d *Desktop) { d.speak("de") }, false},
		"the colours":             {func(d *Desktop) { d.look(present.ThemeDark) }, false},
		"a command":               {func(d *Desktop) { d.handlers()[present.CmdPaneRight]("") }, true},
		"somebody who signed in":  {func(d *Desktop) { d.enter() }, true},
		"somebody who was online": {func(d *Desktop) { d.handlers()[present.CmdReload]("") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			d, _ := newDesktop(t)
			if does.what(d); (d.main != nil) != does.wants {
				t.Errorf("there is one: %v, want %v", d.main != nil, does.wants)
			}
		})
	}
}

func TestTheMainPlaceIsMadeOnce(t *testing.T) {
	k := newDesk(t, few)
	before := k.main
	k.hide()
	k.enter()
	k.settle()
	if k.workplace() != before {
		t.Error("there is another one after the window was locked")
	}
}

// What was chosen before the main place was made holds for it.
func TestTheMainPlaceKnowsWhatWasChosenBefore(t *testing.T) {
	d, _ := newDesktop(t)
	english := readable(d.workplace().object())
	d, _ = newDesktop(t)
	d.speak("de")
	d.settings.Details, d.settings.Tree = present.DetailsRight, 321
	if d.main != nil {
		t.Fatal("it is there already")
	}
	p := d.workplace()
	if look := p.look(); look.Details != present.DetailsRight || look.Sizes.Tree != 321 {
		t.Errorf("it looks like %+v", look)
	}
	if german := readable(p.object()); german == english || strings.TrimSpace(german) == "" {
		t.Errorf("it says %q", german)
	}
}
