package kdbx_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tobischo/gokeepasslib/v3"
	"github.com/tobischo/gokeepasslib/v3/wrappers"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// decode reads a file with gokeepasslib, protected values in plain text.
func decode(t *testing.T, file []byte) *gokeepasslib.Database {
	t.Helper()
	db := gokeepasslib.NewDatabase()
	db.Credentials = gokeepasslib.NewPasswordCredentials(password)
	if err := gokeepasslib.NewDecoder(bytes.NewReader(file)).Decode(db); err != nil {
		t.Fatalf("gokeepasslib: %v", err)
	}
	return db
}

func TestGokeepasslibReadsOurs(t *testing.T) {
	for name, opt := range map[string]kdbx.Options{
		"AES, gzip, Argon2d":      {Cipher: kdbx.AES256, Compression: kdbx.CompressionGzip, KDF: cheap(kdbx.Argon2d)},
		"ChaCha20, gzip, Argon2d": {Cipher: kdbx.ChaCha20, Compression: kdbx.CompressionGzip, KDF: cheap(kdbx.Argon2d)},
		"ChaCha20, Argon2d":       {Cipher: kdbx.ChaCha20, KDF: cheap(kdbx.Argon2d)},
		"AES, gzip, AES-KDF":      {Cipher: kdbx.AES256, Compression: kdbx.CompressionGzip, KDF: cheap(kdbx.AESKDF)},
	} {
		t.Run(name, func(t *testing.T) {
			doc := interopDocument()
			if opt.Compression == kdbx.CompressionGzip { // several blocks in one of them: it reads a byte at a time
				doc.Root.Groups[0].Entries[0].Attachments = nil
			}
			db := decode(t, write(t, doc, opt))
			if err := db.UnlockProtectedEntries(); err != nil {
				t.Fatal(err)
			}
			want, got := doc.Root.Entries[0], db.Content.Root.Groups[0].Entries[0]
			for _, f := range want.Fields {
				v := got.Get(f.Name)
				if v == nil || v.Value.Content != f.Value.Text() || v.Value.Protected.Bool != f.Protected {
					t.Errorf("field %q: %+v, want %q", f.Name, v, f.Value.Text())
				}
			}
			history := got.Histories[0].Entries[0]
			if pw := history.GetPassword(); pw != "before" {
				t.Errorf("password in the history %q", pw)
			}
			if pw := db.Content.Root.Groups[0].Groups[0].Entries[0].GetPassword(); pw != "after the unknown" {
				t.Errorf("last password %q", pw)
			}
		})
	}
}

func TestWeReadGokeepasslibs(t *testing.T) {
	value := func(key, content string, protected bool) gokeepasslib.ValueData {
		return gokeepasslib.ValueData{Key: key, Value: gokeepasslib.V{Content: content, Protected: wrappers.NewBoolWrapper(protected)}}
	}
	for _, kdbx3 := range []bool{false, true} {
		entry := gokeepasslib.NewEntry()
		entry.Values = append(entry.Values, value("Title", "t & <t>", false), value("Password", "hunter2", true), value("PIN", "1234", true))
		group := gokeepasslib.NewGroup()
		group.Name = "root"
		group.Entries = append(group.Entries, entry)
		option := gokeepasslib.WithDatabaseKDBXVersion4()
		if kdbx3 {
			option = gokeepasslib.WithDatabaseKDBXVersion3()
		}
		db := gokeepasslib.NewDatabase(option)
		db.Credentials = gokeepasslib.NewPasswordCredentials(password)
		db.Content.Root = &gokeepasslib.RootData{Groups: []gokeepasslib.Group{group}}
		if !kdbx3 { // in KDBX 3.1 it cuts the last bytes off attachments (binary.go, SetContent)
			first := &db.Content.Root.Groups[0].Entries[0]
			first.Binaries = append(first.Binaries, db.AddBinary([]byte("attached")).CreateReference("a.txt"))
		}
		if err := db.LockProtectedEntries(); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := gokeepasslib.NewEncoder(&b).Encode(db); err != nil {
			t.Fatal(err)
		}
		var doc *kdbx.Document
		if kdbx3 {
			doc = fromKDBX3(t, b.Bytes())
		} else {
			doc, _ = read(t, b.Bytes())
		}
		e := doc.Root.Entries[0]
		if e.Title() != "t & <t>" || e.Password().Text() != "hunter2" || e.Value("PIN").Text() != "1234" {
			t.Errorf("KDBX 3 %v: %q %q %q", kdbx3, e.Title(), e.Password().Text(), e.Value("PIN").Text())
		}
		if !kdbx3 && string(e.Attachments[0].Binary.Data) != "attached" {
			t.Errorf("attachment %q", e.Attachments[0].Binary.Data)
		}
	}
}

// fromKDBX3 lets gokeepasslib open the container, and reads the XML.
func fromKDBX3(t *testing.T, file []byte) *kdbx.Document {
	t.Helper()
	db := decode(t, file)
	opt := kdbx.XMLOptions{
		Stream:    kdbx.InnerStream(db.Header.FileHeaders.InnerRandomStreamID),
		StreamKey: db.Header.FileHeaders.ProtectedStreamKey,
	}
	doc, err := kdbx.ReadXML(context.Background(), bytes.NewReader(db.Content.RawData), opt, kdbx.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// keepassxc-cli 2.7 creates KDBX 3.1: Salsa20, packed attachments in Meta.
func TestXMLOfKDBX3ByKeePassXC(t *testing.T) {
	dir := t.TempDir()
	file, content := filepath.Join(dir, "v3.kdbx"), bytes.Repeat([]byte("attached "), 1000)
	attachment := filepath.Join(dir, "a.txt")
	if err := os.WriteFile(attachment, content, 0o600); err != nil {
		t.Fatal(err)
	}
	keepassxc(t, "db-create", "-q", "-t", "100", "-p", file) // the least time for its key derivation
	keepassxc(t, "mkdir", "-q", file, "group")
	keepassxc(t, "add", "-q", "-p", "-u", "jürgen", "--notes", "n", file, "group/entry")
	keepassxc(t, "attachment-import", "-q", file, "group/entry", "a.txt", attachment)
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = kdbx.Read(context.Background(), bytes.NewReader(data), testKey(), kdbx.DefaultLimits())
	wantCause(t, err, vault.Unsupported)

	doc := fromKDBX3(t, data)
	if len(doc.Meta.HeaderHash) != 32 {
		t.Errorf("header hash %x", doc.Meta.HeaderHash)
	}
	e := doc.Root.Groups[0].Entries[0]
	if e.Title() != "entry" || e.Username() != "jürgen" || e.Password().Text() != password || e.Times.Created.IsZero() {
		t.Errorf("entry %q %q %q %v", e.Title(), e.Username(), e.Password().Text(), e.Times.Created)
	}
	if !bytes.Equal(e.Attachments[0].Binary.Data, content) {
		t.Error("the attachment is another")
	}
	again, _ := read(t, write(t, doc, cheapOptions()))
	if d := diff(doc, again); d != "" {
		// The hash of the old header is not kept.
		doc.Meta.HeaderHash = nil
		if d = diff(doc, again); d != "" {
			t.Errorf("as KDBX 4 (-want +got):\n%s", d)
		}
	}
}
