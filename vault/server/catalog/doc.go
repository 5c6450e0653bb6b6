// Package catalog is the server's domain: users, roles and grants, folders and
// entries, devices, offline packages, policy and audit. Every way into the
// server, the two HTTP APIs and the command line, goes through it.
//
// It is no HTTP (vault/server), no SQL (server/store), no cipher
// (server/keyring) and no rule (vault/policy): it decides by the rules, for the
// Caller who asks, over rows that it opens with the keys.
//
// The invariants it keeps:
//
//   - A method acts with the rights of its Caller, as they are in the
//     transaction in which it reads or writes, and of nobody else. What a caller
//     may not see is vault.NotFound, what they see but may not do is
//     vault.NotPermitted.
//   - The audit has an event before a secret leaves: it is committed first. If it
//     cannot be written, nothing leaves (vault.ReadOnly).
//   - The entries of an offline package are those of its audit event, and each
//     is visible to the caller and cacheable by vault/policy.
//
// A password is the field Password, a one-time code's seed, every protected
// field, every protected attachment, and all of these in the history.
package catalog
