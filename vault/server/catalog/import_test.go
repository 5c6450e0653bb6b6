package catalog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

// bigFile takes several chunks, the last one short.
func bigFile() []byte { return bytes.Repeat([]byte("0123456789abcdef"), 2*store.ChunkBytes/16+5) }

// richContent uses everything that an entry can have.
func richContent() *vault.Content {
	at := func(day int) time.Time { return time.Date(2023, 5, day, 10, 0, 0, 0, time.UTC) }
	icon := vault.CustomIcon{ID: vault.NewID(), Data: []byte("\x89PNG picture"), Name: "logo", Modified: at(1)}
	shared := &vault.Binary{Data: bigFile(), Protected: true}
	plain := &vault.Binary{Data: []byte("readme")}
	id := vault.NewID()
	version := func(n int, files ...vault.Attachment) *vault.Entry {
		e := &vault.Entry{
			ID: id, Attachments: files, Tags: []string{"a", "b"}, Icon: vault.Icon{Standard: 3, Custom: icon.ID},
			Foreground: "#010203", Background: "#FFFFFF", OverrideURL: "cmd://calc", NoQualityCheck: true,
			Times: vault.Times{
				Created: at(1), Modified: at(n), Accessed: at(n), LocationChanged: at(1),
				Expiry: at(30), Expires: n%2 == 0, UsageCount: uint64(n),
			},
			AutoType: vault.AutoType{
				Enabled: true, Obfuscation: 1, DefaultSequence: "{PASSWORD}{ENTER}",
				Associations: []vault.Association{{Window: "Firefox*", Sequence: "{TAB}"}},
			},
			CustomData: []vault.CustomDatum{{Key: "BrowserAllowed", Value: "yes", Modified: at(2)}},
			Unknown:    []vault.Raw{vault.Raw("<Plugin>x</Plugin>")},
		}
		e.Set(vault.FieldTitle, vault.SecretText("rich"), false)
		e.Set(vault.FieldUsername, vault.SecretText("ünï\ncode"), false)
		e.Set(vault.FieldPassword, vault.SecretText(fmt.Sprintf("pw %d", n)), true)
		e.Set(vault.FieldOTP, vault.SecretText("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"), true)
		e.Set("Empty", vault.Secret{}, true)
		return e
	}
	rich := version(4, vault.Attachment{Name: "big", Binary: shared}, vault.Attachment{Name: "copy", Binary: shared}, vault.Attachment{Name: "readme", Binary: plain})
	rich.History = []*vault.Entry{
		version(1),
		version(2, vault.Attachment{Name: "gone", Binary: plain}),
		version(3, vault.Attachment{Name: "readme", Binary: plain}, vault.Attachment{Name: "big", Binary: shared}),
	}
	inner := &vault.Group{
		ID: vault.NewID(), Name: "In / ner\\", Notes: "notes", Icon: vault.Icon{Standard: 48}, Expanded: true,
		Times:                   vault.Times{Created: at(1), Modified: at(2), Accessed: at(3), LocationChanged: at(4)},
		DefaultAutoTypeSequence: "{TAB}", EnableAutoType: vault.No, EnableSearching: vault.Yes,
		Tags: []string{"x"}, CustomData: []vault.CustomDatum{{Key: "k", Value: "v"}}, Unknown: []vault.Raw{vault.Raw("<G/>")},
		Entries: []*vault.Entry{rich},
	}
	rich.PreviousParent = inner.ID
	empty := &vault.Entry{ID: vault.NewID(), Times: vault.Times{Created: at(1), Modified: at(1), Accessed: at(1), LocationChanged: at(1)}}
	return &vault.Content{
		Icons: []vault.CustomIcon{icon},
		Root:  &vault.Group{Name: "file", Groups: []*vault.Group{inner}, Entries: []*vault.Entry{empty}},
	}
}

