package catalog_test

import (
	"context"
	"testing"

	"github.com/tideover/tideover/vault"
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
