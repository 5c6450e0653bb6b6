package client_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
)

func TestTreeOfEveryVersion(t *testing.T) {
	for _, versions := range []string{"4", "5", "6", "56"} {
		c := signedIn(t, &replay{t: t, versions: versions})
		tree, err := c.Tree(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		root := tree.Content.Root
		if root.Name != "Root" || len(root.Groups) != 1 || root.Groups[0].Name != "Infra" || len(root.Groups[0].Entries) != 2 {
			t.Fatalf("version %s: %+v", versions, root)
		}
		db := root.Groups[0].Entries[0]
		if db.Title() != "db-prod" || db.Username() != "svc" || db.Value("Owner").Text() != "team-db" || db.Icon.Standard != 17 {
			t.Errorf("version %s: %s %s", versions, db.Title(), db.Username())
		}
		if f := db.Field(vault.FieldPassword); f == nil || !f.Protected || !f.Value.IsEmpty() {
			t.Errorf("version %s: the password is in the tree", versions)
		}
		if f := db.Field(vault.FieldOTP); versions == "6" && (f == nil || !f.Value.IsEmpty()) {
			t.Errorf("version %s: one-time code: %v", versions, f)
		}
		for _, a := range db.Attachments {
			if a.Binary != nil || a.Name != "cert.pem" {
				t.Errorf("version %s: attachment %+v", versions, a)
			}
		}
		if got := db.Times.Modified; !got.Equal(time.Date(2024, 3, 6, 16, 0, 0, 0, time.UTC)) {
			t.Errorf("version %s: modified %v", versions, got)
		}
		other := root.Groups[0].Entries[1]
		if !other.Times.Expires || other.Times.Expiry.Year() != 2030 || db.Times.Expires {
			t.Errorf("version %s: expiry %+v", versions, other.Times)
		}
		facts := tree.Facts[other.ID]
		if !facts.CommentViewPassword || facts.Modify || versions == "6" && facts.ViewPassword || versions == "5" && !facts.ViewPassword {
			t.Errorf("version %s: facts %+v", versions, facts)
		}
	}
}

func TestRevealFromPleasant(t *testing.T) {
	for _, postOnly := range []bool{false, true} {
		p := &replay{t: t, versions: "56", postOnly: postOnly}
		c := signedIn(t, p)
		e, err := c.Reveal(context.Background(), id(t, dbEntry), "")
		if err != nil {
			t.Fatal(err)
		}
		if e.Password().Text() != password || !strings.Contains(e.Value(vault.FieldOTP).Text(), "secret=JBSWY3DPEHPK3PXP") {
			t.Errorf("got %q, %q", e.Password().Text(), e.Value(vault.FieldOTP).Text())
		}
		want := []vault.Association{{Window: "PuTTY*", Sequence: "{PASSWORD}{ENTER}"}}
		if diff := cmp.Diff(want, e.AutoType.Associations); diff != "" || e.Foreground != "#FF0000" || e.CustomData[0].Key != "VendorThing" {
			t.Errorf("%s, %+v", diff, e)
		}
		p.requests()
		secret, err := c.Password(context.Background(), id(t, dbEntry), "on call")
		if err != nil || secret.Text() != password {
			t.Errorf("with a comment: %v", err)
		}
		if seen := p.requests(); seen[len(seen)-1] != "POST /api/v6/rest/entries/"+dbEntry+`/password {"Comment":"on call"}` {
			t.Errorf("the comment was sent as %s", seen)
		}
	}
}

func TestEntryWithholds(t *testing.T) {
	c := signedIn(t, &replay{t: t, versions: "6"})
	answer, err := c.Entry(context.Background(), id(t, dbEntry))
	if err != nil {
		t.Fatal(err)
	}
	if !answer.Entry.Password().IsEmpty() || !answer.Entry.Value(vault.FieldOTP).IsEmpty() || answer.Group != id(t, infra) {
		t.Errorf("got %+v", answer)
	}
	_, err = c.Entry(context.Background(), vault.NewID())
	want(t, "unknown entry", err, vault.NotFound)
}

func TestAttachmentFromPleasant(t *testing.T) {
	c := signedIn(t, &replay{t: t, versions: "6"})
	b, err := c.Attachment(context.Background(), id(t, dbEntry), id(t, certFile), "")
	if err != nil || string(b) != "hello world" {
		t.Errorf("%q, %v", b, err)
	}
	_, err = c.Attachment(context.Background(), id(t, dbEntry), vault.NewID(), "")
	want(t, "unknown attachment", err, vault.NotFound)
	_, err = signedIn(t, &replay{t: t, versions: "4"}).Attachment(context.Background(), id(t, dbEntry), id(t, certFile), "")
	want(t, "version 4", err, vault.Unsupported)
}

// The real server's own search hangs on this text, so it is never asked.
func TestSearchWalksTheTree(t *testing.T) {
	p := &replay{t: t, versions: "6"}
	c := signedIn(t, p)
	for text, titles := range map[string]string{"a - b": "a - b", "DB-P": "db-prod", "PROD": "db-prod", "serial": "a - b", "db.EXAMPLE": "db-prod", "none": ""} {
		hits, err := c.Search(context.Background(), text)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range hits {
			got = append(got, h.Entry.Title())
			if vault.JoinPath(h.Group...) != "/Infra" {
				t.Errorf("%q is in %s", h.Entry.Title(), h.Group)
			}
		}
		if strings.Join(got, " ") != titles {
			t.Errorf("%q: got %q, want %q", text, got, titles)
		}
	}
	for _, line := range p.requests() {
		if strings.Contains(strings.ToLower(line), "search") {
			t.Error(line)
		}
	}
}

func TestWritesToPleasant(t *testing.T) {
	p := &replay{t: t, versions: "56"}
	c := signedIn(t, p)
	ctx := context.Background()
	e := &vault.Entry{AutoType: vault.AutoType{Enabled: true}, Attachments: []vault.Attachment{{Name: "a.txt", Binary: &vault.Binary{Data: []byte("hi")}}}}
	e.Set(vault.FieldTitle, vault.SecretText("new"), false)
	e.Set(vault.FieldPassword, vault.SecretText("s&p"), true)
	if _, err := c.Tree(ctx); err != nil { // so that the version is known
		t.Fatal(err)
	}
	p.requests()
	made, err := c.CreateEntry(ctx, id(t, infra), e, "")
	if err != nil || made != id(t, abEntry) {
		t.Fatal(made, err)
	}
	if diff := cmp.Diff([]string{
		`POST /api/v6/rest/entries {"GroupId":"` + infra + `","Name":"new","Password":"s&p"}`,
		`POST /api/v6/rest/entries/` + abEntry + `/attachments {"FileName":"a.txt","FileData":"aGk="}`,
	}, p.requests()); diff != "" {
		t.Error(diff)
	}
	if e.Password().Text() != "s&p" {
		t.Error("sending wiped the caller's entry")
	}

	after, err := c.Entry(ctx, id(t, dbEntry))
	if err != nil {
		t.Fatal(err)
	}
	after.Entry.Tags = []string{"prod", "db"}
	after.Entry.Attachments = []vault.Attachment{{Name: "b.txt", Binary: &vault.Binary{Data: []byte("ho")}}}
	p.requests()
	if err := c.UpdateEntry(ctx, after.Group, after.Entry, ""); err != nil {
		t.Fatal(err)
	}
	base := "/api/v6/rest/entries/" + dbEntry
	if diff := cmp.Diff([]string{
		"GET " + base,
		"PATCH " + base + ` {"Tags":[{"Name":"prod"},{"Name":"db"}]}`,
		"POST " + base + `/attachments {"FileName":"b.txt","FileData":"aG8="}`,
		"DELETE " + base + "/attachments/" + certFile,
	}, p.requests()); diff != "" {
		t.Error(diff)
	}

	moved := vault.NewID()
	after.Entry.Tags = []string{"prod"}
	after.Entry.Attachments = []vault.Attachment{{ID: id(t, certFile), Name: "cert.pem"}}
	if err := c.UpdateEntry(ctx, moved, after.Entry, ""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GET " + base, "PATCH " + base + ` {"GroupId":"` + moved.String() + `"}`}, p.requests()); diff != "" {
		t.Error(diff)
	}

	if err := c.DeleteEntry(ctx, id(t, dbEntry), ""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"DELETE " + base}, p.requests()); diff != "" {
		t.Error(diff)
	}
	want(t, "unknown entry", c.DeleteEntry(ctx, vault.NewID(), ""), vault.NotFound)

	// What a Pleasant server would keep in another form is not sent at all.
	e.Set("PIN", vault.SecretText("4711"), true)
	p.requests()
	_, err = c.CreateEntry(ctx, id(t, infra), e, "")
	want(t, "a protected field", err, vault.Unsupported)
	if seen := p.requests(); len(seen) > 0 {
		t.Errorf("sent all the same: %s", seen)
	}

	old := signedIn(t, &replay{t: t, versions: "4"})
	_, err = old.CreateEntry(ctx, id(t, infra), e, "")
	want(t, "version 4", err, vault.Unsupported)
	want(t, "version 4", old.DeleteEntry(ctx, id(t, dbEntry), ""), vault.Unsupported)
}

