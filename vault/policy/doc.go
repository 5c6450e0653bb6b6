// Package policy holds the rules: who holds which right on what, which entry
// may go into an offline cache and why not, which master password is good
// enough, and what an administrator may set about working offline.
//
// It is pure. It reads no clock, no file and no network: the time and every
// other fact is an argument, so that the server's dry run, the server's package
// and the client's refusal give the same answer for the same facts. Package
// catalog feeds it from the database; package session asks it about a lease.
//
// The invariant it keeps: a right exists only because a grant on the node or
// above it, below the nearest block, gives it; nothing that a time-limited
// grant gives ever counts towards an offline cache.
package policy
