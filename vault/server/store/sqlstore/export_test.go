package sqlstore

import "database/sql"

// Pools gives tests the two pools.
func (s *Store) Pools() (read, write *sql.DB) { return s.read, s.write }

// SQLiteName gives tests the name under which a file is opened for writing.
func SQLiteName(path string) string { return sqliteName(path, false) }

// Text gives tests a query as this database gets it.
func (s *Store) Text(query string) string { return s.dialect.text(query) }
