package catalog_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

// Attachments of Pleasant before 7.8.3 were handed out without asking for the
// rights on their entry (CVE-2017-17707).
func TestAttachmentOfAnotherEntry(t *testing.T) {
	s := newServer(t)
	mine := s.entry("/Mine/open")
	theirs := s.entry("/Theirs/hidden")
	secret, err := s.AddAttachment(ctx, s.op, theirs, "", catalog.File{Name: "key", Data: bigFile(), Protected: true})
	s.must(err)
	bob := s.user("bob")
	s.grant("bob", "/Mine", "Full", time.Time{})
	for _, entry := range []vault.ID{mine, theirs} {
		if _, err := s.Attachment(ctx, bob, entry, secret, "x"); cause(err) != vault.NotFound {
			t.Errorf("read by entry %v: %v", entry, err)
		}
		if err := s.RemoveAttachment(ctx, bob, entry, secret, ""); cause(err) != vault.NotFound {
			t.Errorf("remove by entry %v: %v", entry, err)
		}
	}
	// Nor can it be claimed for an entry of one's own.
	err = s.EditEntry(ctx, bob, mine, "", func(e *vault.Entry) error {
		e.Attachments = append(e.Attachments, vault.Attachment{ID: secret, Name: "key"})
		return nil
	})
	if cause(err) != vault.Usage {
		t.Errorf("claim: %v", err)
	}
	f, err := s.Attachment(ctx, s.op, theirs, secret, "")
	s.must(err)
	if f.Name != "key" || !f.Protected || !bytes.Equal(f.Data, bigFile()) {
		t.Errorf("got %q, %d bytes", f.Name, len(f.Data))
	}
	if got := s.records(catalog.AuditQuery{Action: catalog.ActionAttachment}); len(got) != 1 || got[0].Target != theirs {
		t.Errorf("audit: %+v", got)
	}
}

// An attachment that was removed stays in the history, and takes the right to
// the history.
func TestAttachmentOfTheHistory(t *testing.T) {
	s := newServer(t)
	id := s.entry("/Web/mail")
	file, err := s.AddAttachment(ctx, s.op, id, "", catalog.File{Name: "a", Data: nil})
	s.must(err)
	s.must(s.RemoveAttachment(ctx, s.op, id, file, ""))
	s.level("No history", policy.ViewFolders|policy.ReadSecrets)
	bob, ann := s.user("bob"), s.user("ann")
	s.grant("bob", "/Web", "No history", time.Time{})
	s.grant("ann", "/Web", "Read-Only", time.Time{})
	if _, err := s.Attachment(ctx, bob, id, file, ""); cause(err) != vault.NotPermitted {
		t.Errorf("without the right: %v", err)
	}
	f, err := s.Attachment(ctx, ann, id, file, "")
	if err != nil || f.Name != "a" || len(f.Data) != 0 {
		t.Errorf("with the right: %+v, %v", f, err)
	}
	if e, err := s.Reveal(ctx, bob, id, ""); err != nil || len(e.History) != 0 {
		t.Errorf("history without the right: %+v, %v", e, err)
	}
	e, err := s.Reveal(ctx, ann, id, "")
	s.must(err)
	if len(e.History) != 2 || len(e.Attachments) != 0 || len(e.History[1].Attachments) != 1 || e.History[1].Attachments[0].ID != file {
		t.Errorf("history: %+v", e.History)
	}
	if got := s.records(catalog.AuditQuery{Entry: id, Action: catalog.ActionAttachment}); len(got) != 2 ||
		got[0].Outcome != string(vault.NotPermitted) || got[1].Outcome != "ok" || got[1].Version != 2 {
		t.Errorf("audit: %+v", got)
	}
}

