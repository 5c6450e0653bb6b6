package session_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/session"
)

// Groups are made, renamed and removed at both kinds of servers, and entries
// move between them.
func TestGroupsChangeOnline(t *testing.T) {
	t.Parallel()
	for _, kind := range []session.Kind{session.Tideover, session.Pleasant} {
		t.Run(string(kind), func(t *testing.T) {
			o := newOnline(t, kind)
			ctx := t.Context()
			group, err := o.s.AddGroup(ctx, item(t, o.s, webID).Group, "New / <group>")
			o.must(err)
			o.must(o.s.MoveEntry(ctx, item(t, o.s, webID), group))
			o.must(o.s.RenameGroup(ctx, group, "Renamed"))
			moved := item(t, o.s, webID)
			if moved.Group != group || moved.Path[len(moved.Path)-2] != "Renamed" {
				t.Errorf("%v in %s", moved.Path, moved.Group)
			}
			if e := revealed(t, o.s, webID); e.Password().Text() != "pass web" || len(e.Attachments) != 1 {
				t.Error("moving changed the entry")
			}
			if err := o.s.RemoveGroup(ctx, group, false); !errors.Is(err, vault.Unconfirmed) {
				t.Errorf("a group that holds an entry: %v", err)
			}
			item(t, o.s, webID)
			o.must(o.s.RemoveGroup(ctx, group, true))
			l, err := o.s.List(ctx)
			o.must(err)
			if l.Item(webID) != nil {
				t.Error("the entry is there still")
			}
			empty, err := o.s.AddGroup(ctx, l.Root.ID, "Empty")
			o.must(err)
			o.must(o.s.RemoveGroup(ctx, empty, false))
			if err := o.s.RenameGroup(ctx, empty, "x"); !errors.Is(err, vault.NotFound) {
				t.Errorf("a group that is gone: %v", err)
			}
		})
	}
}

// Offline no draft could hold a change of groups: it is refused, with words of
// its own, and nothing is asked of the server.
func TestGroupsStayOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	calls := len(w.server.calls)
	group := w.find("/Servers/web").Group
	_, added := w.s.AddGroup(w.ctx(), group, "x")
	for name, err := range map[string]error{
		"add": added, "rename": w.s.RenameGroup(w.ctx(), group, "x"), "remove": w.s.RemoveGroup(w.ctx(), group, true),
		"move": w.s.MoveEntry(w.ctx(), w.find("/Servers/web"), group),
	} {
		if !errors.Is(err, vault.ReadOnly) || !errors.Is(err, session.ErrOnlineOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.server.calls) != calls {
		t.Errorf("the server was asked: %v", w.server.calls)
	}
}

