// Package kdbx turns KDBX 4.0 and 4.1 bytes into vault types and back, and
// reads the XML of KDBX 3.1 and of KeePass exports.
//
// It is not a store: it opens no files, holds no locks and knows no policy.
// What a key is made of is vault/cache's business, and so is the least cost of
// the key derivation; this package writes what it is told. vault/convert reads
// other people's files through it. FORMAT.md says which bytes are read and
// written, and where that stands in the public record.
//
// The invariant it keeps: a limit is checked before the work that it bounds,
// every fault is an error, and nothing that a document says is dropped or
// changed in silence. Every save has a fresh master seed, IV, KDF salt and
// inner key.
//
// Read streams: at no time does it hold the decrypted document, only values
// copied out of it.
package kdbx
