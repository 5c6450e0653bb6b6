package kdbx_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault/kdbx"
)

const keepassAssembly = "/usr/lib/keepass2/KeePass.exe"

// referee is testdata/keepass.cs, compiled once for all tests.
var referee = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "tideover-keepass-")
	if err != nil {
		return "", err
	}
	assembly, err := os.ReadFile(keepassAssembly)
	if err != nil {
		return dir, err
	}
	if err := os.WriteFile(filepath.Join(dir, "KeePass.exe"), assembly, 0o600); err != nil {
		return dir, err
	}
	exe := filepath.Join(dir, "referee.exe")
	out, err := exec.Command("mcs", "-r:"+filepath.Join(dir, "KeePass.exe"), "-out:"+exe, "testdata/keepass.cs").CombinedOutput()
	if err != nil {
		_, _ = os.Stderr.Write(out) // the error follows
	}
	return dir, err
})

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := referee(); err == nil && code == 0 {
		_ = os.RemoveAll(dir) // a temporary directory
	}
	os.Exit(code)
}

// keepass opens a file with KeePass 2's code and returns what is in it. copyTo
// may be empty.
func keepass(t *testing.T, file, keyFile, copyTo string) ([]string, error) {
	t.Helper()
	for tool, pkg := range map[string]string{"mono": "keepass2", "mcs": "mono-mcs"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("%s is missing: apt-get install %s", tool, pkg)
		}
	}
	dir, err := referee()
	if err != nil {
		t.Fatalf("KeePass 2 cannot be used (apt-get install keepass2 mono-mcs): %v", err)
	}
	args := []string{filepath.Join(dir, "referee.exe"), file, password, keyFile}
	if copyTo != "" {
		args = append(args, copyTo)
	}
	cmd := exec.Command("mono", args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Logf("KeePass: %s", errs.String())
	}
	return sorted(strings.Split(string(out), "\n")), err
}

func saveTemp(t *testing.T, data []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.kdbx")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestKeePassReadsOursAndWeItsCopy(t *testing.T) {
	for name, opt := range map[string]kdbx.Options{
		"AES, gzip, Argon2id": {Cipher: kdbx.AES256, Compression: kdbx.CompressionGzip, KDF: cheap(kdbx.Argon2id)},
		"ChaCha20, Argon2d":   {Cipher: kdbx.ChaCha20, KDF: cheap(kdbx.Argon2d)},
		"ChaCha20, AES-KDF":   {Cipher: kdbx.ChaCha20, Compression: kdbx.CompressionGzip, KDF: cheap(kdbx.AESKDF)},
	} {
		t.Run(name, func(t *testing.T) {
			doc := interopDocument()
			opt.PublicCustomData.SetBytes("tideover.record", []byte{1, 2, 3})
			file := saveTemp(t, write(t, doc, opt))
			got, err := keepass(t, file, "-", file+".copy")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(lines(doc), got); d != "" {
				t.Errorf("KeePass sees (-want +got):\n%s", d)
			}
			copied, err := os.ReadFile(file + ".copy")
			if err != nil {
				t.Fatal(err)
			}
			again, h := read(t, copied)
			if d := cmp.Diff(lines(withLF(doc)), lines(again)); d != "" {
				t.Errorf("its copy has (-want +got):\n%s", d)
			}
			if data, _ := h.PublicCustomData.Bytes("tideover.record"); !bytes.Equal(data, []byte{1, 2, 3}) {
				t.Errorf("its copy lost the public custom data: %v", h.PublicCustomData)
			}
			if h.KDF != opt.KDF || h.Cipher != opt.Cipher {
				t.Errorf("its copy has %v, %v", h.KDF, h.Cipher)
			}
		})
	}
}

// KeePass reads 127 groups on one path and refuses more; we go on to 256.
func TestKeePassDepth(t *testing.T) {
	for depth, want := range map[int]bool{127: true, 128: false} {
		doc := nested(depth)
		got, err := keepass(t, saveTemp(t, write(t, doc, cheapOptions())), "-", "")
		if (err == nil) != want {
			t.Errorf("%d groups: %v", depth, err)
		}
		if want && len(got) < depth {
			t.Errorf("%d groups: KeePass sees %d lines", depth, len(got))
		}
	}
}

func TestKeePassReadsOurKeyFile(t *testing.T) {
	doc := interopDocument()
	secret := bytes.Repeat([]byte{0xa5}, 32)
	keyFile, data := fileUnderKeyFile(t, doc, secret)
	got, err := keepass(t, saveTemp(t, data), keyFile, "")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(lines(doc), got); d != "" {
		t.Errorf("KeePass sees (-want +got):\n%s", d)
	}
}