func TestPackagesInBothForms(t *testing.T) {
	for _, zipped := range []bool{false, true} {
		p := &replay{t: t, versions: "56", zipped: zipped}
		c := signedIn(t, p)
		if ok, err := c.OfflineAvailable(context.Background()); err != nil || !ok {
			t.Errorf("available: %t, %v", ok, err)
		}
		content, until, err := c.OfflinePackage(context.Background(), "train")
		if err != nil {
			t.Fatalf("zipped %t: %v", zipped, err)
		}
		if seen := p.requests(); seen[len(seen)-1] != `POST /api/v6/rest/OfflinePackage {"Comment":"train"}` {
			t.Errorf("asked with %s", seen[len(seen)-1])
		}
		if zipped != until.Equal(time.Date(2031, 5, 6, 5, 8, 9, 123456700, time.UTC)) || zipped == until.IsZero() {
			t.Errorf("zipped %t: until %v", zipped, until)
		}
		entries := content.Root.Groups[0].Entries
		if entries[0].Password().Text() != password || entries[1].Password().Text() != "toor" {
			t.Errorf("zipped %t: passwords", zipped)
		}
		if !strings.Contains(entries[0].Value(vault.FieldOTP).Text(), "JBSWY3DPEHPK3PXP") {
			t.Errorf("zipped %t: one-time code", zipped)
		}
		a := entries[0].Attachments
		if len(a) != 1 || a[0].Name != "cert.pem" || !bytes.Equal(a[0].Binary.Data, []byte("hello world")) || a[0].ID != id(t, certFile) {
			t.Errorf("zipped %t: attachments %+v", zipped, a)
		}
		if a := entries[1].Attachments; len(a) != 1 || a[0].Binary == nil || len(a[0].Binary.Data) != 0 {
			t.Errorf("zipped %t: the empty attachment: %+v", zipped, a)
		}
	}
	old := signedIn(t, &replay{t: t, versions: "4"})
	if ok, err := old.OfflineAvailable(context.Background()); ok || err != nil {
		t.Errorf("version 4: %t, %v", ok, err)
	}
	_, _, err := old.OfflinePackage(context.Background(), "")
	want(t, "version 4", err, vault.Unsupported)
}
