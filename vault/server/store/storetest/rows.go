package storetest

import (
	"crypto/rand"
	"fmt"
	"iter"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// at returns a time with milliseconds, n hours into a fixed day.
func at(n int) time.Time {
	return time.Date(2026, 11, 20, 0, 0, 0, 123e6, time.UTC).Add(time.Duration(n) * time.Hour)
}

// sealed returns a ciphertext; the store does not care what is in it.
func sealed() store.Sealed {
	data := make([]byte, 40)
	_, _ = rand.Read(data) // never fails (Go 1.24)
	return store.Sealed{Key: vault.NewID(), Data: data}
}

func digest() (d [32]byte) {
	_, _ = rand.Read(d[:]) // never fails (Go 1.24)
	return d
}

func newUser(name string) store.User {
	return store.User{
		ID: vault.NewID(), Name: name, State: store.UserActive, Source: store.SourceLocal, Created: at(0),
	}
}

func newFolder(parent vault.ID) store.Folder {
	return store.Folder{
		ID: vault.NewID(), Parent: parent, Content: sealed(), Version: 1, Created: at(0), Modified: at(1),
	}
}

func newEntry(folder vault.ID) store.Entry {
	return store.Entry{
		ID: vault.NewID(), Folder: folder, Content: sealed(), Version: 1, Created: at(0), Modified: at(1),
	}
}

func newDevice(user vault.ID) store.Device {
	key := digest()
	return store.Device{
		ID: vault.NewID(), User: user, Name: "laptop", OS: "linux", PublicKey: key[:], Level: "B",
		State: store.DevicePending, Created: at(0),
	}
}

// base is what most tests start with.
type base struct {
	user   store.User
	device store.Device
	root   store.Folder
	entry  store.Entry
}

func newBase(t *testing.T, s store.Store) base {
	t.Helper()
	var b base
	b.user = newUser("alice")
	b.device = newDevice(b.user.ID)
	b.root = newFolder(vault.ID{})
	b.entry = newEntry(b.root.ID)
	ctx := t.Context()
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddUser(ctx, b.user); err != nil {
			return err
		}
		if err := tx.AddDevice(ctx, b.device); err != nil {
			return err
		}
		if err := tx.AddFolders(ctx, []store.Folder{b.root}); err != nil {
			return err
		}
		return tx.AddEntries(ctx, []store.Entry{b.entry})
	})
	return b
}

// collect reads a sequence to its end.
func collect[T any](rows iter.Seq2[T, error]) ([]T, error) {
	var out []T
	for v, err := range rows {
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

// collected reads a sequence in a View.
func collected[T any](t *testing.T, s store.Store, rows func(store.Reader) iter.Seq2[T, error]) []T {
	t.Helper()
	var out []T
	view(t, s, func(r store.Reader) (err error) {
		out, err = collect(rows(r))
		return err
	})
	return out
}

// read reads one value in a View; it must be there.
func read[T any](t *testing.T, s store.Store, get func(store.Reader) (T, error)) T {
	t.Helper()
	var out T
	view(t, s, func(r store.Reader) (err error) {
		out, err = get(r)
		return err
	})
	return out
}

func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if reflect.DeepEqual(got, want) { // saves what cmp takes for 10,000 rows
		return
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// chunks is a sequence of n chunks.
func chunks(n int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for i := range n {
			if !yield(fmt.Appendf(nil, "chunk %d", i), nil) {
				return
			}
		}
	}
}
