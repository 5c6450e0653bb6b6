package kdbx_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// cheap is the least key derivation that Argon2 has: the tests are about
// everything else.
func cheap(kind kdbx.KDFKind) kdbx.KDFParams {
	if kind == kdbx.AESKDF {
		return kdbx.KDFParams{Kind: kind, Iterations: 10}
	}
	return kdbx.KDFParams{Kind: kind, MemoryBytes: 8 << 10, Iterations: 1, Parallelism: 1}
}

func cheapOptions() kdbx.Options {
	opt := kdbx.DefaultOptions()
	opt.KDF = cheap(kdbx.Argon2id)
	return opt
}

const password = "correct horse"

func testKey() kdbx.Key { return kdbx.CompositeKey([]byte(password), nil) }

func write(t testing.TB, doc *kdbx.Document, opt kdbx.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := kdbx.Write(context.Background(), &b, doc, testKey(), opt); err != nil {
		t.Fatalf("Write: %v", err)
	}
	return b.Bytes()
}

func read(t testing.TB, file []byte) (*kdbx.Document, *kdbx.Header) {
	t.Helper()
	doc, h, err := kdbx.Read(context.Background(), bytes.NewReader(file), testKey(), kdbx.DefaultLimits())
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	return doc, h
}

// diff compares documents, secrets by their bytes. Nil and empty lists are the
// same to KDBX.
func diff(want, got *kdbx.Document) string {
	w, g := *want, *got
	w.Meta.Generator, g.Meta.Generator = "", ""
	return cmp.Diff(&w, &g,
		cmp.Comparer(func(a, b vault.Secret) bool { return bytes.Equal(a.Bytes(), b.Bytes()) }),
		cmpopts.EquateEmpty())
}

func at(day int) time.Time {
	return time.Date(2026, time.November, day, 12, 30, 15, 0, time.UTC)
}

func id(n byte) vault.ID { return vault.ID{0: 0x42, 15: n} }

// field returns a field, protected if the name ends in an exclamation mark.
func field(name, value string) vault.Field {
	n := len(name) - 1
	if name[n] == '!' {
		return vault.Field{Name: name[:n], Value: vault.SecretText(value), Protected: true}
	}
	return vault.Field{Name: name, Value: vault.SecretText(value)}
}

