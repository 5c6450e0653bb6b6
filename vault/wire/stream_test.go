package wire_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"reflect"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// filler gives every exported field of a value its own non-zero content, so
// that a field which the codec forgets is found, the day it is added too.
type filler struct{ n int }

func (f *filler) fill(v reflect.Value) {
	f.n++
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2020, 1, 1, 0, 0, f.n, f.n, time.UTC)))
		return
	case vault.Secret:
		v.Set(reflect.ValueOf(vault.NewSecret(fmt.Appendf(nil, "välue \"%d\"\n", f.n))))
		return
	case vault.Tristate:
		v.Set(reflect.ValueOf(vault.Tristate(1 + f.n%2)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %d \\ \"\x00\u2028é", f.n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.n % 251))
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		n := 2
		if v.Type().Elem() == reflect.TypeFor[*vault.Entry]() || v.Type().Elem() == reflect.TypeFor[*vault.Group]() {
			n = 0 // the caller nests these
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	default:
		panic("fill: " + v.Type().String())
	}
}

func (f *filler) entry() *vault.Entry {
	e := &vault.Entry{}
	f.fill(reflect.ValueOf(e).Elem())
	return e
}

func (f *filler) group() *vault.Group {
	g := &vault.Group{}
	f.fill(reflect.ValueOf(g).Elem())
	return g
}

// everything is a content with every field in use: history, shared
// attachments, an empty group, a binary value and empty ones.
func everything() *vault.Content {
	var f filler
	root := f.group()
	entry, shared := f.entry(), f.entry()
	entry.History = []*vault.Entry{f.entry(), f.entry()}
	entry.History[0].Attachments = append(entry.History[0].Attachments, entry.Attachments[0])
	shared.Attachments[1].Binary = entry.Attachments[0].Binary
	shared.Attachments = append(shared.Attachments, vault.Attachment{Name: "no bytes at all"},
		vault.Attachment{Name: "empty", Binary: &vault.Binary{}},
		vault.Attachment{Name: "large", Binary: &vault.Binary{Data: bytes.Repeat([]byte("0123456789abcdef"), 40_000)}})
	shared.Fields = append(shared.Fields,
		vault.Field{Name: "not UTF-8", Value: vault.NewSecret([]byte{0xff, 0xfe, 0x00}), Protected: true},
		vault.Field{Name: "empty", Protected: true})
	deep := f.group()
	deep.Entries = []*vault.Entry{shared, {ID: vault.NewID()}}
	sub := f.group()
	sub.Groups = []*vault.Group{deep, {}}
	root.Entries = []*vault.Entry{entry}
	root.Groups = []*vault.Group{sub}
	c := &vault.Content{Root: root}
	f.fill(reflect.ValueOf(&c.Icons).Elem())
	return c
}

