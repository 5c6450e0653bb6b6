package server_test

import (
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
)

// Every prompt, in every version that has the request: without a comment it is
// refused, in the words of the API that was asked, and nothing happens; with
// one it happens, and the audit has the comment.
func TestCommentsAreAskedFor(t *testing.T) {
	f := newFixture(t)
	entry, team := f.entry.String(), f.team.String()
	id := func(add func() (vault.ID, error)) string {
		made, err := add()
		must(t, err)
		return made.String()
	}
	folder := func(parent vault.ID, name string) string {
		return id(func() (vault.ID, error) {
			return f.catalog.AddFolder(t.Context(), f.op, catalog.NewFolder{Parent: parent, Group: &vault.Group{Name: name}})
		})
	}
	file := func(name string) string {
		return id(func() (vault.ID, error) {
			return f.catalog.AddAttachment(t.Context(), f.op, f.entry, "", catalog.File{Name: name, Data: []byte(name)})
		})
	}
	target, group := folder(f.team, "target"), folder(f.team, "group")
	tests := []struct {
		name         string
		flag         policy.Flags
		method, path string
		without      string // the body without a comment
		with         string // with one; ?… goes to the path instead
		status       int
		action       string
	}{
		{"v5 password", policy.CommentOnViewPassword, "POST", v5 + "/entries/" + entry + "/password", `{"Comment":" "}`, `{"Comment":"why"}`, yes, catalog.ActionReveal},
		{"v4 password", policy.CommentOnViewPassword, "POST", v4 + "/credential/" + entry + "/password", ``, `{"comment":"why"}`, yes, catalog.ActionReveal},
		{"reveal", policy.CommentOnViewPassword, "POST", own + "/entries/" + entry + "/reveal", ``, `{"comment":"why"}`, yes, catalog.ActionReveal},
		{"v6 file", policy.CommentOnViewPassword, "GET", "/api/v6/rest/entries/" + entry + "/attachments/" + f.protected.String(), ``, `?comment=why`, yes, catalog.ActionAttachment},
		{"v5 files", policy.CommentOnViewPassword, "GET", v5 + "/entries/" + entry + "/attachments", ``, `?Comment=why`, yes, catalog.ActionAttachment},
		{"own file", policy.CommentOnViewPassword, "GET", own + "/entries/" + entry + "/attachments/" + f.protected.String(), ``, `?comment=why`, yes, catalog.ActionAttachment},

		{"v5 PATCH", policy.CommentOnModifyEntries, "PATCH", v5 + "/entries/" + entry, `{"Notes":"1"}`, `{"Notes":"1","UsageComment":"why"}`, none, catalog.ActionEditEntry},
		{"v5 PUT", policy.CommentOnModifyEntries, "PUT", v5 + "/entries/" + entry, `{"Item":{"Name":"2"}}`, `{"Item":{"Name":"2"},"Comment":"why"}`, none, catalog.ActionEditEntry},
		{"v6 raw PUT", policy.CommentOnModifyEntries, "PUT", "/api/v6/rest/credential/" + entry, `{"Name":"3"}`, `{"Name":"3","UsageComment":"why"}`, none, catalog.ActionEditEntry},
		{"v5 new file", policy.CommentOnModifyEntries, "POST", v5 + "/entries/" + entry + "/attachments", `{"FileName":"n","FileData":"eA=="}`, `{"FileName":"n","FileData":"eA==","Comment":"why"}`, yes, catalog.ActionEditEntry},
		{"v5 file replaced", policy.CommentOnModifyEntries, "PUT", v5 + "/entries/" + entry + "/attachments/" + file("put"), `{"FileData":"eA=="}`, `{"FileData":"eA==","Comment":"why"}`, yes, catalog.ActionEditEntry},
		{"v5 file removed", policy.CommentOnModifyEntries, "DELETE", v5 + "/entries/" + entry + "/attachments/" + file("gone"), ``, `{"Comment":"why"}`, none, catalog.ActionEditEntry},
		{"v4 PUT", policy.CommentOnModifyEntries, "PUT", v4 + "/credential/" + entry, `{"Name":"4","UsageComment":null}`, `{"Name":"4","UsageComment":"why"}`, none, catalog.ActionEditEntry},

		{"v5 move", policy.CommentOnMoveEntries, "PATCH", v5 + "/entries/" + entry, `{"GroupId":"` + target + `"}`, `{"GroupId":"` + target + `","UsageComment":"why"}`, none, catalog.ActionMoveEntry},
		{"v4 move", policy.CommentOnMoveEntries, "PUT", v4 + "/credential/" + entry, `{"Name":"4","GroupId":"` + team + `"}`, `{"Name":"4","GroupId":"` + team + `","UsageComment":"why"}`, none, catalog.ActionMoveEntry},
		{"v6 folder renamed", policy.CommentOnModifyFolders, "PATCH", "/api/v6/rest/folders/" + group, `{"Name":"1"}`, `{"Name":"1","UsageComment":"why"}`, none, catalog.ActionEditFolder},
		{"v5 folder PUT", policy.CommentOnModifyFolders, "PUT", v5 + "/folders/" + group, `{"Item":{"Name":"2"}}`, `{"Item":{"Name":"2"},"Comment":"why"}`, none, catalog.ActionEditFolder},
		{"v4 folder PUT", policy.CommentOnModifyFolders, "PUT", v4 + "/credentialgroup/" + group, `{"Name":"3"}`, `{"Name":"3","UsageComment":"why"}`, none, catalog.ActionEditFolder},
		{"v5 folder moved", policy.CommentOnMoveFolders, "PATCH", v5 + "/folders/" + group, `{"ParentId":"` + target + `"}`, `{"ParentId":"` + target + `","UsageComment":"why"}`, none, catalog.ActionMoveFolder},
		{"v5 folder removed", policy.CommentOnModifyFolders, "DELETE", v5 + "/folders/" + group, ``, `{"Action":"Archive","Comment":"why"}`, none, catalog.ActionRemoveFolder},
		{"v5 entry removed", policy.CommentOnModifyEntries, "DELETE", v5 + "/entries/" + entry, `{"Action":"Delete"}`, `{"Action":"Delete","Comment":"why"}`, none, catalog.ActionRemoveEntry},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.setFlags(f.team, tt.flag)
			before := f.actions()
			got := f.want(denied, request{method: tt.method, path: tt.path, as: "alice", body: tt.without})
			want := `{"error_message":"A comment is required."}`
			if strings.HasPrefix(tt.path, own) {
				want = `{"error":{"id":"comment_required","message":"A comment is required.","tries_left":null,"until":null}}`
			} else if got.header.Get("X-Tideover-Cause") != string(vault.CommentRequired) {
				t.Errorf("the cause is %q", got.header.Get("X-Tideover-Cause"))
			}
			if string(got.body) != want {
				t.Errorf("got  %s\nwant %s", got.body, want)
			}
			if n := f.actions()[tt.action+" ok"]; n != before[tt.action+" ok"] {
				t.Errorf("%d records of %s after the refusal, %d before", n, tt.action, before[tt.action+" ok"])
			}
			path, body := tt.path, tt.with
			if strings.HasPrefix(body, "?") {
				path, body = path+body, ""
			}
			f.want(tt.status, request{method: tt.method, path: path, as: "alice", body: body})
			last := catalog.AuditRecord{}
			for r, err := range f.catalog.Audit(t.Context(), f.op, catalog.AuditQuery{Action: tt.action}) {
				must(t, err)
				last = r
			}
			if last.Comment != "why" || last.Name != "alice" {
				t.Errorf("the audit's last %s: %+v", tt.action, last)
			}
		})
	}
}

