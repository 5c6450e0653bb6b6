package kdbx_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

func TestBadOptions(t *testing.T) {
	good := cheapOptions()
	for name, change := range map[string]func(*kdbx.Options){
		"no cipher":     func(o *kdbx.Options) { o.Cipher = 0 },
		"compression":   func(o *kdbx.Options) { o.Compression = 2 },
		"no derivation": func(o *kdbx.Options) { o.KDF = kdbx.KDFParams{} },
		"no passes":     func(o *kdbx.Options) { o.KDF.Iterations = 0 },
		"no lanes":      func(o *kdbx.Options) { o.KDF.Parallelism = 0 },
		"256 lanes":     func(o *kdbx.Options) { o.KDF.Parallelism, o.KDF.MemoryBytes = 256, 1<<30 },
		"no memory":     func(o *kdbx.Options) { o.KDF.MemoryBytes = 0 },
		"4 TiB":         func(o *kdbx.Options) { o.KDF.MemoryBytes = 1 << 42 },
		"2^32 passes":   func(o *kdbx.Options) { o.KDF.Iterations = 1 << 32 },
		"bad map":       func(o *kdbx.Options) { o.PublicCustomData = kdbx.VariantMap{{Name: "x", Type: 0x99}} },
		"bad number":    func(o *kdbx.Options) { o.PublicCustomData = kdbx.VariantMap{{Name: "x", Type: kdbx.VariantBool}} },
		"bad name":      func(o *kdbx.Options) { o.PublicCustomData.SetText("\xff", "") },
	} {
		t.Run(name, func(t *testing.T) {
			opt := good
			change(&opt)
			if err := kdbx.Write(context.Background(), io.Discard, documentWith(entryWith(func(*vault.Entry) {})), testKey(), opt); err == nil {
				t.Error("written")
			}
		})
	}
}

// One keystream under two contents gives both away (gokeepasslib 3.6.2 keeps
// all four values).
func TestEverySaveIsFresh(t *testing.T) {
	doc := fullDocument()
	for _, c := range []kdbx.Cipher{kdbx.AES256, kdbx.ChaCha20} {
		opt := kdbx.Options{Cipher: c, KDF: cheap(kdbx.Argon2id)}
		a, b := write(t, doc, opt), write(t, doc, opt)
		again, h := read(t, a)
		d := write(t, again, h.Options())
		for _, pair := range [][2][]byte{{a, b}, {a, d}, {b, d}} {
			for i, f := range headerFields(pair[0]) {
				g := headerFields(pair[1])[i]
				if f.id != g.id {
					t.Fatal("other fields")
				}
				if (f.id == 4 || f.id == 7 || f.id == 11) && bytes.Equal(f.data, g.data) {
					t.Errorf("%s: field %d is the same in two saves", c, f.id)
				}
			}
			same := 0
			tail0, tail1 := pair[0][len(pair[0])-1000:], pair[1][len(pair[1])-1000:]
			for i := range tail0 {
				if tail0[i] == tail1[i] {
					same++
				}
			}
			if same > 50 { // 4 by chance, and 36 of the last, empty block's length
				t.Errorf("%s: %d of 1000 bytes are the same in two saves", c, same)
			}
		}
	}
}

// The inner key is fresh too: two exports of the ciphertext differ. It cannot
// be seen from outside but through the payload, so the outer layer is taken
// off with the second implementation's help: an uncompressed file whose
// protected values are compared.
func TestInnerKeyIsFresh(t *testing.T) {
	doc := documentWith(entryWith(func(e *vault.Entry) {
		e.Fields = append(e.Fields, field("PIN!", strings.Repeat("x", 300)))
	}))
	opt := kdbx.Options{Cipher: kdbx.ChaCha20, KDF: cheap(kdbx.Argon2id)}
	value := func() string {
		plain := unseal(t, write(t, doc, opt))
		_, after, found := strings.Cut(string(plain), `<Value Protected="True">`)
		if !found {
			t.Fatal("no protected value")
		}
		return after[:200]
	}
	if a, b := value(), value(); a == b {
		t.Error("the inner stream is the same in two saves")
	}
}

