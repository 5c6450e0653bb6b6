package attest

import "errors"

// Why a message was refused; wrapped with what it was. Ask with errors.Is.
var (
	// ErrMalformed: not the structure it should be, too long, or something follows it.
	ErrMalformed = errors.New("malformed")
	// ErrUnsupported: a key of another template than the known ones.
	ErrUnsupported = errors.New("not a key of a known template")
	// ErrAttributes: the template, but with attributes that let the key leave the chip or sign anything.
	ErrAttributes = errors.New("key has not the attributes it must have")
	// ErrCertificate: the certificate is of another key, or is none of an endorsement key.
	ErrCertificate = errors.New("certificate does not belong to the endorsement key")
	// ErrActivation: the secret is not the one of the challenge.
	ErrActivation = errors.New("challenge was not solved")
	// ErrSignature: the statement is not signed by the device's attestation key.
	ErrSignature = errors.New("statement is not signed by the attestation key")
	// ErrKind: the statement is about something else.
	ErrKind = errors.New("statement is of another kind")
	// ErrSigner: the attestation key is in a hierarchy, or under a root, where it should not be.
	ErrSigner = errors.New("attestation key stands in another place")
	// ErrStale: the statement was made for another nonce, subject or context.
	ErrStale = errors.New("statement was made for another occasion")
	// ErrOtherObject: the statement is about another object or key.
	ErrOtherObject = errors.New("statement is about another object")
	// ErrCreation: the creation data are not the ones that were certified.
	ErrCreation = errors.New("creation data were not certified")
	// ErrOtherParent: the object was made under another storage root.
	ErrOtherParent = errors.New("object was made under another root")
	// ErrTerms: the sealed object is not one of these terms.
	ErrTerms = errors.New("sealed object is not of these terms")
)
