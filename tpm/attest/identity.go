package attest

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
)

// Answer is a client's second message. (FORMAT.md, 3.3.)
type Answer struct {
	Secret    []byte            `json:"secret"`    // 32 bytes, activated
	Key       []byte            `json:"key"`       // TPMT_PUBLIC of the device's signing key
	Creation  []byte            `json:"creation"`  // its TPMS_CREATION_DATA
	Statement binding.Statement `json:"statement"` // CertifyCreation of it
}

// Identity is what a chip has shown: store it with the device. Every later
// statement is checked against it. (FORMAT.md, section 7.)
type Identity struct {
	EKName      []byte      `json:"ek_name"`      // the same chip, the same Name; 34 bytes
	AK          []byte      `json:"ak"`           // TPMT_PUBLIC
	Signer      []byte      `json:"signer"`       // qualified Name of the AK
	Root        []byte      `json:"root"`         // Name of the storage root key
	ClearResets bool        `json:"clear_resets"` // a Sighting's Resets are the chip's own; else only differences mean something
	Certificate Certificate `json:"certificate"`
	Proven      bool        `json:"proven"`
	Virtual     bool        `json:"virtual"`
	Why         Why         `json:"why,omitempty"` // not proven
}

// Verify checks the answer to a challenge. device is the signing key that the
// device registered with. The Sighting is the first of the chip; its time is
// for the caller to set. The errors are those of FORMAT.md 4.2.
func (p Pending) Verify(a Answer, device *ecdsa.PublicKey) (Identity, Sighting, error) {
	id, seen, err := p.verify(a, device)
	if err != nil {
		return Identity{}, Sighting{}, fmt.Errorf("attestation: %w", err)
	}
	return id, seen, nil
}

func (p Pending) verify(a Answer, device *ecdsa.PublicKey) (Identity, Sighting, error) {
	if sum := sha256.Sum256(a.Secret); len(a.Secret) != secretSize || subtle.ConstantTimeCompare(sum[:], p.Secret[:]) != 1 {
		return Identity{}, Sighting{}, ErrActivation
	}
	ak, err := parseAK(p.Claim.AK)
	if err != nil {
		return Identity{}, Sighting{}, err
	}
	said, err := open(ak, a.Statement)
	if err != nil {
		return Identity{}, Sighting{}, err
	}
	name := Name(p.Claim.AK)
	endorsed, owned := qualified(rhEndorsement, name), qualifiedUnder(p.Claim.Root, name)
	about := occasion{attestCreation, binding.SubjectDevice, p.Nonce, [32]byte(a.Secret)}
	if err := said.check(about, endorsed, owned); err != nil {
		return Identity{}, Sighting{}, err
	}
	key, err := parseDeviceKey(a.Key)
	if err != nil {
		return Identity{}, Sighting{}, err
	}
	if device == nil || !key.Equal(device) || !bytes.Equal(said.name, Name(a.Key)) {
		return Identity{}, Sighting{}, ErrOtherObject
	}
	if err := said.checkCreation(a.Creation, p.Claim.Root); err != nil {
		return Identity{}, Sighting{}, err
	}
	return Identity{
		EKName: p.Claim.EKName(), AK: p.Claim.AK, Signer: said.signer, Root: p.Claim.Root,
		ClearResets: bytes.Equal(said.signer, endorsed), Certificate: p.Claim.Certificate,
		Proven: p.Claim.Certified, Virtual: p.Claim.Virtual, Why: p.Claim.Why,
	}, Sighting{Clock: said.clock}, nil
}

// Key returns the attestation key, for statements that other packages check:
// binding.Statement.Reading.
func (i Identity) Key() (*ecdsa.PublicKey, error) { return parseAK(i.AK) }

// Sealed is a client's word that its chip made an object, and the proof.
type Sealed struct {
	Public    []byte            `json:"public"`    // TPMT_PUBLIC of the object
	Creation  []byte            `json:"creation"`  // its TPMS_CREATION_DATA
	Statement binding.Statement `json:"statement"` // CertifyCreation of it
}

// Sealed checks that the chip made a sealed object of these terms under its
// root, and stated it for the server's nonce. The errors are those of
// FORMAT.md 4.4.
func (i Identity) Sealed(s Sealed, terms binding.Terms, nonce []byte) (Sighting, error) {
	if err := checkSealed(s.Public, terms); err != nil {
		return Sighting{}, fmt.Errorf("sealed object: %w", err)
	}
	said, err := i.statement(s.Statement, occasion{attestCreation, binding.SubjectCache, nonce, terms.LeaseRef()})
	if err != nil {
		return Sighting{}, fmt.Errorf("sealed object: %w", err)
	}
	if !bytes.Equal(said.name, Name(s.Public)) {
		return Sighting{}, fmt.Errorf("sealed object: %w", ErrOtherObject)
	}
	if err := said.checkCreation(s.Creation, i.Root); err != nil {
		return Sighting{}, fmt.Errorf("sealed object: %w", err)
	}
	return Sighting{Clock: said.clock}, nil
}

// Present checks that the chip is there, for the server's nonce and the request
// whose SHA-256 is context. The errors are those of FORMAT.md 4.3.
func (i Identity) Present(s binding.Statement, nonce []byte, context [32]byte) (Sighting, error) {
	said, err := i.statement(s, occasion{attestQuote, binding.SubjectContact, nonce, context})
	if err != nil {
		return Sighting{}, fmt.Errorf("contact: %w", err)
	}
	return Sighting{Clock: said.clock}, nil
}

// Counter checks the chip's word on the counter of a cache of level A, for the
// server's nonce. The Sighting carries the counter. A statement that is not of
// this key, nonce, cache, generation and counter is binding.ErrTampered.
func (i Identity) Counter(s binding.Statement, terms binding.Terms, nonce []byte) (Sighting, error) {
	ak, err := i.Key()
	if err != nil {
		return Sighting{}, fmt.Errorf("counter: %w", err)
	}
	if terms.Level != binding.LevelA {
		return Sighting{}, fmt.Errorf("counter: %w: level %q has none", ErrTerms, terms.Level)
	}
	reading, err := s.Reading(binding.ReadingWant{
		Key: ak, Qualified: binding.Qualify(binding.SubjectCounter, nonce, terms.LeaseRef()), Name: terms.Counter,
	})
	if err != nil {
		return Sighting{}, fmt.Errorf("counter: %w", err)
	}
	return Sighting{Clock: reading.Clock, Counter: reading.Value}, nil
}

// statement opens and checks one of the stored key.
func (i Identity) statement(s binding.Statement, o occasion) (attested, error) {
	ak, err := i.Key()
	if err != nil {
		return attested{}, err
	}
	said, err := open(ak, s)
	if err != nil {
		return attested{}, err
	}
	return said, said.check(o, i.Signer)
}
