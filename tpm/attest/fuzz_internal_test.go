package attest

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"math/big"
	"os"
	"testing"
	"time"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// The seeds are what real chips said (testdata/swtpm.json), and what the fuzzer
// found in testdata/fuzz. go-tpm is the referee: it is lenient, so whatever is
// taken here it must read, write back to the same bytes, and understand alike.

// said is what the fuzz targets need of a recording.
type said struct {
	At        time.Time
	Roots     [][]byte
	Enrolment Enrolment
	Pending   Pending
	Answer    Answer
	Terms     binding.Terms
	Nonce     []byte
	Sealed    Sealed
	Contact   binding.Statement
}

func seeds(f *testing.F) []said {
	f.Helper()
	b, err := os.ReadFile("testdata/swtpm.json")
	if err != nil {
		f.Fatal(err)
	}
	var all []said
	if err := json.Unmarshal(b, &all); err != nil || len(all) == 0 {
		f.Fatalf("%d seeds, %v", len(all), err)
	}
	return all
}

// reads fails the test unless go-tpm reads b as a T and writes it back.
func reads[T tpm2.Marshallable, P interface {
	*T
	tpm2.Unmarshallable
}](t *testing.T, b []byte) T {
	t.Helper()
	v, err := tpm2.Unmarshal[T, P](b)
	if err != nil {
		t.Fatalf("accepted, but go-tpm says %v", err)
	}
	if again := tpm2.Marshal(*v); !bytes.Equal(again, b) {
		t.Fatalf("accepted, but go-tpm writes %x for %x", again, b)
	}
	return *v
}

func FuzzPublic(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s.Enrolment.EK)
		f.Add(s.Enrolment.AK)
		f.Add(s.Answer.Key)
		f.Add(s.Sealed.Public)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := parsePublic(b)
		if err != nil {
			return
		}
		v := reads[tpm2.TPMTPublic](t, b)
		if uint16(v.Type) != p.kind || uint16(v.NameAlg) != p.nameAlg || !bytes.Equal(v.AuthPolicy.Buffer, p.policy) {
			t.Fatalf("%+v, go-tpm %+v", p, v)
		}
		name, err := tpm2.ObjectName(&v)
		if p.nameAlg == algSHA256 && (err != nil || !bytes.Equal(name.Buffer, Name(b))) {
			t.Fatalf("Name %x, go-tpm %x, %v", Name(b), name, err)
		}
		a := v.ObjectAttributes
		if _, err := p.endorsement(); err == nil && (!a.FixedTPM || !a.FixedParent || !a.Restricted || !a.Decrypt || a.SignEncrypt || a.UserWithAuth) {
			t.Fatalf("an EK with %+v", a)
		}
		if _, err := p.signing("", attributesAK); err == nil && (!a.FixedTPM || !a.FixedParent || !a.Restricted || !a.SensitiveDataOrigin || a.Decrypt) {
			t.Fatalf("an AK with %+v", a)
		}
	})
}

func FuzzAttested(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s.Answer.Statement.Attested)
		f.Add(s.Sealed.Statement.Attested)
		f.Add(s.Contact.Attested)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := parseAttested(b)
		if err != nil {
			return
		}
		v := reads[tpm2.TPMSAttest](t, b)
		c := v.ClockInfo
		same := bytes.Equal(a.signer, v.QualifiedSigner.Buffer) && bytes.Equal(a.extra, v.ExtraData.Buffer) && a.firmware == v.FirmwareVersion &&
			a.clock == binding.Clock{MS: c.Clock, Resets: c.ResetCount, Restarts: c.RestartCount, Safe: bool(c.Safe)}
		if info, err := v.Attested.Creation(); err == nil {
			same = same && bytes.Equal(a.name, info.ObjectName.Buffer) && bytes.Equal(a.creationHash, info.CreationHash.Buffer)
		} else if info, err := v.Attested.Quote(); err == nil {
			same = same && bytes.Equal(a.pcrDigest, info.PCRDigest.Buffer) && len(a.pcrs) == len(info.PCRSelect.PCRSelections)
		} else {
			same = false
		}
		if !same {
			t.Fatalf("%+v, go-tpm %+v", a, v)
		}
	})
}

