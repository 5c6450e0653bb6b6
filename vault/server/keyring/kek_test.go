package keyring_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

func TestFileModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("Windows has no modes; what is checked here is Unix's")
		return
	}
	_, path := newFile(t)
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("a new key file has %v, %v; want mode 0600", info, err)
	}
	dir, name := filepath.Split(path)
	for _, c := range []struct {
		mode             fs.FileMode
		file, credential bool // accepted
	}{
		{0o600, true, true},
		{0o400, true, true},
		{0o700, true, true},
		{0o640, false, true}, // systemd shows its access list so
		{0o440, false, true},
		{0o620, false, true},
		{0o610, false, true},
		{0o604, false, false},
		{0o602, false, false},
		{0o644, false, false},
		{0o666, false, false},
	} {
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		for kind, open := range map[string]func() error{
			"file":       func() error { _, err := keyring.OpenFile(path); return err },
			"credential": func() error { _, err := keyring.OpenCredential(dir, name); return err },
		} {
			want := c.file
			if kind == "credential" {
				want = c.credential
			}
			err := open()
			if (err == nil) != want {
				t.Errorf("%s with mode %04o: got %v, want accepted %t", kind, c.mode, err, want)
			}
			if err != nil && !errors.Is(err, vault.NoSecretStore) {
				t.Errorf("%s with mode %04o: got %v, want vault.NoSecretStore", kind, c.mode, err)
			}
		}
	}
}

func TestKeyFileContents(t *testing.T) {
	_, path := newFile(t)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	line := string(good)
	for _, c := range []struct {
		name, text string
		want       error
	}{
		{"as made", line, nil},
		{"Windows line end", strings.TrimSuffix(line, "\n") + "\r\n", nil},
		{"no line end", strings.TrimSuffix(line, "\n"), nil},
		{"two keys", line + line, nil},
		{"empty", "", vault.Damaged},
		{"empty line", "\n", vault.Damaged},
		{"something else", "root:x:0:0\n", vault.Damaged},
		{"short key", "tideover-kek-1 AAAA\n", vault.Damaged},
		{"no base64", "tideover-kek-1 " + strings.Repeat("!", 44) + "\n", vault.Damaged},
		{"newer form", "tideover-kek-2 " + line[15:], vault.Damaged},
		{"long", strings.Repeat(line, 200), vault.Damaged},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "kek")
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := keyring.OpenFile(path)
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), line[15:40]) {
				t.Error("the error shows the key")
			}
		})
	}
}

func TestKeyFilePlaces(t *testing.T) {
	f, path := newFile(t)
	if _, err := keyring.CreateFile(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("create over a file: got %v, want fs.ErrExist", err)
	}
	again, err := keyring.OpenFile(path)
	if err != nil || again.ID() != f.ID() {
		t.Errorf("the file was changed: %v", err)
	}
	dir := t.TempDir()
	for name, open := range map[string]func() (*keyring.File, error){
		"missing file":       func() (*keyring.File, error) { return keyring.OpenFile(filepath.Join(dir, "none")) },
		"a directory":        func() (*keyring.File, error) { return keyring.OpenFile(dir) },
		"no directory":       func() (*keyring.File, error) { return keyring.OpenCredential("", "kek") },
		"no name":            func() (*keyring.File, error) { return keyring.OpenCredential(dir, "") },
		"name out of it":     func() (*keyring.File, error) { return keyring.OpenCredential(dir, "../kek") },
		"missing credential": func() (*keyring.File, error) { return keyring.OpenCredential(dir, "kek") },
	} {
		if _, err := open(); !errors.Is(err, vault.NoSecretStore) {
			t.Errorf("%s: got %v, want vault.NoSecretStore", name, err)
		}
	}
	credential, err := keyring.OpenCredential(filepath.Dir(path), filepath.Base(path))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func() error{
		"add": credential.AddKey, "drop": credential.DropPrevious,
		"rekey": func() error { return openRing(t, openStore(t), credential).Rekey(t.Context(), credential) },
	} {
		if err := change(); !errors.Is(err, vault.ReadOnly) {
			t.Errorf("%s: got %v, want vault.ReadOnly", name, err)
		}
	}
}

