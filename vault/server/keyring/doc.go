// Package keyring encrypts what the server stores. Data keys encrypt rows; a
// key-encryption key (KEK), kept apart from the database, wraps the data keys.
//
// It decides nothing about who may read: that is server/catalog, which holds
// the only Keyring of a process. It stores through server/store and knows no
// SQL. The signing keys of the server are rows like others here.
//
// The invariant it keeps: a ciphertext opens only in the row for which it was
// made. The associated data of AES-256-GCM are
//
//	kind | row's ID, 16 bytes | version, 8 bytes big-endian | data key's ID, 16 bytes
//
// so whoever can write to the database can neither put one entry's content into
// another row, nor an older content under the present version. They can still
// put back a whole old row, version included, or delete rows: against that
// stand the audit chain and the backups, not encryption.
//
// A stored ciphertext is nonce, 12 random bytes, then AES-256-GCM's output.
package keyring
