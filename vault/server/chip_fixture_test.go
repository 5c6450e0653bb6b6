package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/client"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/wire"
)

// maker is a maker of chips, whom the server of a test may believe.
type maker struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newMaker(t testing.TB) *maker {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(100 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, Subject: pkix.Name{CommonName: "maker"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return &maker{key, cert}
}

// certify issues a certificate as the EK profile has it; id is the maker in it.
func (m *maker) certify(t testing.TB, ek []byte, id string) []byte {
	t.Helper()
	at := len(ek) - 2*(2+32) // X and Y end the public area
	if at < 0 {
		t.Fatal("no P-256 endorsement key")
	}
	x, rest, ok1 := binding.Cut2B(ek[at:])
	y, _, ok2 := binding.Cut2B(rest)
	if !ok1 || !ok2 {
		t.Fatalf("no P-256 endorsement key: %x", ek)
	}
	name, err := asn1.Marshal(pkix.RDNSequence{
		{{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 1}, Value: id}},
		{{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 2}, Value: "Model 1"}},
		{{Type: asn1.ObjectIdentifier{2, 23, 133, 2, 3}, Value: "id:00010002"}},
	})
	must(t, err)
	names, err := asn1.Marshal([]asn1.RawValue{{Class: asn1.ClassContextSpecific, Tag: 4, IsCompound: true, Bytes: name}})
	must(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(100 * time.Hour),
		KeyUsage: x509.KeyUsageKeyAgreement, BasicConstraintsValid: true,
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{{2, 23, 133, 8, 1}},
		ExtraExtensions:    []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Critical: true, Value: names}},
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), slices.Concat([]byte{4}, x, y))
	must(t, err)
	der, err := x509.CreateCertificate(rand.Reader, leaf, m.cert, public, m.key)
	must(t, err)
	return der
}

// chipFixture is a server that believes a maker, at a time that can be moved.
type chipFixture struct {
	*fixture
	maker *maker
	later *atomic.Int64 // nanoseconds
}

func newChipFixture(t testing.TB) *chipFixture {
	t.Helper()
	return chipFixtureOf(newFixture(t))
}

// chipFixtureOf is one on the database of f.
func chipFixtureOf(f *fixture) *chipFixture {
	t := f.t
	t.Helper()
	m := newMaker(t)
	kek, err := keyring.OpenFile(filepath.Join(f.dir, kekName))
	must(t, err)
	g := *f
	c := &chipFixture{&g, m, new(atomic.Int64)}
	config := f.open(kek)
	config.Attest = attest.New(attest.Config{Roots: []*x509.Certificate{m.cert}})
	config.Now = func() time.Time { return time.Now().Add(time.Duration(c.later.Load())) }
	g.tokens = map[string]string{}
	g.catalog, err = catalog.Open(t.Context(), config)
	must(t, err)
	g.serve()
	return c
}

// wait moves the server's time on.
func (f *chipFixture) wait(d time.Duration) { f.later.Add(int64(d)) }

// laptop is a device with a software chip, that signs and states as ours does.
type laptop struct {
	t       testing.TB
	f       *chipFixture
	machine *tpmtest.Machine
	chip    *tpm.Chip
	ek      tpm.Endorsement
	ak      tpm.AttestationKey
	key     []byte // blob
	public  []byte // SPKI
	made    binding.Creation
	ID      vault.ID
	client  *client.Client
}

// newLaptop registers a device of alice's, who has just signed in. Its chip has a
// certificate of the maker in whose name id stands.
func (f *chipFixture) newLaptop(id string) *laptop {
	t := f.t
	t.Helper()
	m := tpmtest.Start(t)
	l := &laptop{t: t, f: f, machine: m, chip: m.Open(t)}
	ctx := t.Context()
	var err error
	l.ek, err = l.chip.Endorsement(ctx)
	must(t, err)
	l.ek.Certificates = [][]byte{f.maker.certify(t, l.ek.Public, id)}
	l.ak, err = l.chip.NewAttestationKey(ctx)
	must(t, err)
	l.newKey()
	l.client, err = client.New(client.Config{URL: f.url, Pin: f.id.Pin(), ClientID: vault.NewID()})
	must(t, err)
	l.signIn()
	d, err := l.client.Register(ctx, wire.DeviceRequest{
		Name: "laptop", OS: "linux", PublicKey: l.public, Level: binding.LevelA, RootName: l.ak.Root, ClientVersion: "test",
	})
	must(t, err)
	l.ID = d.ID
	return l
}