func TestWrongKEK(t *testing.T) {
	s := openStore(t)
	right, _ := newFile(t)
	wrong, _ := newFile(t)
	openRing(t, s, right)
	_, err := keyring.Open(t.Context(), keyring.Config{Store: s, KEK: wrong})
	if !errors.Is(err, keyring.ErrWrongKEK) || !errors.Is(err, vault.NoSecretStore) {
		t.Errorf("got %v, want ErrWrongKEK", err)
	}
	if got := len(dataKeys(t, s)); got != 6 {
		t.Errorf("got %d data keys after the refusal, want 6", got)
	}
}

// TestDamagedDataKeys changes rows of the table of data keys.
func TestDamagedDataKeys(t *testing.T) {
	f, _ := newFile(t)
	for name, damage := range map[string]func(keys []store.DataKey){
		"a bit":                    func(k []store.DataKey) { k[0].Wrapped[20] ^= 1 },
		"short":                    func(k []store.DataKey) { k[0].Wrapped = k[0].Wrapped[:5] },
		"exchanged between rows":   func(k []store.DataKey) { k[0].Wrapped = k[1].Wrapped },
		"something else's wrapper": func(k []store.DataKey) { k[0].Wrapped = make([]byte, len(k[0].Wrapped)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t)
			openRing(t, s, f)
			keys := dataKeys(t, s)
			damage(keys)
			err := s.Update(t.Context(), func(tx store.Tx) error { return tx.UpdateDataKey(t.Context(), keys[0]) })
			if err != nil {
				t.Fatal(err)
			}
			_, err = keyring.Open(t.Context(), keyring.Config{Store: s, KEK: f})
			if !errors.Is(err, keyring.ErrDamaged) || !errors.Is(err, vault.Damaged) {
				t.Errorf("got %v, want ErrDamaged", err)
			}
		})
	}
}

// TestRekey replaces the KEK while another process works on the same database.
func TestRekey(t *testing.T) {
	s := openStore(t)
	f, path := newFile(t)
	ring := openRing(t, s, f)
	row := keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 1}
	sealed := seal(t, ring, row, "x")
	oldText, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	oldID := f.ID()

	commandLine, err := keyring.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := openRing(t, s, commandLine).Rekey(t.Context(), commandLine); err != nil {
		t.Fatal(err)
	}
	if commandLine.ID() == oldID {
		t.Error("the KEK is the same")
	}
	for _, k := range dataKeys(t, s) {
		if k.KEK != commandLine.ID() {
			t.Errorf("key of purpose %d is wrapped by %q, want the new KEK", k.Purpose, k.KEK)
		}
	}

	// The server goes on, and wraps a new data key with the new KEK although it
	// read the old one at its start.
	if got := unseal(t, ring, row, sealed); got != "x" {
		t.Errorf("got %q", got)
	}
	if err := ring.Rotate(t.Context(), keyring.PurposeEntries); err != nil {
		t.Fatal(err)
	}
	reopened, err := keyring.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := unseal(t, openRing(t, s, reopened), row, sealed); got != "x" {
		t.Errorf("got %q", got)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the key file: %v, %v; want mode 0600", info, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("left beside the key file: %v, %v", left, err)
	}

	// The old key opens nothing any more.
	old := filepath.Join(t.TempDir(), "old")
	if err := os.WriteFile(old, oldText, 0o600); err != nil {
		t.Fatal(err)
	}
	oldFile, err := keyring.OpenFile(old)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keyring.Open(t.Context(), keyring.Config{Store: s, KEK: oldFile}); !errors.Is(err, keyring.ErrWrongKEK) {
		t.Errorf("got %v, want ErrWrongKEK", err)
	}
}

