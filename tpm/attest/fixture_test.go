package attest_test

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// manufactured is a chip as its maker ships it: state with an RSA EK and its
// certificate in NV memory, and the maker's certificates.
type manufactured struct {
	state         tpmtest.Snapshot
	root, between *x509.Certificate
}

// manufacture makes one chip for all tests, as swtpm_setup does it.
var manufacture = sync.OnceValues(func() (m manufactured, err error) {
	dir, err := os.MkdirTemp("/tmp", "mfg")
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err == nil {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		return path
	}
	tool, err := exec.LookPath("swtpm_localca")
	if err != nil {
		return m, fmt.Errorf("%w (Debian: apt-get install swtpm-tools)", err)
	}
	ca := file("localca.conf", fmt.Sprintf("statedir=%s\nsigningkey=%[1]s/key.pem\nissuercert=%[1]s/issuer.pem\ncertserial=%[1]s/serial\n", dir))
	options := file("localca.options", "--platform-manufacturer Tideover\n--platform-version 1\n--platform-model Test\n")

	setup := file("setup.conf", fmt.Sprintf("create_certs_tool=%s\ncreate_certs_tool_config=%s\ncreate_certs_tool_options=%s\nactive_pcr_banks=sha256\n", tool, ca, options))
	if err != nil {
		return m, err
	}
	out, err := exec.Command("swtpm_setup", "--tpm2", "--tpmstate", dir, "--create-ek-cert", "--config", setup).CombinedOutput()
	if err != nil {
		return m, fmt.Errorf("swtpm_setup (Debian: apt-get install swtpm-tools): %w: %s", err, out)
	}
	state, err := os.ReadFile(filepath.Join(dir, "tpm2-00.permall"))
	if err != nil {
		return m, err
	}
	m.state = tpmtest.Snapshot{"tpm2-00.permall": state}
	if m.root, err = readPEM(filepath.Join(dir, "swtpm-localca-rootca-cert.pem")); err != nil {
		return m, err
	}
	m.between, err = readPEM(filepath.Join(dir, "issuer.pem"))
	return m, err
})

func readPEM(path string) (*x509.Certificate, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, errors.New(path + " is no PEM file")
	}
	return x509.ParseCertificate(block.Bytes)
}