// unpack reads a package as a client would build its content of it.
func unpack(t testing.TB, p *catalog.Package) *vault.Content {
	t.Helper()
	out := &vault.Content{Icons: append([]vault.CustomIcon(nil), p.Icons...)}
	groups := make([]*vault.Group, len(p.Folders))
	for i, f := range p.Folders {
		groups[i] = f.Group
		if f.Parent >= 0 {
			groups[f.Parent].Groups = append(groups[f.Parent].Groups, f.Group)
		}
	}
	out.Root = groups[0]
	n := 0
	for e, err := range p.Entries(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		groups[e.Folder].Entries = append(groups[e.Folder].Entries, clone(e.Entry))
		n++
	}
	if n != p.Count {
		t.Errorf("%d entries came, %d were announced", n, p.Count)
	}
	return out
}

// clone copies an entry: those of a package are wiped and used again.
func clone(e *vault.Entry) *vault.Entry {
	out := *e
	out.Fields = append([]vault.Field(nil), e.Fields...)
	for i := range out.Fields {
		out.Fields[i].Value = out.Fields[i].Value.Clone()
	}
	out.Attachments = append([]vault.Attachment(nil), e.Attachments...)
	for i, a := range out.Attachments {
		out.Attachments[i].Binary = &vault.Binary{Data: bytes.Clone(a.Binary.Data), Protected: a.Binary.Protected}
	}
	out.Tags = append([]string(nil), e.Tags...)
	out.Unknown = nil
	for _, r := range e.Unknown {
		out.Unknown = append(out.Unknown, bytes.Clone(r))
	}
	out.History = nil
	for _, h := range e.History {
		out.History = append(out.History, clone(h))
	}
	return &out
}

var sameSecrets = cmp.Options{
	cmp.Comparer(func(a, b vault.Secret) bool { return a.Equal(b) }),
	cmp.Comparer(func(a, b *vault.Binary) bool { return a.Protected == b.Protected && bytes.Equal(a.Data, b.Data) }),
}

// What goes in comes out, history, files and unknown elements included.
func TestImportIsLossless(t *testing.T) { losslessImport(t, newServer(t)) }

func losslessImport(t *testing.T, s *server) {
	ctx := context.Background()
	want := richContent()
	done, err := s.Import(ctx, s.op, "/Imported/Files", want)
	s.must(err)
	if done.Entries != 2 || done.Folders != 1 || done.Versions != 3 || done.Attachments != 3 || done.Renumbered != 0 {
		t.Errorf("done: %+v", done)
	}
	s.user("alice", catalog.Administrators)
	s.must(s.Set(ctx, s.op, "offline_package", "on"))
	p, err := s.Package(ctx, s.signIn("alice"), catalog.PackageRequest{})
	s.must(err)
	got := unpack(t, p)
	at := got.Root.Groups[0].Groups[0]
	if at.Name != "Files" || at.ID != done.Root {
		t.Fatalf("the content is in %q", at.Name)
	}
	for _, diff := range []string{
		cmp.Diff(want.Root.Groups, at.Groups, sameSecrets, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(vault.Attachment{}, "ID")),
		cmp.Diff(want.Root.Entries, at.Entries, sameSecrets, cmpopts.EquateEmpty()),
		cmp.Diff(want.Icons, got.Icons),
	} {
		if diff != "" {
			t.Error(diff)
		}
	}
	// Files that stay through versions are one attachment.
	rich := at.Groups[0].Entries[0]
	if a, b := rich.History[2].Attachments[1].ID, rich.Attachments[0].ID; a != b || a.IsZero() {
		t.Errorf("%q is %v in the history and %v now", "big", a, b)
	}
	if err := kdbx.Storable(rich); err != nil {
		t.Error(err)
	}
}

