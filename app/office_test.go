package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// office is a Pleasant server with entries.
type office struct {
	session.Remote // nil: what is not written below is not asked for

	mu      sync.Mutex
	content func() *vault.Content
	comment string // wanted at each use; empty: none
	down    bool
	calls   []string
	gone    map[vault.ID]bool
}

func (o *office) ask(what string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, what)
	if o.down {
		return vault.Fail(vault.Unreachable, "office")
	}
	return nil
}

func (o *office) asked(what string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, c := range o.calls {
		if c == what {
			n++
		}
	}
	return n
}

func (o *office) Probe(context.Context) (session.Identity, error) {
	return session.Identity{Kind: session.Pleasant}, o.ask("probe")
}

func (o *office) SignIn(context.Context, session.Credentials) (session.Token, error) {
	return session.Token{Access: vault.SecretText("token"), Expires: time.Now().Add(time.Hour)}, o.ask("sign in")
}

func (o *office) UseToken(vault.Secret) {}

func (o *office) OfflineAvailable(context.Context) (bool, error) { return false, o.ask("offline") }

func (o *office) Tree(context.Context) (*wire.Stream, error) {
	if err := o.ask("tree"); err != nil {
		return nil, err
	}
	c := o.content()
	_ = c.Root.Walk(func(_ []string, g *vault.Group) error { // the function has no error
		g.Entries = slices.DeleteFunc(g.Entries, func(e *vault.Entry) bool { return o.gone[e.ID] })
		for _, e := range g.Entries {
			for i := range e.Fields {
				if e.Fields[i].Protected {
					e.Fields[i].Value = vault.Secret{}
				}
			}
		}
		return nil
	})
	return &wire.Stream{Head: wire.Head{At: time.Now()}, Content: c, Facts: map[vault.ID]*wire.Facts{}}, nil
}

func (o *office) find(id vault.ID) *vault.Entry {
	var found *vault.Entry
	_ = o.content().Root.Walk(func(_ []string, g *vault.Group) error { // the function has no error
		for _, e := range g.Entries {
			if e.ID == id {
				found = e
			}
		}
		return nil
	})
	return found
}

func (o *office) Reveal(_ context.Context, id vault.ID, comment string) (*vault.Entry, error) {
	if err := o.ask("reveal"); err != nil {
		return nil, err
	}
	if comment != o.comment {
		return nil, vault.CommentRequired
	}
	return o.find(id), nil
}

func (o *office) Attachment(_ context.Context, entry, id vault.ID, _ string) ([]byte, error) {
	for _, a := range o.find(entry).Attachments {
		if a.ID == id {
			return slices.Clone(a.Binary.Data), o.ask("attachment")
		}
	}
	return nil, vault.NotFound
}

func (o *office) DeleteEntry(_ context.Context, id vault.ID, _ string) error {
	o.gone[id] = true
	return o.ask("delete")
}

func entryID(n int) vault.ID {
	return vault.ID{6: 0x40, 8: 0x80, 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

// few are entries to look at one by one.
func few() *vault.Content {
	entry := func(n int, title, user string) *vault.Entry {
		e := &vault.Entry{ID: entryID(n)}
		e.Set(vault.FieldTitle, vault.SecretText(title), false)
		e.Set(vault.FieldUsername, vault.SecretText(user), false)
		e.Set(vault.FieldPassword, vault.SecretText("pass-"+title), true)
		return e
	}
	mail := entry(1, "Mail", "postmaster")
	mail.Set(vault.FieldURL, vault.SecretText("cmd://format c:"), false)
	mail.Set("Rack", vault.SecretText("B 12"), false)
	mail.Set("PIN", vault.SecretText("4711"), true)
	mail.Attachments = []vault.Attachment{{ID: entryID(90), Name: "../key.pem", Binary: &vault.Binary{Data: []byte("PEM")}}}
	old := entry(2, "Archive", "mailer")
	old.Times.Expires, old.Times.Expiry = true, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	return &vault.Content{Root: &vault.Group{ID: entryID(50), Name: "Root", Groups: []*vault.Group{
		{ID: entryID(51), Name: "Servers", Entries: []*vault.Entry{mail}, Groups: []*vault.Group{
			{ID: entryID(52), Name: "Old", Entries: []*vault.Entry{old}},
		}},
		{ID: entryID(53), Name: "Empty"},
	}}}
}

// many are n entries in a hundred groups.
func many(n int) *vault.Content {
	root := &vault.Group{ID: entryID(1 << 24), Name: "Root"}
	for g := range 100 {
		group := &vault.Group{ID: entryID(1<<24 + 1 + g), Name: fmt.Sprintf("Group %d", g)}
		for i := g; i < n; i += 100 {
			e := &vault.Entry{ID: entryID(i + 1)}
			e.Set(vault.FieldTitle, vault.SecretText(fmt.Sprintf("host-%06d.example", i)), false)
			e.Set(vault.FieldUsername, vault.SecretText(fmt.Sprintf("svc-%d", i%977)), false)
			e.Set(vault.FieldPassword, vault.Secret{}, true)
			e.Set(vault.FieldURL, vault.SecretText(fmt.Sprintf("https://host-%06d.example/login", i)), false)
			group.Entries = append(group.Entries, e)
		}
		root.Groups = append(root.Groups, group)
	}
	return &vault.Content{Root: root}
}
