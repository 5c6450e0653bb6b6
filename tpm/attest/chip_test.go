package attest_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"
	"github.com/google/go-tpm/tpm2/transport"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// TestAnotherChipsKey: the attestation key of one chip beside the endorsement
// of another, a genuine one. Neither solves the challenge.
func TestAnotherChipsKey(t *testing.T) {
	v := believing(t)
	genuine, cheap := newClient(t, ship(t)), newClient(t, tpmtest.Start(t))
	e := genuine.enrolment()
	e.AK, e.Root = cheap.ak.Public, cheap.ak.Root
	claim, err := v.Claim(e, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	challenge, pending, err := claim.Challenge()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*client{"genuine": genuine, "cheap": cheap} {
		_, err := c.chip.Activate(t.Context(), tpm.Activation{
			Key: c.ak.Blob, Endorsement: genuine.ek.Public, Credential: challenge.Credential, Secret: challenge.Secret,
		})
		if !errors.Is(err, binding.ErrOtherMachine) {
			t.Errorf("the %s chip: %v", name, err)
		}
	}
	// Even with the public half of the foreign key in the genuine chip.
	chip := raw(genuine.machine)
	public, err := tpm2.LoadExternal{InPublic: tpm2.BytesAs2B[tpm2.TPMTPublic](e.AK), Hierarchy: tpm2.TPMRHEndorsement}.Execute(chip)
	if err != nil {
		t.Fatal(err)
	}
	if secret, err := activate(t, chip, public.ObjectHandle, public.Name, challenge); err == nil {
		t.Errorf("the chip solved the challenge for a key that it does not have: %x", secret)
	}
	flush(t, chip, public.ObjectHandle)

	guessed := attest.Answer{
		Secret: make([]byte, 32), Key: cheap.keyPublic(), Creation: cheap.made.Data,
		Statement: cheap.certify(binding.Qualify(binding.SubjectDevice, challenge.Nonce, [32]byte{})),
	}
	_, _, err = pending.Verify(guessed, cheap.public)
	wants(t, "a guessed secret", err, attest.ErrActivation)
}

// activate is TPM2_ActivateCredential with the chip's persistent RSA EK.
func activate(t *testing.T, chip transport.TPM, key tpm2.TPMHandle, name tpm2.TPM2BName, c attest.Challenge) ([]byte, error) {
	t.Helper()
	const persistent = tpm2.TPMHandle(0x81010001)
	ek, err := tpm2.ReadPublic{ObjectHandle: persistent}.Execute(chip)
	if err != nil {
		t.Fatal(err)
	}
	session, done, err := tpm2.PolicySession(chip, tpm2.TPMAlgSHA256, 16)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = done() }() // gone already if the command was accepted
	if _, err := (tpm2.PolicySecret{AuthHandle: tpm2.TPMRHEndorsement, PolicySession: session.Handle(), NonceTPM: session.NonceTPM()}).Execute(chip); err != nil {
		t.Fatal(err)
	}
	r, err := tpm2.ActivateCredential{
		ActivateHandle: tpm2.AuthHandle{Handle: key, Name: name, Auth: tpm2.PasswordAuth(nil)},
		KeyHandle:      tpm2.AuthHandle{Handle: persistent, Name: ek.Name, Auth: session},
		CredentialBlob: tpm2.TPM2BIDObject{Buffer: c.Credential}, Secret: tpm2.TPM2BEncryptedSecret{Buffer: c.Secret},
	}.Execute(chip)
	if err != nil {
		return nil, err
	}
	return r.CertInfo.Buffer, nil
}

func flush(t *testing.T, chip transport.TPM, h tpm2.TPMHandle) {
	t.Helper()
	if _, err := (tpm2.FlushContext{FlushHandle: h}).Execute(chip); err != nil {
		t.Fatal(err)
	}
}

