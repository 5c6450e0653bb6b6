package tpm

import (
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

const stepCertify step = "CertifyCreation"

// Most that a caller may hand in of an object's making, in bytes: ours have
// 119 and 40.
const (
	maxCreation = 1024
	maxTicket   = 128
)

// SealForProof is Seal, and what CertifySealed needs to prove to a server how
// the object was made.
func (c *Chip) SealForProof(ctx context.Context, terms binding.Terms, auth, secret []byte) (binding.Object, binding.Creation, error) {
	template, err := sealInput(terms, auth, secret)
	if err != nil {
		return binding.Object{}, binding.Creation{}, fmt.Errorf("seal: %w", err)
	}
	var object binding.Object
	var made binding.Creation
	err = c.do(ctx, job{"seal", &c.cache, func(o *operation) error {
		object, made, err = o.createWithProof(template, auth, secret)
		return err
	}})
	return object, made, err
}

// sealInput checks what is to be sealed, and makes its template.
func sealInput(terms binding.Terms, auth, secret []byte) (tpm2.TPMTPublic, error) {
	if err := belowA(terms); err != nil {
		return tpm2.TPMTPublic{}, err
	}
	if err := checkAuth(auth); err != nil {
		return tpm2.TPMTPublic{}, err
	}
	if len(secret) == 0 || len(secret) > maxSecret {
		return tpm2.TPMTPublic{}, fmt.Errorf("secret must have 1 to %d bytes, not %d", maxSecret, len(secret))
	}
	return sealedTemplate(terms)
}

// NewSigningKeyForProof is NewSigningKey, and what CertifySigningKey needs. A
// key whose making was not kept can never be certified in this way.
func (c *Chip) NewSigningKeyForProof(ctx context.Context) (blob []byte, pub *ecdsa.PublicKey, made binding.Creation, err error) {
	var key localObject
	err = c.do(ctx, job{"make signing key", &c.local, func(o *operation) error {
		var err error
		key.object, made, err = o.createWithProof(signTemplate(), nil, nil)
		if err == nil {
			key.root = o.root.name.Buffer
		}
		return err
	}})
	if err != nil {
		return nil, nil, binding.Creation{}, err
	}
	pub, err = publicOf(key.object)
	if err != nil {
		return nil, nil, binding.Creation{}, fmt.Errorf("make signing key: %w", err)
	}
	return key.appendTo(signMark), pub, made, nil
}

// SigningKeyPublic is the function of that name; it asks the chip nothing.
func (c *Chip) SigningKeyPublic(blob []byte) ([]byte, error) { return SigningKeyPublic(blob) }

// SigningKeyPublic returns the public area (TPMT_PUBLIC) of the key in a blob
// of NewSigningKey, for the server to compute its Name; ErrTampered if it is
// none.
func SigningKeyPublic(blob []byte) ([]byte, error) {
	key, _, err := cutSigningKey(blob)
	return key.object.Public, err
}

// cutSigningKey reads the blob of a signing key.
func cutSigningKey(blob []byte) (localObject, tpm2.TPM2BName, error) {
	key, rest, err := cutObject(signMark, blob)
	if err != nil {
		return localObject{}, tpm2.TPM2BName{}, err
	}
	if len(rest) != 0 {
		return localObject{}, tpm2.TPM2BName{}, fmt.Errorf("%w: bytes after the key", binding.ErrTampered)
	}
	name, err := matches(signTemplate(), key.object.Public)
	if err != nil {
		return localObject{}, tpm2.TPM2BName{}, err
	}
	return key, name, nil
}

// Certifying is binding.Certifying.
type Certifying = binding.Certifying

// CertifySealed has the chip state that it made the sealed object, when and
// under which root, signed by the attestation key. It needs no password and
// costs no try. Object and making that do not belong together are ErrTampered.
func (c *Chip) CertifySealed(ctx context.Context, object binding.Object, with Certifying) (binding.Statement, error) {
	if len(object.Public) > maxPublic {
		return binding.Statement{}, fmt.Errorf("certify sealed object: %w: public area of %d bytes", binding.ErrTampered, len(object.Public))
	}
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic](object.Public)
	if err != nil {
		return binding.Statement{}, fmt.Errorf("certify sealed object: %w: public area: %v", binding.ErrTampered, err)
	}
	name, err := tpm2.ObjectName(public)
	if err != nil {
		return binding.Statement{}, fmt.Errorf("certify sealed object: %w: public area: %v", binding.ErrTampered, err)
	}
	return c.certify(ctx, certification{"certify sealed object", object, *name, &c.cache, with})
}

