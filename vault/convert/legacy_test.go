package convert_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/convert"
)

// asChild turns this test binary into the child that reads KDBX 3.1.
const asChild = "-serve-legacy"

func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == asChild {
		os.Exit(convert.ServeLegacy(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

func child(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, os.Args[0], asChild) }

// xc runs keepassxc-cli with the password on standard input, as often as asked.
func xc(t *testing.T, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command("keepassxc-cli", args...)
	cmd.Env = append(os.Environ(), "QT_QPA_PLATFORM=offscreen", "LANG=C.UTF-8")
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("keepassxc-cli %v (Debian package keepassxc): %v\n%s", args, err, out)
	}
}

// makeLegacy has KeePassXC create a KDBX 3.1 file, as its command line does.
func makeLegacy(t *testing.T) []byte {
	t.Helper()
	dir := t.TempDir()
	file, note := filepath.Join(dir, "old.kdbx"), filepath.Join(dir, "note.txt")
	if err := os.WriteFile(note, []byte("QUJDRA=="), 0o600); err != nil {
		t.Fatal(err)
	}
	xc(t, "pass wörd\npass wörd\n", "db-create", "-p", "-t", "100", file)
	xc(t, "pass wörd\n", "mkdir", file, "Net 🌊")
	xc(t, "pass wörd\ns3cr<e>t & ü\n", "add", "-u", "admin", "--url", "https://r", "-p", file, "Net 🌊/Router")
	xc(t, "pass wörd\nsecond\n", "edit", "-p", file, "Net 🌊/Router")
	xc(t, "pass wörd\n", "attachment-import", file, "Net 🌊/Router", "note.txt", note)
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b[10] != 3 {
		t.Fatalf("keepassxc-cli wrote version %d, this test needs 3", b[10])
	}
	return b
}

func TestLegacyFromKeePassXC(t *testing.T) {
	file := makeLegacy(t)
	opt := convert.Options{Password: vault.SecretText("pass wörd"), Legacy: convert.Child(child)}
	c, report, err := convert.Open(context.Background(), bytes.NewReader(file), opt)
	if err != nil {
		t.Fatal(err)
	}
	want := []flat{{"Net 🌊/Router", map[string]string{"UserName": "admin", "Password": "second", "URL": "https://r"}, []string{"Password"}, nil}}
	if diff := cmp.Diff(want, flatten(t, c)); diff != "" {
		t.Error(diff)
	}
	e := c.Root.Groups[0].Entries[0]
	if len(e.History) == 0 || e.History[0].Password().Text() != "s3cr<e>t & ü" {
		t.Errorf("history = %d entries, want the first password in it", len(e.History))
	}
	if len(e.Attachments) != 1 || string(e.Attachments[0].Binary.Data) != "QUJDRA==" {
		t.Errorf("attachments = %+v, want note.txt with text that looks like base64", e.Attachments)
	}
	if report.Format != convert.KDBX3 || report.Attachments != 1 {
		t.Errorf("report = %+v", report)
	}

	t.Run("wrong password", func(t *testing.T) {
		opt.Password = vault.SecretText("other")
		if _, _, err := convert.Open(context.Background(), bytes.NewReader(file), opt); !errors.Is(err, vault.WrongPassword) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("no reader offered", func(t *testing.T) {
		if _, _, err := convert.Open(context.Background(), bytes.NewReader(file), convert.Options{}); !errors.Is(err, vault.Unsupported) {
			t.Errorf("err = %v", err)
		}
	})
}

func TestLegacyHostile(t *testing.T) {
	file := makeLegacy(t)
	opt := convert.Options{Password: vault.SecretText("pass wörd"), Legacy: convert.Child(child)}
	rounds := bytes.Index(file, []byte{6, 8, 0})
	many := bytes.Clone(file)
	binary.LittleEndian.PutUint64(many[rounds+3:], 1<<40)
	flipped := bytes.Clone(file)
	flipped[len(flipped)/2] ^= 1
	tests := []struct {
		name string
		file []byte
		want []vault.Cause
	}{
		{"rounds without end", many, []vault.Cause{vault.Hostile}},
		{"cut in the header", file[:100], []vault.Cause{vault.Damaged}},
		{"cut in the body", file[:len(file)-33], []vault.Cause{vault.Damaged, vault.WrongPassword}},
		{"cut to the header", file[:rounds+150], []vault.Cause{vault.Damaged, vault.WrongPassword}},
		{"a bit of the body", flipped, []vault.Cause{vault.Damaged}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := convert.Open(context.Background(), bytes.NewReader(tt.file), opt)
			for _, want := range tt.want {
				if errors.Is(err, want) {
					return
				}
			}
			t.Errorf("err = %v, want %v", err, tt.want)
		})
	}
}

// A child that dies or babbles must not harm the parent.
func TestLegacyChildFails(t *testing.T) {
	file := makeLegacy(t)
	tests := []struct {
		name, program string
		args          []string
		want          vault.Cause
	}{
		{"dies", "sh", []string{"-c", "exit 9"}, vault.Damaged},
		{"says nothing", "true", nil, vault.Damaged},
		{"says nonsense", "sh", []string{"-c", "printf 0123456789abcdefgh"}, vault.Damaged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opt := convert.Options{Password: vault.SecretText("x"), Legacy: convert.Child(func(ctx context.Context) *exec.Cmd {
				return exec.CommandContext(ctx, tt.program, tt.args...)
			})}
			if _, _, err := convert.Open(context.Background(), bytes.NewReader(file), opt); !errors.Is(err, tt.want) {
				t.Errorf("err = %v, want %v", err, tt.want)
			}
		})
	}
}