// TestRekeyCutOff stops after each step: the file must open the database, and
// doing it again must complete it.
func TestRekeyCutOff(t *testing.T) {
	for steps := range 3 {
		s := openStore(t)
		f, path := newFile(t)
		ring := openRing(t, s, f)
		for i, step := range []func() error{
			f.AddKey,
			func() error { _, err := ring.Rewrap(t.Context()); return err },
		} {
			if i < steps {
				if err := step(); err != nil {
					t.Fatal(err)
				}
			}
		}
		again, err := keyring.OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := openRing(t, s, again).Rekey(t.Context(), again); err != nil {
			t.Errorf("after %d steps: %v", steps, err)
		}
		text, err := os.ReadFile(path)
		if err != nil || strings.Count(string(text), "\n") != 1 {
			t.Errorf("after %d steps: the file does not hold one key: %v", steps, err)
		}
		openRing(t, s, again)
	}
}

// brokenKEK cannot wrap.
type brokenKEK struct{ keyring.KEK }

var errBroken = errors.New("chip is gone")

func (brokenKEK) Wrap(context.Context, []byte, []byte) (keyring.Wrapped, error) {
	return keyring.Wrapped{}, errBroken
}

func TestRewrapFailureChangesNothing(t *testing.T) {
	s := openStore(t)
	f, _ := newFile(t)
	openRing(t, s, f)
	before := dataKeys(t, s)
	ring := openRing(t, s, brokenKEK{f})
	if _, err := ring.Rewrap(t.Context()); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the provider's error", err)
	}
	if err := ring.Rotate(t.Context(), keyring.PurposeEntries); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the provider's error", err)
	}
	after := dataKeys(t, s)
	if !slices.EqualFunc(before, after, func(a, b store.DataKey) bool {
		return string(a.Wrapped) == string(b.Wrapped) && a.Retired.Equal(b.Retired)
	}) {
		t.Error("a failed rotation changed the data keys")
	}
}

// TestPrefer moves from one provider to another.
func TestPrefer(t *testing.T) {
	s := openStore(t)
	from, _ := newFile(t)
	to, _ := newFile(t)
	openRing(t, s, from)
	ring := openRing(t, s, keyring.Prefer(to, from))
	n, err := ring.Rewrap(t.Context())
	if err != nil || n != 6 {
		t.Fatalf("got %d, %v; want 6 keys wrapped", n, err)
	}
	openRing(t, s, to)
	stranger, _ := newFile(t)
	_, err = keyring.Open(t.Context(), keyring.Config{Store: s, KEK: keyring.Prefer(from, stranger)})
	if !errors.Is(err, keyring.ErrWrongKEK) {
		t.Errorf("got %v, want ErrWrongKEK", err)
	}
}

// BenchmarkUnseal opens 10,000 entries of 500 bytes, beside the same bytes in
// one piece, which is what the cipher alone costs.
func BenchmarkUnseal(b *testing.B) {
	const entries, size = 10_000, 500
	ring := newRing(b)
	text := strings.Repeat("x", size)
	rows := make([]keyring.Row, entries)
	sealed := make([]store.Sealed, entries)
	for i := range rows {
		rows[i] = keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 1}
		sealed[i] = seal(b, ring, rows[i], text)
	}
	whole := keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 1}
	piece := seal(b, ring, whole, strings.Repeat(text, entries))
	entriesRun := func() {
		buf := make([]byte, 0, size)
		for i := range rows {
			if _, err := ring.Unseal(buf, rows[i], sealed[i]); err != nil {
				b.Fatal(err)
			}
		}
	}
	buf := make([]byte, 0, entries*size)
	pieceRun := func() {
		if _, err := ring.Unseal(buf, whole, piece); err != nil {
			b.Fatal(err)
		}
	}
	var inEntries, inOne time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		entriesRun()
		middle := time.Now()
		pieceRun()
		inEntries += middle.Sub(start)
		inOne += time.Since(middle)
	}
	b.ReportMetric(float64(inEntries.Microseconds())/float64(b.N), "µs/10k-entries")
	b.ReportMetric(float64(inEntries)/float64(inOne), "x-one-piece")
}
