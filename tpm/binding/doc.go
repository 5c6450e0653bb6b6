// Package binding holds the words in which a cache is bound to one security
// chip: levels, terms, approvals, digests and the errors that a chip answers
// with.
//
// It is not a chip: package tpm talks to one, and a server computes and signs
// with this package alone. It imports the standard library only and works
// without a TPM; every digest is made by hand from the TCG's formulas, and the
// tests of package tpm compare them with a TPM and with go-tpm.
//
// The invariant it keeps: client and server compute the same 32 bytes for the
// same Terms, and no two different Terms share a policyRef. ../FORMAT.md has
// the same in MUST language, with test vectors.
package binding