// What is there stays what it was when something is added, so nobody is asked
// why; who says it anyway finds it in the audit.
func TestCommentsOfCreations(t *testing.T) {
	f := newFixture(t)
	f.setFlags(f.team, policy.CommentOnModifyEntries|policy.CommentOnModifyFolders)
	for _, r := range []request{
		{path: v5 + "/entries", body: `{"Name":"x","GroupId":"` + f.team.String() + `","UsageComment":"why"}`},
		{path: v4 + "/credential", body: `{"Name":"x","GroupId":"` + f.team.String() + `","UsageComment":"why"}`},
		{path: v5 + "/folders", body: `{"Name":"x","ParentId":"` + f.team.String() + `","UsageComment":"why"}`},
		{path: v4 + "/credentialgroup", body: `{"Name":"x","ParentId":"` + f.team.String() + `"}`},
	} {
		r.method, r.as = "POST", "alice"
		f.want(yes, r)
	}
	comments := map[string]string{}
	for _, action := range []string{catalog.ActionAddEntry, catalog.ActionAddFolder} {
		for r, err := range f.catalog.Audit(t.Context(), f.op, catalog.AuditQuery{Action: action}) {
			must(t, err)
			comments[action] += "," + r.Comment
		}
	}
	if comments[catalog.ActionAddEntry] != ",why,why" || comments[catalog.ActionAddFolder] != ",why," {
		t.Errorf("%q", comments)
	}
}
