package kdbx_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// keepassxc runs keepassxc-cli and returns its output.
func keepassxc(t *testing.T, args ...string) []byte {
	t.Helper()
	if _, err := exec.LookPath("keepassxc-cli"); err != nil {
		t.Fatal("keepassxc-cli is missing: apt-get install keepassxc")
	}
	cmd := exec.Command("keepassxc-cli", args...)
	cmd.Stdin = strings.NewReader(password + "\n" + password + "\n")
	cmd.Env = append(os.Environ(), "LANG=C.UTF-8", "QT_LOGGING_RULES=*=false")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("keepassxc-cli %s: %v\n%s", strings.Join(args, " "), err, errs.Bytes())
	}
	return out
}

// xcLines are lines as far as KeePassXC keeps them: it protects standard fields
// as Meta says and adds custom data of its own.
func xcLines(doc *kdbx.Document) []string {
	var list []string
	for _, l := range lines(doc) {
		f := strings.Fields(l)
		if strings.Contains(l, " data "+b64("_LAST_MODIFIED")) {
			continue
		}
		for i, word := range f {
			if word == "field" && i+2 < len(f) {
				f[i+2] = ""
			}
		}
		list = append(list, strings.Join(f, " "))
	}
	return sorted(list)
}

// forXC changes in a document what KeePassXC would: no standard icon beside a
// custom one, LF for CR LF.
func forXC(doc *kdbx.Document) *kdbx.Document {
	eachEntry(doc.Root, func(e *vault.Entry) {
		if !e.Icon.Custom.IsZero() {
			e.Icon.Standard = 0
		}
	})
	return withLF(doc)
}

// withLF changes line ends as KeePass and KeePassXC write them.
func withLF(doc *kdbx.Document) *kdbx.Document {
	eachEntry(doc.Root, func(e *vault.Entry) {
		for i, f := range e.Fields {
			e.Fields[i].Value = vault.SecretText(strings.ReplaceAll(f.Value.Text(), "\r\n", "\n"))
		}
	})
	return doc
}

// eachEntry visits all entries and their history.
func eachEntry(g *vault.Group, visit func(*vault.Entry)) {
	for _, e := range g.Entries {
		visit(e)
		for _, h := range e.History {
			visit(h)
		}
	}
	for _, sub := range g.Groups {
		eachEntry(sub, visit)
	}
}

