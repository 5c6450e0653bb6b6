package app

import (
	"context"
	"errors"

	"github.com/tideover/tideover/app/native"
	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// editor is one open entry dialog. asking.go reads what it shows, filing.go its
// attachments.
type editor struct {
	p       *mainPlace
	d       *Desktop
	item    *session.Item    // nil: a new entry
	group   vault.ID         // of a new one
	version *session.Version // an earlier form, to look at; nil: the entry as it is
	screen  *screen.Entry

	saving   *task
	judging  *task
	coding   *task
	listing  *task
	shown    map[string]*task  // by field: that asks for it, or conceals it later
	versions []session.Version // as listed, the oldest first
}

// addEntry opens the dialog for a new entry of the selected group.
func (p *mainPlace) addEntry(string) {
	group := p.group()
	if group == nil {
		return
	}
	p.edit(&editor{p: p, d: p.d, group: group.ID}, present.EntryFacts{Group: group.Path})
}

// editEntry opens the dialog of the selected entry, also to read it only.
func (p *mainPlace) editEntry(string) {
	if items := p.selected(); len(items) == 1 {
		p.edit(&editor{p: p, d: p.d, item: items[0]}, present.EntryFacts{Item: items[0]})
	}
}

// edit opens the dialog.
func (p *mainPlace) edit(ed *editor, f present.EntryFacts) {
	ed.shown = map[string]*task{}
	ed.screen = screen.NewEntry(p.d.words, p.d.dialogs, screen.EntryActions{
		Save: ed.save, Stop: ed.stop, Closed: ed.closed,
		Reveal: ed.reveal, Copy: ed.copy, CopyTyped: ed.copyTyped, OpenURL: ed.openURL,
		Judge: ed.judge, Generate: p.d.generate, ShowCode: ed.showCode, CopyCode: ed.copyCode,
		AddFile: ed.addFile, SaveFile: ed.saveFile,
		Versions: ed.list, OpenVersion: ed.openVersion, RestoreVersion: ed.restore,
	})
	f.State, f.Now = p.d.state(), p.d.now()
	ed.screen.Open(present.NewEntryForm(p.d.words, f))
}

// what the dialog is about, in messages.
func (ed *editor) what() string {
	if ed.item == nil {
		return ed.d.words.Text("entry.heading.new", nil)
	}
	return ed.p.titleOf(ed.item.Entry.ID)
}

// save writes what was changed. What fails is told in the dialog, which keeps
// what was typed.
func (ed *editor) save(c present.Changes) {
	d, item, group := ed.d, ed.item, ed.group
	ed.saving.Cancel()
	ed.screen.Busy(d.words.Text("entry.saving", nil), -1)
	ed.saving = commented(d, ed.what(), func(ctx context.Context, comment string) (vault.ID, error) {
		changes := d.session.Because(comment)
		switch {
		case item == nil:
			e := &vault.Entry{}
			if err := c.Apply(e); err != nil {
				return vault.ID{}, err
			}
			return changes.Add(ctx, group, e)
		case c.Whole(item.Entry):
			return item.Entry.ID, changes.EditWhole(ctx, item, c.Apply)
		}
		return item.Entry.ID, changes.Edit(ctx, item, c.Apply)
	}, func(id vault.ID, err error) {
		c.Wipe()
		ed.saved(id, err)
	}, func(vault.ID) { c.Wipe() })
}

// saved ends save and restore.
func (ed *editor) saved(id vault.ID, err error) {
	switch {
	case errors.Is(err, context.Canceled):
		ed.screen.Idle()
	case err != nil && ed.item == nil && !id.IsZero():
		// The entry is there, and a file of it is not: saving once more would
		// make a second one.
		ed.screen.Close()
		ed.p.reselect(id)
		ed.d.failed(err)
		return
	case err != nil:
		ed.screen.Failed(ed.d.words.Failure(err), err)
	default:
		ed.screen.Close()
		ed.p.reselect(id)
	}
	ed.d.refresh()
}

// stop ends what the dialog waits for. Whether the server took the change is
// not known then: the list is read anew.
func (ed *editor) stop() {
	ed.saving.Cancel()
	ed.screen.Idle()
	ed.p.reload()
}

// closed ends everything that the dialog asked for.
func (ed *editor) closed() {
	for _, t := range []*task{ed.saving, ed.judging, ed.coding, ed.listing} {
		t.Cancel()
	}
	for _, t := range ed.shown {
		t.Cancel()
	}
}

// list asks for the earlier forms. It shows no secret.
func (ed *editor) list() {
	d, item := ed.d, ed.item
	ed.listing.Cancel()
	ed.listing = start(d.tasks, func(ctx context.Context, _ func(func())) ([]session.Version, error) {
		return d.session.Versions(ctx, item)
	}, func(list []session.Version, err error) {
		if err != nil {
			ed.screen.VersionsFailed(d.words.Failure(err))
			d.refresh()
			return
		}
		ed.versions = list
		var forms []*vault.Entry
		for _, v := range list {
			forms = append(forms, v.Entry)
		}
		ed.screen.ShowVersions(d.words.Versions(forms, item.Entry))
	}, nil)
}

// at returns the version of a line of the list, the newest first; nil: there is
// none.
func (ed *editor) at(line int) *session.Version {
	if i := len(ed.versions) - 1 - line; i >= 0 && i < len(ed.versions) {
		return &ed.versions[i]
	}
	return nil
}

// openVersion opens an earlier form in front, to look at.
func (ed *editor) openVersion(line int) {
	if v := ed.at(line); v != nil {
		ed.p.edit(&editor{p: ed.p, d: ed.d, item: ed.item, version: v}, present.EntryFacts{Item: ed.item, Version: v.Entry})
	}
}

// restore makes the entry what it was.
func (ed *editor) restore(line int) {
	d, item, v := ed.d, ed.item, ed.at(line)
	if v == nil {
		return
	}
	ed.saving.Cancel()
	ed.screen.Busy(d.words.Text("entry.restore.busy", nil), -1)
	ed.saving = commented(d, ed.what(), func(ctx context.Context, comment string) (vault.ID, error) {
		return item.Entry.ID, d.session.Because(comment).Restore(ctx, item, *v)
	}, ed.saved, nil)
}

// openURL opens an address as it stands in the dialog.
func (ed *editor) openURL(url string) {
	d := ed.d
	if url == "" {
		return
	}
	start(d.tasks, func(context.Context, func(func())) (struct{}, error) {
		return struct{}{}, native.OpenURL(url)
	}, func(_ struct{}, err error) {
		if err != nil {
			ed.screen.Tell(urlNotice(d.words, err))
		}
	}, nil)
}

// duplicateEntry adds an entry like the selected one.
func (p *mainPlace) duplicateEntry(string) {
	items := p.selected()
	if len(items) != 1 {
		return
	}
	d, item := p.d, items[0]
	title := d.words.Text("entry.duplicate.title", map[string]any{"Title": p.titleOf(item.Entry.ID)})
	over := d.waiting()
	stop := func() {
		p.doubling.Cancel()
		p.tell(nil)
		p.reload() // whether the server made one is not known
	}
	p.offer(&present.Notice{Severity: present.Info, Message: d.words.Text("entry.duplicating", nil)}, d.words.Text("main.cancel", nil), stop)
	p.doubling = commented(d, p.titleOf(item.Entry.ID), func(ctx context.Context, comment string) (vault.ID, error) {
		return d.session.Because(comment).Duplicate(ctx, item, title)
	}, func(id vault.ID, err error) {
		over()
		p.tell(nil)
		if err != nil {
			d.failed(err)
			return
		}
		p.reselect(id)
		d.refresh()
	}, func(vault.ID) { over() })
}