func TestMinorVersion(t *testing.T) {
	group := func(g *vault.Group) *kdbx.Document { g.ID = id(1); return kdbx.NewDocument(g) }
	meta := func(change func(*kdbx.Meta)) *kdbx.Document {
		doc := kdbx.NewDocument(&vault.Group{ID: id(1)})
		change(&doc.Meta)
		return doc
	}
	entry := func(change func(*vault.Entry)) *kdbx.Document { return documentWith(entryWith(change)) }
	for name, tt := range map[string]struct {
		doc  *kdbx.Document
		want uint16
	}{
		"plain":             {entry(func(e *vault.Entry) { e.Tags = []string{"x"} }), 0},
		"custom data":       {entry(func(e *vault.Entry) { e.CustomData = []vault.CustomDatum{{Key: "k"}} }), 0},
		"group custom data": {group(&vault.Group{CustomData: []vault.CustomDatum{{Key: "k"}}}), 0},
		"icon":              {meta(func(m *kdbx.Meta) { m.CustomIcons = []vault.CustomIcon{{ID: id(9)}} }), 0},
		"datum with time":   {entry(func(e *vault.Entry) { e.CustomData = []vault.CustomDatum{{Key: "k", Modified: at(1)}} }), 1},
		"meta datum time":   {meta(func(m *kdbx.Meta) { m.CustomData = []vault.CustomDatum{{Key: "k", Modified: at(1)}} }), 1},
		"icon name":         {meta(func(m *kdbx.Meta) { m.CustomIcons = []vault.CustomIcon{{ID: id(9), Name: "n"}} }), 1},
		"icon time":         {meta(func(m *kdbx.Meta) { m.CustomIcons = []vault.CustomIcon{{ID: id(9), Modified: at(1)}} }), 1},
		"group tags":        {group(&vault.Group{Tags: []string{"x"}}), 1},
		"group parent":      {group(&vault.Group{PreviousParent: id(7)}), 1},
		"entry parent":      {entry(func(e *vault.Entry) { e.PreviousParent = id(7) }), 1},
		"no quality check":  {entry(func(e *vault.Entry) { e.NoQualityCheck = true }), 1},
		"in the history": {entry(func(e *vault.Entry) {
			e.History = []*vault.Entry{{PreviousParent: id(7)}}
		}), 1},
	} {
		t.Run(name, func(t *testing.T) {
			if _, h := read(t, write(t, tt.doc, cheapOptions())); h.Minor != tt.want {
				t.Errorf("4.%d, want 4.%d", h.Minor, tt.want)
			}
		})
	}
}

func TestLargeValues(t *testing.T) {
	large := strings.Repeat("0123456789abcde\n", 1<<16)
	doc := documentWith(entryWith(func(e *vault.Entry) {
		e.Fields = append(e.Fields, field("Notes", large), field("PIN!", large))
		e.Attachments = []vault.Attachment{
			{Name: "base64", Binary: &vault.Binary{Data: []byte("QUJDRA==")}},
			{Name: "large", Binary: &vault.Binary{Data: bytes.Repeat([]byte{0, 0xff, '<', '&'}, 5<<20/4)}},
			{Name: "empty", Binary: &vault.Binary{Data: []byte{}}},
		}
		for i := range 500 {
			e.Fields = append(e.Fields, field(fmt.Sprint("field ", i), fmt.Sprint(i)))
		}
	}))
	for _, c := range []kdbx.Compression{kdbx.CompressionNone, kdbx.CompressionGzip} {
		got, _ := read(t, write(t, doc, kdbx.Options{Cipher: kdbx.AES256, Compression: c, KDF: cheap(kdbx.Argon2id)}))
		// By lines, with attachments' hashes: cmp goes through bytes one by one.
		if d := cmp.Diff(lines(doc), lines(got)); d != "" {
			t.Errorf("compression %d: differs", c)
		}
	}
}

