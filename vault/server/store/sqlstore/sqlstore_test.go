package sqlstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
	"github.com/tideover/tideover/vault/server/store/storetest"
)

func TestMain(m *testing.M) {
	if storetest.Helper(open) {
		return
	}
	code := m.Run()
	if err := postgres.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// postgres is one server for all tests here: starting one takes seconds.
var postgres storetest.Shared

func open(ctx context.Context, target string) (store.Store, error) {
	s, err := sqlstore.Open(ctx, target)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func freshFile(t testing.TB) string { return filepath.Join(t.TempDir(), "a b?c%d#.db") }

func TestSQLite(t *testing.T) {
	// A copy of one that was migrated, for all: the tests of Open begin with nothing.
	path := freshFile(t)
	s, err := sqlstore.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	migrated, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, storetest.Target{Open: open, Fresh: func(t testing.TB) string {
		path := freshFile(t)
		if err := os.WriteFile(path, migrated, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}})
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, storetest.Target{Fresh: postgres.Fresh, Open: open})
}
