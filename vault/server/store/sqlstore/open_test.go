package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

func mustOpen(t *testing.T, target string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), target)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// TestPragmas holds many connections at once: a setting that is made on one of
// them, instead of in the name, is missing on the others.
func TestPragmas(t *testing.T) {
	ctx := t.Context()
	path := freshFile(t)
	s := mustOpen(t, path)
	writers, err := sql.Open("sqlite", sqlstore.SQLiteName(path))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = writers.Close() }() // the test is over
	read, _ := s.Pools()
	for _, pool := range []struct {
		name      string
		db        *sql.DB
		queryOnly int64
	}{{"read", read, 1}, {"write", writers, 0}} {
		t.Run(pool.name, func(t *testing.T) {
			for i := range 8 {
				conn, err := pool.db.Conn(ctx)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = conn.Close() }() // held until all are open
				for pragma, want := range map[string]any{
					"foreign_keys": int64(1), "journal_mode": "wal", "synchronous": int64(2), // FULL
					"trusted_schema": int64(0), "busy_timeout": int64(30_000), "query_only": pool.queryOnly,
				} {
					var got any
					if err := conn.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
						t.Fatal(err)
					}
					if got != want {
						t.Errorf("connection %d: got %s %v, want %v", i, pragma, got, want)
					}
				}
			}
		})
	}
	if _, err := read.ExecContext(ctx, "DELETE FROM usr"); err == nil {
		t.Error("a reading connection wrote")
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	for name, target := range map[string]string{
		"sqlite":   freshFile(t),
		"postgres": postgres.Fresh(t),
	} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, target)
			_, db := s.Pools()
			_, err := db.ExecContext(t.Context(),
				"INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, $1)", true)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sqlstore.Open(t.Context(), target); !errors.Is(err, vault.Unsupported) {
				t.Errorf("got %v, want vault.Unsupported", err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte("this is a letter to a friend, and no database at all, by far"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, target string
		want         error
	}{
		{"no database", text, vault.Damaged},
		{"no folder", filepath.Join(dir, "none", "x.db"), fs.ErrNotExist},
		{"not a URL", "postgres://host:port:port/", vault.Usage},
		{"no server", "postgres:///db?host=" + dir, vault.Unreachable},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := sqlstore.Open(t.Context(), c.target); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	got, err := os.ReadFile(text)
	if err != nil || string(got[:6]) != "this i" {
		t.Errorf("a file that is no database was changed: %q, %v", got, err)
	}
}

func TestDamagedFile(t *testing.T) {
	path := freshFile(t)
	s, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	junk := make([]byte, 4096)
	for i := range junk {
		junk[i] = 0xA5
	}
	for page := int64(1); page < 40; page++ {
		if _, err := f.WriteAt(junk, page*4096); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlstore.Open(t.Context(), path); !errors.Is(err, vault.Damaged) {
		t.Errorf("got %v, want vault.Damaged", err)
	}
}

func TestFileModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Log("Windows has no modes; what is checked here is Unix's")
		return
	}
	path := freshFile(t)
	s := mustOpen(t, path)
	add(t, s, "alice")
	for _, suffix := range []string{"", "-wal", "-shm", ".migrate"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != 0o600 {
			t.Errorf("%q has mode %04o, want 0600", suffix, got)
		}
	}
}

func add(t *testing.T, s store.Store, name string) {
	t.Helper()
	err := s.Update(t.Context(), func(tx store.Tx) error {
		return tx.AddUser(t.Context(), store.User{
			ID: vault.NewID(), Name: name, State: store.UserActive, Source: store.SourceLocal, Created: time.UnixMilli(1),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func users(t *testing.T, s store.Store) int64 {
	t.Helper()
	var n int64
	err := s.View(t.Context(), func(r store.Reader) error {
		c, err := r.Counts(t.Context())
		n = c.Users
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestBackup takes a copy while one transaction is open and others have just
// committed; the copy is of one moment.
func TestBackup(t *testing.T) {
	ctx := t.Context()
	s := mustOpen(t, freshFile(t))
	add(t, s, "alice")
	target := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(target, []byte("an older backup"), 0o644); err != nil {
		t.Fatal(err)
	}
	inside, release, written := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		written <- s.Update(ctx, func(tx store.Tx) error {
			err := tx.AddUser(ctx, store.User{ID: vault.NewID(), Name: "late", Created: time.UnixMilli(1)})
			close(inside)
			<-release
			return err
		})
	}()
	<-inside
	if err := s.Backup(ctx, target); err != nil {
		t.Fatalf("backup: %v", err)
	}
	close(release)
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if got := users(t, s); got != 2 {
		t.Errorf("the database has %d users, want 2", got)
	}
	if info, err := os.Stat(target); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("backup: %v, %v; want mode 0600", info, err)
	}
	if got := users(t, mustOpen(t, target)); got != 1 {
		t.Errorf("the backup has %d users, want 1", got)
	}

	// A failure leaves what was there.
	before, err := os.ReadFile(target)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(ctx, filepath.Join(t.TempDir(), "none", "x")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want no such folder", err)
	}
	gone, err := sqlstore.Open(ctx, freshFile(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	if err := gone.Backup(ctx, target); err == nil {
		t.Error("a closed store was backed up")
	}
	after, err := os.ReadFile(target)
	if err != nil || len(after) != len(before) {
		t.Errorf("a failed backup changed the older one: %v", err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(target), ".backup-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestBackupOfPostgres(t *testing.T) {
	s := mustOpen(t, postgres.Fresh(t))
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "x")); !errors.Is(err, vault.Unsupported) {
		t.Errorf("got %v, want vault.Unsupported", err)
	}
}

// TestFull fills the disk, as far as SQLite knows.
func TestFull(t *testing.T) {
	ctx := t.Context()
	s := mustOpen(t, freshFile(t))
	add(t, s, "alice")
	_, write := s.Pools()
	var pages int64
	if err := write.QueryRowContext(ctx, "PRAGMA page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := write.ExecContext(ctx, "PRAGMA max_page_count = 1"); err != nil { // the present size
		t.Fatal(err)
	}
	err := s.Update(ctx, func(tx store.Tx) error {
		for range 1000 {
			event := store.AuditEvent{At: time.UnixMilli(1), Detail: make([]byte, 4096)}
			if _, err := tx.AppendAudit(ctx, event); err != nil {
				return err
			}
		}
		return nil
	})
	if !errors.Is(err, store.ErrFull) {
		t.Errorf("got %v, want ErrFull", err)
	}
	rev, err := s.Revision(context.WithoutCancel(ctx))
	if err != nil || rev.Audit != 0 {
		t.Errorf("got audit number %d, %v; want nothing written", rev.Audit, err)
	}
}

// TestDeadlock has two transactions take each other's rows. PostgreSQL ends one
// of them, which is repeated; SQLite has one writer and never comes to it.
func TestDeadlock(t *testing.T) {
	ctx := t.Context()
	for name, target := range map[string]string{
		"sqlite":   freshFile(t),
		"postgres": postgres.Fresh(t),
	} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, target)
			ids := []vault.ID{vault.NewID(), vault.NewID()}
			for i, id := range ids {
				u := store.User{ID: id, Name: string(rune('a' + i)), Created: time.UnixMilli(1)}
				if err := s.Update(ctx, func(tx store.Tx) error { return tx.AddUser(ctx, u) }); err != nil {
					t.Fatal(err)
				}
			}
			attempts := make(chan int, 100)
			results := make(chan error, 2)
			// Each one waits until both hold their first row, or until the other
			// can have none (SQLite), which only its end can tell.
			holding := make(chan struct{}, 2)
			for i := range ids {
				go func() {
					results <- s.Update(ctx, func(tx store.Tx) error {
						attempts <- i
						if _, err := tx.User(ctx, ids[i]); err != nil {
							return err
						}
						if name == "postgres" && len(attempts) <= 2 {
							holding <- struct{}{}
							for len(holding) < 2 {
								runtime.Gosched()
							}
						}
						_, err := tx.User(ctx, ids[1-i])
						if err != nil {
							return err
						}
						return tx.RecordSignIn(ctx, store.SignIn{User: ids[1-i], Failures: 1})
					})
				}()
			}
			for range ids {
				if err := <-results; err != nil {
					t.Errorf("update: %v", err)
				}
			}
			want := 2
			if name == "postgres" {
				want = 3
			}
			if got := len(attempts); got < want {
				t.Errorf("got %d attempts, want at least %d", got, want)
			}
		})
	}
}
