package session_test

import (
	"errors"
	"testing"

	"github.com/tideover/tideover/vault"
)

func TestFind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	l := w.list()
	for ref, want := range map[string]vault.Cause{
		"/Servers/nothing": vault.NotFound, "/nothing/web": vault.NotFound, "/": vault.NotFound,
		vault.NewID().String(): vault.NotFound, `/a\b`: vault.Usage,
	} {
		if _, err := l.Find(ref); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %s", ref, err, want)
		}
	}
	web, err := l.Find("Servers/web")
	w.must(err)
	if byID, err := l.Find(web.Entry.ID.String()); err != nil || byID.Entry.ID != web.Entry.ID {
		t.Errorf("by id: %v", err)
	}
	if f, err := l.Folder("/Servers"); err != nil || f.Count() != 4 {
		t.Errorf("folder: %v", err)
	}
	_, err = l.Find("/Servers/Old/twin")
	w.refused(err, vault.Ambiguous)
	var p *vault.Problem
	if !errors.As(err, &p) || len(p.IDs) != 2 {
		t.Fatalf("%v names no ids", err)
	}
	for _, id := range p.IDs {
		if i, err := l.Find(id.String()); err != nil || i.Entry.ID != id {
			t.Errorf("%s: %v", id, err)
		}
	}
}
