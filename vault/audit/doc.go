// Package audit is the hash chain of things that were done: what an event is,
// which bytes of it are hashed, how a chain is verified, and the journal file
// in which a client keeps its own chain until a server has taken it over.
//
// It holds no secrets, only identifiers, and decides nothing: vault/session
// appends before it shows, vault/cache owns the journal's place on disk, and
// the server verifies with the same functions what a client sends. It is not
// a log for programmers.
//
// The invariant it keeps: what Append has returned for is on disk, and no
// event in the middle of a chain can be changed, left out or inserted without
// Verify saying where. The end of a chain can be cut off; FORMAT.md says what
// that means.
package audit
