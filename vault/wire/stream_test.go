package wire_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
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

// TestStreamCutAtEveryLength: without its last record a stream is nothing.
func TestStreamCutAtEveryLength(t *testing.T) {
	var f filler
	c := &vault.Content{Root: f.group()}
	c.Root.Entries = []*vault.Entry{f.entry()}
	b := encode(t, wire.Complete, c)
	for i := range b {
		got, err := decode(b[:i], wire.Complete)
		if got != nil || !errors.Is(err, vault.BadAnswer) {
			t.Fatalf("cut to %d of %d bytes: %v, %v", i, len(b), got, err)
		}
	}
}

const (
	head  = `{"t":"head","v":1,"mode":"metadata","groups":1,"entries":0}` + "\n"
	group = `{"t":"group"}` + "\n"
	end   = `{"t":"end"}` + "\n"
)

func TestStreamRefuses(t *testing.T) {
	entryLine := func(members string) string {
		return `{"t":"head","v":1,"mode":"metadata","groups":1,"entries":1}` + "\n" + group +
			`{"t":"entry","group":0,"id":"3f0c1f6e-52a1-4b7e-9d35-6a1b2c3d4e5f"` + members + "}\n" + end
	}
	full := strings.Replace(head, "metadata", "complete", 1) + group
	for _, tc := range []struct {
		name, stream string
		want         vault.Cause
	}{
		{"nothing", "", vault.BadAnswer},
		{"a page", "<html><body>Sign in</body></html>\n", vault.BadAnswer},
		{"no head", group + end, vault.BadAnswer},
		{"two heads", head + head + group + end, vault.BadAnswer},
		{"an empty line", head + "\n" + group + end, vault.BadAnswer},
		{"a type that is not first", `{"v":1,"t":"head"}` + "\n", vault.BadAnswer},
		{"another version", strings.Replace(head, `"v":1`, `"v":2`, 1) + group + end, vault.Unsupported},
		{"no version", strings.Replace(head, `"v":1,`, ``, 1) + group + end, vault.Unsupported},
		{"an unknown record", head + `{"t":"folder"}` + "\n" + group + end, vault.Unsupported},
		{"another mode", strings.Replace(head, "metadata", "complete", 1) + group + end, vault.BadAnswer},
		{"too few groups", strings.Replace(head, `"groups":1`, `"groups":2`, 1) + group + end, vault.BadAnswer},
		{"too many groups", head + group + `{"t":"group","parent":0}` + "\n" + end, vault.BadAnswer},
		{"too few entries", strings.Replace(head, `"entries":0`, `"entries":1`, 1) + group + end, vault.BadAnswer},
		{"no group at all", strings.Replace(head, `"groups":1`, `"groups":0`, 1) + end, vault.BadAnswer},
		{"a parent that comes later", head + group + `{"t":"group","parent":1}` + "\n" + end, vault.BadAnswer},
		{"two roots", head + group + group + end, vault.BadAnswer},
		{"a root with a parent", head + `{"t":"group","parent":0}` + "\n" + end, vault.BadAnswer},
		{"something after the end", head + group + end + end, vault.BadAnswer},
		{"a last line without its end", head + group + strings.TrimSpace(end), vault.BadAnswer},
		{"a lease where none belongs", head + group + `{"t":"lease","lease":"x"}` + "\n", vault.BadAnswer},
		{"attachments where none belong", head + group + `{"t":"blob","size":0}` + "\n" + end, vault.BadAnswer},
		{"two values on a line", head + `{"t":"group"}{}` + "\n" + end, vault.BadAnswer},
		{"a comma too many", head + `{"t":"group",}` + "\n" + end, vault.BadAnswer},
		{"a comma too few", head + `{"t":"group" "id":""}` + "\n" + end, vault.BadAnswer},
		{"an error", head + group + `{"t":"error","error":{"id":"revoked","message":"device"}}` + "\n", vault.Revoked},
		{"an error in place of the head", `{"t":"error","error":{"id":"approval_pending"}}` + "\n", vault.ApprovalPending},
		{"an error that only this machine can know", head + `{"t":"error","error":{"id":"other_machine"}}` + "\n", vault.Internal},
		{"an entry without a group", strings.Replace(entryLine(""), `"group":0,`, ``, 1), vault.BadAnswer},
		{"an entry of a later group", strings.Replace(entryLine(""), `"group":0`, `"group":1`, 1), vault.BadAnswer},
		{"an entry without an id", strings.Replace(entryLine(""), `"id"`, `"idx"`, 1), vault.BadAnswer},
		{"a short id", strings.Replace(entryLine(""), `-6a1b2c3d4e5f`, ``, 1), vault.BadAnswer},
		{"a field without a name", entryLine(`,"fields":[{"value":"x"}]`), vault.BadAnswer},
		{"a number as a value", entryLine(`,"fields":[{"name":"x","value":7}]`), vault.BadAnswer},
		{"half a surrogate pair", entryLine(`,"fields":[{"name":"x","value":"\ud800"}]`), vault.BadAnswer},
		{"invalid UTF-8", entryLine(",\"fields\":[{\"name\":\"x\",\"value\":\"\xff\"}]"), vault.BadAnswer},
		{"bad base64", entryLine(`,"unknown":["a"]`), vault.BadAnswer},
		{"a time of day only", entryLine(`,"times":{"created":"12:00"}`), vault.BadAnswer},
		{"history of history", entryLine(`,"history":[{"id":"3f0c1f6e-52a1-4b7e-9d35-6a1b2c3d4e5f","history":[]}]`), vault.BadAnswer},
		{"an attachment by number without bytes", entryLine(`,"attachments":[{"name":"a","blob":0}]`), vault.BadAnswer},
		{"deep unknown members", entryLine(`,"new":` + strings.Repeat("[", 100_000)), vault.BadAnswer},
		{"a blob that is too long", full + `{"t":"blob","size":1,"data":"AAA="}` + "\n", vault.BadAnswer},
		{"a blob that does not go on", full + `{"t":"blob","size":9,"data":"AAA="}` + "\n" + `{"t":"blob"}` + "\n", vault.BadAnswer},
		{"a blob that starts in a blob", full + `{"t":"blob","size":9,"data":"AAA="}` + "\n" + `{"t":"blob","size":9,"data":"AAA="}` + "\n", vault.BadAnswer},
		{"a blob without a size", full + `{"t":"blob","data":"AAA="}` + "\n", vault.BadAnswer},
		{"a blob that is cut short", full + `{"t":"blob","size":9,"data":"AAA="}` + "\n" + `{"t":"lease","lease":"x"}` + "\n", vault.BadAnswer},
		{"a lease without a lease", full + `{"t":"lease"}` + "\n", vault.BadAnswer},
	} {
		mode := wire.Metadata
		if strings.HasPrefix(tc.stream, full) {
			mode = wire.Complete
		}
		got, err := decode([]byte(tc.stream), mode)
		if got != nil || !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, %v; want %s", tc.name, got, err, tc.want)
		}
	}
	if _, err := decode([]byte(head+group+end), wire.Metadata); err != nil {
		t.Errorf("the stream that the cases above spoil: %v", err)
	}
	if _, err := decode([]byte(entryLine(`,"new":{"a":[1,-2.5e3,true,null,"x",{}]},"tags":[]`)), wire.Metadata); err != nil {
		t.Errorf("an unknown member: %v", err)
	}
}