func encode(t testing.TB, mode wire.Mode, c *vault.Content) []byte {
	t.Helper()
	var buf bytes.Buffer
	head := wire.Head{Incarnation: vault.NewID(), Cache: vault.NewID(), Generation: 3, At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	err := wire.EncodeContent(&buf, mode, head, c, wire.EncodeOptions{
		Lease: func(n int, digest wire.Digest) (string, error) { return fmt.Sprintf("lease.%d.%s", n, digest), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func decode(b []byte, mode wire.Mode) (*wire.Stream, error) {
	return wire.DecodeContent(bytes.NewReader(b), wire.DecodeOptions{Limits: wire.DefaultLimits(), Mode: mode})
}

// wholeBytes compares byte strings at once; element by element takes a minute.
func wholeBytes() cmp.Option {
	return cmp.FilterValues(func(a, b []byte) bool { return len(a)+len(b) > 0 }, cmp.Comparer(bytes.Equal))
}

func TestStreamIsLossless(t *testing.T) {
	want := everything()
	b := encode(t, wire.Complete, want)
	for name, r := range map[string]io.Reader{
		"whole": bytes.NewReader(b), "byte by byte": iotest.OneByteReader(bytes.NewReader(b)),
	} {
		got, err := wire.DecodeContent(r, wire.DecodeOptions{Limits: wire.DefaultLimits(), Mode: wire.Complete})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got.Content, cmpopts.EquateEmpty(), wholeBytes()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		digest := sha256.Sum256(b[:bytes.LastIndex(b, []byte(`{"t":"lease"`))])
		if lease := fmt.Sprintf("lease.%d.%x", 3, digest); got.Entries != 3 || got.Digest != digest || got.Lease != lease {
			t.Errorf("%s: %d entries, digest %s, lease %s; want %s", name, got.Entries, got.Digest, got.Lease, lease)
		}
		if got.Head.Generation != 3 || got.Head.Groups != 4 || got.Head.Cache.IsZero() || got.Head.At.Year() != 2026 {
			t.Errorf("%s: head %+v", name, got.Head)
		}
	}
}

func TestAttachmentsAreSentOnceAndStayShared(t *testing.T) {
	c := everything()
	b := encode(t, wire.Complete, c)
	if n := bytes.Count(b, []byte("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0")); n == 0 || bytes.Count(b, []byte(`"size":640000`)) != 1 {
		t.Errorf("the large attachment is in the stream %d times", n)
	}
	got, err := decode(b, wire.Complete)
	if err != nil {
		t.Fatal(err)
	}
	entry := got.Content.Root.Entries[0]
	shared := got.Content.Root.Groups[0].Groups[0].Entries[0]
	if entry.Attachments[0].Binary != shared.Attachments[1].Binary ||
		entry.Attachments[0].Binary != entry.History[0].Attachments[2].Binary {
		t.Error("an attachment was copied")
	}
}

func TestMetadataWithholdsProtectedValues(t *testing.T) {
	c := everything()
	secret := vault.NewSecret([]byte("correct horse"))
	c.Root.Entries[0].Set(vault.FieldPassword, secret, true)
	c.Root.Entries[0].History[1].Set(vault.FieldPassword, secret, true)
	c.Root.Entries[0].Set("Owner", vault.SecretText("team-db"), false)
	b := encode(t, wire.Metadata, c)
	if bytes.Contains(b, []byte("correct horse")) || bytes.Contains(b, []byte(`"blob"`)) {
		t.Error("the stream holds what it should withhold")
	}
	got, err := decode(b, wire.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	entry := got.Content.Root.Entries[0]
	if f := entry.Field(vault.FieldPassword); f == nil || !f.Protected || !f.Value.IsEmpty() {
		t.Errorf("password: %+v", f)
	}
	if v := entry.Value("Owner"); v.Text() != "team-db" {
		t.Errorf("owner: %q", v.Text())
	}
	large := got.Content.Root.Groups[0].Groups[0].Entries[0]
	if sizes := got.Facts[large.ID].AttachmentSizes; len(sizes) != len(large.Attachments) || sizes[len(sizes)-1] != 640000 {
		t.Errorf("sizes: %v", sizes)
	}
	if large.Attachments[0].Binary != nil || large.Attachments[0].Name == "" {
		t.Errorf("attachment: %+v", large.Attachments[0])
	}
}

func TestFactsTravel(t *testing.T) {
	entry := &vault.Entry{ID: vault.NewID(), Attachments: []vault.Attachment{{Name: "a"}, {Name: "b"}}}
	no := false
	want := &wire.Facts{OfflineReason: wire.ReasonTimeLimited, Offline: &no, AttachmentSizes: []int64{5, 0}}
	for i := range reflect.TypeFor[wire.Facts]().NumField() {
		if f := reflect.ValueOf(want).Elem().Field(i); f.Kind() == reflect.Bool {
			f.SetBool(true)
		}
	}
	var buf bytes.Buffer
	err := wire.EncodeContent(&buf, wire.Metadata, wire.Head{}, &vault.Content{Root: &vault.Group{Entries: []*vault.Entry{entry}}},
		wire.EncodeOptions{Facts: func(*vault.Entry) *wire.Facts { return want }})
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(buf.Bytes(), wire.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Facts[entry.ID]); diff != "" {
		t.Error(diff)
	}
}

func TestEntryAnswer(t *testing.T) {
	entry := everything().Root.Entries[0]
	sent := wire.EntryAnswer{Entry: entry, Group: vault.NewID(), Facts: wire.Facts{Modify: true, AttachmentSizes: []int64{7, 9}}}
	b, err := sent.Encode(wire.Complete)
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.DecodeEntry(b, wire.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	noBytes := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Binary" }, cmp.Ignore())
	old := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".AttachmentSizes" }, cmpopts.EquateEmpty())
	if diff := cmp.Diff(&sent, got, noBytes, old, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	hidden, err := sent.Encode(wire.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range entry.Fields {
		if f.Protected && bytes.Contains(hidden, bytes.TrimSuffix(bytes.ReplaceAll(f.Value.Bytes(), []byte(`"`), []byte(`\"`)), []byte("\n"))) {
			t.Errorf("%s is shown", f.Name)
		}
	}
	for i := range b {
		if got, err := wire.DecodeEntry(b[:i], wire.DefaultLimits()); err == nil {
			t.Fatalf("cut to %d bytes: got %v", i, got.Entry.ID)
		}
	}
}

func TestProgress(t *testing.T) {
	var steps []string
	b := encode(t, wire.Complete, everything())
	_, err := wire.DecodeContent(bytes.NewReader(b), wire.DecodeOptions{
		Limits: wire.DefaultLimits(), Mode: wire.Complete,
		Progress: func(done, total int) { steps = append(steps, fmt.Sprint(done, "/", total)) },
	})
	if diff := cmp.Diff([]string{"1/3", "2/3", "3/3"}, steps); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}