// Where the server wants to know why, each change carries the reason.
func TestChangesCarryTheReason(t *testing.T) {
	t.Parallel()
	o := newOnline(t, session.Tideover)
	o.flag(policy.CommentOnModifyEntries | policy.CommentOnMoveEntries | policy.CommentOnModifyFolders | policy.CommentOnViewPassword)
	ctx := t.Context()
	web := item(t, o.s, webID)
	group, err := o.s.AddGroup(ctx, web.Group, "Other")
	o.must(err)
	version := session.Version{Number: 1, Entry: web.Entry}
	for _, c := range []struct {
		name string
		do   func(session.Changes) error
	}{
		{"rename", func(c session.Changes) error { return c.RenameGroup(ctx, group, "Another") }},
		{"edit", func(c session.Changes) error {
			return c.Edit(ctx, web, func(e *vault.Entry) error { e.Tags = []string{"x"}; return nil })
		}},
		{"edit whole", func(c session.Changes) error {
			return c.EditWhole(ctx, item(t, o.s, webID), func(e *vault.Entry) error { e.Tags = []string{"y"}; return nil })
		}},
		{"restore", func(c session.Changes) error {
			versions, err := o.s.Versions(ctx, web)
			o.must(err)
			version = versions[0]
			return c.Restore(ctx, item(t, o.s, webID), version)
		}},
		{"duplicate", func(c session.Changes) error { _, err := c.Duplicate(ctx, web, "copy"); return err }},
		{"move", func(c session.Changes) error { return c.MoveEntry(ctx, web, group) }},
		{"remove", func(c session.Changes) error { return c.Remove(ctx, web) }},
		{"remove a group", func(c session.Changes) error { return c.RemoveGroup(ctx, group, true) }},
	} {
		if err := c.do(o.s.Because("")); !errors.Is(err, vault.CommentRequired) {
			t.Errorf("%s without a reason: %v", c.name, err)
		}
		if err := c.do(o.s.Because("spring cleaning")); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A change that is refused for want of a reason has changed nothing, so that it
// can be made again with one; a Pleasant server does not say that it is that.
func TestNothingIsHalfDoneForWantOfAReason(t *testing.T) {
	t.Parallel()
	for _, kind := range []session.Kind{session.Tideover, session.Pleasant} {
		t.Run(string(kind), func(t *testing.T) {
			o := newOnline(t, kind)
			o.flag(policy.CommentOnModifyEntries | policy.CommentOnMoveEntries)
			ctx, web := t.Context(), item(t, o.s, webID)
			before, err := o.s.List(ctx)
			o.must(err)
			_, copied := o.s.Duplicate(ctx, web, "copy")
			for name, err := range map[string]error{
				"duplicate": copied, "move": o.s.MoveEntry(ctx, web, before.Root.ID), "remove": o.s.Remove(ctx, web),
				"edit": o.s.Edit(ctx, web, func(e *vault.Entry) error { e.Tags = []string{"x"}; return nil }),
				"file": o.s.Edit(ctx, web, func(e *vault.Entry) error { e.Attachments[0].Name = "x"; return nil }),
			} {
				if !errors.Is(err, vault.CommentRequired) {
					t.Errorf("%s: %v", name, err)
				}
			}
			after, err := o.s.List(ctx)
			o.must(err)
			if diff := cmp.Diff(before.Root.Count(), after.Root.Count()); diff != "" || after.Item(webID).Group != web.Group {
				t.Errorf("something was done: %s", diff)
			}
			if _, err := o.s.Because("why").Duplicate(ctx, web, "copy"); err != nil {
				t.Error(err)
			}
		})
	}
}

// The copy has everything, and whatever was read for it is in the audit.
func TestDuplicate(t *testing.T) {
	t.Parallel()
	eachPlace(t, func(t *testing.T, p place) {
		web := item(t, p.s, webID)
		id, err := p.s.Duplicate(t.Context(), web, "web (copy)")
		if err != nil {
			t.Fatal(err)
		}
		want := looks(t, p, webID)
		want[vault.FieldTitle] = "web (copy)"
		if diff := cmp.Diff(want, looks(t, p, id)); diff != "" {
			t.Error(diff)
		}
		twin := item(t, p.s, id)
		if id == webID || twin.Group != web.Group || twin.History != 0 {
			t.Errorf("%s in %s, %d earlier forms", id, twin.Group, twin.History)
		}
	})
	t.Run("audit", func(t *testing.T) {
		o := newOnline(t, session.Tideover)
		_, err := o.s.Duplicate(t.Context(), item(t, o.s, webID), "")
		o.must(err)
		if n := o.audited(catalog.ActionReveal, webID); n != 1 {
			t.Errorf("%d records of revealing it", n)
		}
	})
	t.Run("journal", func(t *testing.T) {
		w := newWorld(t)
		w.disconnect()
		w.unlock()
		_, err := w.s.Duplicate(w.ctx(), w.find("/Servers/web"), "")
		w.must(err)
		w.must(w.s.LockEverywhere(w.ctx()))
		_, err = w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Drop: true})
		w.must(err)
		var got []string
		for _, e := range w.server.journal {
			if e.Entry == webID {
				got = append(got, e.Type+" "+e.Detail)
			}
		}
		if diff := cmp.Diff([]string{"reveal duplicate", "attachment 1"}, got); diff != "" {
			t.Error(diff)
		}
	})
}
