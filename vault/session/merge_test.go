package session_test

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// aged is when the entries were changed last, long before any test: a server
// tells changes apart to the second.
var aged = time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)

type change = func(*vault.Entry)

func sets(name, value string) change {
	return func(e *vault.Entry) { e.Set(name, secret(value), name == vault.FieldPassword) }
}

func file(name, data string) vault.Attachment {
	return vault.Attachment{Name: name, Binary: &vault.Binary{Data: []byte(data)}}
}

func renames(to string) change { return func(e *vault.Entry) { e.Attachments[0].Name = to } }

func attaches(a vault.Attachment) change {
	return func(e *vault.Entry) { e.Attachments = append(e.Attachments, a) }
}

func expires(year int) change {
	return func(e *vault.Entry) {
		e.Times.Expires, e.Times.Expiry = true, time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
	}
}

func nothing(*vault.Entry) {}

func bare(e *vault.Entry) { e.Attachments = nil }

// together is what two people change who have listed the same: theirs is saved
// first, then ours.
type together struct {
	name         string
	own          bool // not at Pleasant's, which has no protected fields
	whole        bool // ours needs the secret values
	theirs, ours change
	want         map[string]string // what is different in the end; empty: gone
	conflict     string            // what both have changed; then want is theirs
}

func edits() []together {
	return []together{
		{name: "different fields", theirs: sets("Notes", "theirs"), ours: sets("URL", "ours"), want: map[string]string{"Notes": "theirs", "URL": "ours"}},
		{name: "different own fields", theirs: sets("Rack", "theirs"), ours: sets("Owner", "ours"), want: map[string]string{"Rack": "theirs", "Owner": "ours"}},
		{name: "an added one stays", theirs: sets("Owner", "theirs"), ours: sets("Rack", "ours"), want: map[string]string{"Owner": "theirs", "Rack": "ours"}},
		{name: "a removed one stays away", theirs: func(e *vault.Entry) { without(e, "Rack") }, ours: sets("URL", "ours"), want: map[string]string{"Rack": "", "URL": "ours"}},
		{name: "the same field", theirs: sets("Notes", "theirs"), ours: sets("Notes", "ours"), want: map[string]string{"Notes": "theirs"}, conflict: "Notes"},
		{name: "the same to the same", theirs: sets("Notes", "both"), ours: sets("Notes", "both"), want: map[string]string{"Notes": "both"}},
		{name: "several", theirs: func(e *vault.Entry) { sets("Notes", "theirs")(e); sets("Rack", "theirs")(e) }, ours: func(e *vault.Entry) { sets("Rack", "ours")(e); sets("Notes", "ours")(e) }, want: map[string]string{"Notes": "theirs", "Rack": "theirs"}, conflict: "Notes, Rack"},
		{name: "removed, changed", theirs: func(e *vault.Entry) { without(e, "Rack") }, ours: sets("Rack", "ours"), want: map[string]string{"Rack": ""}, conflict: "Rack"},
		{name: "changed, removed", theirs: sets("Rack", "theirs"), ours: func(e *vault.Entry) { without(e, "Rack") }, want: map[string]string{"Rack": "theirs"}, conflict: "Rack"},
		{name: "added twice", theirs: sets("Owner", "theirs"), ours: sets("Owner", "ours"), want: map[string]string{"Owner": "theirs"}, conflict: "Owner"},
		{name: "two passwords", theirs: sets("Password", "theirs"), ours: sets("Password", "ours"), want: map[string]string{"Password": "theirs"}, conflict: "Password"},
		{name: "their password, our notes", theirs: sets("Password", "theirs"), ours: sets("Notes", "ours"), want: map[string]string{"Password": "theirs", "Notes": "ours"}},
		{name: "our password alone", theirs: nothing, ours: sets("Password", "ours"), want: map[string]string{"Password": "ours"}},
		{name: "their PIN, our name for it", own: true, whole: true, theirs: sets("PIN", "1"), ours: func(e *vault.Entry) { e.Field("PIN").Name = "Code" }, want: map[string]string{"PIN*": "1"}, conflict: "PIN"},
		{name: "their notes, a revealed one of ours", own: true, whole: true, theirs: sets("Notes", "theirs"), ours: sets("URL", "ours"), want: map[string]string{"Notes": "theirs", "URL": "ours"}},
		{name: "tags", theirs: func(e *vault.Entry) { e.Tags = []string{"x"} }, ours: func(e *vault.Entry) { e.Tags[0] = "y" }, want: map[string]string{"tag prod": "", "tag x": " "}, conflict: "tags"},
		{name: "their tags", theirs: func(e *vault.Entry) { e.Tags = []string{"x"} }, ours: sets("URL", "ours"), want: map[string]string{"tag prod": "", "tag x": " ", "URL": "ours"}},
		{name: "expiry", theirs: expires(2031), ours: expires(2032), want: map[string]string{"expires": "2031-01-01T00:00:00Z"}, conflict: "expiry"},
		{name: "their expiry", theirs: expires(2031), ours: sets("URL", "ours"), want: map[string]string{"expires": "2031-01-01T00:00:00Z", "URL": "ours"}},
		{name: "icon", theirs: func(e *vault.Entry) { e.Icon.Standard = 17 }, ours: func(e *vault.Entry) { e.Icon.Standard = 18 }, want: map[string]string{"icon": "7"}, conflict: "icon"},
		{name: "two files", theirs: attaches(file("a", "theirs")), ours: attaches(file("b", "ours")), want: map[string]string{"file a": "theirs", "file b": "ours"}},
		{name: "two files of a name", theirs: attaches(file("a", "theirs")), ours: attaches(file("a", "ours")), want: map[string]string{"file a": "theirs"}, conflict: "a"},
		{name: "a file with two names", theirs: renames("a"), ours: renames("b"), want: map[string]string{"file key.pem": "", "file a": "PEM"}, conflict: "key.pem"},
		{name: "renamed, removed", theirs: renames("a"), ours: bare, want: map[string]string{"file key.pem": "", "file a": "PEM"}},
		{name: "removed, renamed", theirs: bare, ours: renames("b"), want: map[string]string{"file key.pem": ""}, conflict: "key.pem"},
		{name: "removed twice", theirs: bare, ours: bare, want: map[string]string{"file key.pem": ""}},
		{name: "their file goes, our notes", theirs: bare, ours: sets("Notes", "ours"), want: map[string]string{"file key.pem": "", "Notes": "ours"}},
	}
}

