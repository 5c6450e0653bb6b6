package app

import (
	"context"
	"slices"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
)

// found is what a search gave.
type found struct {
	order *present.Order
	view  *present.View
}

// sorting is how the list is to be ordered.
type sorting struct {
	column present.Column // empty: as the tree is
	desc   bool
}

// sorting is what the settings say. In a new window it is by title: the order
// of the tree is that in which somebody once made the entries.
func (p *mainPlace) sorting() sorting {
	s := sorting{present.Column(p.d.settings.Sort), p.d.settings.Desc}
	if s.column == "" {
		s.column = present.ColumnTitle
	}
	return s
}

// search sorts if it has to, and filters. earlier is what is shown.
func search(ctx context.Context, ix *present.Index, q present.Query, s sorting, earlier found) (found, error) {
	var f found
	var err error
	switch o := earlier.order; {
	case s.column == "":
	case o != nil && o.Column == s.column && o.Desc == s.desc:
		f.order = o
	default:
		if f.order, err = ix.Sort(ctx, s.column, s.desc); err != nil {
			return found{}, err
		}
	}
	f.view, err = ix.Filter(ctx, q, f.order, earlier.view)
	return f, err
}

// query says which rows are wanted. A quick search looks everywhere, as
// KeePass's does, unless it was asked to look in the group; and at the root
// everything is listed.
func (p *mainPlace) query() present.Query {
	q := present.Query{Text: p.text, Only: p.only, Now: p.d.now()}
	everywhere := p.text != "" && !p.scoped || p.only != present.OnlyAny
	if !everywhere && !p.atRoot() {
		q.Group, q.Subgroups = p.at, p.d.settings.Subs || p.text != ""
	}
	return q
}

// narrow finds the rows that are wanted now; what is being found is given up.
// top says to show the first of them.
func (p *mainPlace) narrow(top bool) {
	if p.shelf == nil {
		return
	}
	p.finding.Cancel()
	shelf, q, s, earlier := p.shelf, p.query(), p.sorting(), found{p.order, p.view}
	p.finding = start(p.d.tasks, func(ctx context.Context, _ func(func())) (found, error) {
		var f found
		err := shelf.use(func(ix *present.Index) (err error) {
			f, err = search(ctx, ix, q, s, earlier)
			return err
		})
		return f, err
	}, func(f found, err error) {
		if err != nil { // the context's: the window ends
			return
		}
		p.order, p.view = f.order, f.view
		p.showRows()
		if top {
			p.screen.ScrollToTop()
		}
	}, nil)
}

// search hears of every change of the quick search.
func (p *mainPlace) search(text string) {
	if text == p.text {
		return
	}
	p.d.clip.used()
	p.text = text
	p.narrow(true)
}

// choose hears that a group was selected, which ends a search.
func (p *mainPlace) choose(uid string) {
	p.d.clip.used()
	p.at = uid
	p.endSearch()
	p.narrow(true)
	p.d.paintCommands()
}

// endSearch forgets what narrows the list, without finding anew.
func (p *mainPlace) endSearch() {
	p.text, p.scoped, p.only = "", false, present.OnlyAny
	p.screen.SetSearch("", p.d.words.Text("main.search", nil))
}

// sort hears that a heading was pressed.
func (p *mainPlace) sort(column present.Column, desc bool) {
	p.d.settings.Sort, p.d.settings.Desc = string(column), desc
	p.d.save()
	p.narrow(false)
}

// selects hears of every change of the selection. The details are worked out
// away from the painting goroutine; those of before stay until they are there.
func (p *mainPlace) selects(ids []vault.ID) {
	d := p.d
	d.clip.used()
	if !slices.Equal(ids, p.ids) {
		p.hideSecrets()
	}
	p.ids = ids
	p.describing.Cancel()
	if len(ids) != 1 || p.list == nil {
		p.detail = nil
		p.screen.Details().Show(screen.Selection{Count: len(ids)})
		d.paintCommands()
		return
	}
	item, words, now := p.find(ids[0]), d.words, d.now()
	if item == nil {
		return
	}
	p.describing = start(d.tasks, func(context.Context, func(func())) (present.Detail, error) {
		return present.NewDetail(words, item, now), nil
	}, func(x present.Detail, _ error) {
		p.detail = &x
		p.showDetail()
		d.paintCommands()
	}, nil)
}

// showDetail shows the details of the selected entry, with what the policy
// allows now.
func (p *mainPlace) showDetail() {
	s := p.d.state()
	p.screen.Details().Show(screen.Selection{Count: 1, Detail: p.detail, NoReveal: s.NoReveal, NoCopy: s.NoCopy})
}

// The commands of the Find and View menus.

func (p *mainPlace) findEntries(string) {
	p.scoped = false
	p.d.cfg.Window.Canvas().Focus(p.screen.ForSearch(p.d.words.Text("main.search", nil)))
}

func (p *mainPlace) findInGroup(string) {
	p.scoped = !p.atRoot()
	hint := p.d.words.Text("main.search", nil)
	if n := p.index.Tree().Node(p.at); n != nil && p.scoped {
		hint = p.d.words.Text("main.search.in_group", map[string]any{"Group": present.Shown(n.Name)})
	}
	p.d.cfg.Window.Canvas().Focus(p.screen.ForSearch(hint))
	p.narrow(true)
}

func (p *mainPlace) clearSearch(string) {
	p.endSearch()
	p.narrow(true)
	p.d.paintCommands()
	p.d.cfg.Window.Canvas().Focus(p.screen.ForList())
}

func (p *mainPlace) findOnly(only present.Only) func(string) {
	return func(string) {
		if p.only == only {
			only = present.OnlyAny
		}
		p.endSearch()
		p.only = only
		p.narrow(true)
		p.d.paintCommands()
	}
}

func (p *mainPlace) pane(where string) func(string) {
	return func(string) {
		p.d.settings.Details = where
		p.changedLook()
	}
}

func (p *mainPlace) switchToolbar(string) {
	shown := !p.d.settings.toolbar()
	p.d.settings.Toolbar = &shown
	p.changedLook()
}

func (p *mainPlace) switchSubgroups(string) {
	p.d.settings.Subs = !p.d.settings.Subs
	if p.index != nil {
		p.screen.ShowGroups(p.index.Tree(), p.d.settings.Subs)
	}
	p.changedLook()
	p.narrow(false)
}

// switchColumn shows a column or takes it away. The order is that in which they
// are offered; the last one stays.
func (p *mainPlace) switchColumn(key string) {
	had := p.d.columns()
	var columns []string
	for _, c := range present.Columns() {
		if k := string(c); slices.Contains(had, k) != (k == key) {
			columns = append(columns, k)
		}
	}
	if len(columns) == 0 {
		return
	}
	p.d.settings.Columns = columns
	p.changedLook()
}

func (p *mainPlace) changedLook() {
	p.d.save()
	p.d.paint()
}