// CertifySigningKey is CertifySealed for the key in a blob of
// NewSigningKeyForProof.
func (c *Chip) CertifySigningKey(ctx context.Context, blob []byte, with Certifying) (binding.Statement, error) {
	key, name, err := cutSigningKey(blob)
	if err != nil {
		return binding.Statement{}, fmt.Errorf("certify signing key: %w", err)
	}
	pin := knownRoot(key.root)
	return c.certify(ctx, certification{"certify signing key", key.object, name, &pin, with})
}

// certification is one call's input.
type certification struct {
	what   string
	object binding.Object
	name   tpm2.TPM2BName
	pin    *rootPin
	with   Certifying
}

func (c *Chip) certify(ctx context.Context, in certification) (binding.Statement, error) {
	key, err := parseAttestKey(in.with.Key)
	if err != nil {
		return binding.Statement{}, fmt.Errorf("%s: %w", in.what, err)
	}
	ticket, err := parseTicket(in.with.Creation)
	if err != nil {
		return binding.Statement{}, fmt.Errorf("%s: %w", in.what, err)
	}
	var said binding.Statement
	err = c.do(ctx, job{in.what, in.pin, func(o *operation) error {
		said, err = o.certify(in, key, ticket)
		return err
	}})
	return said, err
}

// parseTicket checks the sizes of an object's making, and reads its ticket.
func parseTicket(made binding.Creation) (*tpm2.TPMTTKCreation, error) {
	if len(made.Data) > maxCreation || len(made.Ticket) > maxTicket {
		return nil, fmt.Errorf("%w: creation data of %d bytes, ticket of %d", binding.ErrTampered, len(made.Data), len(made.Ticket))
	}
	ticket, err := tpm2.Unmarshal[tpm2.TPMTTKCreation](made.Ticket)
	if err != nil {
		return nil, fmt.Errorf("%w: creation ticket: %v", binding.ErrTampered, err)
	}
	return ticket, nil
}

// certify keeps to three objects: root, key and object, and of those the root
// goes first.
func (o *operation) certify(in certification, key attestKey, ticket *tpm2.TPMTTKCreation) (binding.Statement, error) {
	if err := o.openRoot(); err != nil {
		return binding.Statement{}, err
	}
	object, err := o.load(in.object, in.name)
	if err != nil {
		return binding.Statement{}, err
	}
	defer o.flush(object.handle)
	if key.endorsed {
		o.releaseRoot()
	}
	ak, err := o.openKey(key)
	if err != nil {
		return binding.Statement{}, err
	}
	defer o.flush(ak.handle)
	r, err := run(o, stepCertify, tpm2.CertifyCreation{
		SignHandle:     ak.plainAuth(),
		ObjectHandle:   tpm2.NamedHandle{Handle: object.handle, Name: object.name},
		QualifyingData: tpm2.TPM2BData{Buffer: in.with.Qualifying[:]},
		CreationHash:   tpm2.TPM2BDigest{Buffer: sha256Of(in.with.Creation.Data)},
		InScheme:       noScheme(),
		CreationTicket: *ticket,
	})
	if isAny(err, tpm2.TPMRCTicket) {
		return binding.Statement{}, fmt.Errorf("%w: object, creation data and ticket do not belong together (%v)", binding.ErrTampered, err)
	}
	if err != nil {
		return binding.Statement{}, err
	}
	return statement(r.CertifyInfo, r.Signature), nil
}

func sha256Of(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}
