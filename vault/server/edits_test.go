package server_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/wire"
)

// signedInClient is our own client, signed in at the fixture.
func (f *fixture) signedInClient(user string) *client.Client {
	f.t.Helper()
	c, err := client.New(client.Config{URL: f.url, Pin: f.id.Pin(), Wait: time.Hour}) // a busy machine is no answer to a test
	must(f.t, err)
	_, err = c.Probe(f.t.Context())
	must(f.t, err)
	token, err := c.SignIn(f.t.Context(), wire.Credentials{User: user, Password: vault.SecretText(anyPassword)})
	must(f.t, err)
	c.UseToken(token.Access)
	return c
}

// richEntry holds something of everything that can be edited.
func richEntry() *vault.Entry {
	e := &vault.Entry{
		Tags: []string{"one", "two"}, Icon: vault.Icon{Standard: 17}, Foreground: "#112233", OverrideURL: "cmd://x",
		AutoType: vault.AutoType{Enabled: true, DefaultSequence: "{USERNAME}", Associations: []vault.Association{{Window: "w*", Sequence: "{TAB}"}}},
	}
	for _, field := range []vault.Field{
		{Name: vault.FieldTitle, Value: vault.SecretText("rich & \"odd\"")},
		{Name: vault.FieldUsername, Value: vault.SecretText("üser")},
		{Name: vault.FieldPassword, Value: vault.SecretText(entryPassword), Protected: true},
		{Name: vault.FieldURL, Value: vault.SecretText("https://x.example")},
		{Name: vault.FieldNotes, Value: vault.SecretText("a\nb")},
		{Name: vault.FieldOTP, Value: vault.SecretText("otpauth://totp/x?secret=MFRGG&algorithm=SHA256"), Protected: true},
		{Name: "Open", Value: vault.SecretText("1")},
		{Name: "PIN", Value: vault.SecretText("4711"), Protected: true},
		{Name: "PUK", Value: vault.SecretText("0815"), Protected: true},
	} {
		e.Set(field.Name, field.Value, field.Protected)
	}
	e.Times.Expires, e.Times.Expiry = true, time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	e.Attachments = []vault.Attachment{
		{Name: "a.txt", Binary: &vault.Binary{Data: []byte("first")}},
		{Name: "b.bin", Binary: &vault.Binary{Data: bytes.Repeat([]byte{0, 255}, 2<<20)}},
	}
	return e
}

// sameEntry compares what an edit can change.
func sameEntry(t *testing.T, what string, want, got *vault.Entry) {
	t.Helper()
	diff := cmp.Diff(want, got,
		cmpopts.IgnoreFields(vault.Entry{}, "ID", "Times", "History", "Attachments"), cmpopts.EquateEmpty(),
		cmpopts.SortSlices(func(a, b vault.Field) bool { return a.Name < b.Name }))
	if diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
	if got.Times.Expires != want.Times.Expires || !got.Times.Expiry.Equal(want.Times.Expiry) {
		t.Errorf("%s: expires %t %s", what, got.Times.Expires, got.Times.Expiry)
	}
}

// Our own client makes, reads, edits, moves and removes an entry. What it was
// not shown, it does not lose; what was there before is in the history.
func TestEditingThroughOurOwnClient(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	c := f.signedInClient("alice")
	want := richEntry()
	id, err := c.CreateEntry(ctx, f.team, want, "")
	must(t, err)
	revealed := func() *vault.Entry {
		t.Helper()
		e, err := c.Reveal(ctx, id, "")
		must(t, err)
		return e
	}
	files := func() map[string]string {
		t.Helper()
		out := map[string]string{}
		e, err := c.Entry(ctx, id)
		must(t, err)
		for _, a := range e.Entry.Attachments {
			data, err := c.Attachment(ctx, id, a.ID, "")
			must(t, err)
			out[a.Name] = string(data)
		}
		return out
	}
	sameEntry(t, "created", want, revealed())
	if got := files(); got["a.txt"] != "first" || len(got["b.bin"]) != 4<<20 || len(got) != 2 {
		t.Errorf("files: %d", len(got))
	}

	// edit changes what the client shows, and want in the same way.
	edit := func(change func(e *vault.Entry)) {
		t.Helper()
		shown, err := c.Entry(ctx, id)
		must(t, err)
		before := revealed()
		for _, name := range []string{vault.FieldPassword, vault.FieldOTP, "PIN", "PUK"} {
			if f := shown.Entry.Field(name); f != nil && !f.Value.IsEmpty() {
				t.Errorf("%s is shown", name)
			}
		}
		change(shown.Entry)
		change(want)
		must(t, c.UpdateEntry(ctx, shown.Group, shown.Entry, ""))
		now := revealed()
		sameEntry(t, "edited", want, now)
		// Each file that comes or goes is a version of its own, so the one before
		// is somewhere among the older ones.
		if !slices.ContainsFunc(now.History, func(old *vault.Entry) bool {
			return old.Notes() == before.Notes() && old.Password().Equal(before.Password()) && old.Value("PIN").Equal(before.Value("PIN"))
		}) {
			t.Errorf("the version before is not in the history of %d", len(now.History))
		}
		if !now.Times.Created.Equal(before.Times.Created) || now.Times.Modified.Before(before.Times.Modified) {
			t.Errorf("times: %+v", now.Times)
		}
	}
	edit(func(e *vault.Entry) {
		e.Set(vault.FieldNotes, vault.SecretText("changed"), false)
		e.Tags = []string{"two", "three"}
	})
	edit(func(e *vault.Entry) {
		e.Set("Open", vault.SecretText("2"), false)
		e.Set("PIN", vault.SecretText("1234"), true)
		e.Set("New", vault.SecretText("n"), true)
		e.Fields = slices.DeleteFunc(e.Fields, func(f vault.Field) bool { return f.Name == "PUK" })
	})
	edit(func(e *vault.Entry) {
		e.Set(vault.FieldPassword, vault.SecretText("p2"), true)
		e.Times.Expires, e.Times.Expiry = false, time.Time{}
		e.Icon, e.AutoType.Associations = vault.Icon{Standard: 3}, nil
	})
	edit(func(e *vault.Entry) {
		e.Fields = slices.DeleteFunc(e.Fields, func(f vault.Field) bool { return f.Name == vault.FieldOTP })
		e.Times.Expires, e.Times.Expiry = true, time.Date(2032, 1, 1, 0, 0, 0, 0, time.UTC)
	})
	edit(func(e *vault.Entry) {
		e.Set(vault.FieldNotes, vault.SecretText("with a file"), false)
		e.Attachments = append(slices.Clone(e.Attachments[:1]), vault.Attachment{Name: "c", Binary: &vault.Binary{Data: []byte("third")}})
	})
	if diff := cmp.Diff(map[string]string{"a.txt": "first", "c": "third"}, files()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}

	// To another folder, with a change, in one step.
	shown, err := c.Entry(ctx, id)
	must(t, err)
	tree, err := c.Tree(ctx)
	must(t, err)
	sub := tree.Content.Root.Groups[0].Groups[0]
	shown.Entry.Set(vault.FieldUsername, vault.SecretText("moved"), false)
	want.Set(vault.FieldUsername, vault.SecretText("moved"), false)
	must(t, c.UpdateEntry(ctx, sub.ID, shown.Entry, ""))
	if shown, err = c.Entry(ctx, id); err != nil || shown.Group != sub.ID {
		t.Fatalf("it is in %v, %v", shown.Group, err)
	}
	sameEntry(t, "moved", want, revealed())

	must(t, c.DeleteEntry(ctx, id, ""))
	if _, err := c.Entry(ctx, id); err == nil {
		t.Error("it is still there")
	}
}

