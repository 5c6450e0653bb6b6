package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/tideover/tideover/vault"
)

const (
	// poolConns bounds each of one server's two pools; PostgreSQL takes 100
	// connections in all by default.
	poolConns    = 16
	connIdleTime = 5 * time.Minute
)

func openPostgres(ctx context.Context, url string) (*Store, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		// pgx leaves the password out of the message.
		return nil, vault.Fail(vault.Usage, "database URL: %w", err)
	}
	// Two pools, so that long views cannot keep writers out.
	s := &Store{dialect: postgresDialect(), read: postgresPool(config), write: postgresPool(config), now: time.Now}
	if err := s.write.PingContext(ctx); err != nil {
		err = vault.Fail(vault.Unreachable, "database %s: %w", config.Host, err)
		return nil, errors.Join(err, s.Close())
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func postgresPool(config *pgx.ConnConfig) *sql.DB {
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(poolConns)
	db.SetMaxIdleConns(poolConns)
	db.SetConnMaxIdleTime(connIdleTime)
	return db
}

// copyIn inserts rows with COPY, in the transaction that conn has open.
func copyIn(ctx context.Context, conn *sql.Conn, into table, rows pgx.CopyFromSource) error {
	return conn.Raw(func(driverConn any) error {
		c, ok := driverConn.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("sqlstore: internal error: driver connection is %T", driverConn)
		}
		_, err := c.Conn().CopyFrom(ctx, pgx.Identifier{into.name}, into.columns(), rows)
		return err
	})
}
