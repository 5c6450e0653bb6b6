package catalog

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
)

// fullContent has a value in every member.
func fullContent() content {
	at := time.Date(2024, 2, 29, 23, 59, 58, 0, time.UTC)
	e := &vault.Entry{
		ID: vault.ID{1},
		Fields: []vault.Field{
			{Name: vault.FieldTitle, Value: vault.SecretText("Bücher & <XML>")},
			{Name: vault.FieldPassword, Value: vault.SecretText("p\x00\xff"), Protected: true},
			{Name: "", Value: vault.Secret{}},
		},
		Attachments: []vault.Attachment{{ID: vault.ID{2}, Name: "a.txt"}, {ID: vault.ID{3}, Name: "b"}},
		Tags:        []string{"prod", "ä,b"},
		Icon:        vault.Icon{Standard: 68, Custom: vault.ID{4}},
		Foreground:  "#112233", Background: "#445566", OverrideURL: "cmd://x",
		NoQualityCheck: true, PreviousParent: vault.ID{5},
		Times: vault.Times{
			Created: at, Modified: at.Add(time.Hour), Accessed: time.Unix(-1, 999_999_999).UTC(),
			LocationChanged: time.Time{}, Expiry: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), Expires: true, UsageCount: 1 << 63,
		},
		AutoType: vault.AutoType{
			Enabled: true, Obfuscation: 1, DefaultSequence: "{USERNAME}",
			Associations: []vault.Association{{Window: "w*", Sequence: "{TAB}"}, {}},
		},
		CustomData: []vault.CustomDatum{{Key: "k", Value: "v", Modified: at}, {Key: "plain"}},
		Unknown:    []vault.Raw{vault.Raw("<X/>"), vault.Raw("<Y>1</Y>")},
	}
	return content{
		Entry: e,
		files: []fileRef{{blob: vault.ID{6}, size: 1 << 40, protected: true}, {blob: vault.ID{7}}},
		past:  past{files: true},
	}
}

func TestContentRoundTrip(t *testing.T) {
	for _, c := range []content{fullContent(), {Entry: &vault.Entry{ID: vault.ID{1}}}} {
		for _, row := range []vault.ID{{1}, {9}} {
			b := appendEntry(nil, row, c)
			got, err := parseEntry(b, row)
			if err != nil {
				t.Fatal(err)
			}
			equal := cmp.Comparer(func(a, b vault.Secret) bool { return a.Equal(b) })
			if diff := cmp.Diff(c.Entry, got.Entry, equal, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.files, got.files, cmp.AllowUnexported(fileRef{})); diff != "" || got.past != c.past {
				t.Error(diff)
			}
		}
	}
}

// Every truncation and every trailing byte is Damaged; nothing panics.
func TestContentRefuses(t *testing.T) {
	whole := appendEntry(nil, vault.ID{1}, fullContent())
	for n := range whole {
		if _, err := parseEntry(whole[:n:n], vault.ID{1}); !errors.Is(err, vault.Damaged) {
			t.Fatalf("cut to %d of %d bytes: %v", n, len(whole), err)
		}
	}
	if _, err := parseEntry(append(bytes.Clone(whole), 0), vault.ID{1}); !errors.Is(err, vault.Damaged) {
		t.Errorf("one byte more: %v", err)
	}
	other := bytes.Clone(whole)
	other[0]++
	if _, err := parseEntry(other, vault.ID{1}); !errors.Is(err, vault.Damaged) {
		t.Errorf("another version: %v", err)
	}
}

// Each value has one encoding: what is read is written the same.
func FuzzContent(f *testing.F) {
	f.Add(appendEntry(nil, vault.ID{1}, fullContent()))
	f.Add(appendEntry(nil, vault.ID{2}, fullContent()))
	f.Add(appendEntry(nil, vault.ID{1}, content{Entry: &vault.Entry{ID: vault.ID{1}}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseEntry(bytes.Clone(b), vault.ID{1})
		if err != nil {
			if !errors.Is(err, vault.Damaged) {
				t.Fatal(err)
			}
			return
		}
		if again := appendEntry(nil, vault.ID{1}, c); !bytes.Equal(again, b) {
			t.Errorf("read %x\nwrote %x", b, again)
		}
	})
}

func FuzzGroup(f *testing.F) {
	f.Add(appendGroup(nil, &vault.Group{
		Name: "g", Notes: "n", Icon: vault.Icon{Standard: 48}, Times: vault.Times{UsageCount: 3}, Expanded: true,
		DefaultAutoTypeSequence: "s", EnableAutoType: vault.Yes, EnableSearching: vault.No, LastTopVisibleEntry: vault.ID{1},
		PreviousParent: vault.ID{2}, Tags: []string{"t"}, CustomData: []vault.CustomDatum{{Key: "k"}}, Unknown: []vault.Raw{vault.Raw("<X/>")},
	}))
	f.Add(appendIcon(nil, vault.CustomIcon{Data: []byte{1, 2}, Name: "icon"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if g, err := parseGroup(bytes.Clone(b), vault.ID{1}); err == nil {
			if again := appendGroup(nil, g); !bytes.Equal(again, b) {
				t.Errorf("group: read %x\nwrote %x", b, again)
			}
		}
		if i, err := parseIcon(bytes.Clone(b), vault.ID{1}); err == nil {
			if again := appendIcon(nil, i); !bytes.Equal(again, b) {
				t.Errorf("icon: read %x\nwrote %x", b, again)
			}
		}
	})
}
