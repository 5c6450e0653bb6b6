package app

import (
	"context"
	"errors"
	"runtime/debug"
	"sync"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// shelf keeps an index for the tasks that read it, so that its texts are wiped
// after the last of them, and by nobody who paints.
type shelf struct {
	reading sync.RWMutex
	index   *present.Index // nil: it was wiped
}

// use calls work with the index, or returns the context's error after a wipe.
func (s *shelf) use(work func(*present.Index) error) error {
	s.reading.RLock()
	defer s.reading.RUnlock()
	if s.index == nil {
		return context.Canceled
	}
	return work(s.index)
}

// wipe waits for those who read. It is not for the painting goroutine.
func (s *shelf) wipe() {
	s.reading.Lock()
	defer s.reading.Unlock()
	if s.index != nil {
		s.index.Wipe()
		s.index = nil
	}
}

// loaded is a listing, ready to be shown.
type loaded struct {
	list  *session.Listing
	shelf *shelf
	found
}

// errKeep says that what is listed stays: the cache is not open, and the person
// is asked for its password when a secret is wanted.
var errKeep = errors.New("app: the cache is locked")

// reload lists the entries anew.
func (p *mainPlace) reload() { p.load(false) }

// load lists the entries anew. kept says to leave what is listed where the
// cache is not open.
func (p *mainPlace) load(kept bool) {
	p.loading.Cancel()
	d, q, sorting := p.d, p.query(), p.sorting()
	if p.list == nil {
		p.failure = nil
		p.showRows()
	}
	p.loading = start(d.tasks, func(ctx context.Context, _ func(func())) (loaded, error) {
		if kept && !d.session.Unlocked() {
			return loaded{}, errKeep
		}
		list, err := d.session.List(ctx)
		if err != nil {
			return loaded{}, err
		}
		index, err := present.NewIndex(ctx, list)
		if err != nil {
			return loaded{}, err
		}
		l := loaded{list: list, shelf: &shelf{index: index}}
		if list.Source == session.FromCache && !d.session.Unlocked() { // locked meanwhile: nothing of it is shown any more
			err = vault.Locked
		} else {
			l.found, err = search(ctx, index, q, sorting, found{})
		}
		if err != nil {
			l.shelf.wipe()
		}
		return l, err
	}, p.took, func(l loaded) {
		if l.shelf != nil {
			d.tasks.run(l.shelf.wipe)
		}
	})
}

// stopLoading gives up the first listing, which a server may take minutes for.
func (p *mainPlace) stopLoading() {
	p.loading.Cancel()
	p.failure = &present.Notice{Severity: present.Info, Message: p.d.words.Text("dialog.stopped", nil)}
	p.tell(p.failure)
	p.showRows()
}

// took shows what was listed.
func (p *mainPlace) took(l loaded, err error) {
	d := p.d
	switch {
	case errors.Is(err, errKeep):
		return
	case err != nil:
		if p.failure = d.words.Failure(err); p.list == nil {
			p.showRows()
		}
		d.failed(err)
		return
	}
	if p.failure != nil && p.told != nil && p.told.Message == p.failure.Message {
		p.tell(nil) // that is over
	}
	p.finding.Cancel() // it looks at what is gone
	old := p.shelf
	p.list, p.shelf, p.index, p.failure = l.list, l.shelf, l.shelf.index, nil
	p.lister = present.NewLister(d.words, p.index)
	p.order, p.view = l.order, l.view
	if p.index.Tree().Node(p.at) == nil {
		p.at = ""
	}
	p.screen.ShowGroups(p.index.Tree(), d.settings.Subs)
	if p.at == "" {
		p.at = p.index.Tree().Nodes[0].UID
		p.screen.SelectGroup(p.at, p.at)
	}
	if q := p.query(); q.Text != l.view.Query.Text || q.Group != l.view.Query.Group || q.Only != l.view.Query.Only {
		p.narrow(false) // it was typed on meanwhile
	}
	p.showRows()
	if old != nil {
		d.tasks.run(old.wipe)
	}
	if p.index.Len() > manyEntries {
		d.tasks.run(rest)
	}
	p.focusList()
}

// manyEntries is when a listing is worth the work of rest: some megabytes.
const manyEntries = 5000

// restGrowth is how much of what is in use the heap may grow by before it is
// collected, in percent, while many entries are shown. What is held then is
// packed and quick to collect, and the runtime's own percentage would keep as
// much garbage of searches as there are entries. To load, that is the better one:
// what is read has to be looked at again at each collection.
const (
	restGrowth = 40
	loadGrowth = 100 // the runtime's own
)

// rest gives back what only loading took. Deriving the key and reading the cache
// take several times what stays, and the runtime would keep that for minutes. It
// is not for the painting goroutine.
func rest() {
	debug.SetGCPercent(restGrowth)
	debug.FreeOSMemory()
}

// drop lets go of the listing.
func (p *mainPlace) drop() {
	old := p.shelf
	p.list, p.shelf, p.index, p.lister, p.order, p.view = nil, nil, nil, nil, nil, nil
	p.at, p.ids, p.detail = "", nil, nil
	p.screen.SelectNone()
	p.screen.ShowGroups(nil, false)
	p.screen.ShowEntries(nil, screen.Blank{Icon: theme.IconLock})
	p.screen.Details().Show(screen.Selection{})
	if old != nil {
		p.d.tasks.run(func() {
			old.wipe()
			debug.SetGCPercent(loadGrowth) // for the next one
		})
	}
}

// reselect lists anew and then selects an entry.
func (p *mainPlace) reselect(id vault.ID) {
	p.wanted = id
	p.reload()
}

// showRows shows the rows that were found, and selects what is wanted.
func (p *mainPlace) showRows() {
	if p.view == nil {
		p.screen.ShowEntries(nil, p.blank())
		p.paintBars()
		return
	}
	p.screen.ShowEntries(&screen.Entries{Index: p.index, View: p.view, Lister: p.lister, Now: p.d.now()}, p.blank())
	if !p.wanted.IsZero() && p.index.Find(p.wanted) >= 0 {
		id := p.wanted
		p.wanted = vault.ID{}
		if p.screen.SelectEntry(id) { // it tells selects
			return
		}
	}
	p.selects(p.screen.Selected())
}

// blank is what stands in place of the list while it has no rows.
func (p *mainPlace) blank() screen.Blank {
	d, words := p.d, p.d.words
	text := func(key string) string { return words.Text("main."+key, nil) }
	everything := func() { d.do(present.CmdClearSearch, "") }
	switch {
	case p.list == nil && p.failure != nil:
		return screen.Blank{Icon: theme.IconWarning, Headline: text("failed"), Label: text("reload"), Action: p.reload}
	case p.list == nil:
		return screen.Blank{Icon: theme.IconRefresh, Headline: text("loading"), Label: text("cancel"), Action: p.stopLoading}
	case p.text != "":
		group := ""
		if n := p.index.Tree().Node(p.at); n != nil && p.scoped && !p.atRoot() {
			group = present.Shown(n.Name)
		}
		hint := words.Text("main.not_found.hint", map[string]any{"Group": group, "Text": shorten(p.text)})
		return screen.Blank{Icon: theme.IconSearch, Headline: text("not_found"), Hint: hint, Label: text("clear_search"), Action: everything}
	case p.only == present.OnlyExpired:
		return screen.Blank{Icon: theme.IconClock, Headline: text("no_expired"), Label: text("show_everything"), Action: everything}
	case p.only == present.OnlyDrafts:
		return screen.Blank{Icon: theme.IconDraft, Headline: text("no_drafts"), Label: text("show_everything"), Action: everything}
	}
	b := screen.Blank{Icon: theme.IconFolderOpen, Headline: text("group_empty")}
	if n := p.index.Tree().Node(p.at); n != nil && n.Total > 0 && !p.atRoot() {
		b.Hint = words.Text("main.group_empty.below", map[string]any{"Count": n.Total})
		b.Label, b.Action = text("show_below"), func() { d.do(present.CmdShowSubgroups, "") }
		return b
	}
	if p.atRoot() {
		b.Headline, b.Hint = text("no_entries"), text("no_entries.hint")
	}
	if ok, _ := present.FindCommand(d.commands, present.CmdAddEntry).Enabled(d.state()); ok {
		b.Label, b.Action = words.Text("menu.entry.add", nil), func() { d.do(present.CmdAddEntry, "") }
	}
	return b
}

// shorten cuts what a person typed for a message.
func shorten(text string) string {
	const most = 60
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}
