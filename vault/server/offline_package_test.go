package server_test

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// packageShape is what harmos and the official documentation read.
type packageShape struct {
	Root struct {
		folderShape
		Children []struct {
			Name        string
			Credentials []struct {
				Name, Password, TOTPSecret string
				CustomUserFields           map[string]string
				Attachments                []struct{ AttachmentId, FileName string } //nolint:staticcheck,revive // names of the wire
			}
			Children []json.RawMessage
		}
	}
	Attachments []struct {
		CredentialObjectId, AttachmentId, FileName string //nolint:staticcheck,revive // names of the wire
		FileData                                   *string
		FileSize                                   int
	}
	Expiry string
}

func TestOfflinePackageIsOffAtFirst(t *testing.T) {
	f := newFixture(t)
	got := f.want(denied, request{method: "POST", path: v5 + "/OfflinePackage", as: "alice", body: `{"Comment":"c"}`})
	if !strings.HasPrefix(string(got.body), `{"error_message":"`) {
		t.Errorf("got %s", got.body)
	}
	if got := f.want(yes, request{method: "GET", path: v5 + "/IsOfflineAvailable", as: "alice"}); string(got.body) != "false" {
		t.Errorf("available: %s", got.body)
	}
	must(t, f.catalog.Set(t.Context(), f.op, "offline_package", "on"))
	for who, want := range map[string]string{"alice": "true", "bob": "false", "nobody": "false"} {
		if got := f.want(yes, request{method: "GET", path: v5 + "/IsOfflineAvailable", as: who}); string(got.body) != want {
			t.Errorf("available to %s: %s", who, got.body)
		}
	}
}

// Where the policy demands proof of a chip, a client that has none gets nothing,
// is told before that there is nothing, and the operator sees why.
func TestOfflinePackageWithoutProof(t *testing.T) {
	f := newFixture(t)
	ctx := t.Context()
	must(t, f.catalog.Set(ctx, f.op, "offline_package", "on"))
	for _, c := range []struct{ key, on, off string }{{"require_proven", "on", "off"}, {"security_key", "required", "allowed"}} {
		must(t, f.catalog.Set(ctx, f.op, c.key, c.on))
		before := len(f.records(f.entry))
		got := f.want(denied, request{method: "POST", path: v5 + "/OfflinePackage", as: "alice", body: `{"Comment":"c"}`})
		if strings.Contains(string(got.body), "svc") || len(f.records(f.entry)) != before {
			t.Errorf("%s: got %s, %d records", c.key, got.body, len(f.records(f.entry))-before)
		}
		if got := f.want(yes, request{method: "GET", path: v5 + "/IsOfflineAvailable", as: "alice"}); string(got.body) != "false" {
			t.Errorf("%s: available: %s", c.key, got.body)
		}
		settings, err := f.catalog.Settings(ctx, f.op)
		must(t, err)
		if s := settings[1]; s.Key != "offline_package" || !strings.HasPrefix(s.Unmet, c.key) {
			t.Errorf("%s: setting %+v", c.key, s)
		}
		must(t, f.catalog.Set(ctx, f.op, c.key, c.off))
		f.want(yes, request{method: "POST", path: v5 + "/OfflinePackage", as: "alice", body: `{"Comment":"c"}`})
	}
}

func TestOfflinePackageJSON(t *testing.T) {
	f := newFixture(t)
	must(t, f.catalog.Set(t.Context(), f.op, "offline_package", "on"))
	got := f.want(yes, request{method: "POST", path: v5 + "/OfflinePackage", as: "alice", body: `{"Comment":"travel"}`})
	if ct := got.header.Get("Content-Type"); ct != "application/json; charset=utf-8" {
		t.Errorf("content type %q", ct)
	}
	var p packageShape
	decode(t, got.body, &p)
	checkPackage(t, f, p)
	for i, want := range []string{"hello", "private"} {
		data, err := base64.StdEncoding.DecodeString(*p.Attachments[i].FileData)
		if err != nil || string(data) != want {
			t.Errorf("attachment %d: %q, %v", i, data, err)
		}
	}
}

func TestOfflinePackageZIP(t *testing.T) {
	f := newFixture(t)
	must(t, f.catalog.Set(t.Context(), f.op, "offline_package", "on"))
	for _, r := range []request{
		{method: "POST", path: "/api/v6/rest/OfflinePackage", as: "alice"},
		{method: "POST", path: "/api/v7/rest/offlinepackage", as: "alice", body: `{"Comment":"c"}`},
		{method: "POST", path: v5 + "/OfflinePackage", as: "alice", header: map[string]string{"Accept": "application/zip"}},
	} {
		got := f.want(yes, r)
		if ct := got.header.Get("Content-Type"); ct != "application/zip" {
			t.Errorf("%s: content type %q", r.path, ct)
		}
		archive, err := zip.NewReader(bytes.NewReader(got.body), int64(len(got.body)))
		must(t, err)
		members := map[string]string{}
		var p packageShape
		for _, file := range archive.File {
			in, err := file.Open()
			must(t, err)
			content, err := io.ReadAll(in)
			must(t, err)
			if strings.HasSuffix(file.Name, ".json") {
				decode(t, content, &p)
				continue
			}
			members[file.Name] = string(content)
		}
		checkPackage(t, f, p)
		want := map[string]string{f.attachment.String(): "hello", f.protected.String(): "private"}
		if diff := cmp.Diff(want, members); diff != "" {
			t.Errorf("%s: members (-want +got):\n%s", r.path, diff)
		}
		for _, a := range p.Attachments {
			if a.FileData != nil {
				t.Errorf("%s: %s has its bytes in the manifest too", r.path, a.FileName)
			}
		}
	}
}

func checkPackage(t *testing.T, f *fixture, p packageShape) {
	t.Helper()
	if p.Root.Name != "Root" || len(p.Root.Children) != 1 || p.Root.Children[0].Name != "Team" || len(p.Root.Children[0].Children) != 1 {
		t.Fatalf("tree: %+v", p.Root)
	}
	e := p.Root.Children[0].Credentials[0]
	if e.Password != entryPassword || e.TOTPSecret != "JBSWY3DPEHPK3PXP" || e.CustomUserFields["Recovery"] != "r3c0very" {
		t.Errorf("the entry is not whole: %+v", e)
	}
	if len(e.Attachments) != 2 || len(p.Attachments) != 2 || p.Attachments[0].AttachmentId != f.attachment.String() {
		t.Errorf("attachments: %+v, %+v", e.Attachments, p.Attachments)
	}
	if p.Expiry == "" || strings.HasPrefix(p.Expiry, "9999") {
		t.Errorf("the package never ends: %q", p.Expiry)
	}
}

// One record for each password, before the first byte.
func TestOfflinePackageIsAudited(t *testing.T) {
	f := newFixture(t)
	must(t, f.catalog.Set(t.Context(), f.op, "offline_package", "on"))
	before := len(f.records(f.entry))
	f.want(yes, request{method: "POST", path: v5 + "/OfflinePackage", as: "alice", body: `{"Comment":"travel"}`})
	after := f.records(f.entry)
	if len(after) != before+1 {
		t.Fatalf("%d records for the entry became %d", before, len(after))
	}
	if last := after[len(after)-1]; last.Name != "alice" || last.Comment != "travel" || last.Outcome != "ok" {
		t.Errorf("got %+v", last)
	}
}
