package fido

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/tideover/tideover/vault"
)

// Numbers of webauthn.h.
const (
	webVersion         = 4          // the first with salts of the caller's: Windows 11 22H2
	webRawSalts        = 0x00100000 // WEBAUTHN_AUTHENTICATOR_HMAC_SECRET_VALUES_FLAG: no PRF hashing
	webCrossPlatform   = 2          // WEBAUTHN_AUTHENTICATOR_ATTACHMENT_…: not Windows Hello, which is this machine again
	webVerified        = 1          // WEBAUTHN_USER_VERIFICATION_REQUIREMENT_REQUIRED
	webNoAttestation   = 1          // WEBAUTHN_ATTESTATION_CONVEYANCE_PREFERENCE_NONE
	webMaxBytes        = 1 << 16    // of anything that comes back
	webMakeVersion     = 3
	webAssertVersion   = 6
	webAssertionOutput = 3 // version of an assertion from which on it has an output
)

// webauthn is the interface of Windows, which talks to the keys itself and asks
// for PIN and touch in windows of its own. Ordinary programs may not.
type webauthn struct {
	window uintptr

	makeCredential, getAssertion, freeAttestation, freeAssertion *windows.LazyProc
	newCancellation, cancel                                      *windows.LazyProc
}

var _ Platform = (*webauthn)(nil)

// System returns the keys as Windows shows them. It fails with Unsupported where
// webauthn.dll is missing or older than Windows 11 22H2.
func System(c Config) (Platform, error) {
	dll := windows.NewLazySystemDLL("webauthn.dll")
	version := dll.NewProc("WebAuthNGetApiVersionNumber")
	if err := version.Find(); err != nil {
		return nil, vault.Fail(vault.Unsupported, "security keys on this Windows: %w", err)
	}
	if v, _, _ := version.Call(); v < webVersion {
		return nil, vault.Fail(vault.Unsupported, "security keys on this Windows: webauthn.dll version %d, not %d", v, webVersion)
	}
	w := &webauthn{
		window:          c.Window,
		makeCredential:  dll.NewProc("WebAuthNAuthenticatorMakeCredential"),
		getAssertion:    dll.NewProc("WebAuthNAuthenticatorGetAssertion"),
		freeAttestation: dll.NewProc("WebAuthNFreeCredentialAttestation"),
		freeAssertion:   dll.NewProc("WebAuthNFreeAssertion"),
		newCancellation: dll.NewProc("WebAuthNGetCancellationId"),
		cancel:          dll.NewProc("WebAuthNCancelCurrentOperation"),
	}
	for _, p := range []*windows.LazyProc{w.makeCredential, w.getAssertion, w.freeAttestation, w.freeAssertion, w.newCancellation, w.cancel} {
		if err := p.Find(); err != nil {
			return nil, vault.Fail(vault.Unsupported, "security keys on this Windows: %w", err)
		}
	}
	return w, nil
}

