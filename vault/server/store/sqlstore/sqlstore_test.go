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
	storetest.Run(t, storetest.Target{Fresh: freshFile, Open: open})
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, storetest.Target{Fresh: postgres.Fresh, Open: open})
}