func TestEqualFilesAreStoredOnce(t *testing.T) {
	s := newServer(t)
	id := s.entry("/Web/mail")
	a, err := s.AddAttachment(ctx, s.op, id, "", catalog.File{Name: "a", Data: bigFile()})
	s.must(err)
	b, err := s.AddAttachment(ctx, s.op, id, "", catalog.File{Name: "b", Data: bigFile(), Protected: true})
	s.must(err)
	for _, file := range []vault.ID{a, b} {
		f, err := s.Attachment(ctx, s.op, id, file, "")
		if err != nil || !bytes.Equal(f.Data, bigFile()) || f.Protected != (file == b) {
			t.Errorf("%v: %d bytes, %v", file, len(f.Data), err)
		}
	}
	if _, err := s.AddAttachment(ctx, s.op, id, "", catalog.File{Name: "a", Data: []byte("x")}); cause(err) != vault.Usage {
		t.Errorf("a name twice: %v", err)
	}
	// New content under the old name is a new file.
	s.must(s.EditEntry(ctx, s.op, id, "", func(e *vault.Entry) error {
		e.Attachments[0].Binary = &vault.Binary{Data: []byte("new")}
		return nil
	}))
	e, err := s.Entry(ctx, s.op, id)
	s.must(err)
	if e.Attachments[0].ID == a || e.Sizes[0] != 3 {
		t.Errorf("replaced: %+v, sizes %v", e.Attachments, e.Sizes)
	}
	f, err := s.Attachment(ctx, s.op, id, e.Attachments[0].ID, "")
	if err != nil || string(f.Data) != "new" {
		t.Errorf("replaced: %q, %v", f.Data, err)
	}
}

// Who may edit but not see passwords cannot make one visible by taking its
// protection away.
func TestEditKeepsPasswordsMasked(t *testing.T) {
	s := newServer(t)
	id := s.entry("/Web/mail")
	s.level("Blind editor", policy.ViewFolders|policy.ViewEntryNames|policy.ViewEntryContents|policy.ModifyEntries)
	bob := s.user("bob")
	s.grant("bob", "/Web", "Blind editor", time.Time{})
	s.must(s.EditEntry(ctx, bob, id, "", func(e *vault.Entry) error {
		e.Field("PIN").Protected = false
		e.Field(vault.FieldPassword).Protected = false
		e.Set(vault.FieldNotes, vault.SecretText("changed"), false)
		return nil
	}))
	e, err := s.Entry(ctx, bob, id)
	s.must(err)
	if !e.Value("PIN").IsEmpty() || !e.Password().IsEmpty() || e.Notes() != "changed" {
		t.Errorf("got PIN %q", e.Value("PIN").Text())
	}
	// Who sees them may.
	s.must(s.EditEntry(ctx, s.op, id, "", func(e *vault.Entry) error { e.Field("PIN").Protected = false; return nil }))
	if e, err = s.Entry(ctx, bob, id); err != nil || e.Value("PIN").Text() != "1234 of mail" {
		t.Errorf("got %q, %v", e.Value("PIN").Text(), err)
	}
}

// A password is one by its name too: files of other programs may have the flag
// off.
func TestUnprotectedPasswordsCountAsPasswords(t *testing.T) {
	s := newServer(t)
	e := newEntry("odd")
	e.Set(vault.FieldOTP, vault.SecretText("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"), false)
	e.Set("TOTP Seed", vault.SecretText("JBSWY3DPEHPK3PXP"), false)
	e.Field(vault.FieldPassword).Protected = false
	id, err := s.AddEntry(ctx, s.op, catalog.NewEntry{Folder: s.Root(), Entry: e})
	s.must(err)
	got, err := s.Entry(ctx, s.op, id)
	s.must(err)
	for _, name := range []string{vault.FieldPassword, vault.FieldOTP, "TOTP Seed"} {
		if f := got.Field(name); f == nil || !f.Protected || !f.Value.IsEmpty() {
			t.Errorf("%s: %+v", name, f)
		}
	}
	if !got.HasOTP || !got.HasPassword {
		t.Errorf("has one-time code %v, password %v", got.HasOTP, got.HasPassword)
	}
	whole, err := s.Reveal(ctx, s.op, id, "")
	if err != nil || whole.Field(vault.FieldPassword).Protected || whole.Value("TOTP Seed").Text() != "JBSWY3DPEHPK3PXP" {
		t.Errorf("revealed: %+v, %v", whole, err)
	}
}

