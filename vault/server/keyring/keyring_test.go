package keyring_test

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func dataKeys(t testing.TB, s store.Store) []store.DataKey {
	t.Helper()
	var keys []store.DataKey
	err := s.View(context.Background(), func(r store.Reader) (err error) {
		keys, err = r.DataKeys(context.Background())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return keys
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

func TestPurposesHaveKeysOfTheirOwn(t *testing.T) {
	s := openStore(t)
	f, _ := newFile(t)
	openRing(t, s, f)
	openRing(t, s, f) // makes no more
	seen := map[store.Purpose]int{}
	wrapped := map[string]bool{}
	for _, k := range dataKeys(t, s) {
		seen[k.Purpose]++
		wrapped[string(k.Wrapped)] = true
		if k.KEK != f.ID() {
			t.Errorf("key of purpose %d is wrapped by %q, want %q", k.Purpose, k.KEK, f.ID())
		}
	}
	want := map[store.Purpose]int{1: 1, 2: 1, 3: 1, 4: 1, 5: 1, 6: 1}
	if d := cmp.Diff(want, seen); d != "" {
		t.Errorf("keys of the purposes (-want +got):\n%s", d)
	}
	if len(wrapped) != len(want) {
		t.Errorf("got %d different wrapped keys, want %d", len(wrapped), len(want))
	}
}

// TestManyOpenAtOnce starts several servers on an empty database.
func TestManyOpenAtOnce(t *testing.T) {
	s := openStore(t)
	f, _ := newFile(t)
	rings := make([]*keyring.Keyring, 8)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() {
			var err error
			if rings[i], err = keyring.Open(t.Context(), keyring.Config{Store: s, KEK: f}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	row := keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 1}
	sealed := seal(t, rings[0], row, "x")
	for _, ring := range rings {
		unseal(t, ring, row, sealed)
	}
}

func TestRotate(t *testing.T) {
	s := openStore(t)
	f, _ := newFile(t)
	ring, other := openRing(t, s, f), openRing(t, s, f)
	row := keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 1}
	old := seal(t, ring, row, "old")
	if err := ring.Rotate(t.Context(), keyring.PurposeEntries); err != nil {
		t.Fatal(err)
	}
	fresh := seal(t, ring, row, "new")
	if old.Key == fresh.Key {
		t.Error("the key is the same after a rotation")
	}
	if got := unseal(t, ring, row, old); got != "old" {
		t.Errorf("got %q", got)
	}
	// Content under the old key is not taken for content under the new one.
	if _, err := ring.Unseal(nil, row, store.Sealed{Key: fresh.Key, Data: old.Data}); !errors.Is(err, keyring.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
	// Another process learns of it.
	if _, err := other.Unseal(nil, row, fresh); !errors.Is(err, keyring.ErrUnknownKey) {
		t.Errorf("got %v, want ErrUnknownKey", err)
	}
	if err := other.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := unseal(t, other, row, fresh); got != "new" {
		t.Errorf("got %q", got)
	}
	// One that has not heard of a rotation does not rotate a second time.
	late := openRing(t, s, f)
	if err := ring.Rotate(t.Context(), keyring.PurposeEntries); err != nil {
		t.Fatal(err)
	}
	if err := late.Rotate(t.Context(), keyring.PurposeEntries); err != nil {
		t.Fatal(err)
	}
	if got := len(dataKeys(t, s)); got != 8 { // 6 purposes, 2 rotations
		t.Errorf("got %d data keys, want 8", got)
	}
}

func TestMaintain(t *testing.T) {
	s := openStore(t)
	f, _ := newFile(t)
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	ring, err := keyring.Open(t.Context(), keyring.Config{Store: s, KEK: f, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	row := keyring.Row{Kind: keyring.Factor, ID: vault.NewID(), Version: 1}
	for range 3 {
		seal(t, ring, row, "x")
	}
	maintain := func(want ...store.Purpose) {
		t.Helper()
		got, err := ring.Maintain(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("rotated (-want +got):\n%s", d)
		}
	}
	uses := func() (n int64) {
		for _, k := range dataKeys(t, s) {
			if k.Purpose == keyring.PurposeFactors && k.Retired.IsZero() {
				n = k.Uses
			}
		}
		return n
	}
	maintain()
	maintain() // counts nothing twice
	if got := uses(); got != 3 {
		t.Errorf("got %d uses, want 3", got)
	}
	if got := ring.ActiveKeys()[keyring.PurposeFactors]; got.Uses != 3 || got.Age(now) != 0 {
		t.Errorf("got %+v", got)
	}

	// Too often: as if others had sealed so many times.
	err = s.Update(t.Context(), func(tx store.Tx) error {
		return tx.AddKeyUses(t.Context(), ring.ActiveKeys()[keyring.PurposeFactors].ID, 1<<30)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	maintain(keyring.PurposeFactors)

	// Too old.
	now = now.Add(365*24*time.Hour - time.Second)
	maintain()
	now = now.Add(time.Second)
	maintain(1, 2, 3, 4, 5) // not the key of tags
	maintain()

	// Beyond what is safe nothing is sealed.
	err = s.Update(t.Context(), func(tx store.Tx) error {
		return tx.AddKeyUses(t.Context(), ring.ActiveKeys()[keyring.PurposeFactors].ID, 1<<32)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := ring.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Seal(row, nil); !errors.Is(err, keyring.ErrWornOut) {
		t.Errorf("got %v, want ErrWornOut", err)
	}
}

// TestUseAtOnce seals and opens while keys are rotated; the race detector looks.
func TestUseAtOnce(t *testing.T) {
	ring := newRing(t)
	row := keyring.Row{Kind: keyring.Entry, ID: vault.NewID(), Version: 1}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				s, err := ring.Seal(row, []byte("x"))
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := ring.Unseal(nil, row, s); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 3 {
		if err := ring.Rotate(t.Context(), keyring.PurposeEntries); err != nil {
			t.Error(err)
		}
		if _, err := ring.Maintain(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}