func TestKeePassXCReadsOursAndWeItsCopy(t *testing.T) {
	for name, opt := range map[string]kdbx.Options{
		"AES, gzip, Argon2id":      {Cipher: kdbx.AES256, Compression: kdbx.CompressionGzip, KDF: cheap(kdbx.Argon2id)},
		"ChaCha20, Argon2d":        {Cipher: kdbx.ChaCha20, KDF: cheap(kdbx.Argon2d)},
		"ChaCha20, gzip, Argon2id": {Cipher: kdbx.ChaCha20, Compression: kdbx.CompressionGzip, KDF: cheap(kdbx.Argon2id)},
		"AES, AES-KDF":             {Cipher: kdbx.AES256, KDF: cheap(kdbx.AESKDF)},
	} {
		t.Run(name, func(t *testing.T) {
			doc := interopDocument()
			opt.PublicCustomData.SetBytes("tideover.record", []byte{1, 2, 3})
			file := saveTemp(t, write(t, doc, opt))
			exported := keepassxc(t, "export", "-q", file)
			keepassxc(t, "mkdir", "-q", file, "another")
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			again, h := read(t, data)
			if h.PublicCustomData == nil {
				t.Error("its copy lost the public custom data")
			}
			last := len(again.Root.Groups) - 1
			if again.Root.Groups[last].Name != "another" {
				t.Fatalf("groups %v", again.Root.Groups)
			}
			again.Root.Groups = again.Root.Groups[:last]
			if d := cmp.Diff(xcLines(forXC(doc)), xcLines(forXC(again))); d != "" {
				t.Errorf("its copy has (-want +got):\n%s", d)
			}

			fromXML, err := kdbx.ReadXML(context.Background(), bytes.NewReader(exported), kdbx.XMLOptions{}, kdbx.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			returnContents(t, fromXML.Root, doc.Root)
			if d := cmp.Diff(xcLines(doc), xcLines(forXC(fromXML))); d != "" {
				t.Errorf("its export has (-want +got):\n%s", d)
			}
		})
	}
}

// returnContents puts the attachments' contents, which KeePassXC leaves out of
// its export, where they belong, after a look that they are really absent.
func returnContents(t *testing.T, to, from *vault.Group) {
	t.Helper()
	entry := func(to, from *vault.Entry) {
		for i, a := range to.Attachments {
			if a.Binary != nil {
				t.Errorf("%q has a content", a.Name)
			}
			for _, b := range from.Attachments {
				if a.Name == b.Name {
					to.Attachments[i].Binary = b.Binary
				}
			}
		}
	}
	for i, e := range to.Entries {
		entry(e, from.Entries[i])
		for k, h := range e.History {
			entry(h, from.Entries[i].History[k])
		}
	}
	for i, g := range to.Groups {
		returnContents(t, g, from.Groups[i])
	}
}

func TestKeePassXCReadsOurExport(t *testing.T) {
	doc := interopDocument()
	dir := t.TempDir()
	var xml bytes.Buffer
	if err := kdbx.WriteXML(&xml, doc); err != nil {
		t.Fatal(err)
	}
	in, out := filepath.Join(dir, "in.xml"), filepath.Join(dir, "out.kdbx")
	if err := os.WriteFile(in, xml.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	keepassxc(t, "import", "-q", "-p", in, out)
	back, err := kdbx.ReadXML(context.Background(), bytes.NewReader(keepassxc(t, "export", "-q", out)), kdbx.XMLOptions{}, kdbx.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	restoreContents(back.Root, doc.Root)
	if d := cmp.Diff(xcLines(forXC(doc)), xcLines(forXC(back))); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// restoreContents is returnContents without the look.
func restoreContents(to, from *vault.Group) {
	for i, e := range to.Entries {
		for k := range e.Attachments {
			e.Attachments[k].Binary = from.Entries[i].Attachments[k].Binary
		}
		for h := range e.History {
			for k := range e.History[h].Attachments {
				e.History[h].Attachments[k].Binary = from.Entries[i].History[h].Attachments[k].Binary
			}
		}
	}
	for i, g := range to.Groups {
		restoreContents(g, from.Groups[i])
	}
}

func TestKeePassXCDepth(t *testing.T) {
	doc := nested(kdbx.MaxGroupDepth)
	file := saveTemp(t, write(t, doc, cheapOptions()))
	keepassxc(t, "mkdir", "-q", file, "another")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := read(t, data)
	g := again.Root
	for depth := 1; depth < kdbx.MaxGroupDepth; depth++ {
		g = g.Groups[0]
	}
	if e := g.Entries[0]; e.Title() != "deep" || e.Password().Text() != "down" {
		t.Errorf("innermost entry %q", e.Title())
	}
}

func TestKeePassXCEditsOurs(t *testing.T) {
	doc := interopDocument()
	file := saveTemp(t, write(t, doc, cheapOptions()))
	attachment := filepath.Join(t.TempDir(), "a.bin")
	content := bytes.Repeat([]byte{0, 1, 2, 0xff}, 1<<18)
	if err := os.WriteFile(attachment, content, 0o600); err != nil {
		t.Fatal(err)
	}
	keepassxc(t, "add", "-q", "-u", "user", "--url", "https://x", "--notes", "n", file, "added")
	keepassxc(t, "attachment-import", "-q", file, "added", "a.bin", attachment)
	keepassxc(t, "edit", "-q", "-u", "other", file, "added")
	keepassxc(t, "attachment-export", "-q", file, "added", "a.bin", attachment+".out")
	exported, err := os.ReadFile(attachment + ".out")
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := read(t, data)
	var added *vault.Entry
	for _, e := range again.Root.Entries {
		if e.Title() == "added" {
			added = e
		}
	}
	if added == nil {
		t.Fatal("the added entry is not there")
	}
	if added.Username() != "other" || added.URL() != "https://x" || len(added.History) == 0 {
		t.Errorf("added entry: user %q, url %q, history %d", added.Username(), added.URL(), len(added.History))
	}
	if !bytes.Equal(added.Attachments[0].Binary.Data, content) || !bytes.Equal(exported, content) {
		t.Error("the attachment is another")
	}
}

// fileUnderKeyFile writes a key file and a file that needs it.
func fileUnderKeyFile(t *testing.T, doc *kdbx.Document, secret []byte) (keyFile string, file []byte) {
	t.Helper()
	keyFile = filepath.Join(t.TempDir(), "machine.keyx")
	var k, b bytes.Buffer
	if err := kdbx.WriteKeyFile(&k, secret); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keyFile, k.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := kdbx.Write(context.Background(), &b, doc, kdbx.CompositeKey([]byte(password), secret), cheapOptions()); err != nil {
		t.Fatal(err)
	}
	return keyFile, b.Bytes()
}

func TestKeePassXCReadsOurKeyFile(t *testing.T) {
	keyFile, data := fileUnderKeyFile(t, interopDocument(), bytes.Repeat([]byte{0x5a}, 32))
	if out := keepassxc(t, "ls", "-q", "-k", keyFile, saveTemp(t, data)); !bytes.Contains(out, []byte("Sub & Co/")) {
		t.Errorf("listed %q", out)
	}
}
