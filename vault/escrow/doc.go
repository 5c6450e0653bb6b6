// Package escrow wraps the machine secret of one generation of a cache to an
// organisation's recovery key, and unwraps it. FORMAT.md says what that is for,
// who may do it and who is told.
//
// It decides nothing and keeps nothing: vault/cache has the secret, vault/lease
// knows whose the key is, vault/session asks whether the person was told, and
// vault/server/catalog holds the wrappings and the two administrators.
//
// The invariant it keeps: a wrapping opens with its own key, in its own place
// (device, cache, generation, record, account), or not at all.
package escrow
