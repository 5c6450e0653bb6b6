package session

import (
	"strings"

	"github.com/tideover/tideover/vault"
)

// Item returns the entry with that identifier, or nil.
func (l *Listing) Item(id vault.ID) *Item {
	if n := l.pack.Find(id); n >= 0 {
		return l.item(n)
	}
	return nil
}

// Find returns the one entry that a path or an identifier means: NotFound, or
// Ambiguous with the identifiers of all that match.
func (l *Listing) Find(ref string) (*Item, error) {
	if id, err := vault.ParseID(ref); err == nil {
		if i := l.Item(id); i != nil {
			return i, nil
		}
		return nil, vault.Fail(vault.NotFound, "%s", ref)
	}
	names, err := vault.SplitPath(ref)
	if err != nil {
		return nil, err
	}
	var found []*Item
	if n := len(names); n > 0 {
		for _, f := range l.folders(names[:n-1]) {
			at := f.first
			for i := range f.Each() {
				if i.Entry.Title() == names[n-1] {
					found = append(found, l.item(at))
				}
				at++
			}
		}
	}
	switch len(found) {
	case 0:
		return nil, vault.Fail(vault.NotFound, "%s", ref)
	case 1:
		return found[0], nil
	}
	problem := vault.Fail(vault.Ambiguous, "%s", ref)
	for _, i := range found {
		problem.IDs = append(problem.IDs, i.Entry.ID)
	}
	return nil, problem
}

// Folder returns the one group that a path or an identifier means, with the
// errors of Find.
func (l *Listing) Folder(ref string) (*Folder, error) {
	if id, err := vault.ParseID(ref); err == nil {
		if f := l.Root.find(id); f != nil {
			return f, nil
		}
		return nil, vault.Fail(vault.NotFound, "%s", ref)
	}
	names, err := vault.SplitPath(ref)
	if err != nil {
		return nil, err
	}
	found := l.folders(names)
	switch len(found) {
	case 0:
		return nil, vault.Fail(vault.NotFound, "%s", ref)
	case 1:
		return found[0], nil
	}
	problem := vault.Fail(vault.Ambiguous, "%s", ref)
	for _, f := range found {
		problem.IDs = append(problem.IDs, f.ID)
	}
	return nil, problem
}

func (f *Folder) find(id vault.ID) *Folder {
	if f.ID == id {
		return f
	}
	for _, sub := range f.Folders {
		if found := sub.find(id); found != nil {
			return found
		}
	}
	return nil
}

// folders returns the groups at a path; several if names repeat.
func (l *Listing) folders(names []string) []*Folder {
	at := []*Folder{l.Root}
	for _, name := range names {
		var below []*Folder
		for _, f := range at {
			for _, sub := range f.Folders {
				if sub.Name == name {
					below = append(below, sub)
				}
			}
		}
		at = below
	}
	return at
}

// Search returns the groups whose name, and the entries whose title, user name,
// URL, notes, tags or other open fields contain every word of text, in any
// case. Secret values are not searched: a hit would tell them.
func (l *Listing) Search(text string) ([]*Folder, []*Item) {
	words := strings.Fields(strings.ToLower(text))
	var folders []*Folder
	var items []*Item
	looked := Item{Entry: &vault.Entry{}}
	var walk func(f *Folder)
	walk = func(f *Folder) {
		if f != l.Root && holds(strings.ToLower(f.Name), words) {
			folders = append(folders, f)
		}
		for n := f.first; n < f.end; n++ {
			if l.fill(n, &looked); holds(looked.text(), words) {
				items = append(items, l.item(n))
			}
		}
		for _, sub := range f.Folders {
			walk(sub)
		}
	}
	walk(l.Root)
	return folders, items
}

func holds(text string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// text is what a search looks at, in lower case, a line a value.
func (i *Item) text() string {
	var b strings.Builder
	for _, f := range i.Entry.Fields {
		if !secretField(&f) {
			b.Write(f.Value.Bytes())
			b.WriteByte('\n')
		}
	}
	for _, t := range i.Entry.Tags {
		b.WriteString(t)
		b.WriteByte('\n')
	}
	return strings.ToLower(b.String())
}
