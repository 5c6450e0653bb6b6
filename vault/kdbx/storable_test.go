package kdbx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

func entryWith(change func(*vault.Entry)) *vault.Entry {
	e := &vault.Entry{ID: id(5), Fields: []vault.Field{field("Title", "t")}}
	change(e)
	return e
}

func documentWith(e *vault.Entry) *kdbx.Document {
	return kdbx.NewDocument(&vault.Group{ID: id(1), Name: "Root", Entries: []*vault.Entry{e}})
}

// Storable and Write agree on what can be carried.
func TestStorable(t *testing.T) {
	value := func(name, text string) func(*vault.Entry) {
		return func(e *vault.Entry) { e.Fields = append(e.Fields, field(name, text)) }
	}
	for _, tt := range []struct {
		name   string
		change func(*vault.Entry)
		ok     bool
	}{
		{"nothing special", func(*vault.Entry) {}, true},
		{"XML", value("Notes", `<a href="x">&amp;</a>]]>`), true},
		{"tab and line end", value("Notes", "a\tb\r\nc\rd\n"), true},
		{"emoji", value("Notes", "👩‍👩‍👧‍👦"), true},
		{"delete", value("Notes", "a\x7fb"), true},
		{"control character", value("Notes", "a\x01b"), false},
		{"NUL", value("Notes", "a\x00b"), false},
		{"bad UTF-8", value("Notes", "a\xffb"), false},
		{"noncharacter", value("Notes", "a\uffffb"), false},
		{"control character, protected", value("PIN!", "a\x01b"), true},
		{"NUL, protected", value("PIN!", "a\x00b"), false},
		{"bad UTF-8, protected", value("PIN!", "a\xffb"), false},
		{"control character in a name", value("a\x01", "b"), false},
		{"field twice", value("Title", "again"), false},
		{"bad tag", func(e *vault.Entry) { e.Tags = []string{"a;b"} }, false},
		{"bad tag with a comma", func(e *vault.Entry) { e.Tags = []string{"a,b"} }, false},
		{"empty tag", func(e *vault.Entry) { e.Tags = []string{""} }, false},
		{"tag with blanks", func(e *vault.Entry) { e.Tags = []string{" a"} }, false},
		{"year 0", func(e *vault.Entry) { e.Times.Created = time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC) }, false},
		{"year 10000", func(e *vault.Entry) { e.Times.Expiry = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, false},
		{"year 9999", func(e *vault.Entry) { e.Times.Expiry = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }, true},
		{"attachment twice", func(e *vault.Entry) {
			e.Attachments = []vault.Attachment{{Name: "a", Binary: &vault.Binary{}}, {Name: "a", Binary: &vault.Binary{}}}
		}, false},
		{"attachment without content", func(e *vault.Entry) { e.Attachments = []vault.Attachment{{Name: "a"}} }, false},
		{"attachment without content in the history", func(e *vault.Entry) {
			e.History = []*vault.Entry{{Attachments: []vault.Attachment{{Name: "a"}}}}
		}, false},
		{"control character in the history", func(e *vault.Entry) {
			e.History = []*vault.Entry{{Fields: []vault.Field{field("Title", "\x01")}}}
		}, false},
		{"history in history", func(e *vault.Entry) {
			e.History = []*vault.Entry{{History: []*vault.Entry{{}}}}
		}, false},
		{"history of another", func(e *vault.Entry) { e.History = []*vault.Entry{{ID: id(6)}} }, false},
		{"control character in custom data", func(e *vault.Entry) { e.CustomData = []vault.CustomDatum{{Key: "\x02"}} }, false},
		{"control character in a window", func(e *vault.Entry) {
			e.AutoType.Associations = []vault.Association{{Window: "\x02"}}
		}, false},
		{"10,001 fields", func(e *vault.Entry) {
			for i := range 10_000 {
				e.Fields = append(e.Fields, field(fmt.Sprint("f", i), ""))
			}
		}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := entryWith(tt.change)
			errs := map[string]error{
				"Storable": kdbx.Storable(e),
				"Write":    kdbx.Write(context.Background(), io.Discard, documentWith(e), testKey(), cheapOptions()),
			}
			for by, err := range errs {
				if tt.ok {
					if err != nil {
						t.Errorf("%s: %v", by, err)
					}
					continue
				}
				var p *vault.Problem
				if !errors.As(err, &p) || p.Cause != vault.Unsupported {
					t.Errorf("%s: %v, want unsupported", by, err)
				} else if len(p.IDs) != 1 || p.IDs[0] != e.ID {
					t.Errorf("%s: ids %v, want the entry", by, p.IDs)
				}
			}
			if tt.ok {
				got, _ := read(t, write(t, documentWith(e), cheapOptions()))
				want := documentWith(e)
				if d := diff(want, got); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			}
		})
	}
}

func TestStorableGroup(t *testing.T) {
	if err := kdbx.StorableGroup(&vault.Group{ID: id(1), Name: "ok"}); err != nil {
		t.Error(err)
	}
	err := kdbx.StorableGroup(&vault.Group{ID: id(1), Name: "a\x01"})
	wantCause(t, err, vault.Unsupported)
}

func TestDocumentsThatAreNotWritten(t *testing.T) {
	e := func(n byte) *vault.Entry { return &vault.Entry{ID: id(n)} }
	loop := &vault.Group{ID: id(1)}
	loop.Groups = []*vault.Group{loop}
	for name, root := range map[string]*vault.Group{
		"no root":          nil,
		"group without ID": {},
		"entry without ID": {ID: id(1), Entries: []*vault.Entry{{}}},
		"two of one ID":    {ID: id(1), Entries: []*vault.Entry{e(2), e(2)}},
		"entry like group": {ID: id(1), Entries: []*vault.Entry{e(1)}},
		"group in itself":  loop,
		"257 groups deep":  nested(kdbx.MaxGroupDepth + 1).Root,
	} {
		t.Run(name, func(t *testing.T) {
			wantCause(t, kdbx.Write(context.Background(), io.Discard, kdbx.NewDocument(root), testKey(), cheapOptions()), vault.Unsupported)
			wantCause(t, kdbx.WriteXML(io.Discard, kdbx.NewDocument(root)), vault.Unsupported)
		})
	}
}

func TestDeepest(t *testing.T) {
	for _, depth := range []int{126, 127, kdbx.MaxGroupDepth} {
		want := nested(depth)
		got, _ := read(t, write(t, want, cheapOptions()))
		// By lines: cmp compares subtrees again at every level.
		if d := cmp.Diff(lines(want), lines(got)); d != "" {
			t.Errorf("%d groups deep (-want +got):\n%s", depth, d)
		}
	}
}