func TestStreamLimits(t *testing.T) {
	b := encode(t, wire.Complete, everything())
	for name, lower := range map[string]func(*wire.Limits){
		"bytes":       func(l *wire.Limits) { l.Bytes = int64(len(b)) - 1 },
		"line":        func(l *wire.Limits) { l.LineBytes = 1000 },
		"attachments": func(l *wire.Limits) { l.AttachmentBytes = 639_999 },
		"entries":     func(l *wire.Limits) { l.Entries = 4 }, // three, and two of history
		"groups":      func(l *wire.Limits) { l.Groups = 3 },
		"depth":       func(l *wire.Limits) { l.GroupDepth = 2 },
		"elements":    func(l *wire.Limits) { l.Elements = 20 },
	} {
		limits := wire.DefaultLimits()
		lower(&limits)
		_, err := wire.DecodeContent(bytes.NewReader(b), wire.DecodeOptions{Limits: limits, Mode: wire.Complete})
		if !errors.Is(err, vault.Hostile) {
			t.Errorf("%s: got %v, want hostile", name, err)
		}
	}
}

// A line without an end, from a server without an end, has to stop at the
// limit and not take much more memory than that.
func TestEndlessLine(t *testing.T) {
	limits := wire.DefaultLimits()
	limits.LineBytes = 1 << 20
	_, err := wire.DecodeContent(endless('a'), wire.DecodeOptions{Limits: limits, Mode: wire.Metadata})
	if !errors.Is(err, vault.Hostile) {
		t.Errorf("got %v, want hostile", err)
	}
}

type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

func TestReadErrorsPassThrough(t *testing.T) {
	b := encode(t, wire.Complete, everything())
	broken := errors.New("cable pulled")
	_, err := wire.DecodeContent(io.MultiReader(bytes.NewReader(b[:len(b)/2]), iotest.ErrReader(broken)),
		wire.DecodeOptions{Limits: wire.DefaultLimits(), Mode: wire.Complete})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
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
