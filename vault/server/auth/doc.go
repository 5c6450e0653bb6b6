// Package auth proves who somebody is: passwords, one-time codes, access
// tokens, and the counters that stop guessing.
//
// It knows nothing of rights (vault/policy, server/catalog) and of keys: the
// seeds of one-time codes are opened by the function that it is given. It
// writes the audit events of signing in, in the transaction of what they tell.
//
// The invariants it keeps: an attempt is counted before its password is looked
// at, so that a thousand at once are a thousand; names that exist and names
// that do not cost and answer the same; a code and a token's hash are compared
// or looked up so that time tells nothing.
package auth
