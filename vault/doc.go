// Package vault holds the words that every other part shares: entries, groups,
// identifiers, secrets and the causes of failure.
//
// It knows no file format, no network, no chip and no clock; vault/kdbx gives
// entries bytes, vault/cache a place on disk, vault/session a life. It imports
// the standard library only, so that everything else may import it.
//
// The invariant it keeps: the value of a field lives in a Secret, and a Secret
// never prints itself.
package vault
