package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault/policy"
)

const v4 = "/api/v4/rest"

const (
	noPrompts = `"CommentPrompts":{"AskForCommentOnViewPassword":false,"AskForCommentOnViewOffline":false,"AskForCommentOnModifyEntries":false,` +
		`"AskForCommentOnMoveEntries":false,"AskForCommentOnMoveFolders":false,"AskForCommentOnModifyFolders":false}`
	noID = "00000000-0000-0000-0000-000000000000"
)

// oldEntry is the fixture's entry as version 4 has it, byte for byte: the
// members of the recorded answers, and none that came later.
func (f *fixture) oldEntry(modify, cert, key string) string {
	file := func(name, data string) string {
		return `{"CredentialObjectId":"` + f.entry.String() + `","AttachmentId":"` + noID + `","FileName":"` + name + `","FileData":` + data + `,"FileSize":0}`
	}
	return `{"CustomUserFields":{"Owner":"team-db","Recovery":""},"CustomApplicationFields":{},` +
		`"Attachments":[` + file("cert.pem", cert) + `,` + file("key.pem", key) + `],"Tags":[{"Name":"prod"}],` +
		`"HasModifyEntriesAccess":` + modify + `,"HasViewEntryContentsAccess":true,` + noPrompts + `,` +
		`"UsageComment":null,"Id":"` + f.entry.String() + `","Name":"db <prod> & co","Username":"svc","Password":null,` +
		`"Url":"https://db.example/?a=1&b=2","Notes":"line 1\nline 2","GroupId":"` + f.team.String() + `",` +
		`"Created":"2024-03-05T09:15:17+00:00","Modified":"2024-03-06T10:00:00+00:00","Expires":null}`
}

