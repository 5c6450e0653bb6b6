package keyring_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

func openStore(t testing.TB) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(context.Background(), filepath.Join(t.TempDir(), "t.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newFile(t testing.TB) (*keyring.File, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kek")
	f, err := keyring.CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return f, path
}

func openRing(t testing.TB, s store.Store, k keyring.KEK) *keyring.Keyring {
	t.Helper()
	ring, err := keyring.Open(context.Background(), keyring.Config{Store: s, KEK: k})
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

func newRing(t testing.TB) *keyring.Keyring {
	t.Helper()
	f, _ := newFile(t)
	return openRing(t, openStore(t), f)
}

func seal(t testing.TB, ring *keyring.Keyring, row keyring.Row, text string) store.Sealed {
	t.Helper()
	s, err := ring.Seal(row, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func unseal(t testing.TB, ring *keyring.Keyring, row keyring.Row, s store.Sealed) string {
	t.Helper()
	text, err := ring.Unseal(nil, row, s)
	if err != nil {
		t.Fatalf("unseal: %v", err)
	}
	return string(text)
}

func kinds() []keyring.Kind {
	return []keyring.Kind{
		keyring.Entry, keyring.Folder, keyring.Icon, keyring.Request, keyring.Attachment,
		keyring.SigningKey, keyring.Factor, keyring.Setting,
	}
}

func TestSealAndUnseal(t *testing.T) {
	ring := newRing(t)
	for _, kind := range kinds() {
		for _, text := range []string{"", "x", "a password", string(make([]byte, 100_000))} {
			row := keyring.Row{Kind: kind, ID: vault.NewID(), Version: 3}
			s := seal(t, ring, row, text)
			if got := unseal(t, ring, row, s); got != text {
				t.Errorf("%s: got %d bytes back, want %d", kind, len(got), len(text))
			}
			if text != "" && len(text) < 1000 && bytes.Contains(s.Data, []byte(text)) && len(text) > 1 {
				t.Errorf("%s: the ciphertext holds the text", kind)
			}
		}
	}
	// Appends, and seals anew each time.
	row := keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 1}
	first, second := seal(t, ring, row, "same"), seal(t, ring, row, "same")
	if bytes.Equal(first.Data, second.Data) {
		t.Error("two seals of one text are equal")
	}
	got, err := ring.Unseal([]byte("before "), row, first)
	if err != nil || string(got) != "before same" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := ring.Seal(keyring.Row{Kind: "other/v1"}, nil); err == nil {
		t.Error("an unknown kind was sealed")
	}
}

// TestWrongRow is what whoever can write to the database can try.
func TestWrongRow(t *testing.T) {
	ring := newRing(t)
	row := keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 7}
	good := seal(t, ring, row, "secret")
	other := seal(t, ring, keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 7}, "other")
	factor := seal(t, ring, keyring.Row{Kind: keyring.Factor, ID: row.ID, Version: 7}, "seed")
	change := func(f func(*keyring.Row)) keyring.Row { r := row; f(&r); return r }
	cut := func(n int) store.Sealed { return store.Sealed{Key: good.Key, Data: good.Data[:n]} }
	for _, c := range []struct {
		name string
		row  keyring.Row
		s    store.Sealed
	}{
		{"another entry's content", row, other},
		{"in another entry", change(func(r *keyring.Row) { r.ID = vault.NewID() }), good},
		{"old content as the present version", change(func(r *keyring.Row) { r.Version = 8 }), good},
		{"new content as an older version", change(func(r *keyring.Row) { r.Version = 6 }), good},
		{"as a folder", change(func(r *keyring.Row) { r.Kind = keyring.Folder }), good},
		{"as another purpose", change(func(r *keyring.Row) { r.Kind = keyring.Factor }), good},
		{"under another purpose's key", row, store.Sealed{Key: factor.Key, Data: good.Data}},
		{"another purpose's content", row, factor},
		{"empty", row, store.Sealed{Key: good.Key}},
		{"only a nonce", row, cut(12)},
		{"too short", row, cut(27)},
		{"cut", row, cut(len(good.Data) - 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, err := ring.Unseal(nil, c.row, c.s)
			if !errors.Is(err, keyring.ErrDamaged) || !errors.Is(err, vault.Damaged) {
				t.Errorf("got %q, %v; want ErrDamaged", text, err)
			}
		})
	}
	for i := range good.Data {
		bad := store.Sealed{Key: good.Key, Data: bytes.Clone(good.Data)}
		bad.Data[i] ^= 1
		if _, err := ring.Unseal(nil, row, bad); !errors.Is(err, keyring.ErrDamaged) {
			t.Errorf("byte %d changed: got %v, want ErrDamaged", i, err)
		}
	}
	unknown := store.Sealed{Key: vault.NewID(), Data: good.Data}
	if _, err := ring.Unseal(nil, row, unknown); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("got %v, want ErrUnknownKey", err)
	}
}

