package sqlstore

import (
	"context"
	"fmt"

	"github.com/tideover/tideover/vault"
)

const (
	pragmaIntegrity  = `PRAGMA integrity_check(1)`
	pragmaReferences = `SELECT count(*) FROM pragma_foreign_key_check`
)

// Check reads the whole database: every page, index and reference. Damaged
// names the first fault. Only SQLite can do this; for PostgreSQL it is
// vault.Unsupported (use pg_amcheck).
func (s *Store) Check(ctx context.Context) error {
	if s.dialect.postgres {
		return vault.Fail(vault.Unsupported, "a PostgreSQL database is checked with pg_amcheck")
	}
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	ctx = s.dialect.context(ctx)
	var verdict string
	if err := s.read.QueryRowContext(ctx, pragmaIntegrity).Scan(&verdict); err != nil {
		return fmt.Errorf("check database: %w", s.translate("database", verbRead, err))
	}
	if verdict != "ok" {
		return vault.Fail(vault.Damaged, "the database: %s", verdict)
	}
	var dangling int64
	if err := s.read.QueryRowContext(ctx, pragmaReferences).Scan(&dangling); err != nil {
		return fmt.Errorf("check database: %w", s.translate("database", verbRead, err))
	}
	if dangling > 0 {
		return vault.Fail(vault.Damaged, "the database: %d rows refer to rows that are missing", dangling)
	}
	return nil
}