// TestNullHierarchy: a genuine chip solves the challenge for a key of its null
// hierarchy, which dies with the next start; the server sees where it stands.
func TestNullHierarchy(t *testing.T) {
	c := newClient(t, ship(t))
	chip := raw(c.machine)
	ak, err := tpm2.CreatePrimary{PrimaryHandle: tpm2.TPMRHNull, InPublic: tpm2.New2B(signTemplate(true))}.Execute(chip)
	if err != nil {
		t.Fatal(err)
	}
	e := c.enrolment()
	e.AK = ak.OutPublic.Bytes()
	claim, err := believing(t).Claim(e, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	challenge, pending, err := claim.Challenge()
	if err != nil {
		t.Fatal(err)
	}
	secret, err := activate(t, chip, ak.ObjectHandle, ak.Name, challenge)
	if err != nil {
		t.Fatal(err)
	}
	q := binding.Qualify(binding.SubjectDevice, challenge.Nonce, [32]byte(secret))
	said, err := tpm2.CertifyCreation{
		SignHandle:     tpm2.AuthHandle{Handle: ak.ObjectHandle, Name: ak.Name, Auth: tpm2.PasswordAuth(nil)},
		ObjectHandle:   tpm2.NamedHandle{Handle: ak.ObjectHandle, Name: ak.Name},
		QualifyingData: tpm2.TPM2BData{Buffer: q[:]}, CreationHash: ak.CreationHash,
		InScheme: tpm2.TPMTSigScheme{Scheme: tpm2.TPMAlgNull}, CreationTicket: ak.CreationTicket,
	}.Execute(chip)
	if err == nil {
		_, _, err = pending.Verify(attest.Answer{
			Secret: secret, Key: c.keyPublic(), Creation: c.made.Data,
			Statement: binding.Statement{Attested: said.CertifyInfo.Bytes(), Signature: tpm2.Marshal(said.Signature)},
		}, c.public)
		wants(t, "null hierarchy", err, attest.ErrSigner)
		return
	}
	// The chip gives no ticket for it: a quote shows the same.
	quote, err := tpm2.Quote{
		SignHandle:     tpm2.AuthHandle{Handle: ak.ObjectHandle, Name: ak.Name, Auth: tpm2.PasswordAuth(nil)},
		QualifyingData: tpm2.TPM2BData{Buffer: q[:]}, InScheme: tpm2.TPMTSigScheme{Scheme: tpm2.TPMAlgNull},
	}.Execute(chip)
	if err != nil {
		t.Fatal(err)
	}
	id := attest.Identity{AK: e.AK, Root: e.Root, Signer: hierarchyName(0x4000000b, attest.Name(e.AK))}
	_, err = id.Present(binding.Statement{Attested: quote.Quoted.Bytes(), Signature: tpm2.Marshal(quote.Signature)}, challenge.Nonce, [32]byte(secret))
	wants(t, "null hierarchy", err, attest.ErrSigner)
}

// TestClosedToActivation: an EK that lies in the chip can be read where it may
// not be used, and trying costs nothing of the shared lockout.
func TestClosedToActivation(t *testing.T) {
	c := newClient(t, ship(t))
	challenge, _ := c.challenged(believing(t))
	closeEndorsement(t, c.machine)
	owned, err := c.chip.NewAttestationKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.chip.Endorsement(t.Context()); err != nil {
		t.Error(err)
	}
	before, err := c.chip.Tries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.chip.Activate(t.Context(), tpm.Activation{
		Key: owned.Blob, Endorsement: c.ek.Public, Credential: challenge.Credential, Secret: challenge.Secret,
	})
	if !errors.Is(err, tpm.ErrEndorsement) || !errors.Is(err, binding.ErrUnavailable) {
		t.Errorf("activate: %v", err)
	}
	if after, err := c.chip.Tries(t.Context()); err != nil || after != before {
		t.Errorf("tries before %+v, after %+v, %v", before, after, err)
	}
}

// TestCleared: clearing changes the root and not the EK. The old keys are of no
// use, and the server knows the machine again.
func TestCleared(t *testing.T) {
	c := newClient(t, ship(t))
	id, _ := c.enrol(believing(t))
	c.machine.Clear()
	if _, err := c.chip.Present(t.Context(), c.ak.Blob, [32]byte{}); !errors.Is(err, binding.ErrOtherMachine) {
		t.Errorf("an old key after clearing: %v", err)
	}
	again, _ := newClient(t, c.machine).enrol(believing(t))
	if !bytes.Equal(again.EKName, id.EKName) || bytes.Equal(again.Root, id.Root) || !again.Proven {
		t.Errorf("before %+v, after %+v", id, again)
	}
}

// TestWrongRoot: the client names a root that its key was not made under.
func TestWrongRoot(t *testing.T) {
	c := newClient(t, ship(t))
	root := c.ak.Root
	c.ak.Root = attest.Name([]byte("another root"))
	challenge, pending := c.challenged(believing(t))
	c.ak.Root = root
	_, _, err := pending.Verify(c.answer(challenge), c.public)
	wants(t, "endorsed key", err, attest.ErrOtherParent)

	// A key under the root is seen to be under another one.
	closeEndorsement(t, c.machine)
	if c.ak, err = c.chip.NewAttestationKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	openEndorsement(t, c.machine)
	c.ak.Root = attest.Name([]byte("another root"))
	challenge, pending = c.challenged(believing(t))
	_, _, err = pending.Verify(c.answer(challenge), c.public)
	wants(t, "key under the root", err, attest.ErrSigner)
}

// TestReplay: a statement serves once, for its nonce and its request, by its
// key.
func TestReplay(t *testing.T) {
	m := ship(t)
	c, other := newClient(t, m), newClient(t, m)
	id, _ := c.enrol(believing(t))
	nonce, request := []byte("of today"), sha256.Sum256([]byte("POST /devices/1/proof"))
	q := binding.Qualify(binding.SubjectContact, nonce, request)
	said, err := c.chip.Present(t.Context(), c.ak.Blob, q)
	if err != nil {
		t.Fatal(err)
	}
	_, err = id.Present(said, nonce, request)
	wants(t, "as it should be", err, nil)
	moved := id
	moved.Signer = hierarchyName(0x40000007, attest.Name(id.AK))
	_, err = moved.Present(said, nonce, request)
	wants(t, "a key in another place", err, attest.ErrSigner)
	_, err = id.Present(said, []byte("of tomorrow"), request)
	wants(t, "an old nonce", err, attest.ErrStale)
	_, err = id.Present(said, nonce, sha256.Sum256([]byte("POST /devices/1/cleared")))
	wants(t, "another request", err, attest.ErrStale)
	_, err = id.Present(c.certify(q), nonce, request)
	wants(t, "a creation", err, attest.ErrKind)
	byOther, err := other.chip.Present(t.Context(), other.ak.Blob, q)
	if err != nil {
		t.Fatal(err)
	}
	_, err = id.Present(byOther, nonce, request)
	wants(t, "another key of the same chip", err, attest.ErrSignature)

	// An answer to an earlier challenge, and one from another device's key.
	first, _ := c.challenged(believing(t))
	answer := c.answer(first)
	_, pending := c.challenged(believing(t))
	_, _, err = pending.Verify(answer, c.public)
	wants(t, "answer to an earlier challenge", err, attest.ErrActivation)
	second, pending := c.challenged(believing(t))
	answer = c.answer(second)
	answer.Statement = other.certify(binding.Qualify(binding.SubjectDevice, second.Nonce, [32]byte(answer.Secret)))
	_, _, err = pending.Verify(answer, c.public)
	wants(t, "statement of another key", err, attest.ErrSignature)
	_, _, err = pending.Verify(c.answer(second), other.public)
	wants(t, "another device's signing key", err, attest.ErrOtherObject)
}

// TestEveryByte: an answer of a genuine chip, with one byte changed, missing or
// added, is refused for the reason that fits.
func TestEveryByte(t *testing.T) {
	c := newClient(t, ship(t))
	challenge, pending := c.challenged(believing(t))
	good := c.answer(challenge)
	if _, _, err := pending.Verify(good, c.public); err != nil {
		t.Fatal(err)
	}
	fields := []struct {
		name string
		at   func(*attest.Answer) *[]byte
		want []error
	}{
		{"secret", func(a *attest.Answer) *[]byte { return &a.Secret }, []error{attest.ErrActivation}},
		{"key", func(a *attest.Answer) *[]byte { return &a.Key }, []error{attest.ErrMalformed, attest.ErrUnsupported, attest.ErrAttributes}},
		{"creation", func(a *attest.Answer) *[]byte { return &a.Creation }, []error{attest.ErrCreation}},
		{"attested", func(a *attest.Answer) *[]byte { return &a.Statement.Attested }, []error{attest.ErrSignature, attest.ErrMalformed}},
		{"signature", func(a *attest.Answer) *[]byte { return &a.Statement.Signature }, []error{attest.ErrMalformed, attest.ErrSignature}},
	}
	for _, f := range fields {
		whole := *f.at(&good)
		for what, bad := range damaged(whole) {
			a := good
			*f.at(&a) = bad
			id, _, err := pending.Verify(a, c.public)
			if !oneOf(err, f.want) || id.Proven {
				t.Errorf("%s, %s: %v", f.name, what, err)
			}
		}
	}

	e := c.enrolment()
	refused := []error{attest.ErrMalformed, attest.ErrUnsupported, attest.ErrAttributes, attest.ErrCertificate}
	for _, f := range []struct {
		name string
		at   func(*attest.Enrolment) *[]byte
	}{
		{"EK", func(e *attest.Enrolment) *[]byte { return &e.EK }},
		{"AK", func(e *attest.Enrolment) *[]byte { return &e.AK }},
	} {
		for what, bad := range damaged(*f.at(&e)) {
			d := e
			*f.at(&d) = bad
			if claim, err := believing(t).Claim(d, time.Now()); !oneOf(err, refused) || claim.Certified {
				t.Errorf("%s, %s: %v", f.name, what, err)
			}
		}
	}
	for _, root := range [][]byte{nil, e.Root[:33], append(bytes.Clone(e.Root), 0), append([]byte{0, 4}, e.Root[2:]...)} {
		d := e
		d.Root = root
		_, err := believing(t).Claim(d, time.Now())
		wants(t, "root", err, attest.ErrMalformed)
	}
}

// damaged are all copies of b with one byte changed, all its beginnings, and b
// with something after it.
func damaged(b []byte) map[string][]byte {
	all := map[string][]byte{"a byte more": append(bytes.Clone(b), 0), "far too long": append(bytes.Clone(b), make([]byte, 2000)...)}
	for i := range b {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			bad := bytes.Clone(b)
			bad[i] ^= flip
			all["byte "+string(rune('0'+flip%10))+" of "+time.Duration(i).String()] = bad
		}
		all["cut at "+time.Duration(i).String()] = b[:i]
	}
	return all
}

