package server_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault/policy"
)

// Roots of the two APIs.
const (
	v5  = "/api/v5/rest"
	own = "/api/tideover/v1"
)

// Clients of other people cut off the first and the last character of a bare
// string and never decode the rest, so each byte counts.
func TestBareStringsByteForByte(t *testing.T) {
	f := newFixture(t)
	root := f.want(yes, request{method: "GET", path: v5 + "/folders/root", as: "alice"})
	if want := `"` + f.catalog.Root().String() + `"`; string(root.body) != want {
		t.Errorf("root: got %q, want %q", root.body, want)
	}
	if got := root.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	escaped := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(entryPassword) + `"`
	for _, method := range []string{"GET", "POST"} {
		got := f.want(yes, request{method: method, path: v5 + "/entries/" + f.entry.String() + "/password", as: "alice"})
		if string(got.body) != escaped {
			t.Errorf("%s password: got %q, want %q", method, got.body, escaped)
		}
	}
	if got := f.want(yes, request{method: "GET", path: v5 + "/IsOfflineAvailable", as: "alice"}); string(got.body) != "false" {
		t.Errorf("offline available: %q", got.body)
	}
}

// The shape of an entry, whole: every member, in every version, null rather
// than absent.
func TestEntryByteForByte(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/api/v5/rest/entries/", "/api/v6/rest/credential/", "/api/V7/Rest/Entries/"} {
		got := f.want(yes, request{method: "GET", path: path + f.entry.String(), as: "bob"})
		want := `{"CustomUserFields":{"Owner":"team-db","Recovery":""},"CustomApplicationFields":{},` +
			`"Attachments":[` +
			`{"CredentialObjectId":"` + f.entry.String() + `","AttachmentId":"` + f.attachment.String() + `","FileName":"cert.pem","FileData":null,"FileSize":5},` +
			`{"CredentialObjectId":"` + f.entry.String() + `","AttachmentId":"` + f.protected.String() + `","FileName":"key.pem","FileData":null,"FileSize":7}],` +
			`"Tags":[{"Name":"prod"}],` +
			`"HasModifyEntriesAccess":false,"HasViewEntryContentsAccess":true,"HasViewEntryPasswordAccess":true,` +
			`"HasViewTOTPAccess":true,"HasModifyTOTPAccess":false,` +
			`"CommentPrompts":{"AskForCommentOnViewPassword":false,"AskForCommentOnViewOffline":false,"AskForCommentOnModifyEntries":false,` +
			`"AskForCommentOnMoveEntries":false,"AskForCommentOnMoveFolders":false,"AskForCommentOnModifyFolders":false},` +
			`"UsageComment":null,"Id":"` + f.entry.String() + `","Name":"db <prod> & co","Username":"svc","Password":null,` +
			`"Url":"https://db.example/?a=1&b=2","Notes":"line 1\nline 2","GroupId":"` + f.team.String() + `",` +
			`"Created":"2024-03-05T09:15:17+00:00","Modified":"2024-03-06T10:00:00+00:00","Expires":null,` +
			`"TOTPIssuer":"","TOTPSecret":"","TOTPDigits":6,"TOTPPeriod":30,"ProtectedFields":["Recovery"]}`
		if diff := cmp.Diff(want, string(got.body)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
}

// folderShape is what clients index in a folder.
type folderShape struct {
	Name, ParentId, Id string //nolint:staticcheck,revive // names of the wire
	Notes              *string
	Children           []folderShape
	Credentials        []struct{ Name, Id string } //nolint:staticcheck,revive // names of the wire
}

func (s folderShape) names() []string {
	out := []string{s.Name + "/"}
	for _, e := range s.Credentials {
		out = append(out, s.Name+"/"+e.Name)
	}
	for _, sub := range s.Children {
		for _, name := range sub.names() {
			out = append(out, s.Name+"/"+name)
		}
	}
	return out
}

func TestTreeShowsWhatOneMaySee(t *testing.T) {
	f := newFixture(t)
	tests := []struct {
		name, path, as string
		want           []string
	}{
		{"alice sees her folder", "/folders", "alice", []string{"Root/", "Root/Team/", "Root/Team/db <prod> & co", "Root/Team/Sub/", "Root/Team/Sub/in sub"}},
		{"old noun, slash", "/credentialgroup/", "alice", []string{"Root/", "Root/Team/", "Root/Team/db <prod> & co", "Root/Team/Sub/", "Root/Team/Sub/in sub"}},
		{"nobody sees the root alone", "/folders", "nobody", []string{"Root/"}},
		{"one level", "/folders/" + f.team.String(), "alice", []string{"Team/", "Team/db <prod> & co", "Team/Sub/"}},
		{"no level", "/folders/" + f.team.String() + "?recurseLevel=0", "alice", []string{"Team/"}},
		{"two levels, doubled slash", "//credentialgroup//" + f.team.String() + "?RecurseLevel=2", "alice", []string{"Team/", "Team/db <prod> & co", "Team/Sub/", "Team/Sub/in sub"}},
		{"upper-case id", "/folders/" + strings.ToUpper(f.team.String()), "alice", []string{"Team/", "Team/db <prod> & co", "Team/Sub/"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := f.want(yes, request{method: "GET", path: v5 + tt.path, as: tt.as})
			var shape folderShape
			decode(t, got.body, &shape)
			if diff := cmp.Diff(tt.want, shape.names()); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, got.body)
			}
			if strings.Contains(string(got.body), "a&b") || strings.Contains(string(got.body), "r3c0very") {
				t.Error("a password is in the tree")
			}
		})
	}
	var root folderShape
	decode(t, f.want(yes, request{method: "GET", path: v5 + "/folders", as: "admin"}).body, &root)
	if root.Name != "Root" || root.ParentId != "00000000-0000-0000-0000-000000000000" || root.Notes != nil {
		t.Errorf("the root is %q below %q with notes %v", root.Name, root.ParentId, root.Notes)
	}
}

