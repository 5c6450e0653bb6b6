package fido

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// The structures of webauthn.h (github.com/microsoft/webauthn, API version 4), in
// its order; each begins with the version of the fields that it has. Their sizes
// are those of a C compiler for 64 bits, checked below by the Go one.

type webRP struct {
	version  uint32 // 1
	id, name *uint16
	icon     *uint16
}

type webUser struct {
	version             uint32 // 1
	idBytes             uint32
	id                  *byte
	name, icon, display *uint16
}

type webClientData struct {
	version   uint32 // 1
	dataBytes uint32
	data      *byte
	hash      *uint16
}

type webAlgorithm struct {
	version uint32 // 1
	kind    *uint16
	alg     int32
}

type webAlgorithms struct {
	count uint32
	list  *webAlgorithm
}

type webCredential struct {
	version uint32 // 1
	idBytes uint32
	id      *byte
	kind    *uint16
}

type webCredentials struct {
	count uint32
	list  *webCredential
}

type webCredentialEx struct {
	version    uint32 // 1
	idBytes    uint32
	id         *byte
	kind       *uint16
	transports uint32 // 0: any
}

type webCredentialList struct {
	count uint32
	list  **webCredentialEx
}

type webExtension struct {
	id    *uint16
	bytes uint32
	value unsafe.Pointer
}

type webExtensions struct {
	count uint32
	list  *webExtension
}

type webSalt struct {
	firstBytes  uint32
	first       *byte
	secondBytes uint32
	second      *byte
}

type webCredentialSalt struct {
	idBytes uint32
	id      *byte
	salt    *webSalt
}

type webSalts struct {
	global *webSalt
	count  uint32
	list   *webCredentialSalt
}

type webMakeOptions struct {
	version      uint32 // 3
	timeoutMS    uint32
	credentials  webCredentials
	extensions   webExtensions
	attachment   uint32
	resident     int32
	verification uint32
	attestation  uint32
	flags        uint32
	cancellation *windows.GUID
	exclude      *webCredentialList
}

type webAssertOptions struct {
	version      uint32 // 6
	timeoutMS    uint32
	credentials  webCredentials
	extensions   webExtensions
	attachment   uint32
	verification uint32
	flags        uint32
	u2fID        *uint16
	u2fUsed      *int32
	cancellation *windows.GUID
	allow        *webCredentialList
	blob         uint32
	blobBytes    uint32
	blobData     *byte
	salts        *webSalts
	private      int32
}

// webAttestation is what a new credential comes as, up to version 3.
type webAttestation struct {
	version         uint32
	format          *uint16
	authDataBytes   uint32
	authData        *byte
	statementBytes  uint32
	statement       *byte
	decodeKind      uint32
	decoded         unsafe.Pointer
	objectBytes     uint32
	object          *byte
	credentialBytes uint32
	credential      *byte
	extensions      webExtensions
	transport       uint32
}

// webAssertion is what an assertion comes as, up to version 3.
type webAssertion struct {
	version        uint32
	authDataBytes  uint32
	authData       *byte
	signatureBytes uint32
	signature      *byte
	credential     webCredential
	userBytes      uint32
	user           *byte
	extensions     webExtensions
	blobBytes      uint32
	blob           *byte
	blobStatus     uint32
	output         *webSalt
}