func oneOf(err error, list []error) bool {
	for _, want := range list {
		if errors.Is(err, want) {
			return true
		}
	}
	return false
}

// TestSmallEndorsement: a chip with a certified P-256 EK (L-2), whose chain
// lies in its own NV memory.
func TestSmallEndorsement(t *testing.T) {
	m := tpmtest.Start(t)
	c := newClient(t, m) // to have the EK's public half
	root := newAuthority(t, nil)
	between := newAuthority(t, root)
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic](c.ek.Public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tpm2.Pub(*public)
	if err != nil {
		t.Fatal(err)
	}
	padding := bytes.Repeat([]byte{0xff}, 40)
	chip := raw(m)
	write(t, chip, 0x01c0000a, append(between.issue(t, ekCertificate("id:494E5443"), key), padding...))
	write(t, chip, 0x01c00100, append(bytes.Clone(between.cert.Raw), padding...))
	c = newClient(t, m)
	if len(c.ek.Certificates) != 2 {
		t.Fatalf("read %d certificates", len(c.ek.Certificates))
	}
	v := attest.New(attest.Config{Roots: []*x509.Certificate{root.cert}})
	id, _ := c.enrol(v)
	if !id.Proven || id.Virtual || id.Certificate.Maker != "INTC" {
		t.Errorf("%+v", id)
	}

	// Beside a template of the maker's own, the certificate is for another key.
	write(t, chip, 0x01c0000c, []byte("template"))
	c = newClient(t, m)
	if id, _ := c.enrol(v); id.Proven || id.Why != attest.WhyNoCertificate {
		t.Errorf("with a template: %+v", id)
	}
}

// write defines an index that anybody may read, as makers do.
func write(t *testing.T, chip transport.TPM, index tpm2.TPMHandle, data []byte) {
	t.Helper()
	if _, err := (tpm2.NVDefineSpace{
		AuthHandle: tpm2.TPMRHOwner,
		PublicInfo: tpm2.New2B(tpm2.TPMSNVPublic{
			NVIndex: index, NameAlg: tpm2.TPMAlgSHA256, DataSize: uint16(len(data)),
			Attributes: tpm2.TPMANV{OwnerWrite: true, AuthRead: true, OwnerRead: true, NoDA: true},
		}),
	}).Execute(chip); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(data); at += 512 {
		public, err := tpm2.NVReadPublic{NVIndex: index}.Execute(chip)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (tpm2.NVWrite{
			AuthHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.PasswordAuth(nil)},
			NVIndex:    tpm2.NamedHandle{Handle: index, Name: public.NVName},
			Data:       tpm2.TPM2BMaxNVBuffer{Buffer: data[at:min(at+512, len(data))]}, Offset: uint16(at),
		}).Execute(chip); err != nil {
			t.Fatal(err)
		}
	}
}
