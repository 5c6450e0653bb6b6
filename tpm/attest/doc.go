// Package attest is the server's side of proving which chip a device has: it
// checks a chip's identity key and its maker's certificates, makes the
// challenge that only that chip can answer, checks what the chip then states
// under its attestation key, and notices when two chips make contact under one
// identity. FORMAT.md has the same in MUST language.
//
// It reaches no chip, no network and no database: the client's half is package
// tpm, and what is stored and sent are plain structs for the caller. It makes
// no policy: whether a device that is not proven may hold a cache is the
// server's to say.
//
// The invariant it keeps: an Identity is Proven only if a certificate chain to
// a given root vouched for its endorsement key and the chip showed in one
// exchange that this key, the attestation key and the device's signing key are
// in it. Every input is hostile: sizes are limited before work, nothing of a
// statement is read before its signature is good, and every structure has one
// encoding and nothing after it.
package attest
