// Package fidotest is a security key in software, for tests: CTAPHID, CTAP 2.0
// or 2.1, both PIN protocols, hmac-secret. It speaks reports of 64 bytes and fits
// fido.Device. It was written from the standard and shares no line with package
// fido; even its CBOR is its own, and refuses what is not canonical.
//
// It keeps its secrets in memory and attests nothing: it must never ship.
package fidotest