func TestOldEntryByteForByte(t *testing.T) {
	f := newFixture(t)
	for who, modify := range map[string]string{"alice": "true", "bob": "false"} {
		got := f.want(yes, request{method: "GET", path: "/api/v4/rest/credential//" + f.entry.String(), as: who})
		if diff := cmp.Diff(f.oldEntry(modify, `"aGVsbG8="`, `"cHJpdmF0ZQ=="`), string(got.body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", who, diff)
		}
	}
	if n := f.actions()["entry.attachment ok"]; n != 4 {
		t.Errorf("%d records of attachments for two readings of two: %v", n, f.actions())
	}

	// What takes a comment does not come with the entry.
	f.setFlags(f.team, policy.CommentOnViewPassword)
	got := f.want(yes, request{method: "GET", path: v4 + "/credential/" + f.entry.String(), as: "bob"})
	want := strings.Replace(f.oldEntry("false", `"aGVsbG8="`, `null`), `ViewPassword":false`, `ViewPassword":true`, 1)
	if diff := cmp.Diff(want, string(got.body)); diff != "" {
		t.Errorf("with a prompt (-want +got):\n%s", diff)
	}
}

func TestOldFolderByteForByte(t *testing.T) {
	f := newFixture(t)
	got := f.want(yes, request{method: "GET", path: v4 + "/CredentialGroup/" + f.team.String() + "?recurseLevel=0", as: "alice"})
	var dates struct{ Created, Modified string }
	decode(t, got.body, &dates)
	want := `{"CustomUserFields":{},"CustomApplicationFields":{},"Attachments":[],"Tags":[],"HasModifyEntriesAccess":true,"HasViewEntryContentsAccess":true,` +
		noPrompts + `,"UsageComment":null,"Id":"` + f.team.String() + `","Name":"Team","ParentId":"` + f.catalog.Root().String() + `","Notes":"",` +
		`"Created":"` + dates.Created + `","Modified":"` + dates.Modified + `","Expires":null,"Credentials":[],"Children":[]}`
	if diff := cmp.Diff(want, string(got.body)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// In a listing the files are there, and their bytes are not.
	list := f.want(yes, request{method: "GET", path: v4 + "/credentialgroup//", as: "alice"})
	if !strings.Contains(string(list.body), f.oldEntry("true", "null", "null")) {
		t.Errorf("the tree does not hold the entry: %s", list.body)
	}
	if n := f.actions()["entry.attachment ok"]; n != 0 {
		t.Errorf("a listing reads %d files", n)
	}
	root := f.want(yes, request{method: "GET", path: v4 + "/credentialgroup/root", as: "alice"})
	if string(root.body) != `"`+f.catalog.Root().String()+`"` {
		t.Errorf("root: %s", root.body)
	}
}

// The bare token, a body with every member of the documentation's model, and
// the zero identifier that it misspells.
func TestOldEntryLife(t *testing.T) {
	f := newFixture(t)
	bare := map[string]string{"Authorization": f.token("alice")}
	made := f.want(yes, request{method: "POST", path: v4 + "/credential", header: bare, body: `{
		"Id":"00000000-0000-0000-0000-00000000000","Name":"new","Password":"p<1>","UserName":"u","Url":"https://x","Notes":"n",
		"GroupId":"` + f.team.String() + `","Created":"","Modified":"","Expires":"2030-01-02T00:00:00Z",
		"CustomUserFields":{"a":"1"},"CustomApplicationFields":{"IconId":"17"},"Tags":[{"Name":"t"}],"UsageComment":"why",
		"HasModifyEntriesAccess":false,"Attachments":[{"CredentialObjectId":"","FileName":"a.txt","FileData":"aGVsbG8="},{"FileName":"empty","FileData":""}]}`})
	var id string
	decode(t, made.body, &id)
	path := v4 + "/credential/" + id
	type shape struct {
		Name, Username, Url, Notes                string //nolint:staticcheck,revive // names of the wire
		CustomUserFields, CustomApplicationFields map[string]string
		Tags                                      []struct{ Name string }
		Expires                                   *string
		Attachments                               []struct{ FileName, FileData string }
	}
	read := func() (e shape) {
		decode(t, f.want(yes, request{method: "GET", path: path, header: bare}).body, &e)
		return e
	}
	password := func() string {
		return string(f.want(yes, request{method: "GET", path: path + "/password", header: bare}).body)
	}
	expires := "2030-01-02T00:00:00+00:00"
	want := shape{
		"new", "u", "https://x", "n",
		map[string]string{"a": "1"},
		map[string]string{"IconId": "17"},
		[]struct{ Name string }{{"t"}},
		&expires,
		[]struct{ FileName, FileData string }{{"a.txt", "aGVsbG8="}, {"empty", ""}},
	}
	if diff := cmp.Diff(want, read()); diff != "" || password() != `"p<1>"` {
		t.Fatalf("after POST (-want +got):\n%s\n%s", diff, password())
	}

	// One file changed, one dropped, one new, one sent back without its bytes.
	put := func(members string) {
		t.Helper()
		got := f.want(none, request{method: "PUT", path: path, header: bare, body: `{"Id":"` + id + `","Name":"put",` + members + `"GroupId":"` + f.team.String() + `"}`})
		if len(got.body) != 0 {
			t.Errorf("PUT has a body: %q", got.body)
		}
	}
	put(`"Password":null,"Username":"v","Attachments":[{"FileName":"a.txt","FileData":"eA=="},{"FileName":"b.txt","FileData":"eQ=="}],`)
	want = shape{
		Name: "put", Username: "v", CustomUserFields: map[string]string{}, CustomApplicationFields: map[string]string{},
		Tags:        []struct{ Name string }{},
		Attachments: []struct{ FileName, FileData string }{{"a.txt", "eA=="}, {"b.txt", "eQ=="}},
	}
	if diff := cmp.Diff(want, read()); diff != "" || password() != `"p<1>"` {
		t.Errorf("after PUT (-want +got):\n%s\n%s", diff, password())
	}
	put(`"Password":"p2","Attachments":[{"FileName":"b.txt","FileData":null},{"FileName":"a.txt","FileData":""}],`)
	want.Username, want.Attachments = "", []struct{ FileName, FileData string }{{"b.txt", "eQ=="}, {"a.txt", "eA=="}}
	if diff := cmp.Diff(want, read()); diff != "" || password() != `"p2"` {
		t.Errorf("after the second PUT (-want +got):\n%s\n%s", diff, password())
	}
	put("")
	if e := read(); len(e.Attachments) != 0 || password() != `"p2"` {
		t.Errorf("a PUT without attachments leaves %v, password %s", e.Attachments, password())
	}
	for _, body := range []string{`null`, `{}`, `{"Name":"x","Attachments":[{"FileName":"c"}]}`, `{"Name":"x","Attachments":[{"FileData":"eA=="}]}`} {
		f.want(invalid, request{method: "PUT", path: path, header: bare, body: body})
	}

	if got := f.want(none, request{method: "DELETE", path: path, header: bare}); len(got.body) != 0 {
		t.Errorf("DELETE has a body: %q", got.body)
	}
	f.want(unseen, request{method: "GET", path: path, header: bare})
	f.want(unseen, request{method: "DELETE", path: path, header: bare})
}

// A client of version 4 reads the whole object, changes a member, and puts the
// object back. Nothing else may change by that, not even the identifiers of the
// files, which newer versions show.
func TestOldPutOfWhatWasReadLosesNothing(t *testing.T) {
	f := newFixture(t)
	now := func() (e map[string]any) {
		decode(t, f.want(yes, request{method: "GET", path: v5 + "/entries/" + f.entry.String(), as: "alice"}).body, &e)
		delete(e, "Modified")
		return e
	}
	before := now()
	var tree struct{ Credentials []json.RawMessage }
	decode(t, f.want(yes, request{method: "GET", path: v4 + "/credentialgroup/" + f.team.String(), as: "alice"}).body, &tree)
	whole := f.want(yes, request{method: "GET", path: v4 + "/credential/" + f.entry.String(), as: "alice"}).body
	for name, body := range map[string]string{"entry": string(whole), "from a listing": string(tree.Credentials[0])} {
		f.want(none, request{method: "PUT", path: v4 + "/credential/" + f.entry.String(), as: "alice", body: strings.Replace(body, "line 1", name, 1)})
		before["Notes"] = name + "\nline 2"
		if diff := cmp.Diff(before, now()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	got := string(f.want(yes, request{method: "POST", path: own + "/entries/" + f.entry.String() + "/reveal", as: "alice"}).body)
	for _, kept := range []string{"r3c0very", "JBSWY3DPEHPK3PXP"} {
		if !strings.Contains(got, kept) {
			t.Errorf("%s is lost: %s", kept, got)
		}
	}
	file := f.want(yes, request{method: "GET", path: v5 + "/entries/" + f.entry.String() + "/attachments/" + f.protected.String(), as: "alice"})
	if !strings.Contains(string(file.body), `"cHJpdmF0ZQ=="`) {
		t.Errorf("the protected file: %s", file.body)
	}
}

func TestOldFolderLife(t *testing.T) {
	f := newFixture(t)
	var id string
	decode(t, f.want(yes, request{method: "POST", path: v4 + "/credentialgroup", as: "alice", body: `{"Id":"` + noID + `","Name":"New","ParentId":"` + f.team.String() +
		`","Notes":"n","Children":null,"Credentials":null,"Tags":[],"Attachments":[],"UsageComment":""}`}).body, &id)
	var sub struct{ Children []struct{ Id, Name string } } //nolint:staticcheck,revive // names of the wire
	decode(t, f.want(yes, request{method: "GET", path: v4 + "/credentialgroup/" + f.team.String(), as: "alice"}).body, &sub)
	other := sub.Children[0].Id
	if sub.Children[0].Name == "New" {
		other = sub.Children[1].Id
	}
	path := v4 + "/credentialgroup/" + id
	f.want(none, request{method: "PUT", path: path, as: "alice", body: `{"Id":"` + id + `","Name":"Renamed","ParentId":"` + other + `"}`})
	var shape folderShape
	decode(t, f.want(yes, request{method: "GET", path: path, as: "alice"}).body, &shape)
	if shape.Name != "Renamed" || shape.ParentId != other || shape.Notes == nil || *shape.Notes != "" {
		t.Errorf("after PUT: %+v", shape)
	}
	f.want(invalid, request{method: "PUT", path: path, as: "alice", body: `{"Id":"` + id + `","Notes":"x"}`})
	f.want(none, request{method: "DELETE", path: path, as: "alice"})
	f.want(unseen, request{method: "GET", path: path, as: "alice"})
}

// A file that one may not read does not get lost with who puts the entry back,
// and nobody finds out what is in it.
func TestOldPutWithoutTheProtectedFile(t *testing.T) {
	f := newFixture(t)
	f.setFlags(f.team, policy.CommentOnViewPassword)
	path := v4 + "/credential/" + f.entry.String()
	body := f.want(yes, request{method: "GET", path: path, as: "alice"}).body
	if strings.Contains(string(body), "cHJpdmF0ZQ==") {
		t.Fatalf("the protected file came without a comment: %s", body)
	}
	f.want(none, request{method: "PUT", path: path, as: "alice", body: string(body)})
	f.setFlags(f.team, 0)
	file := f.want(yes, request{method: "GET", path: v5 + "/entries/" + f.entry.String() + "/attachments/" + f.protected.String(), as: "alice"})
	if !strings.Contains(string(file.body), `"cHJpdmF0ZQ=="`) {
		t.Errorf("the protected file: %s", file.body)
	}
	if got := f.do(request{method: "PUT", path: path, as: "nobody", body: string(body)}); got.status != http.StatusNotFound {
		t.Errorf("somebody without a grant: %v", got)
	}
}
