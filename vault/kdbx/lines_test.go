package kdbx_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// lines says what is in a document, in the form of testdata/keepass.cs,
// sorted.
func lines(doc *kdbx.Document) []string {
	var w lineWriter
	w.group("", doc.Root)
	w.add("meta name %s deleted %d icons %d", b64(doc.Meta.Name), len(doc.Deleted), len(doc.Meta.CustomIcons))
	return sorted(w.list)
}

// sorted also drops what programs fill in or leave out: empty standard fields.
func sorted(list []string) []string {
	out := []string{}
	for _, l := range list {
		l = strings.TrimRight(l, " \r\n")
		if l == "" || isEmptyStandard(l) {
			continue
		}
		out = append(out, l)
	}
	sort.Strings(out)
	return out
}

func isEmptyStandard(line string) bool {
	f := strings.Fields(line)
	for i, word := range f {
		if word == "field" && len(f) == i+3 {
			name, err := base64.StdEncoding.DecodeString(f[i+1])
			return err == nil && vault.IsStandard(string(name))
		}
	}
	return false
}

type lineWriter struct{ list []string }

func (w *lineWriter) add(format string, args ...any) {
	w.list = append(w.list, fmt.Sprintf(format, args...))
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func (w *lineWriter) group(path string, g *vault.Group) {
	at := "/" + path
	w.add("%s group %x %s icon %d", at, g.ID[:], b64(g.Notes), g.Icon.Standard)
	w.data(at, g.CustomData)
	for _, e := range g.Entries {
		w.entry(at, e)
	}
	for _, s := range g.Groups {
		w.group(path+b64(s.Name)+"/", s)
	}
}

func (w *lineWriter) data(at string, list []vault.CustomDatum) {
	for _, d := range list {
		w.add("%s data %s %s", at, b64(d.Key), b64(d.Value))
	}
}

func (w *lineWriter) entry(where string, e *vault.Entry) {
	at := fmt.Sprintf("%s entry %x", where, e.ID[:])
	w.add("%s icon %d %x", at, e.Icon.Standard, e.Icon.Custom[:])
	expires := "stays"
	if e.Times.Expires {
		expires = "expires"
	}
	w.add("%s times %s %s %s %s", at, iso(e.Times.Created), iso(e.Times.Modified), iso(e.Times.Expiry), expires)
	for _, f := range e.Fields {
		protected := "plain"
		if f.Protected {
			protected = "protected"
		}
		w.add("%s field %s %s %s", at, b64(f.Name), protected, b64(f.Value.Text()))
	}
	for _, a := range e.Attachments {
		sum := sha256.Sum256(a.Binary.Data)
		w.add("%s attachment %s %s", at, b64(a.Name), hex.EncodeToString(sum[:]))
	}
	for _, tag := range e.Tags {
		w.add("%s tag %s", at, b64(tag))
	}
	w.data(at, e.CustomData)
	for _, a := range e.AutoType.Associations {
		w.add("%s association %s %s", at, b64(a.Window), b64(a.Sequence))
	}
	for i, h := range e.History {
		w.entry(fmt.Sprintf("%s history %d", at, i), h)
	}
}

func iso(t time.Time) string { return t.Format("2006-01-02T15:04:05Z") }

// interopDocument is fullDocument with all times there, since programs fill in
// the current one otherwise, and with what other programs can carry.
func interopDocument() *kdbx.Document {
	doc := fullDocument()
	times := doc.Root.Entries[0].Times
	doc.Root.Times = times
	doc.Root.Entries[0].Tags = []string{"two words", "work"}
	old := vault.Times{
		Created: time.Date(1958, 1, 1, 0, 0, 0, 0, time.UTC), Modified: time.Date(1969, 7, 20, 20, 17, 40, 0, time.UTC),
		Expiry: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), Accessed: times.Accessed, LocationChanged: times.LocationChanged,
	}
	doc.Root.Entries[0].History[0].Times = old
	doc.Root.Groups[0].Entries[0].Times = old
	doc.Root.Groups[0].Entries[0].Attachments = []vault.Attachment{
		{Name: "3 MiB", Binary: &vault.Binary{Data: bytes.Repeat([]byte("0123456789abcdef"), 3<<20/16)}}, // of several blocks
	}
	icon := &doc.Meta.CustomIcons[0]
	icon.Data = onePixel
	return doc
}

// onePixel is a PNG picture, since KeePassXC looks into it.
var onePixel = func() []byte {
	b, err := base64.StdEncoding.DecodeString("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
	if err != nil {
		panic(err)
	}
	return b
}()

// nested returns a document with that many groups on one path, the root group
// included, and an entry in the innermost.
func nested(depth int) *kdbx.Document {
	root := &vault.Group{ID: id(1), Name: "Root"}
	g := root
	for i := 2; i <= depth; i++ {
		sub := &vault.Group{ID: vault.ID{1, byte(i >> 8), byte(i)}, Name: fmt.Sprint("level ", i)}
		g.Groups = []*vault.Group{sub}
		g = sub
	}
	g.Entries = []*vault.Entry{{ID: id(2), Fields: []vault.Field{field("Title", "deep"), field("Password!", "down")}}}
	return kdbx.NewDocument(root)
}