func TestExportRoundTrip(t *testing.T) {
	want := fullDocument()
	var b bytes.Buffer
	if err := kdbx.WriteXML(&b, want); err != nil {
		t.Fatal(err)
	}
	got, err := readText(b.String())
	if err != nil {
		t.Fatal(err)
	}
	if d := diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if strings.Contains(b.String(), ` Protected=`) {
		t.Error("the export holds ciphertext")
	}
}

// Fields of one entry do not share room with those of another.
func TestAppendingToAnEntryLeavesOthersAlone(t *testing.T) {
	doc := kdbx.NewDocument(&vault.Group{ID: id(1), Entries: []*vault.Entry{
		{ID: id(2), Fields: []vault.Field{field("Title", "first")}},
		{ID: id(3), Fields: []vault.Field{field("Title", "second")}},
	}})
	got, _ := read(t, write(t, doc, cheapOptions()))
	first, second := got.Root.Entries[0], got.Root.Entries[1]
	first.Set("new", vault.SecretText("value"), false)
	value := first.Value("Title").Bytes()
	_ = append(value, "spill"...)
	if second.Title() != "second" || len(second.Fields) != 1 {
		t.Errorf("second entry %q with %d fields", second.Title(), len(second.Fields))
	}
}

func TestWipe(t *testing.T) {
	doc, _ := read(t, write(t, fullDocument(), cheapOptions()))
	e := doc.Root.Entries[0]
	values := [][]byte{e.Password().Bytes(), e.History[0].Password().Bytes(), e.Attachments[0].Binary.Data}
	doc.Wipe()
	for i, v := range values {
		if len(v) == 0 || !bytes.Equal(v, make([]byte, len(v))) {
			t.Errorf("value %d is %q", i, v)
		}
	}
	if e.Password().Len() != 0 {
		t.Error("the password has a length")
	}
}

// Writing leaves the document as it was, and several may write one at once.
func TestWritingChangesNothing(t *testing.T) {
	doc := fullDocument()
	done := make(chan error)
	for range 4 {
		go func() { done <- kdbx.Write(context.Background(), io.Discard, doc, testKey(), cheapOptions()) }()
	}
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if d := diff(fullDocument(), doc); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestWrongPassword(t *testing.T) {
	file := write(t, fullDocument(), cheapOptions())
	for name, key := range map[string]kdbx.Key{
		"other":              kdbx.CompositeKey([]byte("other"), nil),
		"empty":              kdbx.CompositeKey([]byte{}, nil),
		"none":               kdbx.CompositeKey(nil, nil),
		"with a key file":    kdbx.CompositeKey([]byte(password), make([]byte, 32)),
		"key file by itself": kdbx.CompositeKey(nil, make([]byte, 32)),
	} {
		doc, h, err := kdbx.Read(context.Background(), bytes.NewReader(file), key, kdbx.DefaultLimits())
		if !errors.Is(err, vault.WrongPassword) || doc != nil || h == nil {
			t.Errorf("%s: %v, %v", name, err, h)
		}
	}
}

func TestHeaderIsReadToItsEndAndNotFurther(t *testing.T) {
	opt := cheapOptions()
	opt.PublicCustomData.SetBytes("tideover.record", []byte("DER"))
	file := write(t, fullDocument(), opt)
	r := bytes.NewReader(file)
	h, err := kdbx.ReadHeader(r, kdbx.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(opt, h.Options()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	end := bytes.Index(file, []byte("\r\n\r\n")) + 4 + 32
	if at := len(file) - r.Len(); at != end {
		t.Errorf("read %d bytes, header and hash have %d", at, end)
	}
}
