// Package lease holds the statement by which a server lets one cache be opened
// on one device until a given time: its fields, its signed form, the keys that
// sign it, and the pure rule that says whether it is over.
//
// It opens no file, reads no clock and talks to no chip; the caller brings
// every fact. Its neighbours are vault/cache, which keeps leases beside the
// file, vault/policy, which decides what a lease may allow, and vault/server,
// which signs. A lease is a compact JWS (RFC 7515) with ES256 (RFC 7518, 3.4)
// and one fixed header, so no algorithm is ever negotiated.
//
// The invariant it keeps: one lease has one encoding. Whatever Verify accepts
// is, byte for byte, what Sign would have written for the same fields.
package lease
