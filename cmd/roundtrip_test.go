package cmd_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

const cachePassword = "Ebbe und Flut 1729 am Kai"

// TestNothingIsLostOnTheWay imports a file that KeePassXC saved, and one in the
// old format that it made, caches them, and has KeePassXC read the cache: field
// by field the same, and the attachments byte by byte.
func TestNothingIsLostOnTheWay(t *testing.T) {
	w := newWorld(t)
	team, old := fixture(t, w.dir), legacyFixture(t, w.dir)
	w.run(0, []string{filePassword}, "tideover-server", "import", "--data", w.data, "--into", "/Imported", "--password-stdin", team)
	w.run(0, []string{filePassword}, "tideover-server", "import", "--data", w.data, "--into", "/Old", "--password-stdin", old)
	for _, path := range []string{"/Imported", "/Old"} {
		w.server("grant", "add", "--path", path, "--user", "alice", "--level", "Full + Offline")
	}
	w.server("policy", "set", "export", "true")
	w.cli(0, []string{w.password["alice"]}, "sign-in", "--server", w.url, "--pin", w.pin, "--user", "alice", "--password-stdin")
	w.cli(0, []string{cachePassword}, "cache", "--master-password-stdin")
	w.stopServer()

	file, key := w.escrow()
	cached := keepassxc(t, cachePassword+"\n", "export", "-f", "xml", "-k", key, file)
	for _, tt := range []struct{ name, source, group string }{{"kdbx 4", team, "Imported"}, {"kdbx 3.1", old, "Old"}} {
		t.Run(tt.name, func(t *testing.T) {
			want := normalise(t, keepassxc(t, filePassword+"\n", "export", "-f", "xml", tt.source))
			if len(want) < 10 {
				t.Fatalf("only %d facts in the source", len(want))
			}
			if diff := cmp.Diff(want, normalise(t, cached, tt.group)); diff != "" {
				t.Errorf("(-source +cache)\n%s", diff)
			}
		})
	}
	t.Run("attachments", func(t *testing.T) {
		for _, name := range []string{"empty", "ten megabytes.bin", "looks like base64.txt", "really base64.txt"} {
			// To files: on standard output KeePassXC 2.7 turns bytes into text.
			want := attachment(t, w.dir, filePassword, team, "With attachments", name)
			got := attachment(t, w.dir, cachePassword, file, "Imported/With attachments", name, "-k", key)
			if !bytes.Equal(got, want) {
				t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
			}
			ours := w.cli(0, []string{cachePassword}, "attachment", "get", "/Imported/With attachments", name, "--master-password-stdin")
			if ours != string(want) {
				t.Errorf("%s: tideover-cli gives %d bytes, want %d", name, len(ours), len(want))
			}
		}
	})
	t.Run("by the command line", func(t *testing.T) {
		bottom := "/Imported"
		for i := 2; i <= deepLevels; i++ {
			bottom += "/Level " + itoa(i)
		}
		for path, want := range map[string]string{
			bottom + "/At the bottom": "126 down",
			`/Imported/Odd <&> 名前 👩‍🚀/XML <specials> & "quotes" ]]>`: `<![CDATA[x]]>&amp;`,
			"/Imported/Odd <&> 名前 👩‍🚀/ blanks ":                      " leading and trailing ",
		} {
			if got := w.cli(0, []string{cachePassword}, "show", path, "--field", "Password", "--master-password-stdin"); got != want+"\n" {
				t.Errorf("%s: %q, want %q", path, got, want)
			}
		}
		w.cli(15, []string{cachePassword}, "show", "/Imported/Odd <&> 名前 👩‍🚀/Twice", "--master-password-stdin")
	})
}

// attachment has KeePassXC export one.
func attachment(t *testing.T, dir, password, file, entry, name string, more ...string) []byte {
	t.Helper()
	out := filepath.Join(dir, "exported")
	keepassxc(t, password+"\n", append(append([]string{"attachment-export"}, more...), file, entry, name, out)...)
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	return b
}

// indices is the chip as a cache of level A wants it.
type indices struct{ *tpm.Chip }

func (i indices) With(s binding.Slots) (cache.Indexed, error) { return i.WithIndices(s) }

