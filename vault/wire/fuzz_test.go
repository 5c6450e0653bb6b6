package wire_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// FuzzDecodeContent: no input breaks the reader, and what it accepts comes back
// the same when it is written and read once more.
func FuzzDecodeContent(f *testing.F) {
	var fill filler
	small := &vault.Content{Root: fill.group()}
	small.Root.Entries = []*vault.Entry{fill.entry()}
	small.Root.Entries[0].History = []*vault.Entry{fill.entry()}
	f.Add(encode(f, wire.Complete, small))
	f.Add(encode(f, wire.Metadata, small))
	f.Add([]byte(head + group + end))
	f.Add([]byte(`{"t":"error","error":{"id":"revoked"}}` + "\n"))
	limits := wire.DefaultLimits()
	limits.Bytes, limits.LineBytes, limits.AttachmentBytes, limits.Elements = 1<<20, 1<<18, 1<<18, 10_000
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, mode := range []wire.Mode{wire.Complete, wire.Metadata} {
			first, err := wire.DecodeContent(bytes.NewReader(b), wire.DecodeOptions{Limits: limits, Mode: mode})
			if err != nil {
				continue
			}
			var buf bytes.Buffer
			err = wire.EncodeContent(&buf, mode, first.Head, first.Content, wire.EncodeOptions{
				Facts: func(e *vault.Entry) *wire.Facts { return first.Facts[e.ID] },
				Lease: func(int, wire.Digest) (string, error) { return first.Lease, nil },
			})
			if err != nil {
				t.Fatalf("encode what was decoded: %v", err)
			}
			second, err := decode(buf.Bytes(), mode)
			if err != nil {
				t.Fatalf("decode what was encoded: %v\n%s", err, buf.Bytes())
			}
			ignore := []cmp.Option{cmpopts.EquateEmpty(), cmpopts.IgnoreFields(wire.Stream{}, "Digest", "Facts")}
			if mode == wire.Metadata { // a value that came is withheld the second time
				ignore = append(ignore, cmpopts.IgnoreFields(vault.Field{}, "Value"))
			}
			if diff := cmp.Diff(first, second, ignore...); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// FuzzStrings: a value that encoding/json reads as a string is read the same,
// unless it is one of the strings that it repairs in silence.
func FuzzStrings(f *testing.F) {
	for _, s := range []string{`"p\"w\\1"`, `"\ud83d\ude00"`, `"\ud800"`, "\"\xff\"", `"\u00e9\/"`, `"`, `""x`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 || b[0] != '"' {
			return
		}
		got, err := wire.Bare(b)
		var want string
		wantErr := json.Unmarshal(b, &want)
		if err == nil && (wantErr != nil || want != string(got)) {
			t.Fatalf("%q: got %q, encoding/json %q, %v", b, got, want, wantErr)
		}
		if err != nil && wantErr == nil && !strings.ContainsRune(want, '\uFFFD') {
			t.Fatalf("%q: %v, but encoding/json reads %q", b, err, want)
		}
		if err == nil {
			if again, err := wire.Bare(wire.AppendString(nil, got)); err != nil || !bytes.Equal(again, got) {
				t.Fatalf("%q is read back as %q, %v", got, again, err)
			}
		}
	})
}