// Create 200 with the identifier, PATCH, PUT and DELETE 204 without a body:
// clients compare the numbers.
func TestEntryLife(t *testing.T) {
	f := newFixture(t)
	made := f.want(yes, request{method: "POST", path: v5 + "/Entries/", as: "alice", body: `{
		"Id":"00000000-0000-0000-0000-00000000000","name":"new","USERNAME":"u","Password":"p<1>","GroupId":"` + f.team.String() + `",
		"Expires":"","UsageComment":"","Tags":null,"CustomUserFields":{"a":"1"},"TOTPDigits":"","Created":"","Unknown":[1]}`})
	var id string
	decode(t, made.body, &id)
	if string(made.body) != `"`+id+`"` || len(id) != 36 || id[14] != '4' {
		t.Fatalf("created %q", made.body)
	}
	path := v5 + "/entries/" + id
	read := func() (e struct {
		Name, Username, Url, Notes string //nolint:staticcheck,revive // names of the wire
		CustomUserFields           map[string]string
		Expires, Created, Modified *string
	},
	) {
		decode(t, f.want(yes, request{method: "GET", path: path, as: "alice"}).body, &e)
		return e
	}
	password := func() string {
		return string(f.want(yes, request{method: "GET", path: path + "/password", as: "alice"}).body)
	}
	if e := read(); e.Name != "new" || e.Username != "u" || e.CustomUserFields["a"] != "1" || e.Created == nil || e.Modified == nil || password() != `"p<1>"` {
		t.Errorf("after POST: %+v %s", e, password())
	}

	if got := f.want(none, request{method: "PATCH", path: path, as: "alice", body: `{"Notes":"n","Expires":"2030-01-02"}`}); len(got.body) != 0 {
		t.Errorf("PATCH has a body: %q", got.body)
	}
	if e := read(); e.Name != "new" || e.Notes != "n" || e.Expires == nil || password() != `"p<1>"` {
		t.Errorf("after PATCH: %+v", e)
	}

	f.want(none, request{method: "PUT", path: path, as: "alice", body: `{"Item":{"Name":"put","Url":"https://x"},"Comment":"why"}`})
	if e := read(); e.Name != "put" || e.Url != "https://x" || e.Notes != "" || e.Username != "" || len(e.CustomUserFields) != 0 || e.Expires != nil {
		t.Errorf("after PUT: %+v", e)
	}
	if password() != `"p<1>"` {
		t.Errorf("PUT without a password changed it: %s", password())
	}
	f.want(none, request{method: "PUT", path: "/api/v6/rest/credential/" + id, as: "alice", body: `{"Id":"` + id + `","Name":"raw","Password":""}`})
	if e := read(); e.Name != "raw" || password() != `""` {
		t.Errorf("after raw PUT: %+v %s", e, password())
	}

	if got := f.want(none, request{method: "DELETE", path: path, as: "alice", body: `{"Action":"Delete","Comment":"c"}`}); len(got.body) != 0 {
		t.Errorf("DELETE has a body: %q", got.body)
	}
	gone := f.want(unseen, request{method: "GET", path: path, as: "alice"})
	if string(gone.body) != `{"error_message":"Cannot find the requested entry."}` {
		t.Errorf("404 body: %s", gone.body)
	}
}