// newKey makes the key that signs the device's requests.
func (l *laptop) newKey() {
	l.t.Helper()
	var public *ecdsa.PublicKey
	var err error
	l.key, public, l.made, err = l.chip.NewSigningKeyForProof(l.t.Context())
	must(l.t, err)
	l.public, err = x509.MarshalPKIXPublicKey(public)
	must(l.t, err)
}

func (l *laptop) signIn() {
	l.t.Helper()
	token, err := l.client.SignIn(l.t.Context(), wire.Credentials{User: "alice", Password: vault.SecretText(anyPassword)})
	must(l.t, err)
	l.client.UseToken(token.Access)
}

// Sign signs as the device, without any statement.
func (l *laptop) Sign(ctx context.Context, digest [32]byte) ([]byte, error) {
	return l.chip.Sign(ctx, l.key, digest)
}

// stating is a laptop that states something with each request.
type stating struct {
	*laptop
	what func(ctx context.Context, nonce []byte, about [32]byte) (*wire.Attestation, error)
}

func (s stating) Attest(ctx context.Context, nonce []byte, about [32]byte) (*wire.Attestation, error) {
	return s.what(ctx, nonce, about)
}

// present states that the chip is there.
func (l *laptop) present() stating {
	return stating{l, func(ctx context.Context, nonce []byte, about [32]byte) (*wire.Attestation, error) {
		said, err := l.chip.Present(ctx, l.ak.Blob, binding.Qualify(binding.SubjectContact, nonce, about))
		return &wire.Attestation{Contact: &said}, err
	}}
}

// enrolment is the first message.
func (l *laptop) enrolment() wire.Enrolment {
	return wire.Enrolment{EK: l.ek.Public, Certificates: l.ek.Certificates, AK: l.ak.Public, Root: l.ak.Root}
}

// solve answers a challenge.
func (l *laptop) solve(c wire.Challenge) wire.Answer {
	l.t.Helper()
	ctx := l.t.Context()
	secret, err := l.chip.Activate(ctx, tpm.Activation{
		Key: l.ak.Blob, Endorsement: l.ek.Public, Credential: c.Credential, Secret: c.Secret,
	})
	must(l.t, err)
	public, err := tpm.SigningKeyPublic(l.key)
	must(l.t, err)
	said, err := l.chip.CertifySigningKey(ctx, l.key, tpm.Certifying{
		Key: l.ak.Blob, Creation: l.made, Qualifying: binding.Qualify(binding.SubjectDevice, c.Nonce, [32]byte(secret)),
	})
	must(l.t, err)
	return wire.Answer{Secret: secret, Key: public, Creation: l.made.Data, Statement: said}
}

// attested goes the whole way.
func (l *laptop) attested() wire.Proven {
	l.t.Helper()
	challenge, err := l.client.Enrol(l.t.Context(), l.ID, l.enrolment(), l)
	must(l.t, err)
	proven, err := l.client.Attest(l.t.Context(), l.ID, l.solve(challenge), l)
	must(l.t, err)
	return proven
}

// policyKey is the server's, as a client learns it.
func (f *chipFixture) policyKey() binding.ServerKey {
	f.t.Helper()
	key, ok := f.keys().Newest("tpm")
	if !ok {
		f.t.Fatal("no TPM key")
	}
	public, err := binding.KeyOf(key)
	must(f.t, err)
	return public
}

// alarms returns the outcomes of the device's alarms, the oldest first.
func (l *laptop) alarms() []string {
	l.t.Helper()
	return l.f.details(catalog.ActionDeviceAlarm, func(r catalog.AuditRecord) string { return r.Outcome })
}

// details returns what show says of the records of an action.
func (f *fixture) details(action string, show func(catalog.AuditRecord) string) []string {
	f.t.Helper()
	var out []string
	for r, err := range f.catalog.Audit(f.t.Context(), f.op, catalog.AuditQuery{Action: action}) {
		must(f.t, err)
		out = append(out, show(r))
	}
	return out
}