// fullDocument uses everything that KDBX 4.1 has.
func fullDocument() *kdbx.Document {
	icon := vault.CustomIcon{ID: id(200), Data: []byte("\x89PNG\r\n\x1a\n"), Name: "Käse", Modified: at(1)}
	shared := &vault.Binary{Data: []byte("QUJDRA=="), Protected: true}
	times := vault.Times{
		Created: at(1), Modified: at(2), Accessed: at(3), LocationChanged: at(4),
		Expiry: at(30), Expires: true, UsageCount: 7,
	}
	entry := &vault.Entry{
		ID: id(1),
		Fields: []vault.Field{
			field("Title", "Bank <of> \"Scotland\" & 'Co' ]]>"),
			field("UserName", "jürgen"),
			field("Password!", "hunter2!hunter2!"),
			field("URL", "https://example.org/?a=1&b=2"),
			field("Notes", "one\r\ntwo\n\tthree \n"),
			field("empty", ""), field("hidden empty!", ""),
			field("  blanks  ", "   "), field("emoji", "👩‍👩‍👧‍👦 \U0001f511 עברית"),
			field("PIN!", "0000"),
		},
		Attachments: []vault.Attachment{
			{Name: "a.txt", Binary: shared},
			{Name: "empty", Binary: &vault.Binary{Data: []byte{}}},
		},
		Tags:       []string{"work", "two words", "a:b"},
		Icon:       vault.Icon{Standard: 12, Custom: icon.ID},
		Foreground: "#FF0000", Background: "#00FF00", OverrideURL: "cmd://x",
		NoQualityCheck: true, PreviousParent: id(3),
		Times: times,
		AutoType: vault.AutoType{
			Enabled: true, Obfuscation: 1, DefaultSequence: "{USERNAME}{TAB}",
			Associations: []vault.Association{{Window: "Bank*", Sequence: "{PASSWORD}"}, {Window: "x"}},
		},
		CustomData: []vault.CustomDatum{{Key: "k", Value: "v"}, {Key: "k2", Value: "", Modified: at(5)}},
		Unknown:    []vault.Raw{vault.Raw(`<Future a="1"><Deep>d</Deep><!-- kept --><x/></Future>`)},
	}
	entry.History = []*vault.Entry{{
		ID:          entry.ID,
		Fields:      []vault.Field{field("Title", "Bank"), field("Password!", "before")},
		Attachments: []vault.Attachment{{Name: "a.txt", Binary: shared}},
		Times:       vault.Times{Modified: time.Date(1969, 7, 20, 20, 17, 40, 0, time.UTC)},
	}}
	sub := &vault.Group{
		ID: id(3), Name: "Sub & Co", Notes: "n", Icon: vault.Icon{Standard: 48}, Times: times, Expanded: true,
		DefaultAutoTypeSequence: "{TITLE}", EnableAutoType: vault.Yes, EnableSearching: vault.No,
		LastTopVisibleEntry: entry.ID, PreviousParent: id(9), Tags: []string{"g"},
		CustomData: []vault.CustomDatum{{Key: "gk", Value: "gv"}},
		Entries:    []*vault.Entry{{ID: id(4), Fields: []vault.Field{field("Password!", "after the unknown")}}},
		Unknown:    []vault.Raw{vault.Raw(`<Shape>round</Shape>`)},
	}
	doc := kdbx.NewDocument(&vault.Group{
		ID: id(2), Name: "Root", Expanded: true,
		Entries: []*vault.Entry{entry}, Groups: []*vault.Group{sub},
	})
	doc.Meta.Name, doc.Meta.Description, doc.Meta.DefaultUsername = "Name", "Description", "me"
	doc.Meta.SettingsChanged, doc.Meta.NameChanged, doc.Meta.DescriptionChanged = at(1), at(2), at(3)
	doc.Meta.DefaultUsernameChanged, doc.Meta.MasterKeyChanged, doc.Meta.RecycleBinChanged = at(4), at(5), at(6)
	doc.Meta.EntryTemplatesGroupChanged = at(7)
	doc.Meta.Color, doc.Meta.MaintenanceHistoryDays = "#0000FF", 30
	doc.Meta.MasterKeyChangeRec, doc.Meta.MasterKeyChangeForce, doc.Meta.MasterKeyChangeForceOnce = 182, 365, true
	doc.Meta.MemoryProtection = kdbx.MemoryProtection{Title: true, Notes: true}
	doc.Meta.CustomIcons = []vault.CustomIcon{icon}
	doc.Meta.RecycleBinEnabled, doc.Meta.RecycleBin = false, id(3)
	doc.Meta.EntryTemplatesGroup, doc.Meta.LastSelectedGroup, doc.Meta.LastTopVisibleGroup = id(3), id(2), id(3)
	doc.Meta.HistoryMaxItems, doc.Meta.HistoryMaxSizeBytes = -1, 1<<30
	doc.Meta.CustomData = []vault.CustomDatum{{Key: "tideover", Value: "1"}}
	doc.Meta.Unknown = []vault.Raw{vault.Raw(`<MetaFuture/>`)}
	doc.Deleted = []kdbx.DeletedObject{{ID: id(77), At: at(9)}}
	doc.RootUnknown = []vault.Raw{vault.Raw(`<RootFuture>x</RootFuture>`)}
	doc.Unknown = []vault.Raw{vault.Raw(`<FileFuture></FileFuture>`)}
	return doc
}

func TestRoundTrip(t *testing.T) {
	for _, cipher := range []kdbx.Cipher{kdbx.AES256, kdbx.ChaCha20} {
		for _, compression := range []kdbx.Compression{kdbx.CompressionNone, kdbx.CompressionGzip} {
			for _, kind := range []kdbx.KDFKind{kdbx.Argon2d, kdbx.Argon2id, kdbx.AESKDF} {
				t.Run(fmt.Sprint(cipher, compression, kind), func(t *testing.T) {
					opt := kdbx.Options{Cipher: cipher, Compression: compression, KDF: cheap(kind)}
					opt.PublicCustomData.SetText("tideover.note", "text")
					opt.PublicCustomData.SetBytes("tideover.record", []byte{1, 2, 3})
					want := fullDocument()
					got, h := read(t, write(t, want, opt))
					if d := diff(want, got); d != "" {
						t.Errorf("document (-want +got):\n%s", d)
					}
					if d := cmp.Diff(opt, h.Options()); d != "" {
						t.Errorf("options (-want +got):\n%s", d)
					}
					if h.Major != 4 || h.Minor != 1 {
						t.Errorf("version %d.%d, want 4.1", h.Major, h.Minor)
					}
					if got.Meta.Generator != kdbx.Generator {
						t.Errorf("generator %q", got.Meta.Generator)
					}
					a, b := got.Root.Entries[0].Attachments[0], got.Root.Entries[0].History[0].Attachments[0]
					if a.Binary != b.Binary {
						t.Error("the shared attachment is not shared any more")
					}
				})
			}
		}
	}
}
