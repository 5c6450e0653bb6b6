package catalog_test

import (
	"context"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

func TestEntryLifecycle(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	id := s.entry("/Web/mail")
	bob := s.user("bob")
	s.grant("bob", "/Web", "Full", s.now.AddDate(0, 0, 0).AddDate(1, 0, 0))

	e, err := s.Entry(ctx, bob, id)
	s.must(err)
	if e.Title() != "mail" || e.Username() != "user of mail" || !e.Password().IsEmpty() || !e.HasPassword || e.HasOTP || e.Version != 1 {
		t.Errorf("entry: %+v", e)
	}
	if f := e.Field("PIN"); f == nil || !f.Protected || !f.Value.IsEmpty() {
		t.Errorf("protected field: %+v", f)
	}
	if e.Value("Owner").Text() != "team of mail" || vault.JoinPath(e.Path...) != "/Web/mail" {
		t.Errorf("plain field %q, path %q", e.Value("Owner").Text(), e.Path)
	}

	s.must(s.EditEntry(ctx, bob, id, "", func(e *vault.Entry) error {
		if e.Password().Text() != "pw:mail" {
			t.Errorf("an edit does not see the password")
		}
		e.Set(vault.FieldPassword, vault.SecretText("pw2"), true)
		e.Tags = []string{"prod"}
		return nil
	}))
	s.must(s.EditEntry(ctx, bob, id, "", func(*vault.Entry) error { return nil }))
	pw, err := s.Password(ctx, bob, id, "")
	s.must(err)
	if pw.Text() != "pw2" {
		t.Errorf("password %q", pw.Text())
	}
	r, err := s.Reveal(ctx, bob, id, "")
	s.must(err)
	if r.Version != 2 || r.Password().Text() != "pw2" || r.Value("PIN").Text() != "1234 of mail" {
		t.Errorf("revealed: version %d, %q", r.Version, r.Password().Text())
	}
	if len(r.History) != 1 || r.History[0].Password().Text() != "pw:mail" {
		t.Errorf("history: %+v", r.History)
	}
	if got := s.records(catalog.AuditQuery{Entry: id, Action: catalog.ActionReveal}); len(got) != 2 || got[0].Name != "bob" || got[0].Version != 2 {
		t.Errorf("audit: %+v", got)
	}
	s.must(s.RemoveEntry(ctx, bob, id, catalog.Removal{Archive: true}))
	if _, err := s.Entry(ctx, bob, id); cause(err) != vault.NotFound {
		t.Errorf("archived: %v", err)
	}
	if _, err := s.VerifyAudit(ctx, s.op); err != nil {
		t.Error(err)
	}
}

// A change is whole or not at all.
func TestChangeIsWhole(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	id := s.entry("/Web/mail")
	s.entry("/Other/x")
	refusal := vault.Fail(vault.Usage, "no")
	err := s.ChangeEntry(ctx, s.op, id, catalog.EntryChange{Folder: s.folder("/Other"), Edit: func(*vault.Entry) error { return refusal }})
	if cause(err) != vault.Usage {
		t.Fatal(err)
	}
	if e, err := s.Entry(ctx, s.op, id); err != nil || e.Folder != s.folder("/Web") || e.Version != 1 {
		t.Errorf("after a refused edit: %+v, %v", e, err)
	}
	s.must(s.ChangeEntry(ctx, s.op, id, catalog.EntryChange{Folder: s.folder("/Other"), Edit: func(e *vault.Entry) error { e.Tags = []string{"t"}; return nil }}))
	if e, err := s.Entry(ctx, s.op, id); err != nil || e.Folder != s.folder("/Other") || e.Version != 2 || len(e.Tags) != 1 {
		t.Errorf("after both: %+v, %v", e, err)
	}
	web := s.folder("/Web")
	err = s.ChangeFolder(ctx, s.op, web, catalog.FolderChange{Parent: s.folder("/Other"), Edit: func(*vault.Group) error { return refusal }})
	if cause(err) != vault.Usage || s.folder("/Web") != web {
		t.Errorf("a folder whose edit was refused: %v", err)
	}
	s.must(s.ChangeFolder(ctx, s.op, web, catalog.FolderChange{Parent: s.folder("/Other"), Edit: func(g *vault.Group) error { g.Name = "W"; return nil }}))
	if s.folder("/Other/W") != web {
		t.Error("the folder is not where it was put")
	}
}

// What counts as a password by its name is shown without a value, so an edit
// must see it as protected: it would take an empty one for a new one.
func TestEditSeesPasswordsByName(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	s.entry("/Web/mail")
	e := newEntry("seed")
	e.Set("TOTP Seed", vault.SecretText("JBSWY3DPEHPK3PXP"), false)
	id, err := s.AddEntry(ctx, s.op, catalog.NewEntry{Folder: s.folder("/Web"), Entry: e})
	s.must(err)
	shown, err := s.Entry(ctx, s.op, id)
	s.must(err)
	if f := shown.Field("TOTP Seed"); f == nil || !f.Protected || !f.Value.IsEmpty() {
		t.Errorf("shown: %+v", f)
	}
	s.must(s.EditEntry(ctx, s.op, id, "", func(e *vault.Entry) error {
		if f := e.Field("TOTP Seed"); !f.Protected || f.Value.Text() != "JBSWY3DPEHPK3PXP" {
			t.Errorf("edited: %+v", f)
		}
		if f := e.Field(vault.FieldTitle); f.Protected {
			t.Error("the title is no password")
		}
		return nil
	}))
}

// A file has a row of its own, with its name: another name or content is
// another file, the same ones are the same file.
func TestReplacedFiles(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	id := s.entry("/Web/mail")
	first, err := s.AddAttachment(ctx, s.op, id, "", catalog.File{Name: "a", Data: []byte("1"), Protected: true})
	s.must(err)
	same, err := s.ReplaceAttachment(ctx, s.op, id, "", catalog.File{ID: first, Data: []byte("1")})
	s.must(err)
	renamed, err := s.ReplaceAttachment(ctx, s.op, id, "", catalog.File{ID: first, Name: "b"})
	s.must(err)
	changed, err := s.ReplaceAttachment(ctx, s.op, id, "", catalog.File{ID: renamed, Data: []byte{}})
	s.must(err)
	if same != first || renamed == first || changed == renamed {
		t.Errorf("%s, the same %s, renamed %s, changed %s", first, same, renamed, changed)
	}
	for _, want := range []struct {
		id         vault.ID
		name, data string
	}{{first, "a", "1"}, {renamed, "b", "1"}, {changed, "b", ""}} {
		f, err := s.Attachment(ctx, s.op, id, want.id, "")
		s.must(err)
		if f.Name != want.name || string(f.Data) != want.data || !f.Protected {
			t.Errorf("%+v, want %+v", f, want)
		}
	}
	if _, err := s.ReplaceAttachment(ctx, s.op, id, "", catalog.File{ID: first, Name: "c"}); cause(err) != vault.NotFound {
		t.Errorf("a file of an older version: %v", err)
	}
	e, err := s.Entry(ctx, s.op, id)
	s.must(err)
	if len(e.Attachments) != 1 || e.Attachments[0].Name != "b" || e.Version != 4 || len(e.History) != 3 {
		t.Errorf("the entry: version %d, %+v", e.Version, e.Attachments)
	}
}

// Prompts and the marks that keep entries out of caches share a row, and are
// set apart.
func TestPromptsLeaveMarks(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	entry := catalog.Node{Kind: catalog.EntryNode, ID: s.entry("/Web/mail")}
	web := catalog.Node{Kind: catalog.FolderNode, ID: s.folder("/Web")}
	s.must(s.SetFlags(ctx, s.op, entry, policy.NeedsCheckOut|policy.CommentOnMoveEntries))
	s.must(s.SetPrompts(ctx, s.op, entry, policy.CommentOnViewPassword))
	s.must(s.SetPrompts(ctx, s.op, web, policy.CommentOnModifyEntries))
	e, err := s.Entry(ctx, s.op, entry.ID)
	s.must(err)
	if want := policy.NeedsCheckOut | policy.CommentOnViewPassword | policy.CommentOnModifyEntries; e.Flags != want {
		t.Errorf("flags %#x, want %#x", e.Flags, want)
	}
	s.must(s.SetPrompts(ctx, s.op, web, 0))
	s.must(s.SetPrompts(ctx, s.op, entry, 0))
	if e, err = s.Entry(ctx, s.op, entry.ID); err != nil || e.Flags != policy.NeedsCheckOut {
		t.Errorf("flags %#x, %v", e.Flags, err)
	}
	if err := s.SetPrompts(ctx, s.op, web, policy.NeedsCheckOut); cause(err) != vault.Usage {
		t.Errorf("a mark that is no prompt: %v", err)
	}
}
