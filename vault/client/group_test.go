package client_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
)

// asked fails unless these requests were sent since the last call.
func asked(t *testing.T, p *replay, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, p.requests()); diff != "" {
		t.Error(diff)
	}
}

func TestGroupsAtPleasant(t *testing.T) {
	ctx := context.Background()
	p := &replay{t: t, versions: "56"}
	c := signedIn(t, p)
	if _, err := c.Tree(ctx); err != nil { // so that the version is known
		t.Fatal(err)
	}
	p.requests()
	const folders = "/api/v6/rest/folders"
	made, err := c.CreateGroup(ctx, id(t, infra), "New <group>", "")
	if err != nil || made != id(t, emptyGroup) {
		t.Fatal(made, err)
	}
	asked(t, p, "POST "+folders+` {"ParentId":"`+infra+`","Name":"New <group>"}`)

	if err := c.RenameGroup(ctx, id(t, infra), "Infrastructure", "tidy up"); err != nil {
		t.Fatal(err)
	}
	asked(t, p, "PATCH "+folders+"/"+infra+` {"Name":"Infrastructure","UsageComment":"tidy up"}`)

	want(t, "a group with an entry", c.DeleteGroup(ctx, id(t, infra), false, ""), vault.Unconfirmed)
	asked(t, p, "GET "+folders+"/"+infra+"?recurseLevel=1")
	if err := c.DeleteGroup(ctx, id(t, infra), true, "gone"); err != nil {
		t.Fatal(err)
	}
	asked(t, p, "DELETE "+folders+"/"+infra+` {"Action":"Archive","Comment":"gone"}`)
	if err := c.DeleteGroup(ctx, id(t, emptyGroup), false, ""); err != nil {
		t.Fatal(err)
	}
	asked(t, p, "GET "+folders+"/"+emptyGroup+"?recurseLevel=1", "DELETE "+folders+"/"+emptyGroup)
	want(t, "an unknown group", c.DeleteGroup(ctx, vault.NewID(), true, ""), vault.NotFound)

	p.requests()
	if err := c.MoveEntry(ctx, id(t, dbEntry), id(t, infra), ""); err != nil {
		t.Fatal(err)
	}
	asked(t, p, "PATCH /api/v6/rest/entries/"+dbEntry+` {"GroupId":"`+infra+`"}`)

	old := signedIn(t, &replay{t: t, versions: "4"})
	_, err = old.CreateGroup(ctx, id(t, infra), "x", "")
	want(t, "version 4", err, vault.Unsupported)
	want(t, "version 4", old.MoveEntry(ctx, id(t, dbEntry), id(t, infra), ""), vault.Unsupported)
}

// An attachment with another name is read and stored again; one whose name goes
// to another file makes room first, and nothing else goes before what comes.
func TestAttachmentsChange(t *testing.T) {
	ctx := context.Background()
	base := "/api/v6/rest/entries/" + dbEntry
	for name, tt := range map[string]struct {
		after vault.Attachment
		want  []string
	}{
		"renamed": {
			vault.Attachment{ID: id(t, certFile), Name: "tls.pem"},
			[]string{
				"GET " + base, "GET " + base + "/attachments/" + certFile,
				"POST " + base + `/attachments {"FileName":"tls.pem","FileData":"aGVsbG8gd29ybGQ=","Comment":"why"}`,
				"DELETE " + base + "/attachments/" + certFile + ` {"Action":"Archive","Comment":"why"}`,
			},
		},
		"replaced": {
			vault.Attachment{Name: "cert.pem", Binary: &vault.Binary{Data: []byte("ho")}},
			[]string{
				"GET " + base, "DELETE " + base + "/attachments/" + certFile + ` {"Action":"Archive","Comment":"why"}`,
				"POST " + base + `/attachments {"FileName":"cert.pem","FileData":"aG8=","Comment":"why"}`,
			},
		},
		"replaced by a secret": {
			vault.Attachment{Name: "cert.pem", Binary: &vault.Binary{Data: []byte("ho"), Protected: true}},
			[]string{
				"GET " + base, "DELETE " + base + "/attachments/" + certFile + ` {"Action":"Archive","Comment":"why"}`,
				"POST " + base + `/attachments {"FileName":"cert.pem","FileData":"aG8=","Comment":"why","Protected":true}`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &replay{t: t, versions: "6"}
			c := signedIn(t, p)
			after, err := c.Entry(ctx, id(t, dbEntry))
			if err != nil {
				t.Fatal(err)
			}
			after.Entry.Attachments = []vault.Attachment{tt.after}
			p.requests()
			if err := c.UpdateEntry(ctx, after.Group, after.Entry, "why"); err != nil {
				t.Fatal(err)
			}
			asked(t, p, tt.want...)
		})
	}
}
