//go:build amd64 || arm64

package fido

import "unsafe"

// What gcc 12 for 64 bits makes of the structures of webauthn.h. This compiles
// only if Go's are the same; nothing of it runs.
var (
	_ [32]byte  = [unsafe.Sizeof(webRP{})]byte{}
	_ [40]byte  = [unsafe.Sizeof(webUser{})]byte{}
	_ [24]byte  = [unsafe.Sizeof(webClientData{})]byte{}
	_ [24]byte  = [unsafe.Sizeof(webAlgorithm{})]byte{}
	_ [16]byte  = [unsafe.Sizeof(webAlgorithms{})]byte{}
	_ [24]byte  = [unsafe.Sizeof(webCredential{})]byte{}
	_ [16]byte  = [unsafe.Sizeof(webCredentials{})]byte{}
	_ [32]byte  = [unsafe.Sizeof(webCredentialEx{})]byte{}
	_ [16]byte  = [unsafe.Sizeof(webCredentialList{})]byte{}
	_ [24]byte  = [unsafe.Sizeof(webExtension{})]byte{}
	_ [16]byte  = [unsafe.Sizeof(webExtensions{})]byte{}
	_ [32]byte  = [unsafe.Sizeof(webSalt{})]byte{}
	_ [24]byte  = [unsafe.Sizeof(webCredentialSalt{})]byte{}
	_ [24]byte  = [unsafe.Sizeof(webSalts{})]byte{}
	_ [80]byte  = [unsafe.Sizeof(webMakeOptions{})]byte{}
	_ [120]byte = [unsafe.Sizeof(webAssertOptions{})]byte{}
	_ [120]byte = [unsafe.Sizeof(webAssertion{})]byte{}
	_ [64]byte  = [unsafe.Offsetof(webMakeOptions{}.cancellation)]byte{}
	_ [72]byte  = [unsafe.Offsetof(webMakeOptions{}.exclude)]byte{}
	_ [48]byte  = [unsafe.Offsetof(webAssertOptions{}.flags)]byte{}
	_ [72]byte  = [unsafe.Offsetof(webAssertOptions{}.cancellation)]byte{}
	_ [80]byte  = [unsafe.Offsetof(webAssertOptions{}.allow)]byte{}
	_ [104]byte = [unsafe.Offsetof(webAssertOptions{}.salts)]byte{}
	_ [80]byte  = [unsafe.Offsetof(webAttestation{}.credentialBytes)]byte{}
	_ [88]byte  = [unsafe.Offsetof(webAttestation{}.credential)]byte{}
	_ [32]byte  = [unsafe.Offsetof(webAssertion{}.credential)]byte{}
	_ [112]byte = [unsafe.Offsetof(webAssertion{}.output)]byte{}
)
