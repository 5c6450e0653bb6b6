package present_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// item makes an entry of a listing: pairs are names and values of fields.
func item(title string, pairs ...string) *session.Item {
	e := &vault.Entry{ID: vault.NewID()}
	e.Set(vault.FieldTitle, vault.SecretText(title), false)
	for k := 0; k+1 < len(pairs); k += 2 {
		e.Set(pairs[k], vault.SecretText(pairs[k+1]), false)
	}
	return &session.Item{Entry: e, Path: []string{title}}
}

// tree is a group of a listing, with the items of all entries in it and below.
type tree struct {
	*vault.Group

	items map[vault.ID]*session.Item
}

func folder(name string, parts ...any) *tree {
	f := &tree{&vault.Group{ID: vault.NewID(), Name: name}, map[vault.ID]*session.Item{}}
	f.add(parts...)
	return f
}

func (f *tree) add(parts ...any) {
	for _, p := range parts {
		switch p := p.(type) {
		case *session.Item:
			f.Entries = append(f.Entries, p.Entry)
			f.items[p.Entry.ID] = p
		case *tree:
			f.Groups = append(f.Groups, p.Group)
			maps.Copy(f.items, p.items)
		}
	}
}

func (f *tree) listing() *session.Listing {
	return session.NewListing(session.FromCache, noon, f.Group, func(e *vault.Entry) *session.Item { return f.items[e.ID] })
}

func index(t testing.TB, root *tree) *present.Index {
	t.Helper()
	ix, err := present.NewIndex(context.Background(), root.listing())
	if err != nil {
		t.Fatal(err)
	}
	return ix
}

func titles(ix *present.Index, v *present.View) string {
	l := present.NewLister(present.Load("en"), ix)
	var names []string
	for _, i := range v.Rows {
		names = append(names, l.Cell(i, present.ColumnTitle))
	}
	return strings.Join(names, " ")
}

func sample(t testing.TB) (*present.Index, map[string]string) {
	expired := item("alt", vault.FieldUsername, "root")
	expired.Entry.Times.Expires, expired.Entry.Times.Expiry = true, noon.Add(-time.Hour)
	draft := item("neu", vault.FieldNotes, "two\nlines")
	draft.Edit = "edited"
	tagged := item("Zürich", vault.FieldURL, "https://bank.example", "Filiale", "Bahnhofstraße")
	tagged.Entry.Tags = []string{"Geld", "privat"}
	guarded := item("guarded")
	guarded.Entry.Set("PIN", vault.SecretText("unsearchable"), true)
	web := folder("Web", item("web 10"), item("web 9"), draft)
	servers := folder("Servers", expired, web)
	root := folder("Root", item("Ångström"), tagged, guarded, servers, folder("Web", item("ÆON")))
	return index(t, root), map[string]string{"servers": servers.ID.String(), "web": web.ID.String()}
}

