package convert

import (
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
)

// tree grows groups from the folder paths that flat exports carry.
type tree struct {
	root   *vault.Group
	groups map[string]*vault.Group
}

func newTree() *tree {
	root := &vault.Group{ID: vault.NewID(), Name: "Root"}
	return &tree{root: root, groups: map[string]*vault.Group{"": root}}
}

// at returns the group of a path whose parts stand between slashes, and makes
// what is missing. Empty parts are left out.
func (t *tree) at(path string) *vault.Group {
	var parts []string
	for _, p := range strings.Split(path, "/") {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	g := t.root
	for i, name := range parts {
		key := strings.Join(parts[:i+1], "/")
		sub, ok := t.groups[key]
		if !ok {
			sub = &vault.Group{ID: vault.NewID(), Name: name}
			g.Groups = append(g.Groups, sub)
			t.groups[key] = sub
		}
		g = sub
	}
	return g
}

func (t *tree) content() *vault.Content { return &vault.Content{Root: t.root} }

// newEntry has the five standard fields in KeePass's order.
func newEntry(title, username, password, url, notes string) *vault.Entry {
	return &vault.Entry{
		ID: vault.NewID(),
		Fields: []vault.Field{
			{Name: vault.FieldTitle, Value: vault.SecretText(title)},
			{Name: vault.FieldUsername, Value: vault.SecretText(username)},
			{Name: vault.FieldPassword, Value: vault.SecretText(password), Protected: true},
			{Name: vault.FieldURL, Value: vault.SecretText(url)},
			{Name: vault.FieldNotes, Value: vault.SecretText(notes)},
		},
		AutoType: vault.AutoType{Enabled: true},
	}
}

// add appends a custom field under a name that the entry does not have yet:
// Bitwarden allows the same name twice, KDBX does not.
func add(e *vault.Entry, name, value string, protected bool) {
	if name == "" {
		name = "Field"
	}
	unique := name
	for i := 2; e.Field(unique) != nil; i++ {
		unique = name + " " + itoa(i)
	}
	e.Fields = append(e.Fields, vault.Field{Name: unique, Value: vault.SecretText(value), Protected: protected})
}

// parseTime reads the times of exports; what cannot be read is a zero time.
func parseTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC().Truncate(time.Second)
		}
	}
	return time.Time{}
}
