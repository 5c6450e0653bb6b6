package cache_test

import (
	"context"
	"errors"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/cache"
)

func TestClear(t *testing.T) {
	for _, tt := range []struct {
		why   cache.Reason
		cause vault.Cause
		state cache.State
	}{
		{cache.ByUser, vault.NoCache, ""},
		{cache.ByOrder, vault.Wiped, cache.Wiped},
		{cache.ByRevoked, vault.Revoked, cache.Revoked},
	} {
		t.Run(string(tt.why), func(t *testing.T) {
			w := newWorld(t)
			w.cache(content("one"), nil)
			copied := w.read("cache.kdbx")
			w.opens("one")
			if err := w.store().Clear(context.Background(), tt.why); err != nil {
				t.Fatal(err)
			}
			if _, err := w.unlock(master); !errors.Is(err, tt.cause) {
				t.Errorf("Unlock: %v, want %s", err, tt.cause)
			}
			st, err := w.store().Status(context.Background())
			switch {
			case tt.state == "" && !errors.Is(err, vault.NoCache):
				t.Errorf("Status: %v", err)
			case tt.state != "" && (err != nil || st.State != tt.state || st.User != userName || st.JournalEvents != 2):
				t.Errorf("Status: %+v, %v", st, err)
			}
			events, err := w.store().Unsent(context.Background(), 10)
			if err != nil || len(events) != 2 || events[1].Type != audit.Clear || events[1].Detail != string(tt.why) || events[1].Generation != 1 {
				t.Errorf("journal: %+v, %v", events, err)
			}

			w.write("cache.kdbx", copied)
			if _, err := w.unlock(master); !errors.Is(err, vault.Wiped) && !errors.Is(err, vault.Revoked) {
				t.Errorf("a copy put back: %v", err)
			}
			w.cache(content("two"), nil)
			w.opens("two")
			w.write("cache.kdbx", copied)
			if _, err := w.unlock(master); !errors.Is(err, vault.Wiped) && !errors.Is(err, vault.Revoked) {
				t.Errorf("a copy put back over the next: %v", err)
			}
		})
	}
}

// TestClearWhilePrepared lets a wipe overtake a generation that is being made.
func TestClearWhilePrepared(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	s := w.store()
	p, err := s.Prepare(context.Background(), w.request())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Clear(context.Background(), cache.ByOrder); err != nil {
		t.Fatal(err)
	}
	_, err = p.Commit(context.Background(), content("two"), w.server.issue(t, w.device, p.Declaration(), 1, w.now, nil))
	if !errors.Is(err, vault.Wiped) {
		t.Fatalf("Commit: %v", err)
	}
	if fileExists(w.file("cache.kdbx")) || fileExists(w.file("cache.kdbx.new")) {
		t.Error("a file is left")
	}
	if _, err := w.unlock(master); !errors.Is(err, vault.Wiped) {
		t.Errorf("Unlock: %v", err)
	}
}

// TestClearForgetsTheWipe lets a user clear what a wipe by order has left.
func TestClearForgetsTheWipe(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	for range 2 {
		if err := w.store().Clear(context.Background(), cache.ByOrder); err != nil && !errors.Is(err, vault.Wiped) {
			t.Fatal(err)
		}
	}
	if err := w.store().Clear(context.Background(), cache.ByUser); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store().Status(context.Background()); !errors.Is(err, vault.NoCache) {
		t.Errorf("Status: %v", err)
	}
}

// TestClearDamaged clears a cache and a client state that cannot be read.
func TestClearDamaged(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	w.write("cache.kdbx", []byte("nothing"))
	if err := w.store().Clear(context.Background(), cache.ByUser); err != nil {
		t.Fatal(err)
	}
	w.cache(content("two"), nil)
	w.write("client.json", []byte("{"))
	if err := w.store().Clear(context.Background(), cache.ByUser); err != nil {
		t.Fatal(err)
	}
	if fileExists(w.file("cache.kdbx")) {
		t.Error("the file is left")
	}
	if _, err := w.store().Status(context.Background()); !errors.Is(err, vault.NoCache) {
		t.Errorf("Status: %v", err)
	}
	w.cache(content("three"), nil)
	w.opens("three")
}

func TestImport(t *testing.T) {
	w := newWorld(t)
	ctx := context.Background()
	w.cache(content("one"), nil)
	older := w.read("cache.kdbx")
	w.cache(content("two"), nil)
	current := w.read("cache.kdbx")
	from := t.TempDir() + "/copy.kdbx"
	put := func(b []byte) {
		t.Helper()
		w2 := *w
		w2.dir = t.TempDir()
		w2.write("copy.kdbx", b)
		from = w2.file("copy.kdbx")
	}
	imported := func(password string) error {
		t.Helper()
		foreseen := w.foresees(from)
		o, err := w.store().Import(ctx, from, cache.UnlockRequest{Password: secret(password)})
		if err == nil {
			if got := o.Content().Root.Entries[0].Title(); got != "two" {
				t.Errorf("imported %q", got)
			}
			o.Close()
		}
		w.agrees(foreseen, err)
		return err
	}

	put(current)
	w.write("cache.kdbx", []byte("lost"))
	if err := imported("wrong"); !errors.Is(err, vault.WrongPassword) {
		t.Errorf("Import with a wrong password: %v", err)
	}
	if err := imported(master); err != nil {
		t.Errorf("Import: %v", err)
	}
	w.opens("two")
	for want, r := range map[vault.Cause]cache.UnlockRequest{
		vault.NoCache: {User: "eve"}, vault.TooManyAttempts: {KeepTries: 1000},
	} {
		if _, err := w.store().Importable(ctx, from, r); !errors.Is(err, want) {
			t.Errorf("Importable: %v, want %s", err, want)
		}
	}
	put(older)
	if err := imported(master); !errors.Is(err, vault.Superseded) {
		t.Errorf("Import of an older copy: %v", err)
	}
	put(current[:len(current)-3])
	if err := imported(master); !errors.Is(err, vault.Damaged) {
		t.Errorf("Import of a damaged copy: %v", err)
	}
	from += ".not-there"
	if err := imported(master); !errors.Is(err, vault.NoCache) {
		t.Errorf("Import of nothing: %v", err)
	}
	w.opens("two")

	put(current)
	if err := w.store().Clear(ctx, cache.ByUser); err != nil {
		t.Fatal(err)
	}
	if err := imported(master); !errors.Is(err, vault.Wiped) {
		t.Errorf("Import after a wipe: %v", err)
	}
	away := newWorld(t)
	away.server = w.server
	away.cache(content("elsewhere"), nil)
	o, err := away.store().Import(ctx, from, cache.UnlockRequest{Password: secret(master)})
	if err == nil {
		o.Close()
	}
	if !errors.Is(err, vault.OtherMachine) {
		t.Errorf("Import on another machine: %v", err)
	}
	away.opens("elsewhere")
}