// Register implements Platform. Windows picks the key with the person. Every key
// is verified: what Windows does of its own accord would else decide which of
// the two outputs comes.
func (w *webauthn) Register(ctx context.Context, r Registration, _ Asker) (Registered, error) {
	k, err := newCodec()
	if err != nil {
		return Registered{}, err
	}
	data, err := clientData(clientCreate)
	if err != nil {
		return Registered{}, err
	}
	id, yes := bytes.Clone(r.Cache[:]), int32(1)
	kind := wide("public-key")
	rp := &webRP{version: 1, id: wide(RPID), name: wide("Tideover")}
	user := &webUser{version: 1, idBytes: uint32(len(id)), id: &id[0], name: wide("offline cache"), display: wide("offline cache")}
	algorithms := &webAlgorithms{count: 1, list: &webAlgorithm{version: 1, kind: kind, alg: -7}}
	client := &webClientData{version: 1, dataBytes: uint32(len(data)), data: &data[0], hash: wide("SHA-256")}
	options := &webMakeOptions{
		version: webMakeVersion, timeoutMS: uint32(patience.Milliseconds()), attachment: webCrossPlatform,
		verification: webVerified, attestation: webNoAttestation,
		extensions: webExtensions{count: 1, list: &webExtension{id: wide(hmacSecret), bytes: 4, value: unsafe.Pointer(&yes)}},
		exclude:    credentialList(r.Existing, kind),
	}
	var out *webAttestation
	err = w.cancellable(ctx, &options.cancellation, func() uintptr {
		result, _, _ := w.makeCredential.Call(w.parent(), uintptr(unsafe.Pointer(rp)), uintptr(unsafe.Pointer(user)),
			uintptr(unsafe.Pointer(algorithms)), uintptr(unsafe.Pointer(client)), uintptr(unsafe.Pointer(options)), uintptr(unsafe.Pointer(&out)))
		return result
	})
	if err != nil {
		return Registered{}, err
	}
	if out == nil {
		return Registered{}, failed("no credential from Windows")
	}
	defer func() { _, _, _ = w.freeAttestation.Call(uintptr(unsafe.Pointer(out))) }() // returns nothing
	made, err := k.parseAuthData(copied(out.authData, out.authDataBytes))
	if err != nil {
		return Registered{}, err
	}
	credential := copied(out.credential, out.credentialBytes)
	var extensions struct {
		Made bool `cbor:"hmac-secret"`
	}
	if made.flags&flagTouched == 0 || made.flags&flagVerified == 0 || !bytes.Equal(made.credential, credential) {
		return Registered{}, failed("flags %#02x of a new credential", made.flags)
	}
	if err := k.dec.Unmarshal(made.extensions, &extensions); err != nil || !extensions.Made {
		return Registered{}, vault.Fail(vault.Unsupported, "a security key that makes no hmac-secret")
	}
	return Registered{Credential: credential, Verified: true}, nil
}

// Evaluate implements Platform, with a salt for each of the verified keys.
func (w *webauthn) Evaluate(ctx context.Context, keys []Key, _ Asker) (int, vault.Secret, error) {
	k, err := newCodec()
	if err != nil {
		return 0, vault.Secret{}, err
	}
	data, err := clientData(clientGet)
	if err != nil {
		return 0, vault.Secret{}, err
	}
	var usable []Key
	var salts []webCredentialSalt
	for i := range keys {
		if k := &keys[i]; k.Verified {
			salt := bytes.Clone(k.Salt[:])
			usable = append(usable, *k)
			salts = append(salts, webCredentialSalt{
				idBytes: uint32(len(k.Credential)), id: &k.Credential[0],
				salt: &webSalt{firstBytes: saltBytes, first: &salt[0]},
			})
		}
	}
	if len(usable) == 0 {
		return 0, vault.Secret{}, vault.Fail(vault.KeyUnknown, "no key with a PIN, which Windows wants")
	}
	client := &webClientData{version: 1, dataBytes: uint32(len(data)), data: &data[0], hash: wide("SHA-256")}
	options := &webAssertOptions{
		version: webAssertVersion, timeoutMS: uint32(patience.Milliseconds()), attachment: webCrossPlatform,
		verification: webVerified, flags: webRawSalts,
		allow: credentialList(usable, wide("public-key")),
		salts: &webSalts{count: uint32(len(salts)), list: &salts[0]},
	}
	rp := wide(RPID)
	var out *webAssertion
	err = w.cancellable(ctx, &options.cancellation, func() uintptr {
		result, _, _ := w.getAssertion.Call(w.parent(), uintptr(unsafe.Pointer(rp)), uintptr(unsafe.Pointer(client)),
			uintptr(unsafe.Pointer(options)), uintptr(unsafe.Pointer(&out)))
		return result
	})
	if err != nil {
		return 0, vault.Secret{}, err
	}
	if out == nil {
		return 0, vault.Secret{}, failed("no assertion from Windows")
	}
	defer func() { _, _, _ = w.freeAssertion.Call(uintptr(unsafe.Pointer(out))) }() // returns nothing
	if out.version < webAssertionOutput || out.output == nil || out.output.firstBytes != outputBytes || out.output.first == nil {
		return 0, vault.Secret{}, failed("no output in an assertion of version %d", out.version)
	}
	theirs := unsafe.Slice(out.output.first, outputBytes)
	defer clear(theirs)
	made, err := k.parseAuthData(copied(out.authData, out.authDataBytes))
	if err != nil {
		return 0, vault.Secret{}, err
	}
	if made.flags&flagTouched == 0 || made.flags&flagVerified == 0 {
		return 0, vault.Secret{}, failed("flags %#02x of an assertion", made.flags)
	}
	id := copied(out.credential.id, out.credential.idBytes)
	for i := range keys {
		if keys[i].Verified && bytes.Equal(keys[i].Credential, id) {
			return i, vault.NewSecret(bytes.Clone(theirs)), nil
		}
	}
	return 0, vault.Secret{}, failed("an assertion of another credential")
}