// Where either half is refused, neither happens.
func TestMoveAndEditTogether(t *testing.T) {
	f := newFixture(t)
	path := v5 + "/entries/" + f.entry.String()
	f.want(unseen, request{method: "PATCH", path: path, as: "alice", body: `{"Name":"moved","GroupId":"` + f.secret.String() + `"}`})
	f.want(invalid, request{method: "PATCH", path: path, as: "alice", body: `{"CustomUserFields":{"x":1},"Tags":7,"GroupId":"` + f.team.String() + `"}`})
	var e struct{ Name, GroupId string } //nolint:staticcheck,revive // names of the wire
	decode(t, f.want(yes, request{method: "GET", path: path, as: "alice"}).body, &e)
	if e.Name != "db <prod> & co" || e.GroupId != f.team.String() {
		t.Errorf("half of it happened: %+v", e)
	}
	// The same folder is no move, and an identifier without a change is nothing.
	f.want(none, request{method: "PATCH", path: path, as: "alice", body: `{"Id":"` + f.entry.String() + `","GroupId":"` + f.team.String() + `"}`})
	if n := f.actions()["entry.move ok"]; n != 0 {
		t.Errorf("%d moves in the audit", n)
	}
}

// Attachments over HTTP: another content, another name, both, and none.
func TestAttachmentReplaced(t *testing.T) {
	f := newFixture(t)
	base := v5 + "/entries/" + f.entry.String() + "/attachments/"
	put := func(id, body string) (now string) {
		decode(t, f.want(yes, request{method: "PUT", path: base + id, as: "alice", body: body}).body, &now)
		return now
	}
	id := f.protected.String()
	for _, tt := range []struct{ body, name, data string }{
		{`{"FileData":"eA=="}`, "key.pem", "eA=="},
		{`{"FileName":"new.pem"}`, "new.pem", "eA=="},
		{`{"FileName":"newer.pem","FileData":""}`, "newer.pem", ""},
	} {
		before := id
		if id = put(id, tt.body); id == before {
			t.Errorf("%s: the identifier is that of the file before", tt.body)
		}
		f.want(unseen, request{method: "GET", path: base + before, as: "alice"})
		got := f.want(yes, request{method: "GET", path: base + id, as: "alice"})
		var file struct{ FileName, FileData string }
		decode(t, got.body, &file)
		if file.FileName != tt.name || file.FileData != tt.data {
			t.Errorf("%s: %+v", tt.body, file)
		}
	}
	if same := put(id, `{"FileName":"newer.pem","FileData":""}`); same != id {
		t.Error("the same file has another identifier")
	}
	f.want(invalid, request{method: "PUT", path: base + id, as: "alice", body: `{}`})
	f.want(invalid, request{method: "PUT", path: base + id, as: "alice", body: `{"FileName":"cert.pem"}`})
	f.want(unseen, request{method: "PUT", path: base + f.protected.String(), as: "alice", body: `{"FileData":"eA=="}`})
	e, err := f.catalog.Reveal(t.Context(), f.op, f.entry, "")
	must(t, err)
	if len(e.History) != 3 || len(e.Attachments) != 2 {
		t.Errorf("%d older versions, %d files", len(e.History), len(e.Attachments))
	}
}
