package session_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// A listing gives back what an item was described by, however it is asked for.
func TestListingKeepsItems(t *testing.T) {
	yes, no := true, false
	root := &vault.Group{ID: vault.NewID(), Groups: []*vault.Group{
		{ID: vault.NewID(), Name: "Sub", Groups: []*vault.Group{{ID: vault.NewID(), Name: "Below"}}}, {ID: vault.NewID(), Name: "Empty"},
	}}
	want := map[vault.ID]*session.Item{}
	put := func(g *vault.Group, path []string, i session.Item) {
		i.Entry = &vault.Entry{ID: vault.NewID(), Tags: []string{"tag"}}
		i.Entry.Set(vault.FieldTitle, secret(fmt.Sprint(len(want))), false)
		i.Group, i.Path = g.ID, append(path, i.Entry.Title())
		g.Entries = append(g.Entries, i.Entry)
		want[i.Entry.ID] = &i
	}
	sub, below := root.Groups[0], root.Groups[0].Groups[0]
	put(root, nil, session.Item{HasPassword: true, Offline: &yes})
	put(root, nil, session.Item{Offline: &no, Reason: "excluded"})
	put(sub, []string{"Sub"}, session.Item{HasOTP: true, Digits: 8, Period: time.Minute, History: 70_000, Edit: cache.Removed})
	put(below, []string{"Sub", "Below"}, session.Item{AttachmentSizes: []int64{1, 1 << 40}, Edit: cache.Added})
	put(below, []string{"Sub", "Below"}, session.Item{Offline: &no, Reason: "excluded", Edit: cache.Edited})

	list := session.NewListing(session.FromServer, time.Time{}, root, func(e *vault.Entry) *session.Item { return want[e.ID] })
	seen := 0
	check := func(f *session.Folder, own, all int) {
		t.Helper()
		if f.Own() != own || f.Count() != all {
			t.Errorf("%v: %d entries, %d with those below", f.Path, f.Own(), f.Count())
		}
		var items []*session.Item
		for i := range f.Each() {
			items = append(items, list.Item(i.Entry.ID))
			if diff := cmp.Diff(want[i.Entry.ID], i, sameValue); diff != "" {
				t.Error(diff)
			}
			seen++
		}
		if diff := cmp.Diff(items, append([]*session.Item(nil), f.Items()...), sameValue); diff != "" {
			t.Error(diff)
		}
	}
	check(list.Root, 2, 5)
	check(list.Root.Folders[0], 1, 3)
	check(list.Root.Folders[0].Folders[0], 2, 2)
	check(list.Root.Folders[1], 0, 0)
	if seen != len(want) || list.Item(vault.NewID()) != nil {
		t.Errorf("%d of %d items", seen, len(want))
	}
	for range list.Root.Each() {
		break // who has found what he looked for
	}
}

var sameValue = cmp.Comparer(func(a, b vault.Secret) bool { return a.Equal(b) })