// cancellable runs a call of Windows, which ctx's end interrupts.
func (w *webauthn) cancellable(ctx context.Context, place **windows.GUID, call func() uintptr) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	id := new(windows.GUID)
	if result, _, _ := w.newCancellation.Call(uintptr(unsafe.Pointer(id))); int32(result) >= 0 {
		*place = id
		stop := context.AfterFunc(ctx, func() {
			_, _, _ = w.cancel.Call(uintptr(unsafe.Pointer(id))) // too late is no harm
		})
		defer stop()
	}
	result := call()
	runtime.KeepAlive(place)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case int32(result) < 0:
		return hresult(uint32(result))
	}
	return nil
}

// parent is the window over which Windows asks.
func (w *webauthn) parent() uintptr {
	if w.window != 0 {
		return w.window
	}
	return uintptr(windows.GetForegroundWindow())
}

// hresult says what a failure means: the table above WebAuthNGetErrorName in
// webauthn.h, and winerror.h for the numbers. Windows tells no tries: it has
// shown them.
func hresult(code uint32) error {
	cause := vault.KeyFailed
	switch code {
	case 0x8009000f: // NTE_EXISTS
		cause = vault.Conflict
	case 0x80090011: // NTE_NOT_FOUND
		cause = vault.KeyUnknown
	case 0x80090035: // NTE_DEVICE_NOT_FOUND
		cause = vault.KeyMissing
	case 0x80070032, 0x80090029, 0x80090027: // ERROR_NOT_SUPPORTED, NTE_NOT_SUPPORTED, NTE_INVALID_PARAMETER
		cause = vault.Unsupported
	case 0x800704c7, 0x80090036, 0x800705b4: // ERROR_CANCELLED, NTE_USER_CANCELLED, ERROR_TIMEOUT
		cause = vault.TouchTimeout
	}
	return &vault.Problem{Cause: cause, Err: fmt.Errorf("webauthn.dll: %#08x", code)}
}

// credentialList returns keys as Windows wants them, nil for none.
func credentialList(keys []Key, kind *uint16) *webCredentialList {
	if len(keys) == 0 {
		return nil
	}
	list := make([]*webCredentialEx, len(keys))
	for i := range keys {
		list[i] = &webCredentialEx{version: 1, idBytes: uint32(len(keys[i].Credential)), id: &keys[i].Credential[0], kind: kind}
	}
	return &webCredentialList{count: uint32(len(list)), list: &list[0]}
}

// copied returns a copy of bytes that Windows owns.
func copied(p *byte, n uint32) []byte {
	if p == nil || n > webMaxBytes {
		return nil
	}
	return bytes.Clone(unsafe.Slice(p, n))
}

// wide returns UTF-16 of a constant without zeros.
func wide(s string) *uint16 {
	p, err := windows.UTF16PtrFromString(s)
	if err != nil {
		panic(err) // a constant of this file with a zero in it
	}
	return p
}