// What the API withholds must survive a client that reads an entry, changes
// one thing and sends everything back.
func TestPutOfWhatWasReadLosesNothing(t *testing.T) {
	f := newFixture(t)
	path := v5 + "/entries/" + f.entry.String()
	var e map[string]any
	decode(t, f.want(yes, request{method: "GET", path: path, as: "alice"}).body, &e)
	e["Notes"] = "changed"
	item, err := json.Marshal(map[string]any{"Item": e, "Comment": ""})
	must(t, err)
	f.want(none, request{method: "PUT", path: path, as: "alice", body: string(item)})
	got := f.want(yes, request{method: "POST", path: "/api/tideover/v1/entries/" + f.entry.String() + "/reveal", as: "alice"})
	for _, kept := range []string{"r3c0very", "JBSWY3DPEHPK3PXP", "cert.pem", "changed"} {
		if !strings.Contains(string(got.body), kept) {
			t.Errorf("%s is lost: %s", kept, got.body)
		}
	}
	if p := f.want(yes, request{method: "GET", path: path + "/password", as: "alice"}); len(p.body) < 10 {
		t.Errorf("the password is lost: %s", p.body)
	}
}

func TestFolderLife(t *testing.T) {
	f := newFixture(t)
	var id string
	decode(t, f.want(yes, request{method: "POST", path: "/api/v6/rest/credentialgroup", as: "alice", body: `{"Name":"New","ParentId":"` + f.team.String() + `"}`}).body, &id)
	path := "/api/v6/rest/folders/" + id
	f.want(none, request{method: "PATCH", path: path, as: "alice", body: `{"Notes":"n"}`})
	f.want(none, request{method: "PUT", path: "/api/v6/rest/credentialgroup/" + id, as: "alice", body: `{"Id":"` + id + `","Name":"Renamed","ParentId":"` + f.team.String() + `","Notes":"m"}`})
	var shape folderShape
	decode(t, f.want(yes, request{method: "GET", path: path, as: "alice"}).body, &shape)
	if shape.Name != "Renamed" || shape.Notes == nil || *shape.Notes != "m" {
		t.Errorf("got %+v", shape)
	}
	f.want(none, request{method: "DELETE", path: path, as: "alice", body: `{"Action":"Archive","Comment":""}`})
	gone := f.want(unseen, request{method: "GET", path: path, as: "alice"})
	if string(gone.body) != `{"error_message":"Cannot find the requested folder."}` {
		t.Errorf("404 body: %s", gone.body)
	}
}

