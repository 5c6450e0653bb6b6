package wire_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

type zipMember struct {
	name string
	data []byte
}

func zipOf(t testing.TB, members ...zipMember) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, m := range members {
		f, err := w.Create(m.name)
		if err == nil {
			_, err = f.Write(m.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// packageOf is an entry with two attachments as the server packs it.
func packageOf(inline bool) (*wire.OfflinePackage, *vault.Entry) {
	e := databaseEntry()
	e.Attachments = []vault.Attachment{
		{ID: vault.NewID(), Name: "cert.pem", Binary: &vault.Binary{Data: []byte("hello world")}},
		{ID: vault.NewID(), Name: "empty", Binary: &vault.Binary{Data: []byte{}}},
	}
	c := wire.NewCredential(e, vault.ID{1}, nil, wire.Complete)
	p := &wire.OfflinePackage{Root: *wire.NewCredentialGroup(&vault.Group{ID: vault.ID{1}, Name: "Root", Expanded: true}, vault.ID{}, nil), Expiry: wire.Never()}
	p.Root.Credentials = []wire.Credential{*c}
	for i, a := range c.Attachments {
		if inline {
			a.FileData = e.Attachments[i].Binary.Data
		}
		p.Attachments = append(p.Attachments, a)
	}
	return p, e
}

func attachmentMembers(e *vault.Entry) []zipMember {
	var out []zipMember
	for _, a := range e.Attachments {
		out = append(out, zipMember{a.ID.String(), a.Binary.Data})
	}
	return out
}

func manifest(p *wire.OfflinePackage) zipMember {
	return zipMember{"8e7d6c5b-4a39-4281-8706-f5e4d3c2b1a0.json", p.Append(nil)}
}

func TestPackageBothShapes(t *testing.T) {
	for _, zipped := range []bool{false, true} {
		p, want := packageOf(!zipped)
		p.Expiry = wire.Date{Time: time.Date(2031, 1, 2, 3, 4, 5, 0, time.FixedZone("", 7200))}
		body := p.Append(nil)
		if zipped {
			body = zipOf(t, append(attachmentMembers(want), manifest(p), zipMember{"readme.txt", nil})...)
		}
		got, until, err := wire.DecodePackage(body, wire.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if !until.Equal(p.Expiry.Time) {
			t.Errorf("until %v", until)
		}
		if diff := cmp.Diff(want, got.Root.Entries[0], cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("zipped %t: %s", zipped, diff)
		}
		if len(got.Root.Entries[0].Attachments) != 2 {
			t.Errorf("zipped %t: attachments twice", zipped)
		}
	}
	for _, end := range []string{`null`, `""`, `"9999-12-31T23:59:59.9999999+00:00"`, `"0001-01-01T00:00:00"`} {
		body := fmt.Appendf(nil, "\xef\xbb\xbf"+`{"root":{"name":"Root"},"EXPIRY":%s}`, end)
		if _, until, err := wire.DecodePackage(body, wire.DefaultLimits()); err != nil || !until.IsZero() {
			t.Errorf("%s: %v, %v", end, until, err)
		}
	}
}

func TestPackageRefuses(t *testing.T) {
	p, e := packageOf(false)
	members := attachmentMembers(e)
	inline, _ := packageOf(true)
	short := bytes.Replace(inline.Append(nil), []byte(`"FileSize":11`), []byte(`"FileSize":12`), 2)
	lying := zipOf(t, append(members, manifest(p))...)
	if at := bytes.LastIndex(lying, []byte("PK\x01\x02")); at > 0 { // the manifest's line of the directory (APPNOTE.TXT, 4.3.12)
		binary.LittleEndian.PutUint32(lying[at+24:], 10) // its uncompressed size
	}
	crc := zipOf(t, append(members, manifest(p))...)
	if at := bytes.Index(crc, []byte("PK\x01\x02")); at > 0 {
		crc[at+16] ^= 1
	}
	method := bytes.ReplaceAll(zipOf(t, append(members, manifest(p))...), []byte("PK\x01\x02\x14\x00\x14\x00\x08\x00\x08\x00"), []byte("PK\x01\x02\x14\x00\x14\x00\x08\x00\x63\x00"))
	for name, body := range map[string][]byte{
		"nothing":                     nil,
		"a page":                      []byte("<html></html>"),
		"a list":                      []byte("[]"),
		"no root":                     []byte(`{"Attachments":[],"Expiry":null}`),
		"null":                        []byte("null"),
		"a date that is none":         []byte(`{"Root":{"Name":"Root"},"Expiry":"soon"}`),
		"an attachment without bytes": p.Append(nil),
		"an attachment cut short":     short,
		"only the start of a ZIP":     []byte("PK\x03\x04"),
		"no manifest":                 zipOf(t, members...),
		"two manifests":               zipOf(t, append(members, manifest(p), zipMember{"b.JSON", []byte("{}")})...),
		"a manifest that is none":     zipOf(t, zipMember{"a.json", []byte("hello")}),
		"a missing member":            zipOf(t, members[1], manifest(p)),
		"a member twice":              zipOf(t, append(members, members[0], manifest(p))...),
		"a member of another size":    zipOf(t, zipMember{members[0].name, []byte("hello")}, members[1], manifest(p)),
		"a directory that lies":       lying,
		"a wrong checksum":            crc,
		"an unknown compression":      method,
	} {
		got, _, err := wire.DecodePackage(body, wire.DefaultLimits())
		if got != nil || !errors.Is(err, vault.BadAnswer) {
			t.Errorf("%s: got %v, %v; want bad_answer", name, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "4711") {
			t.Errorf("%s: the error repeats a secret: %v", name, err)
		}
	}
}

func TestPackageLimits(t *testing.T) {
	p, e := packageOf(false)
	zeros := make([]byte, 8<<20)
	bomb := zipOf(t, append(attachmentMembers(e), zipMember{"a.json", append(p.Append(nil), bytes.Repeat([]byte(" "), 8<<20)...)})...)
	e.Attachments[0].Binary.Data = zeros
	large := *p
	large.Root.Credentials[0].Attachments[0].FileSize, large.Attachments[0].FileSize = 8<<20, 8<<20
	file := zipOf(t, append(attachmentMembers(e), manifest(&large))...)
	deep := []byte(`{"Root":` + strings.Repeat(`{"Name":"g","Children":[`, 300) + strings.Repeat(`]}`, 300) + `,"Expiry":null}`)
	many := &wire.OfflinePackage{Root: wire.CredentialGroup{Name: "Root", Credentials: make([]wire.Credential, 50)}}
	for name, tc := range map[string]struct {
		body  []byte
		lower func(*wire.Limits)
	}{
		"a manifest that unpacks to too much":    {bomb, func(l *wire.Limits) { l.Bytes = 1 << 20 }},
		"an attachment that unpacks to too much": {file, func(l *wire.Limits) { l.AttachmentBytes = 1 << 20 }},
		"all members together":                   {file, func(l *wire.Limits) { l.Bytes = 8<<20 + 100 }},
		"more members than there can be":         {file, func(l *wire.Limits) { l.Elements = 2 }},
		"the answer itself":                      {deep, func(l *wire.Limits) { l.Bytes = 100 }},
		"depth":                                  {deep, func(*wire.Limits) {}},
		"entries":                                {many.Append(nil), func(l *wire.Limits) { l.Entries = 49 }},
		"empty entries by the million":           {[]byte(`{"Root":{"credentials":[` + strings.Repeat(`{},`, 1_100_000) + `{}]}}`), func(*wire.Limits) {}},
		"empty fields by the million":            {[]byte(`{"Root":{"Credentials":[{"CustomUserFields":{` + strings.Repeat(`"":0,`, 1_100_000) + `"":0}}]}}`), func(l *wire.Limits) { l.Elements = 1_000_000 }},
		"groups":                                 {deep, func(l *wire.Limits) { l.GroupDepth, l.Groups = 400, 299 }},
	} {
		limits := wire.DefaultLimits()
		tc.lower(&limits)
		if _, _, err := wire.DecodePackage(tc.body, limits); !errors.Is(err, vault.Hostile) {
			t.Errorf("%s: got %v, want hostile", name, err)
		}
	}
	endless := []byte(`{"Root":` + strings.Repeat(`{"Children":[`, 1_000_000))
	if _, _, err := wire.DecodePackage(endless, wire.DefaultLimits()); !errors.Is(err, vault.Hostile) {
		t.Errorf("endless nesting: %v", err)
	}
}

func TestPackageCutAtEveryLength(t *testing.T) {
	inline, _ := packageOf(true)
	p, e := packageOf(false)
	for name, body := range map[string][]byte{
		"JSON": inline.Append(nil), "ZIP": zipOf(t, append(attachmentMembers(e), manifest(p))...),
	} {
		for i := range body {
			if got, _, err := wire.DecodePackage(body[:i], wire.DefaultLimits()); got != nil || !errors.Is(err, vault.BadAnswer) {
				t.Fatalf("%s cut to %d of %d bytes: %v, %v", name, i, len(body), got, err)
			}
		}
	}
}

// FuzzDecodePackage: no input breaks the reader or gets past its limits.
func FuzzDecodePackage(f *testing.F) {
	inline, _ := packageOf(true)
	p, e := packageOf(false)
	f.Add(inline.Append(nil))
	f.Add(zipOf(f, append(attachmentMembers(e), manifest(p))...))
	f.Add([]byte(`{"Root":{"Name":"Root","Credentials":[{"CustomUserFields":{"a":1},"Tags":"x;y","Expires":""}]}}`))
	limits := wire.DefaultLimits()
	limits.Bytes, limits.AttachmentBytes, limits.Elements = 1<<20, 1<<18, 1000
	f.Fuzz(func(t *testing.T, b []byte) {
		content, _, err := wire.DecodePackage(b, limits)
		if err != nil {
			if !errors.Is(err, vault.BadAnswer) && !errors.Is(err, vault.Hostile) {
				t.Fatalf("untyped: %v", err)
			}
			return
		}
		var bytes int64
		for _, e := range content.Root.Entries {
			for _, a := range e.Attachments {
				bytes += int64(len(a.Binary.Data))
			}
		}
		if bytes > 2*limits.Bytes {
			t.Fatalf("%d bytes of attachments", bytes)
		}
	})
}
