package attest_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"math/big"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
)

// forger is a program that speaks as a chip does, with keys that lie in memory.
type forger struct {
	t           testing.TB
	ek, ak, key *ecdsa.PrivateKey
	root        []byte
}

func newForger(t testing.TB) *forger {
	return &forger{t: t, ek: newKey(t), ak: newKey(t), key: newKey(t), root: attest.Name([]byte("a root of thin air"))}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// publicArea writes the public area of a P-256 key.
func publicArea(t testing.TB, template tpm2.TPMTPublic, key *ecdsa.PublicKey) []byte {
	t.Helper()
	raw, err := key.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	template.Unique = tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{
		X: tpm2.TPM2BECCParameter{Buffer: raw[1:33]}, Y: tpm2.TPM2BECCParameter{Buffer: raw[33:]},
	})
	return tpm2.Marshal(template)
}

// signTemplate is that of an attestation key, or of a device's key.
func signTemplate(restricted bool) tpm2.TPMTPublic {
	return tpm2.TPMTPublic{
		Type: tpm2.TPMAlgECC, NameAlg: tpm2.TPMAlgSHA256,
		ObjectAttributes: tpm2.TPMAObject{
			FixedTPM: true, FixedParent: true, SensitiveDataOrigin: true, UserWithAuth: true, NoDA: true,
			Restricted: restricted, SignEncrypt: true,
		},
		Parameters: tpm2.NewTPMUPublicParms(tpm2.TPMAlgECC, &tpm2.TPMSECCParms{
			Scheme: tpm2.TPMTECCScheme{
				Scheme:  tpm2.TPMAlgECDSA,
				Details: tpm2.NewTPMUAsymScheme(tpm2.TPMAlgECDSA, &tpm2.TPMSSigSchemeECDSA{HashAlg: tpm2.TPMAlgSHA256}),
			},
			CurveID: tpm2.TPMECCNistP256,
		}),
		Unique: tpm2.NewTPMUPublicID(tpm2.TPMAlgECC, &tpm2.TPMSECCPoint{}),
	}
}

func (f *forger) enrolment() attest.Enrolment {
	return attest.Enrolment{
		EK: publicArea(f.t, tpm2.ECCEKTemplate, &f.ek.PublicKey), AK: publicArea(f.t, signTemplate(true), &f.ak.PublicKey),
		Root: f.root, Manufacturer: "INTC",
	}
}

// activate does in software what TPM2_ActivateCredential does for a P-256 EK.
// (TCG TPM 2.0 Library, Part 1, 24 and C.6.1.)
func (f *forger) activate(c attest.Challenge) []byte {
	f.t.Helper()
	point, err := tpm2.Unmarshal[tpm2.TPMSECCPoint](c.Secret)
	if err != nil {
		f.t.Fatal(err)
	}
	theirs, err := ecdh.P256().NewPublicKey(append(append([]byte{4}, point.X.Buffer...), point.Y.Buffer...))
	if err != nil {
		f.t.Fatal(err)
	}
	mine, err := f.ek.ECDH()
	if err != nil {
		f.t.Fatal(err)
	}
	z, err := mine.ECDH(theirs)
	if err != nil {
		f.t.Fatal(err)
	}
	seed := tpm2.KDFe(crypto.SHA256, z, "IDENTITY", point.X.Buffer, mine.PublicKey().Bytes()[1:33], 256)
	name := attest.Name(f.enrolment().AK)
	block, err := aes.NewCipher(tpm2.KDFa(crypto.SHA256, seed, "STORAGE", name, nil, 128))
	if err != nil {
		f.t.Fatal(err)
	}
	sealed := c.Credential[2+binary.BigEndian.Uint16(c.Credential):]
	// CFB, which crypto/cipher keeps for old programs only: each block is XORed
	// with the encryption of the one before, the first with that of zeros.
	plain := make([]byte, 0, len(sealed))
	for before := make([]byte, aes.BlockSize); len(sealed) > 0; {
		block.Encrypt(before, before)
		n := min(len(sealed), aes.BlockSize)
		for i, b := range sealed[:n] {
			plain = append(plain, b^before[i])
		}
		copy(before, sealed[:n])
		sealed = sealed[n:]
	}
	return plain[2:]
}