func TestFilter(t *testing.T) {
	ix, groups := sample(t)
	for _, tt := range []struct {
		name string
		q    present.Query
		want string
	}{
		{"everything in the order of the tree", present.Query{}, "Ångström Zürich guarded alt web 10 web 9 neu ÆON"},
		{"case and accents do not matter", present.Query{Text: "ANGSTROM"}, "Ångström"},
		{"nor in the query", present.Query{Text: "ẁéb"}, "web 10 web 9"},
		{"composed or not", present.Query{Text: "Zu\u0308rich"}, "Zürich"},
		{"letters that no accent makes", present.Query{Text: "bahnhofstrasse"}, "Zürich"},
		{"ligature", present.Query{Text: "aeon"}, "ÆON"},
		{"every word", present.Query{Text: "bank zurich"}, "Zürich"},
		{"words do not reach from value to value", present.Query{Text: "zurichhttps"}, ""},
		{"one word missing", present.Query{Text: "bank berlin"}, ""},
		{"tags", present.Query{Text: "privat"}, "Zürich"},
		{"later lines of notes", present.Query{Text: "lines"}, "neu"},
		{"user name", present.Query{Text: "root"}, "alt"},
		{"secrets are not searched", present.Query{Text: "unsearchable"}, ""},
		{"spaces alone are no search", present.Query{Text: "  "}, "Ångström Zürich guarded alt web 10 web 9 neu ÆON"},
		{"a group alone", present.Query{Group: groups["servers"]}, "alt"},
		{"with those below", present.Query{Group: groups["servers"], Subgroups: true}, "alt web 10 web 9 neu"},
		{"search in a group", present.Query{Text: "e", Group: groups["web"]}, "web 10 web 9 neu"},
		{"search does not leave the group", present.Query{Text: "zurich", Group: groups["web"]}, ""},
		{"unknown group", present.Query{Group: "no such"}, ""},
		{"expired", present.Query{Only: present.OnlyExpired, Now: noon}, "alt"},
		{"not yet expired", present.Query{Only: present.OnlyExpired, Now: noon.Add(-2 * time.Hour)}, ""},
		{"drafts", present.Query{Only: present.OnlyDrafts}, "neu"},
		{"drafts that match", present.Query{Only: present.OnlyDrafts, Text: "web"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			v, err := ix.Filter(context.Background(), tt.q, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := titles(ix, v); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// A view that is narrowed step by step must be the one that is made at once,
// in every order.
func TestNarrowingFindsTheSame(t *testing.T) {
	ix, groups := sample(t)
	order, err := ix.Sort(context.Background(), present.ColumnTitle, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []*present.Order{nil, order} {
		for _, group := range []string{"", groups["servers"]} {
			var earlier *present.View
			for _, text := range []string{"", "w", "we", "web", "web ", "web 1", "web 10", "web", "zu", "zur", "x"} {
				q := present.Query{Text: text, Group: group, Subgroups: true}
				step, err := ix.Filter(context.Background(), q, o, earlier)
				if err != nil {
					t.Fatal(err)
				}
				once, err := ix.Filter(context.Background(), q, o, nil)
				if err != nil {
					t.Fatal(err)
				}
				if a, b := titles(ix, step), titles(ix, once); a != b {
					t.Errorf("%q: by steps %q, at once %q", text, a, b)
				}
				earlier = step
			}
		}
	}
}

func TestSort(t *testing.T) {
	ix, _ := sample(t)
	for _, tt := range []struct {
		column present.Column
		desc   bool
		want   string
	}{
		{present.ColumnTitle, false, "ÆON alt Ångström guarded neu web 9 web 10 Zürich"},
		{present.ColumnTitle, true, "Zürich web 10 web 9 neu guarded Ångström alt ÆON"},
		{present.ColumnUser, false, "alt Ångström Zürich guarded web 10 web 9 neu ÆON"},
		{present.ColumnUser, true, "alt Ångström Zürich guarded web 10 web 9 neu ÆON"},
		{present.ColumnGroup, false, "Ångström Zürich guarded alt web 10 web 9 neu ÆON"},
		{present.ColumnExpires, false, "alt Ångström Zürich guarded web 10 web 9 neu ÆON"},
		{present.ColumnTags, false, "Zürich Ångström guarded alt web 10 web 9 neu ÆON"},
	} {
		order, err := ix.Sort(context.Background(), tt.column, tt.desc)
		if err != nil {
			t.Fatal(err)
		}
		v, err := ix.Filter(context.Background(), present.Query{}, order, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := titles(ix, v); got != tt.want {
			t.Errorf("%s desc=%v:\ngot  %s\nwant %s", tt.column, tt.desc, got, tt.want)
		}
	}
}

func TestCancelled(t *testing.T) {
	ix, _ := sample(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := ix.Filter(ctx, present.Query{Text: "web"}, nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("Filter: %v", err)
	}
	if _, err := ix.Sort(ctx, present.ColumnTitle, false); !errors.Is(err, context.Canceled) {
		t.Errorf("Sort: %v", err)
	}
	if _, err := present.NewIndex(ctx, folder("Root", item("a")).listing()); !errors.Is(err, context.Canceled) {
		t.Errorf("NewIndex: %v", err)
	}
}

func TestCells(t *testing.T) {
	full := item("T\x07itle", vault.FieldUsername, "erika", vault.FieldURL, "https://x", vault.FieldNotes, "\n first \nsecond")
	full.HasPassword, full.HasOTP = true, true
	full.Entry.Tags = []string{"a", "b"}
	full.Entry.Attachments = make([]vault.Attachment, 3)
	full.Entry.Times.Modified = noon
	full.Entry.Times.Expires, full.Entry.Times.Expiry = true, noon.AddDate(1, 0, 0)
	yes := true
	full.Offline, full.Edit = &yes, "removed"
	secretUser := item("hidden")
	secretUser.Entry.Set(vault.FieldUsername, vault.SecretText("nobody sees"), true)
	long := item(strings.Repeat("ü", 4000))
	ix := index(t, folder("Root", full, folder("Sub", secretUser, long, item(" "))))
	l := present.NewLister(present.Load("de"), ix)
	got := map[present.Column]string{}
	for _, c := range present.Columns() {
		got[c] = l.Cell(0, c)
	}
	want := map[present.Column]string{
		present.ColumnTitle: "T itle", present.ColumnUser: "erika", present.ColumnPassword: present.Hidden, present.ColumnURL: "https://x",
		present.ColumnNotes: "first ", present.ColumnGroup: "Root", present.ColumnModified: "21.11.2026", present.ColumnExpires: "21.11.2027",
		present.ColumnTags: "a, b", present.ColumnAttachments: "3", present.ColumnCode: "ja", present.ColumnOffline: "ja",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := l.Mark(0); got != "gelöscht" {
		t.Errorf("mark %q", got)
	}
	if got := l.Cell(1, present.ColumnUser); got != present.Hidden {
		t.Errorf("a protected user name shows as %q", got)
	}
	if got := l.Cell(3, present.ColumnTitle); got != "(ohne Titel)" || !l.Untitled(3) || l.Untitled(0) {
		t.Errorf("no title shows as %q", got)
	}
	if got := l.Cell(2, present.ColumnTitle); len(got) > 300 || strings.Trim(got, "ü") != "…" {
		t.Errorf("a long title is cut to %q", got)
	}
	if ix.Find(full.Entry.ID) != 0 || ix.Find(vault.NewID()) != -1 || ix.Row(1).ID != secretUser.Entry.ID || ix.Len() != 4 {
		t.Error("rows are not found by their id")
	}
}

func TestTheIndexOutlivesTheListing(t *testing.T) {
	it := item("kept", vault.FieldUsername, "erika")
	ix := index(t, folder("Root", it))
	it.Entry.Wipe() // as Lock does
	if got := present.NewLister(present.Load("en"), ix).Cell(0, present.ColumnUser); got != "erika" {
		t.Errorf("got %q", got)
	}
	ix.Wipe()
	if got := present.NewLister(present.Load("en"), ix).Cell(0, present.ColumnUser); strings.Contains(got, "e") {
		t.Errorf("after Wipe: %q", got)
	}
}

func TestTree(t *testing.T) {
	twin := folder("Same", item("a"))
	deep := folder("Deep", item("b"), item("c"))
	inner := folder("Same", deep)
	circle := folder("Again")
	circle.ID = deep.ID
	tree := index(t, folder("Root", item("top"), twin, inner, circle)).Tree()
	var got []string
	for _, n := range tree.Nodes {
		got = append(got, fmt.Sprintf("%d %s %s own %d of %d children %v", n.Depth, n.Name, n.Path, n.Own, n.Total, n.Children))
	}
	want := []string{
		"0 Root / own 1 of 4 children [1 2 4]", "1 Same /Same own 1 of 1 children []", "1 Same /Same own 0 of 2 children [3]",
		"2 Deep /Same/Deep own 2 of 2 children []", "1 Again /Again own 0 of 0 children []",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if uid := tree.Nodes[4].UID; uid != deep.ID.String()+"#2" {
		t.Errorf("a repeated id gives the UID %s", uid)
	}
	if diff := cmp.Diff([]string{tree.Nodes[0].UID, inner.ID.String()}, tree.Above(deep.ID.String())); diff != "" {
		t.Error(diff)
	}
	if tree.ByID(deep.ID).Name != "Deep" || tree.Node("?") != nil || tree.Position("?") != -1 {
		t.Error("groups are not found by their id")
	}
}

func many(n int) *tree {
	root := folder("Root")
	var f *tree
	for i := range n {
		if i%50 == 0 {
			if f != nil {
				root.add(f)
			}
			f = folder(fmt.Sprintf("Gruppe %d", i/50))
		}
		f.add(item(fmt.Sprintf("Server %d Müller", i), vault.FieldUsername, fmt.Sprintf("user%d@example.com", i%977),
			vault.FieldURL, fmt.Sprintf("https://host%d.example.org/login", i), vault.FieldNotes, "Wartungsfenster sonntags, Zugang über den Sprungrechner"))
	}
	root.add(f)
	return root
}

// The budget of a keystroke over 100,000 entries is 16 ms, of which the match
// may take half. The ratio is to looking at each byte of the texts once.
func BenchmarkKeystroke(b *testing.B) {
	ix := index(b, many(100_000))
	order, err := ix.Sort(context.Background(), present.ColumnTitle, false)
	if err != nil {
		b.Fatal(err)
	}
	for _, bench := range []struct {
		name, earlier, text string
		order               *present.Order
	}{
		{"all", "-", "e", nil},
		{"all sorted", "-", "e", order},
		{"many", "-", "7", nil},
		{"two words", "-", "server mull", order},
		{"one", "-", "host99999.", order},
		{"none", "-", "qqq", order},
		{"narrowed", "7", "77", order},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var earlier *present.View
			if bench.earlier != "-" {
				if earlier, err = ix.Filter(context.Background(), present.Query{Text: bench.earlier}, bench.order, nil); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				v, err := ix.Filter(context.Background(), present.Query{Text: bench.text}, bench.order, earlier)
				if err != nil {
					b.Fatal(err)
				}
				if bench.text == "e" && len(v.Rows) != ix.Len() {
					b.Fatal(len(v.Rows))
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/8e6, "of-budget")
		})
	}
}

func BenchmarkIndexAndSort(b *testing.B) {
	list := many(100_000).listing()
	var ix *present.Index
	b.Run("index", func(b *testing.B) {
		for b.Loop() {
			var err error
			if ix, err = present.NewIndex(context.Background(), list); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, c := range []present.Column{present.ColumnTitle, present.ColumnUser, present.ColumnGroup} {
		b.Run("sort "+string(c), func(b *testing.B) {
			for b.Loop() {
				if _, err := ix.Sort(context.Background(), c, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