func factory(t testing.TB) manufactured {
	t.Helper()
	m, err := manufacture()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// ship makes a machine with the manufactured chip in it.
func ship(t testing.TB) *tpmtest.Machine {
	t.Helper()
	m := tpmtest.Start(t)
	m.Restore(factory(t).state)
	m.SetLockout(32, 10*time.Minute)
	return m
}

// believing is a server that knows the maker of the manufactured chip.
func believing(t testing.TB) *attest.Verifier {
	f := factory(t)
	return attest.New(attest.Config{Roots: []*x509.Certificate{f.root}, Intermediates: []*x509.Certificate{f.between}})
}

// client is one device: a chip with an attestation key and a signing key.
type client struct {
	t       testing.TB
	machine *tpmtest.Machine
	chip    *tpm.Chip
	ek      tpm.Endorsement
	ak      tpm.AttestationKey
	key     []byte // blob of the signing key
	public  *ecdsa.PublicKey
	made    binding.Creation
}

func newClient(t testing.TB, m *tpmtest.Machine) *client {
	t.Helper()
	c := &client{t: t, machine: m, chip: m.Open(t)}
	var err error
	if c.ek, err = c.chip.Endorsement(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.ak, err = c.chip.NewAttestationKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.key, c.public, c.made, err = c.chip.NewSigningKeyForProof(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// enrolment is the first message. The client's own measure of software chips
// is left out, since every chip of a test is one.
func (c *client) enrolment() attest.Enrolment {
	return attest.Enrolment{EK: c.ek.Public, Certificates: c.ek.Certificates, AK: c.ak.Public, Root: c.ak.Root}
}

// challenged has a server challenge the client.
func (c *client) challenged(v *attest.Verifier) (attest.Challenge, attest.Pending) {
	c.t.Helper()
	claim, err := v.Claim(c.enrolment(), time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	challenge, pending, err := claim.Challenge()
	if err != nil {
		c.t.Fatal(err)
	}
	return challenge, pending
}

// answer solves a challenge.
func (c *client) answer(challenge attest.Challenge) attest.Answer {
	c.t.Helper()
	secret, err := c.chip.Activate(c.t.Context(), tpm.Activation{
		Key: c.ak.Blob, Endorsement: c.ek.Public, Credential: challenge.Credential, Secret: challenge.Secret,
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return attest.Answer{
		Secret: secret, Key: c.keyPublic(), Creation: c.made.Data,
		Statement: c.certify(binding.Qualify(binding.SubjectDevice, challenge.Nonce, [32]byte(secret))),
	}
}

func (c *client) keyPublic() []byte {
	c.t.Helper()
	public, err := tpm.SigningKeyPublic(c.key)
	if err != nil {
		c.t.Fatal(err)
	}
	return public
}

// certify states the making of the signing key.
func (c *client) certify(qualifying [32]byte) binding.Statement {
	c.t.Helper()
	s, err := c.chip.CertifySigningKey(c.t.Context(), c.key, tpm.Certifying{Key: c.ak.Blob, Creation: c.made, Qualifying: qualifying})
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

// enrol goes the whole way.
func (c *client) enrol(v *attest.Verifier) (attest.Identity, attest.Sighting) {
	c.t.Helper()
	challenge, pending := c.challenged(v)
	id, seen, err := pending.Verify(c.answer(challenge), c.public)
	if err != nil {
		c.t.Fatal(err)
	}
	return id, seen
}

// contact makes one contact at the server's time at.
func (c *client) contact(id attest.Identity, at time.Time) attest.Sighting {
	c.t.Helper()
	nonce, request := []byte("nonce "+at.String()), sha256.Sum256([]byte("request"))
	s, err := c.chip.Present(c.t.Context(), c.ak.Blob, binding.Qualify(binding.SubjectContact, nonce, request))
	if err != nil {
		c.t.Fatal(err)
	}
	seen, err := id.Present(s, nonce, request)
	if err != nil {
		c.t.Fatal(err)
	}
	seen.At = at
	return seen
}

// link sends commands that package tpm does not have, each on a connection of
// its own: swtpm serves one client at a time.
type link struct{ socket string }

func raw(m *tpmtest.Machine) link { return link{strings.TrimPrefix(m.Spec(), "unix:")} }

// Send is go-tpm's transport.
func (l link) Send(command []byte) ([]byte, error) {
	conn, err := net.Dial("unix", l.socket)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // the answer is in, or the error is
	if _, err := conn.Write(command); err != nil {
		return nil, err
	}
	answer := make([]byte, 10)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(answer[2:])
	if n < 10 || n > 4096 {
		return nil, errors.New("frame size")
	}
	answer = append(answer, make([]byte, n-10)...)
	_, err = io.ReadFull(conn, answer[10:])
	return answer, err
}

// closeEndorsement gives the endorsement hierarchy a password.
func closeEndorsement(t testing.TB, m *tpmtest.Machine) {
	t.Helper()
	change := tpm2.HierarchyChangeAuth{
		AuthHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHEndorsement, Auth: tpm2.PasswordAuth(nil)},
		NewAuth:    tpm2.TPM2BAuth{Buffer: []byte("closed")},
	}
	if _, err := change.Execute(raw(m)); err != nil {
		t.Fatal(err)
	}
}

// refusals are all of the package's.
var refusals = []error{
	attest.ErrMalformed, attest.ErrUnsupported, attest.ErrAttributes, attest.ErrCertificate, attest.ErrActivation,
	attest.ErrSignature, attest.ErrKind, attest.ErrSigner, attest.ErrStale, attest.ErrOtherObject, attest.ErrCreation,
	attest.ErrOtherParent, attest.ErrTerms,
}

// wants fails the test unless err is want and no other refusal.
func wants(t testing.TB, what string, err, want error) {
	t.Helper()
	for _, r := range refusals {
		if is := errors.Is(err, r); is != (r == want) {
			t.Errorf("%s: %v, want %v", what, err, want)
			return
		}
	}
	if (err == nil) != (want == nil) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// openEndorsement takes the password of closeEndorsement away.
func openEndorsement(t testing.TB, m *tpmtest.Machine) {
	t.Helper()
	change := tpm2.HierarchyChangeAuth{
		AuthHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHEndorsement, Auth: tpm2.PasswordAuth([]byte("closed"))},
	}
	if _, err := change.Execute(raw(m)); err != nil {
		t.Fatal(err)
	}
}
