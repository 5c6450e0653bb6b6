package attest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"flag"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// record makes testdata/swtpm.json anew: go test -run TestRecorded -record.
var record = flag.Bool("record", false, "record testdata/swtpm.json from swtpm")

const recordedFile = "testdata/swtpm.json"

// recorded is what one chip said from enrolment to contact: vectors, seeds of
// the fuzz targets, and work for the benchmarks, none of which needs a chip.
type recorded struct {
	Name      string            `json:"name"`
	At        time.Time         `json:"at"`
	Roots     [][]byte          `json:"roots"` // DER that the server believes
	Enrolment attest.Enrolment  `json:"enrolment"`
	Challenge attest.Challenge  `json:"challenge"`
	Pending   attest.Pending    `json:"pending"`
	Answer    attest.Answer     `json:"answer"`
	Device    []byte            `json:"device"` // its key, an uncompressed point
	Identity  attest.Identity   `json:"identity"`
	Terms     binding.Terms     `json:"terms"`
	Nonce     []byte            `json:"nonce"` // of the two below
	Sealed    attest.Sealed     `json:"sealed"`
	Contact   binding.Statement `json:"contact"`
	Seen      []attest.Sighting `json:"seen"` // answer, sealed, contact
}

// request is what a recorded contact carries.
func (r recorded) request() [32]byte { return sha256.Sum256([]byte("a request")) }

func (r recorded) verifier(t testing.TB) *attest.Verifier {
	t.Helper()
	var c attest.Config
	for _, der := range r.Roots {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		c.Roots = append(c.Roots, cert)
	}
	return attest.New(c)
}

func (r recorded) device(t testing.TB) *ecdsa.PublicKey {
	t.Helper()
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), r.Device)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func recordings(t testing.TB) []recorded {
	t.Helper()
	b, err := os.ReadFile(recordedFile)
	if err != nil {
		t.Fatal(err)
	}
	var all []recorded
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestRecorded: what chips said once is believed for ever. A change of the
// wire, of a digest or of a check shows here, where fresh chips would follow it.
func TestRecorded(t *testing.T) {
	if *record {
		recordAll(t)
	}
	all := recordings(t)
	if len(all) != 3 {
		t.Fatalf("%d recordings", len(all))
	}
	for _, r := range all {
		claim, err := r.verifier(t).Claim(r.Enrolment, r.At)
		if err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		if d := cmp.Diff(r.Pending.Claim, claim); d != "" {
			t.Errorf("%s: claim\n%s", r.Name, d)
		}
		id, first, err := r.Pending.Verify(r.Answer, r.device(t))
		if err != nil {
			t.Fatalf("%s: %v", r.Name, err)
		}
		if d := cmp.Diff(r.Identity, id); d != "" {
			t.Errorf("%s: identity\n%s", r.Name, d)
		}
		second, err := id.Sealed(r.Sealed, r.Terms, r.Nonce)
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
		}
		third, err := id.Present(r.Contact, r.Nonce, r.request())
		if err != nil {
			t.Errorf("%s: %v", r.Name, err)
		}
		if d := cmp.Diff(r.Seen, []attest.Sighting{first, second, third}); d != "" {
			t.Errorf("%s: sightings\n%s", r.Name, d)
		}
	}
}

// recordAll makes the recordings: a certified RSA EK, a P-256 EK without
// certificate, and a certified EK with its AK under the storage root.
func recordAll(t *testing.T) {
	t.Helper()
	certified := newClient(t, ship(t))
	plain := newClient(t, tpmtest.Start(t))
	owned := newClient(t, ship(t))
	closeEndorsement(t, owned.machine)
	var err error
	if owned.ak, err = owned.chip.NewAttestationKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	openEndorsement(t, owned.machine)
	b, err := json.MarshalIndent([]recorded{
		certified.record("RSA EK, certified; AK in the endorsement hierarchy"),
		plain.record("P-256 EK, not certified; AK in the endorsement hierarchy"),
		owned.record("RSA EK, certified; AK under the storage root"),
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(recordedFile, append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (c *client) record(name string) recorded {
	c.t.Helper()
	f := factory(c.t)
	r := recorded{
		Name: name, At: time.Now().UTC().Truncate(time.Second), Roots: [][]byte{f.root.Raw, f.between.Raw},
		Enrolment: c.enrolment(), Terms: governed(c.t, binding.LevelB), Nonce: []byte("a nonce of the server, once used"),
	}
	var err error
	if r.Device, err = c.public.Bytes(); err != nil {
		c.t.Fatal(err)
	}
	claim, err := r.verifier(c.t).Claim(r.Enrolment, r.At)
	if err != nil {
		c.t.Fatal(err)
	}
	if r.Challenge, r.Pending, err = claim.Challenge(); err != nil {
		c.t.Fatal(err)
	}
	r.Answer = c.answer(r.Challenge)
	r.Seen = make([]attest.Sighting, 3)
	if r.Identity, r.Seen[0], err = r.Pending.Verify(r.Answer, c.public); err != nil {
		c.t.Fatal(err)
	}
	r.Sealed = c.prove(c.seal(r.Terms), r.Nonce)
	if r.Seen[1], err = r.Identity.Sealed(r.Sealed, r.Terms, r.Nonce); err != nil {
		c.t.Fatal(err)
	}
	r.Contact, err = c.chip.Present(c.t.Context(), c.ak.Blob, binding.Qualify(binding.SubjectContact, r.Nonce, r.request()))
	if err != nil {
		c.t.Fatal(err)
	}
	if r.Seen[2], err = r.Identity.Present(r.Contact, r.Nonce, r.request()); err != nil {
		c.t.Fatal(err)
	}
	return r
}
