// Package tpm reaches one TPM 2.0 and does with it what the cache needs: seal
// a machine secret, check a sealed object without the password, unseal it,
// read the clock and the tries left, keep local secrets, sign for the device,
// and show a server which chip it is (package attest checks that).
//
// It is not a policy maker: what is sealed under which terms, and what a
// server approves, stands in package binding, which needs no chip. It knows no
// file and no network. A Chip makes the levels B and B0, an Indexed, which is a
// Chip with the NV indices of one cache, level A; vault/cache declares
// the small interfaces that both satisfy.
//
// Invariants. Nothing secret crosses the bus in clear: every value goes
// through a session that is salted to the storage root key and encrypted with
// AES-128-CFB, and the root's Name is compared before the first one. Every
// call is one connection, and leaves no session and no object in the chip.
// A wrong password is never sent twice, and at level A none counts against the
// machine's shared lockout.
//
// Errors are the sentinels of package binding, wrapped with the name of the
// step; the chip's own codes appear in the text only.
package tpm