func TestAttachments(t *testing.T) {
	f := newFixture(t)
	base := v5 + "/entries/" + f.entry.String() + "/attachments"
	type shape struct {
		CredentialObjectId, AttachmentId, FileName, FileData string //nolint:staticcheck,revive // names of the wire
		FileSize                                             int
	}
	var list []shape
	decode(t, f.want(yes, request{method: "GET", path: base, as: "bob"}).body, &list)
	want := []shape{
		{f.entry.String(), f.attachment.String(), "cert.pem", "aGVsbG8=", 5},
		{f.entry.String(), f.protected.String(), "key.pem", "cHJpdmF0ZQ==", 7},
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	data := strings.Repeat("x", 100_000)
	var id string
	made := f.want(yes, request{method: "POST", path: base, as: "alice", body: `{"FileName":"big.bin","FileData":"` + base64.StdEncoding.EncodeToString([]byte(data)) + `"}`})
	decode(t, made.body, &id)
	var one shape
	decode(t, f.want(yes, request{method: "GET", path: strings.Replace(base, "v5", "v6", 1) + "/" + id, as: "alice"}).body, &one)
	if got, err := base64.StdEncoding.DecodeString(one.FileData); err != nil || string(got) != data {
		t.Errorf("the file came back different: %v, %d bytes", err, len(got))
	}
	f.want(none, request{method: "DELETE", path: base + "/" + id, as: "alice"})
	gone := f.want(unseen, request{method: "GET", path: base + "/" + id, as: "alice"})
	if string(gone.body) != `{"error_message":"Cannot find the requested attachment."}` {
		t.Errorf("404 body: %s", gone.body)
	}
	// An attachment of another entry, under an entry that one may see.
	f.want(unseen, request{method: "GET", path: v5 + "/entries/" + f.hidden.String() + "/attachments/" + f.attachment.String(), as: "alice"})
}

func TestSearchByteForByte(t *testing.T) {
	f := newFixture(t)
	got := f.want(yes, request{method: "POST", path: v5 + "/search", as: "alice", body: `{"search":"DB <"}`})
	want := `{"Credentials":[{"Id":"` + f.entry.String() + `","Name":"db <prod> & co","Username":"svc","Url":"https://db.example/?a=1&b=2",` +
		`"Notes":"line 1\nline 2","GroupId":"` + f.team.String() + `","Path":"Root/Team/","Tags":"prod"}],"Groups":[]}`
	if string(got.body) != want {
		t.Errorf("got  %s\nwant %s", got.body, want)
	}
	folders := f.want(yes, request{method: "POST", path: v5 + "/search", as: "alice", body: `{"Search":"su"}`})
	if !strings.Contains(string(folders.body), `"Name":"Sub","FullPath":"Root/Team/Sub/"`) {
		t.Errorf("got %s", folders.body)
	}
	root := f.want(yes, request{method: "POST", path: v5 + "/search", as: "nobody", body: `{"Search":"Root"}`})
	if want := `{"Credentials":[],"Groups":[{"Id":"` + f.catalog.Root().String() + `","Name":"Root","FullPath":"Root/"}]}`; string(root.body) != want {
		t.Errorf("got  %s\nwant %s", root.body, want)
	}
	empty := f.want(yes, request{method: "POST", path: v5 + "/search", as: "nobody", body: `{"Search":"db"}`})
	if string(empty.body) != `{"Credentials":[],"Groups":[]}` {
		t.Errorf("got %s", empty.body)
	}
}

func TestCommentIsAskedFor(t *testing.T) {
	f := newFixture(t)
	f.setFlags(f.team, policy.CommentOnViewPassword)
	path := v5 + "/entries/" + f.entry.String() + "/password"
	got := f.want(denied, request{method: "GET", path: path, as: "alice"})
	if !strings.HasPrefix(string(got.body), `{"error_message":"A comment is required.`) {
		t.Errorf("got %s", got.body)
	}
	f.want(denied, request{method: "POST", path: path, as: "alice", body: `{"comment":""}`})
	f.want(yes, request{method: "POST", path: path, as: "alice", body: `{"comment":"on call"}`})
}

func TestOtherAnswers(t *testing.T) {
	f := newFixture(t)
	tests := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", v5 + "/GetServerInfo", "", yes, `{"ServerVersion":"test","NetVersion":"","OsVersion":"","PortSettings":"","DnsInformation":"","Ping":""}`},
		{"GET", "/api/v6/rest/about", "", yes, `{"ServerVersion":"test","NetVersion":"","OsVersion":"","PortSettings":"","DnsInformation":"","Ping":""}`},
		{"POST", v5 + "/passwordstrength", `{"Password":"password"}`, yes, `{"NumericalStrength":0,"DescriptiveStrength":"Very Weak"}`},
		{"GET", "/api/v4/rest/folders", "", unseen, `{"Message":"No HTTP resource was found that matches the request URI '/api/v4/rest/folders'."}`},
		{"PATCH", "/api/v4/rest/credential/" + f.entry.String(), "{}", http.StatusMethodNotAllowed, `{"Message":"The requested resource does not support http method 'PATCH'."}`},
		{"POST", "/api/v4/rest/OfflinePackage", "{}", unseen, `{"Message":"No HTTP resource was found that matches the request URI '/api/v4/rest/OfflinePackage'."}`},
		{"PUT", v5 + "/entries/" + f.entry.String(), "{}", invalid, `{"error_message":"The request is not well formed. (Name is missing)"}`},
		{"GET", v5 + "/nothing", "", unseen, `{"Message":"No HTTP resource was found that matches the request URI '/api/v5/rest/nothing'."}`},
		{"PUT", v5 + "/search", "", http.StatusMethodNotAllowed, `{"Message":"The requested resource does not support http method 'PUT'."}`},
		{"GET", v5 + "/entries/" + f.hidden.String(), "", unseen, `{"error_message":"Cannot find the requested entry."}`},
		{"POST", v5 + "/entries", `{"Name":"x"}`, invalid, `{"error_message":"The request is not well formed. (GroupId is missing)"}`},
		{"DELETE", v5 + "/entries/" + f.entry.String(), `{"Action":"Burn"}`, invalid, `{"error_message":"The request is not well formed. (Action is neither Archive nor Delete)"}`},
	}
	for _, tt := range tests {
		got := f.want(tt.status, request{method: tt.method, path: tt.path, as: "alice", body: tt.body})
		if string(got.body) != tt.want {
			t.Errorf("%s %s\ngot  %s\nwant %s", tt.method, tt.path, got.body, tt.want)
		}
	}
	var levels []map[string]any
	decode(t, f.want(yes, request{method: "GET", path: v5 + "/AccessLevels", as: "alice"}).body, &levels)
	offline := map[any]any{}
	for _, l := range levels {
		offline[l["Name"]] = l["ViewOffline"]
	}
	if len(levels) != 8 || offline["Read-Only"] != false || offline["Full + Offline"] != true {
		t.Errorf("access levels: %v", levels)
	}
}

const invalid = http.StatusBadRequest