// entryOf returns an entry of its own for each case.
func entryOf(kind session.Kind, n int) *vault.Entry {
	var e *vault.Entry
	for _, x := range all(testContent()) {
		if x.ID == webID {
			e = x
		}
	}
	e.ID, e.History, e.Times.Modified = vault.ID{6: 0x40, 8: 0x80, 14: 1, 15: byte(n)}, nil, aged
	e.Attachments[0].ID = vault.ID{6: 0x40, 8: 0x80, 14: 2, 15: byte(n)}
	if kind == session.Pleasant {
		without(e, "PIN")
	}
	return e
}

// Nothing is lost where two people change the same entry: what only one of them
// touches is stored, and what both do is refused to the second.
func TestTwoPeopleEdit(t *testing.T) {
	t.Parallel()
	for _, kind := range []session.Kind{session.Tideover, session.Pleasant} {
		t.Run(string(kind), func(t *testing.T) {
			o := newOnline(t, kind)
			more := &vault.Group{ID: vault.NewID(), Name: "Root"}
			for n := range edits() {
				more.Entries = append(more.Entries, entryOf(kind, n))
			}
			_, err := o.catalog.Import(t.Context(), o.op, "/", &vault.Content{Root: more})
			o.must(err)
			p := place{s: o.s, reveal: func(t *testing.T, id vault.ID) *vault.Entry {
				e, err := o.catalog.Reveal(t.Context(), o.op, id, "")
				o.must(err)
				return e.Entry
			}}
			them := o.client()
			theirs, err := them.List(t.Context())
			o.must(err)
			ours, err := o.s.List(t.Context())
			o.must(err)
			want := looks(t, p, entryOf(kind, 0).ID)
			for n, c := range edits() {
				if c.own && kind == session.Pleasant {
					continue
				}
				t.Run(c.name, func(t *testing.T) { p.together(t, them, theirs, ours, entryOf(kind, n).ID, c, want) })
			}
		})
	}
}

func (p place) together(t *testing.T, them *session.Session, theirs, ours *session.Listing, id vault.ID, c together, before map[string]string) {
	as := func(change change) func(*vault.Entry) error {
		return func(e *vault.Entry) error { change(e); return nil }
	}
	if err := them.Edit(t.Context(), theirs.Item(id), as(c.theirs)); err != nil {
		t.Fatal(err)
	}
	edit := p.s.Edit
	if c.whole {
		edit = p.s.EditWhole
	}
	err := edit(t.Context(), ours.Item(id), as(c.ours))
	if c.conflict == "" && err != nil || c.conflict != "" && !errors.Is(err, vault.Conflict) {
		t.Fatalf("got %v", err)
	}
	if c.conflict != "" && err.Error() != "conflict: "+c.conflict {
		t.Errorf("got %v, want %s", err, c.conflict)
	}
	want := maps.Clone(before)
	for name, value := range c.want {
		switch value {
		case "":
			delete(want, name)
		case " ":
			want[name] = ""
		default:
			want[name] = value
		}
	}
	if diff := cmp.Diff(want, looks(t, p, id)); diff != "" {
		t.Error(diff)
	}
}

// A version that is restored over what somebody else has changed would take
// theirs away, and an entry that they have moved stays where it is.
func TestRestoreAndMoveTogether(t *testing.T) {
	t.Parallel()
	o := newOnline(t, session.Tideover)
	them := o.client()
	before := item(t, o.s, webID)
	set := func(s *session.Session, i *session.Item, name, value string) error {
		return s.Edit(t.Context(), i, func(e *vault.Entry) error { sets(name, value)(e); return nil })
	}
	o.must(set(them, item(t, them, webID), vault.FieldNotes, "theirs"))
	versions, err := o.s.Versions(t.Context(), before)
	o.must(err)
	if err := o.s.Restore(t.Context(), before, versions[0]); !errors.Is(err, vault.Conflict) {
		t.Errorf("restored over a change: %v", err)
	}
	if got := revealed(t, o.s, webID); got.Notes() != "theirs" || got.Password().Text() != "pass web" {
		t.Error("the refused one has changed something")
	}
	now := item(t, o.s, webID)
	o.must(o.s.Restore(t.Context(), now, versions[0]))
	now = item(t, o.s, webID)
	o.must(them.Because("").MoveEntry(t.Context(), item(t, them, webID), o.catalog.Root()))
	o.must(set(o.s, now, vault.FieldNotes, "ours"))
	if got := item(t, o.s, webID); got.Group != o.catalog.Root() || got.Entry.Notes() != "ours" {
		t.Errorf("it is in %s with %q", got.Group, got.Entry.Notes())
	}
	o.must(them.Remove(t.Context(), item(t, them, webID)))
	if err := set(o.s, now, vault.FieldNotes, "late"); !errors.Is(err, vault.NotFound) {
		t.Errorf("a removed entry is edited: %v", err)
	}
}