// statement signs a TPMS_ATTEST as the chip with that attestation key would.
func (f *forger) statement(kind uint16, signer, extra, body []byte) binding.Statement {
	f.t.Helper()
	b := binary.BigEndian.AppendUint32(nil, 0xff544347)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = append(b, sized(signer)...)
	b = append(b, sized(extra)...)
	b = append(b, make([]byte, 17+8)...)
	return f.sign(append(b, body...))
}

func (f *forger) sign(attested []byte) binding.Statement {
	f.t.Helper()
	digest := sha256.Sum256(attested)
	r, s, err := ecdsa.Sign(rand.Reader, f.ak, digest[:])
	if err != nil {
		f.t.Fatal(err)
	}
	sig := append([]byte{0x00, 0x18, 0x00, 0x0b}, sized(r.FillBytes(make([]byte, 32)))...)
	return binding.Statement{Attested: attested, Signature: append(sig, sized(s.FillBytes(make([]byte, 32)))...)}
}

func sized(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// hierarchyName is the qualified Name of an object at the top of a hierarchy.
func hierarchyName(handle uint32, name []byte) []byte {
	return attest.Name(append(binary.BigEndian.AppendUint32(nil, handle), name...))
}

// creation is a TPMS_CREATION_DATA that says what a server wants to hear.
func (f *forger) creation() []byte {
	return join(make([]byte, 4), sized(nil), []byte{1, 0x00, 0x0b}, sized(f.root), sized(hierarchyName(0x40000001, f.root)), sized(nil))
}

// answer makes up everything.
func (f *forger) answer(c attest.Challenge) attest.Answer {
	f.t.Helper()
	secret := f.activate(c)
	public := publicArea(f.t, signTemplate(false), &f.key.PublicKey)
	creation := f.creation()
	hash := sha256.Sum256(creation)
	extra := binding.Qualify(binding.SubjectDevice, c.Nonce, [32]byte(secret))
	return attest.Answer{
		Secret: secret, Key: public, Creation: creation,
		Statement: f.statement(0x801a, hierarchyName(0x4000000b, attest.Name(f.enrolment().AK)), extra[:],
			join(sized(attest.Name(public)), sized(hash[:]))),
	}
}

// issue makes an EK certificate of a maker of the forger's own.
func (f *forger) issue() [][]byte {
	f.t.Helper()
	maker := newKey(f.t)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := ekCertificate("id:494E5443")
	der, err := x509.CreateCertificate(rand.Reader, leaf, root, &f.ek.PublicKey, maker)
	if err != nil {
		f.t.Fatal(err)
	}
	self, err := x509.CreateCertificate(rand.Reader, root, root, &maker.PublicKey, maker)
	if err != nil {
		f.t.Fatal(err)
	}
	return [][]byte{der, self}
}

// TestSoftwareChip: a program without a chip goes the whole way, since anybody
// can make keys; it is never proven, whatever certificates it shows.
func TestSoftwareChip(t *testing.T) {
	v := believing(t)
	genuine := newClient(t, ship(t))
	for _, test := range []struct {
		name   string
		change func(*forger, *attest.Enrolment)
		why    attest.Why
		err    error
	}{
		{"no certificate", func(*forger, *attest.Enrolment) {}, attest.WhyNoCertificate, nil},
		{"its own maker", func(f *forger, e *attest.Enrolment) { e.Certificates = f.issue() }, attest.WhyUnknownRoot, nil},
		{"not a certificate", func(_ *forger, e *attest.Enrolment) { e.Certificates = [][]byte{{0x30, 0}} }, attest.WhyUnreadable, nil},
		{"a genuine chip's certificate", func(_ *forger, e *attest.Enrolment) { e.Certificates = genuine.ek.Certificates }, "", attest.ErrCertificate},
		{"six certificates", func(f *forger, e *attest.Enrolment) { e.Certificates = append(f.issue(), make([][]byte, 4)...) }, "", attest.ErrMalformed},
		{"a long certificate", func(_ *forger, e *attest.Enrolment) { e.Certificates = [][]byte{make([]byte, 5000)} }, "", attest.ErrMalformed},
	} {
		f := newForger(t)
		e := f.enrolment()
		test.change(f, &e)
		claim, err := v.Claim(e, time.Now())
		wants(t, test.name, err, test.err)
		if err != nil {
			continue
		}
		challenge, pending, err := claim.Challenge()
		if err != nil {
			t.Fatal(err)
		}
		id, _, err := pending.Verify(f.answer(challenge), &f.key.PublicKey)
		if err != nil || id.Proven || id.Why != test.why {
			t.Errorf("%s: proven %v, why %q, want %q, %v", test.name, id.Proven, id.Why, test.why, err)
		}
		// Only its own word says that it is no software; a maker that
		// nobody knows may write what it likes.
		if wantVirtual := test.why != attest.WhyUnknownRoot; id.Virtual != wantVirtual {
			t.Errorf("%s: virtual %v", test.name, id.Virtual)
		}
	}
}

// TestForgedAnswers: a forger who solves his own challenge, and lies in one
// point at a time. It shows that each check bites by itself.
func TestForgedAnswers(t *testing.T) {
	f := newForger(t)
	other := newForger(t)
	claim, err := attest.New(attest.Config{}).Claim(f.enrolment(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	challenge, pending, err := claim.Challenge()
	if err != nil {
		t.Fatal(err)
	}
	public := publicArea(t, signTemplate(false), &f.key.PublicKey)
	good := f.answer(challenge)
	// made is a statement with other parts; nil keeps a good one.
	made := func(kind uint16, signer, extra, name, hash []byte) binding.Statement {
		if signer == nil {
			signer = hierarchyName(0x4000000b, attest.Name(f.enrolment().AK))
		}
		if extra == nil {
			q := binding.Qualify(binding.SubjectDevice, challenge.Nonce, [32]byte(good.Secret))
			extra = q[:]
		}
		if name == nil {
			name = attest.Name(public)
		}
		if hash == nil {
			sum := sha256.Sum256(good.Creation)
			hash = sum[:]
		}
		return f.statement(kind, signer, extra, join(sized(name), sized(hash)))
	}
	recreated := func(data []byte) func(*attest.Answer) {
		return func(a *attest.Answer) {
			sum := sha256.Sum256(data)
			a.Creation, a.Statement = data, made(0x801a, nil, nil, nil, sum[:])
		}
	}
	rekeyed := func(template tpm2.TPMTPublic) func(*attest.Answer) {
		return func(a *attest.Answer) {
			a.Key = publicArea(t, template, &f.key.PublicKey)
			a.Statement = made(0x801a, nil, nil, attest.Name(a.Key), nil)
		}
	}
	movable := signTemplate(false)
	movable.ObjectAttributes.FixedTPM, movable.ObjectAttributes.FixedParent = false, false
	imported := signTemplate(false)
	imported.ObjectAttributes.SensitiveDataOrigin = false
	withPolicy := signTemplate(false)
	withPolicy.AuthPolicy.Buffer = make([]byte, 32)
	name := attest.Name(f.enrolment().AK)
	oldNonce := binding.Qualify(binding.SubjectDevice, []byte("an older nonce"), [32]byte(good.Secret))
	otherSubject := binding.Qualify(binding.SubjectCache, challenge.Nonce, [32]byte(good.Secret))
	otherSecret := binding.Qualify(binding.SubjectDevice, challenge.Nonce, [32]byte{})
	for _, test := range []struct {
		name   string
		change func(*attest.Answer)
		want   error
	}{
		{"nothing", func(*attest.Answer) {}, nil},
		{"child of the root", func(a *attest.Answer) {
			a.Statement = made(0x801a, attest.Name(join(hierarchyName(0x40000001, f.root), name)), nil, nil, nil)
		}, nil},
		{"no secret", func(a *attest.Answer) { a.Secret = nil }, attest.ErrActivation},
		{"secret of another", func(a *attest.Answer) { a.Secret = make([]byte, 32) }, attest.ErrActivation},
		{"secret and more", func(a *attest.Answer) { a.Secret = append(bytes.Clone(a.Secret), 0) }, attest.ErrActivation},
		{"signed by another", func(a *attest.Answer) { a.Statement = other.sign(a.Statement.Attested) }, attest.ErrSignature},
		{"a quote", func(a *attest.Answer) { a.Statement = made(0x8018, nil, nil, nil, nil) }, attest.ErrMalformed},
		{"a true quote", func(a *attest.Answer) {
			a.Statement = f.statement(0x8018, hierarchyName(0x4000000b, name), nil, join(make([]byte, 4), sized(nil)))
		}, attest.ErrKind},
		{"an index", func(a *attest.Answer) { a.Statement = made(0x8014, nil, nil, nil, nil) }, attest.ErrKind},
		{"not the chip's own", func(a *attest.Answer) {
			b := bytes.Clone(a.Statement.Attested)
			b[0] = 0
			a.Statement = f.sign(b)
		}, attest.ErrMalformed},
		{"safe is 2", func(a *attest.Answer) {
			b := bytes.Clone(a.Statement.Attested)
			b[6+2+34+2+32+16] = 2
			a.Statement = f.sign(b)
		}, attest.ErrMalformed},
		{"statement and more", func(a *attest.Answer) { a.Statement = f.sign(append(bytes.Clone(a.Statement.Attested), 0)) }, attest.ErrMalformed},
		{"long statement", func(a *attest.Answer) { a.Statement = f.sign(make([]byte, 600)) }, attest.ErrMalformed},
		{"null hierarchy", func(a *attest.Answer) { a.Statement = made(0x801a, hierarchyName(0x40000007, name), nil, nil, nil) }, attest.ErrSigner},
		{"owner's primary", func(a *attest.Answer) { a.Statement = made(0x801a, hierarchyName(0x40000001, name), nil, nil, nil) }, attest.ErrSigner},
		{"no signer", func(a *attest.Answer) { a.Statement = made(0x801a, []byte{}, nil, nil, nil) }, attest.ErrSigner},
		{"old nonce", func(a *attest.Answer) { a.Statement = made(0x801a, nil, oldNonce[:], nil, nil) }, attest.ErrStale},
		{"other subject", func(a *attest.Answer) { a.Statement = made(0x801a, nil, otherSubject[:], nil, nil) }, attest.ErrStale},
		{"before the activation", func(a *attest.Answer) { a.Statement = made(0x801a, nil, otherSecret[:], nil, nil) }, attest.ErrStale},
		{"no nonce", func(a *attest.Answer) { a.Statement = made(0x801a, nil, []byte{}, nil, nil) }, attest.ErrStale},
		{"other Name", func(a *attest.Answer) { a.Statement = made(0x801a, nil, nil, f.root, nil) }, attest.ErrOtherObject},
		{"other key", func(a *attest.Answer) { a.Key = publicArea(t, signTemplate(false), &other.key.PublicKey) }, attest.ErrOtherObject},
		{"movable key", rekeyed(movable), attest.ErrAttributes},
		{"imported key", rekeyed(imported), attest.ErrAttributes},
		{"key with a policy", rekeyed(withPolicy), attest.ErrUnsupported},
		{"restricted key", rekeyed(signTemplate(true)), attest.ErrAttributes},
		{"storage key", rekeyed(tpm2.ECCSRKTemplate), attest.ErrUnsupported},
		{"other creation data", func(a *attest.Answer) { a.Creation = join(a.Creation, []byte{0}) }, attest.ErrCreation},
		{"creation data and more", recreated(join(good.Creation, []byte{0})), attest.ErrCreation},
		{"no creation data", recreated(nil), attest.ErrCreation},
		{"a thousand banks", recreated(join([]byte{0, 0, 4, 0}, good.Creation[4:])), attest.ErrCreation},
		{"other parent", recreated(other.with(hierarchyName(0x40000001, []byte("x"))).creation()), attest.ErrOtherParent},
		{"parent of the null hierarchy", recreated(bytes.Replace(good.Creation, hierarchyName(0x40000001, f.root), hierarchyName(0x40000007, f.root), 1)), attest.ErrOtherParent},
		{"parent with SHA-1", recreated(bytes.Replace(good.Creation, []byte{1, 0x00, 0x0b, 0, 34}, []byte{1, 0x00, 0x04, 0, 34}, 1)), attest.ErrOtherParent},
	} {
		a := good
		test.change(&a)
		_, _, err := pending.Verify(a, &f.key.PublicKey)
		wants(t, test.name, err, test.want)
	}
	_, _, err = pending.Verify(good, &other.key.PublicKey)
	wants(t, "a key that was not registered", err, attest.ErrOtherObject)
	_, _, err = pending.Verify(good, nil)
	wants(t, "no key registered", err, attest.ErrOtherObject)
}

// with gives the forger another root.
func (f *forger) with(root []byte) *forger {
	g := *f
	g.root = root
	return &g
}
