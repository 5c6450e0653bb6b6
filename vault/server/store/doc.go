// Package store is the contract between the server and its database: the rows,
// the transactions, the errors, and small interfaces by noun. It holds no SQL;
// sqlstore implements it for SQLite and PostgreSQL, storetest proves it on both.
//
// It knows no permissions and no keys. What people typed into an entry (names,
// user names, addresses, notes, files) reaches it only as Sealed bytes, made
// by server/keyring; who may do what is decided in server/catalog.
//
// The invariants it keeps:
//
//   - An Update happens whole or not at all, and its audit events with it.
//   - Revisions grow in the order of commits: a reader that has seen Rev n has
//     seen every change up to n, whatever number of writers there is.
//   - Audit events form one chain; none can be changed, dropped or inserted
//     without breaking it (AuditEvent.Sum).
//
// # Conventions
//
// Times are UTC and kept to the millisecond; a zero time is stored as NULL and
// means "never" or "not yet". A zero vault.ID means "none". Byte slices that a
// method returns belong to the caller; those handed in are not kept. An empty
// byte slice comes back as nil. Strings are UTF-8: what is not valid in them,
// and NUL, is stored as U+FFFD, because PostgreSQL has no such text.
//
// While a sequence (iter.Seq2) is being ranged over, no other call may be made
// on the same Reader or Tx; such a call fails. A sequence yields an error once
// and ends. Values that it yields belong to the caller.
package store