// KeePass can be told to protect user names and notes: then they are passwords
// here, in trees and in the search. A title stays the entry's name.
func TestProtectedStandardFields(t *testing.T) {
	s := newServer(t)
	e := newEntry("title")
	e.Set(vault.FieldNotes, vault.SecretText("needle"), true)
	for i := range e.Fields {
		e.Fields[i].Protected = true
	}
	id, err := s.AddEntry(ctx, s.op, catalog.NewEntry{Folder: s.Root(), Entry: e})
	s.must(err)
	got, err := s.Entry(ctx, s.op, id)
	s.must(err)
	for _, f := range got.Fields {
		if isTitle := f.Name == vault.FieldTitle; f.Value.IsEmpty() == isTitle || f.Protected == isTitle {
			t.Errorf("%s: protected %v, %d bytes", f.Name, f.Protected, f.Value.Len())
		}
	}
	for text, want := range map[string]int{"title": 1, "needle": 0, "user of": 0, "https": 0} {
		if r, err := s.Search(ctx, s.op, text); err != nil || len(r.Entries) != want {
			t.Errorf("search %q: %d, %v", text, len(r.Entries), err)
		}
	}
	whole, err := s.Reveal(ctx, s.op, id, "")
	if err != nil || !whole.Field(vault.FieldTitle).Protected || whole.Notes() != "needle" {
		t.Errorf("revealed: %+v, %v", whole, err)
	}
}

// Comments are asked for where the entry, its folder or one above says so.
func TestComments(t *testing.T) {
	s := newServer(t)
	id := s.entry("/A/B/mail")
	folder := func(path string) catalog.Node {
		return catalog.Node{Kind: catalog.FolderNode, ID: s.folder(path)}
	}
	edit := func(comment string) error {
		return s.EditEntry(ctx, s.op, id, comment, func(e *vault.Entry) error { e.Tags = append(e.Tags, "x"); return nil })
	}
	reveal := func(comment string) error {
		_, err := s.Password(ctx, s.op, id, comment)
		return err
	}
	move := func(comment string) error { return s.MoveEntry(ctx, s.op, id, s.folder("/A/B"), comment) }
	rename := func(comment string) error {
		return s.EditFolder(ctx, s.op, s.folder("/A/B"), comment, func(g *vault.Group) error { g.Notes += "x"; return nil })
	}
	moveFolder := func(comment string) error {
		return s.MoveFolder(ctx, s.op, s.folder("/A/B"), s.folder("/A"), comment)
	}
	for _, c := range []struct {
		name string
		flag policy.Flags
		do   func(string) error
	}{
		{"reveal", policy.CommentOnViewPassword, reveal},
		{"edit", policy.CommentOnModifyEntries, edit},
		{"move", policy.CommentOnMoveEntries, move},
		{"rename folder", policy.CommentOnModifyFolders, rename},
		{"move folder", policy.CommentOnMoveFolders, moveFolder},
	} {
		s.must(s.SetFlags(ctx, s.op, folder("/A"), policy.AllFlags&^c.flag))
		if err := c.do(""); err != nil {
			t.Errorf("%s, not asked for: %v", c.name, err)
		}
		s.must(s.SetFlags(ctx, s.op, folder("/A"), c.flag))
		for _, blank := range []string{"", " \t"} {
			if err := c.do(blank); cause(err) != vault.CommentRequired {
				t.Errorf("%s with %q: %v", c.name, blank, err)
			}
		}
		if err := c.do("because"); err != nil {
			t.Errorf("%s with a comment: %v", c.name, err)
		}
		s.must(s.SetFlags(ctx, s.op, folder("/A"), 0))
	}
	if got := s.records(catalog.AuditQuery{Entry: id, Action: catalog.ActionReveal, Newest: true, Limit: 1}); len(got) != 1 || got[0].Comment != "because" {
		t.Errorf("audit: %+v", got)
	}
	if err := s.SetFlags(ctx, s.op, folder("/A"), 1<<40); cause(err) != vault.Usage {
		t.Errorf("unknown flag: %v", err)
	}
}