// TestChunks checks that pieces of a file cannot be left out, exchanged or cut
// off at the end.
func TestChunks(t *testing.T) {
	ring := newRing(t)
	blob := vault.NewID()
	const count = 3
	var list []store.Sealed
	var key vault.ID
	for n := range int64(count) {
		s, err := ring.SealChunk(key, keyring.Chunk(blob, n, count), []byte{byte(n)})
		if err != nil {
			t.Fatal(err)
		}
		key = s.Key
		list = append(list, s)
		if n == 0 { // a rotation in the middle of a file
			if err := ring.Rotate(t.Context(), keyring.PurposeAttachments); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n, s := range list {
		if s.Key != list[0].Key {
			t.Errorf("chunk %d has another key", n)
		}
		if got := unseal(t, ring, keyring.Chunk(blob, int64(n), count), s); got != string([]byte{byte(n)}) {
			t.Errorf("chunk %d: got %q", n, got)
		}
		for name, row := range map[string]keyring.Row{
			"at another place": keyring.Chunk(blob, int64(n+1), count),
			"of fewer":         keyring.Chunk(blob, int64(n), count-1),
			"of another file":  keyring.Chunk(vault.NewID(), int64(n), count),
		} {
			if _, err := ring.Unseal(nil, row, s); !errors.Is(err, keyring.ErrDamaged) {
				t.Errorf("chunk %d %s: got %v, want ErrDamaged", n, name, err)
			}
		}
	}
	if _, err := ring.SealChunk(vault.NewID(), keyring.Chunk(blob, 1, 2), nil); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("got %v, want ErrUnknownKey", err)
	}
	entry := seal(t, ring, keyring.Row{Kind: keyring.Entry}, "x")
	if _, err := ring.SealChunk(entry.Key, keyring.Chunk(blob, 1, 2), nil); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("another purpose's key: got %v, want ErrUnknownKey", err)
	}
}

func TestNamed(t *testing.T) {
	a, b := keyring.Named(keyring.Setting, "oidc", 1), keyring.Named(keyring.Setting, "ldap", 1)
	if a == b || a != keyring.Named(keyring.Setting, "oidc", 1) || a.Kind != keyring.Setting || a.Version != 1 {
		t.Errorf("got %v and %v", a, b)
	}
}

func TestTags(t *testing.T) {
	s := openStore(t)
	f, _ := newFile(t)
	ring := openRing(t, s, f)
	owner := vault.NewID()
	tag := ring.Tag("blob", owner, []byte("content"))
	for name, other := range map[string][32]byte{
		"label":            ring.Tag("icon", owner, []byte("content")),
		"owner":            ring.Tag("blob", vault.ID{}, []byte("content")),
		"content":          ring.Tag("blob", owner, []byte("contents")),
		"another server's": newRing(t).Tag("blob", owner, []byte("content")),
	} {
		if other == tag {
			t.Errorf("another %s, and the same tag", name)
		}
	}
	if err := ring.Rotate(t.Context(), keyring.PurposeTags); err == nil {
		t.Error("the key of tags was rotated")
	}
	if err := ring.Rotate(t.Context(), 99); err == nil {
		t.Error("an unknown purpose was rotated")
	}
	if err := ring.Rekey(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	for name, again := range map[string]*keyring.Keyring{"same ring": ring, "opened again": openRing(t, s, f)} {
		if again.Tag("blob", owner, []byte("content")) != tag {
			t.Errorf("%s: the tag changed", name)
		}
	}
}
