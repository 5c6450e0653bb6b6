package app

import (
	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// mainPlace is where a person works with entries: the listing, what of it is
// shown, and what of that is selected. listing.go loads it, searching.go
// narrows it, revealing.go and copying.go read secrets, changing.go changes it.
type mainPlace struct {
	d      *Desktop
	screen *screen.Main
	mode   session.Mode // as painted last; another one lists anew

	list    *session.Listing // nil: nothing is listed
	shelf   *shelf           // the index of list
	index   *present.Index   // the same, for the painting goroutine
	lister  *present.Lister
	order   *present.Order
	view    *present.View
	failure *present.Notice // why nothing is listed

	at     string       // UID of the selected group
	text   string       // of the quick search
	scoped bool         // it looks in the selected group only
	only   present.Only // what else narrows the list
	wanted vault.ID     // entry to select once it is listed

	ids    []vault.ID      // selected entries
	detail *present.Detail // of the only one; nil: not there yet, or none
	peek   bool            // the details are shown though they are hidden, for a secret
	shown  map[string]*task
	fresh  bool            // the list gets the keyboard when it comes
	told   *present.Notice // above the list; nil: nothing is
	strip  func()          // what the button of the notice does; nil: it has none

	loading, finding, describing, asking, doubling *task
}

func newMainPlace(d *Desktop) *mainPlace {
	p := &mainPlace{d: d, shown: map[string]*task{}}
	p.screen = screen.NewMain(d.words, screen.MainActions{
		Do: d.do, Key: d.keys.typed, Search: p.search, Group: p.choose, Select: p.selects, Sort: p.sort,
		Widths: func(widths map[string]float32) {
			d.settings.Widths = widths
			d.save()
		},
		Sizes: func(s screen.Sizes) {
			d.settings.Tree, d.settings.Below, d.settings.Right = s.Tree, s.Below, s.Right
			d.save()
		},
		Strip: func() {
			if p.strip != nil {
				p.strip()
			}
		},
		Over: p.over, Drop: p.dropped,
		EntryMenu: func() []*fyne.MenuItem { return d.menuItems(present.EntryMenu(d.words, d.commands, d.state())) },
		GroupMenu: func() []*fyne.MenuItem { return d.menuItems(present.GroupMenu(d.words, d.commands, d.state())) },
		Detail: screen.DetailActions{
			Reveal: p.reveal, Hide: p.hid, Code: p.showCode, Copy: p.copyField, Save: p.saveAttachment,
			OpenURL: func() { d.do(present.CmdOpenURL, "") },
		},
	})
	d.cfg.Window.Canvas().AddShortcut(&fyne.ShortcutSelectAll{}, func(fyne.Shortcut) {
		if d.here == place(d.main) && d.dialogs.Len() == 0 {
			d.main.screen.SelectAll()
		}
	})
	return p
}

func (p *mainPlace) object() fyne.CanvasObject { return p.screen.Object() }

// paint shows the look; paintBars, the commands and the status. After a change of the mode
// it lists anew: what is shown came from elsewhere.
func (p *mainPlace) paint() {
	p.screen.ShowLook(p.look())
	if mode := p.d.status.Mode; p.mode != mode {
		before := p.mode
		p.mode = mode
		if before != "" && !p.loading.running() {
			p.load(mode == session.Offline)
		}
	}
}

// paintBars shows what the commands can do now, and how much is selected.
func (p *mainPlace) paintBars() {
	d := p.d
	p.screen.ShowToolbar(present.Toolbar(d.words, d.commands, d.state()))
	n := 0
	if p.view != nil {
		n = len(p.view.Rows)
	}
	p.screen.ShowStatus(present.NewStatusBar(d.words, d.status, d.now(), d.proven, len(p.ids), n))
}

// look is how the settings arrange the place.
func (p *mainPlace) look() screen.Look {
	s, order := p.d.settings, p.sorting()
	l := screen.Look{
		Toolbar: s.toolbar(), Details: s.Details, Widths: s.Widths, Sort: order.column, SortDesc: order.desc,
		Sizes: screen.Sizes{Tree: s.Tree, Below: s.Below, Right: s.Right},
	}
	if p.peek && l.Details == present.DetailsOff {
		l.Details = present.DetailsBelow
	}
	for _, key := range p.d.columns() {
		l.Columns = append(l.Columns, present.Column(key))
	}
	return l
}

// enter fills the window: with what is listed, or by listing.
func (p *mainPlace) enter() {
	p.mode = p.d.status.Mode
	p.fresh = true
	switch {
	case p.list != nil:
		p.focusList()
	case !p.loading.running():
		p.load(false)
	}
}

// focusList gives the list the keyboard once, unless the person searches
// already.
func (p *mainPlace) focusList() {
	if p.fresh && p.text == "" && p.d.here == place(p) && p.d.dialogs.Len() == 0 {
		p.fresh = false
		p.d.cfg.Window.Canvas().Focus(p.screen.ForList())
	}
}

// leave ends what is under way and lets go of everything that was listed.
func (p *mainPlace) leave() {
	for _, t := range []*task{p.loading, p.finding, p.describing, p.asking, p.doubling} {
		t.Cancel()
	}
	p.hideSecrets()
	p.drop()
	p.failure = nil
	p.text, p.scoped, p.only, p.wanted = "", false, present.OnlyAny, vault.ID{}
	p.screen.SetSearch("", p.d.words.Text("main.search", nil))
	p.tell(nil)
}

// tell shows a notice above the list; nil takes it away.
func (p *mainPlace) tell(n *present.Notice) { p.offer(n, "", nil) }

// offer shows a notice with a button.
func (p *mainPlace) offer(n *present.Notice, label string, action func()) {
	p.strip, p.told = action, n
	p.screen.ShowNotice(n, label)
}

// countdown shows how much is left, from 1 to 0, of the time that a copied
// value stays; words say what was copied.
func (p *mainPlace) countdown(left float64, words string) { p.screen.ShowCountdown(left, words) }

// state adds what is selected. It reads the index, not the listing: a lock may
// wipe that one at any moment.
func (p *mainPlace) state(s present.State) present.State {
	s.Selected = len(p.ids)
	s.Searching, s.Only = p.text != "", p.only
	s.Group = p.at != "" && !p.atRoot()
	s.GroupEdits, s.Moves = true, true
	if len(p.ids) != 1 || p.index == nil {
		return s
	}
	at := p.index.Find(p.ids[0])
	if at < 0 {
		return s
	}
	r := p.index.Row(at)
	s.HasUser, s.HasPassword = r.Flags.Has(present.HasUser), r.Flags.Has(present.HasPassword)
	s.HasURL, s.HasOTP = r.Flags.Has(present.HasURL), r.Flags.Has(present.HasCode)
	s.Attachments = int(r.Attachments)
	if p.detail != nil && p.detail.ID == p.ids[0] {
		s.Fields = len(p.further())
	}
	return s
}

// further are the fields of the selected entry that have no command of their
// own.
func (p *mainPlace) further() []present.DetailField {
	var list []present.DetailField
	if p.detail != nil {
		for _, f := range p.detail.Fields {
			if !vault.IsStandard(f.Name) && f.Kind != present.KindCode {
				list = append(list, f)
			}
		}
	}
	return list
}

// choices are what a command can be given for, of what is selected.
func (p *mainPlace) choices(c present.Choices) []choice {
	var list []choice
	switch c {
	case present.ChooseField:
		for _, f := range p.further() {
			list = append(list, choice{key: f.Name, label: f.Label})
		}
	case present.ChooseAttachment:
		if p.detail != nil {
			for _, a := range p.detail.Attachments {
				list = append(list, choice{key: a.Name, label: present.Shown(a.Name)})
			}
		}
	}
	return list
}

// listing returns what is listed; nil: nothing. There may be no place yet.
func (p *mainPlace) listing() *session.Listing {
	if p == nil {
		return nil
	}
	return p.list
}

// find returns an entry of the listing; nil: there is none.
func (p *mainPlace) find(id vault.ID) *session.Item {
	if p.list == nil {
		return nil
	}
	return p.list.Item(id)
}

// selected returns the selected entries, in the order of the list.
func (p *mainPlace) selected() []*session.Item {
	var items []*session.Item
	for _, id := range p.ids {
		if item := p.find(id); item != nil {
			items = append(items, item)
		}
	}
	return items
}

// group returns the selected group, the root if none is; nil: nothing is listed.
func (p *mainPlace) group() *session.Folder {
	if p.list == nil {
		return nil
	}
	if n := p.index.Tree().Node(p.at); n != nil {
		if f, err := p.list.Folder(n.ID.String()); err == nil {
			return f
		}
	}
	return p.list.Root
}

// atRoot reports whether the selected group is the one above all.
func (p *mainPlace) atRoot() bool {
	return p.index == nil || p.at == "" || p.index.Tree().Position(p.at) <= 0
}

// titleOf returns what an entry is called in messages.
func (p *mainPlace) titleOf(id vault.ID) string {
	if p.index != nil {
		if at := p.index.Find(id); at >= 0 {
			return present.Shown(p.lister.Cell(at, present.ColumnTitle))
		}
	}
	return p.d.words.Text("entry.untitled", nil)
}