// escrow exports the machine secret as the client does, and returns the cache
// file and the key file.
func (w *world) escrow() (file, key string) {
	w.t.Helper()
	dirs, err := filepath.Glob(filepath.Join(w.home, "accounts", "*", "cache.kdbx"))
	if err != nil || len(dirs) != 1 {
		w.t.Fatalf("caches: %v, %v", dirs, err)
	}
	ctx := context.Background()
	chip, err := tpm.Open(ctx, w.tpm)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = chip.Close() }()
	store, err := cache.Open(cache.Options{Dir: filepath.Dir(dirs[0]), Chip: chip, Indices: indices{chip}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	opened, err := store.Unlock(ctx, cache.UnlockRequest{Password: vault.SecretText(cachePassword)})
	if err != nil {
		w.t.Fatal(err)
	}
	defer opened.Close()
	var out bytes.Buffer
	if err := opened.ExportKeyFile(ctx, &out); err != nil {
		w.t.Fatal(err)
	}
	key = filepath.Join(w.dir, "escrow.keyx")
	if err := os.WriteFile(key, out.Bytes(), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return dirs[0], key
}

// legacyFixture has KeePassXC make a KDBX 3.1 file.
func legacyFixture(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "old.kdbx")
	p := filePassword + "\n"
	keepassxc(t, p+p, "db-create", "-p", "-t", "100", path)
	keepassxc(t, p, "mkdir", path, "Net 🌊")
	keepassxc(t, p+"s3cr<e>t & ü\n", "add", "-u", "admin", "--url", "https://r", "-p", path, "Net 🌊/Router")
	keepassxc(t, p+"second\n", "edit", "-p", path, "Net 🌊/Router")
	head, err := os.ReadFile(path)
	if err != nil || head[10] != 3 {
		t.Fatalf("keepassxc-cli db-create made no KDBX 3.1: %v", err)
	}
	return path
}

// TestCacheOpensNowhereElse has the cache file open in KeePassXC and KeePass 2
// with password and key file, in neither with one of them alone, and on another
// machine not at all.
func TestCacheOpensNowhereElse(t *testing.T) {
	w := newWorld(t)
	w.server("policy", "set", "export", "true")
	w.cli(0, []string{w.password["alice"]}, "sign-in", "--server", w.url, "--pin", w.pin, "--user", "alice", "--password-stdin")
	w.cli(0, []string{cachePassword}, "cache", "--master-password-stdin")
	file, key := w.escrow()
	referees := map[string]func(password, key string) error{
		"KeePassXC": func(password, key string) error {
			args := []string{"ls", "-q", file}
			if key != "" {
				args = append(args, "-k", key)
			}
			cmd := exec.Command("keepassxc-cli", args...)
			cmd.Env = append(os.Environ(), "QT_QPA_PLATFORM=offscreen")
			cmd.Stdin = strings.NewReader(password + "\n")
			return cmd.Run()
		},
		"KeePass 2": keepass2(t, w.dir, file),
	}
	for name, open := range referees {
		if err := open(cachePassword, key); err != nil {
			t.Errorf("%s with password and key file: %v", name, err)
		}
		if open(cachePassword, "") == nil {
			t.Errorf("%s opens it with the password alone", name)
		}
		if open("not the password", key) == nil {
			t.Errorf("%s opens it with the key file alone", name)
		}
	}
	for _, spec := range []string{newChipSpec(t), "none"} {
		w.tpm = spec
		out := w.cli(4, []string{cachePassword}, "work-offline", "--user", "alice", "--master-password-stdin", "--json")
		if !strings.Contains(out, `"exit":4`) {
			t.Errorf("with %s: %s", spec, out)
		}
	}
}

// keepass2 compiles the referee that asks KeePass 2's own code.
func keepass2(t *testing.T, dir, file string) func(password, key string) error {
	t.Helper()
	const assembly = "/usr/lib/keepass2/KeePass.exe"
	b, err := os.ReadFile(assembly)
	if err != nil {
		t.Fatalf("KeePass 2 is missing (Debian package keepass2): %v", err)
	}
	library, exe := filepath.Join(dir, "KeePass.exe"), filepath.Join(dir, "referee.exe")
	if err := os.WriteFile(library, b, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("mcs", "-r:"+library, "-out:"+exe, "../vault/kdbx/testdata/keepass.cs").CombinedOutput()
	if err != nil {
		t.Fatalf("mcs (Debian package mono-mcs): %v\n%s", err, out)
	}
	return func(password, key string) error {
		if key == "" {
			key = "-"
		}
		return exec.Command("mono", exe, file, password, key).Run()
	}
}