// Identifiers that are taken, or that other people's clients do not recognise,
// are replaced, and what refers to them follows.
func TestImportTwice(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	c := richContent()
	_, err := s.Import(ctx, s.op, "/A", c)
	s.must(err)
	again, err := s.Import(ctx, s.op, "/B", c)
	s.must(err)
	if again.Renumbered != 3 {
		t.Errorf("renumbered %d, want 3", again.Renumbered)
	}
	n, err := s.Resolve(ctx, s.op, `/B/In \/ ner\\/rich`, catalog.EntryNode)
	s.must(err)
	e, err := s.Entry(ctx, s.op, n.ID)
	s.must(err)
	if e.PreviousParent != e.Folder || e.PreviousParent == c.Root.Groups[0].ID {
		t.Errorf("previous parent %v, folder %v", e.PreviousParent, e.Folder)
	}
	for _, h := range e.History {
		if h.ID != e.ID {
			t.Errorf("a version in the history has identifier %v, the entry %v", h.ID, e.ID)
		}
	}
	icons, err := s.Icons(ctx, s.op)
	if err != nil || len(icons) != 1 {
		t.Errorf("%d icons, %v", len(icons), err)
	}
	odd := &vault.Content{Root: &vault.Group{Groups: []*vault.Group{
		{ID: vault.ID{1}, Name: "x"},
		{ID: vault.ID{1}, Name: "y", Entries: []*vault.Entry{newEntry("one"), newEntry("two")}},
	}}}
	done, err := s.Import(ctx, s.op, "/C", odd)
	s.must(err)
	if done.Renumbered != 4 {
		t.Errorf("renumbered %d, want 4", done.Renumbered)
	}
}

func TestImportRefuses(t *testing.T) {
	s := newServer(t)
	ctx := context.Background()
	deep := &vault.Group{Name: "0"}
	root := &vault.Group{Groups: []*vault.Group{deep}}
	for range 300 {
		next := &vault.Group{ID: vault.NewID(), Name: "x"}
		deep.Groups = []*vault.Group{next}
		deep = next
	}
	twin := newEntry("twin")
	twin.Fields = append(twin.Fields, twin.Fields[0])
	huge := newEntry("huge")
	huge.Set(vault.FieldNotes, vault.SecretText(strings.Repeat("x", 5<<20)), false)
	lost := newEntry("lost")
	lost.Attachments = []vault.Attachment{{Name: "x"}}
	s.folder("/Twice")
	_, err := s.AddFolder(ctx, s.op, catalog.NewFolder{Parent: s.Root(), Group: &vault.Group{Name: "Twice"}})
	s.must(err)
	s.user("bob")
	s.folder("/Twice2")
	s.grant("bob", "/Twice2", "Read-Only", time.Time{})
	for _, c := range []struct {
		name string
		by   *catalog.Caller
		into string
		root *vault.Group
		want vault.Cause
	}{
		{"too deep", s.op, "/X", root, vault.Usage},
		{"field twice", s.op, "/X", &vault.Group{Entries: []*vault.Entry{twin}}, vault.Usage},
		{"too large", s.op, "/X", &vault.Group{Entries: []*vault.Entry{huge}}, vault.Hostile},
		{"file without content", s.op, "/X", &vault.Group{Entries: []*vault.Entry{lost}}, vault.Usage},
		{"ambiguous path", s.op, "/Twice", &vault.Group{}, vault.Ambiguous},
		{"not a path", s.op, "/a//b", &vault.Group{}, vault.Usage},
		{"may only read", s.signIn("bob"), "/Twice2", &vault.Group{}, vault.NotPermitted},
		{"sees nothing", s.signIn("bob"), "/Hidden", &vault.Group{}, vault.NotFound},
	} {
		_, err := s.Import(ctx, c.by, c.into, &vault.Content{Root: c.root})
		var p *vault.Problem
		if !errors.As(err, &p) || p.Cause != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	if _, err := s.Resolve(ctx, s.op, "/X", 0); cause(err) != vault.NotFound {
		t.Errorf("a refused import left something: %v", err)
	}
}