func FuzzSignature(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s.Answer.Statement.Signature)
		f.Add(s.Contact.Signature)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, s, err := parseSignature(b)
		if err != nil {
			return
		}
		v := reads[tpm2.TPMTSignature](t, b)
		ecc, err := v.Signature.ECDSA()
		if err != nil || new(big.Int).SetBytes(ecc.SignatureR.Buffer).Cmp(r) != 0 || new(big.Int).SetBytes(ecc.SignatureS.Buffer).Cmp(s) != 0 {
			t.Fatalf("%v %v, go-tpm %+v, %v", r, s, v, err)
		}
	})
}

func FuzzCreation(f *testing.F) {
	for _, s := range seeds(f) {
		f.Add(s.Answer.Creation)
		f.Add(s.Sealed.Creation)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := parseCreation(b)
		if err != nil {
			return
		}
		v := reads[tpm2.TPMSCreationData](t, b)
		if !bytes.Equal(c.parent, v.ParentName.Buffer) || !bytes.Equal(c.parentQualified, v.ParentQualifiedName.Buffer) || !bytes.Equal(c.outside, v.OutsideInfo.Buffer) {
			t.Fatalf("%+v, go-tpm %+v", c, v)
		}
	})
}

// FuzzClaim: whatever a client sends at first, nothing is certified but a
// genuine EK with its genuine certificate, and every claim can be challenged.
func FuzzClaim(f *testing.F) {
	all := seeds(f)
	for _, s := range all {
		var cert []byte
		if len(s.Enrolment.Certificates) > 0 {
			cert = s.Enrolment.Certificates[0]
		}
		f.Add(s.Enrolment.EK, cert, s.Enrolment.AK, s.Enrolment.Root)
	}
	var c Config
	for _, der := range all[0].Roots {
		root, err := x509.ParseCertificate(der)
		if err != nil {
			f.Fatal(err)
		}
		c.Roots = append(c.Roots, root)
	}
	v := New(c)
	f.Fuzz(func(t *testing.T, ek, cert, ak, root []byte) {
		claim, err := v.Claim(Enrolment{EK: ek, Certificates: [][]byte{cert}, AK: ak, Root: root}, all[0].At)
		if err != nil {
			return
		}
		if claim.Certified && (!bytes.Equal(ek, all[0].Enrolment.EK) || !bytes.Equal(cert, all[0].Enrolment.Certificates[0])) {
			t.Fatal("certified another chip")
		}
		if _, _, err := claim.Challenge(); err != nil {
			t.Fatalf("a claim that cannot be challenged: %v", err)
		}
	})
}

// FuzzAnswer: nothing but the recorded answer is one.
func FuzzAnswer(f *testing.F) {
	good := seeds(f)[0]
	key, err := parseDeviceKey(good.Answer.Key)
	if err != nil {
		f.Fatal(err)
	}
	a := good.Answer
	f.Add(a.Secret, a.Key, a.Creation, a.Statement.Attested, a.Statement.Signature)
	f.Fuzz(func(t *testing.T, secret, public, creation, attested, signature []byte) {
		got := Answer{Secret: secret, Key: public, Creation: creation, Statement: binding.Statement{Attested: attested, Signature: signature}}
		if _, _, err := good.Pending.Verify(got, key); err != nil {
			return
		}
		if !bytes.Equal(secret, a.Secret) || !bytes.Equal(public, a.Key) || !bytes.Equal(creation, a.Creation) || !bytes.Equal(attested, a.Statement.Attested) {
			t.Fatal("another answer was taken")
		}
	})
}
