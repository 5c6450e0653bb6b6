// Package sqlstore implements server/store once for two databases: SQLite, the
// default, in one file; and PostgreSQL, for several servers behind a balancer.
//
// Both run the same SQL text, with $1, $2… in ascending first appearance (a
// driver may number them that way). Where they differ, the difference is a
// field of dialect: sets as parameters, row locks, bulk inserts, error codes.
//
// SQLite has one writing connection and some reading ones, in WAL mode, each
// commit flushed (audit must survive a power cut). Contexts that a request can
// cancel never reach it: an interrupted statement can break a connection. Its
// own time limit is the busy timeout. PostgreSQL runs Update at READ COMMITTED
// and View at REPEATABLE READ.
//
// The invariant it keeps: the row of the table counter is taken last, and held
// until the commit; so what a reader sees has no gaps.
package sqlstore
