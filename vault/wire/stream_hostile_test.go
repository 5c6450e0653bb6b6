package wire_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

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
