package server

import (
	"encoding/base64"
	"net/http"

	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// attestationBody is the most that a message of attestation has: twice what its
// parts may have together. (tpm/attest/FORMAT.md, section 3.)
const attestationBody = 64 << 10

// postAttestation takes what a device says of its chip, and answers with what
// only that chip can solve.
func (s *Server) postAttestation(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.Enrolment
	if err := readSigned(c, &in); err != nil {
		return err
	}
	challenge, err := s.catalog.Challenge(r.Context(), c.device.ID, attest.Enrolment(in))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Challenge(challenge))
}

// putAttestation takes the answer.
func (s *Server) putAttestation(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.Answer
	if err := readSigned(c, &in); err != nil {
		return err
	}
	id, err := s.catalog.Attest(r.Context(), c.device.ID, attest.Answer(in))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Proven{Proven: id.Proven, Virtual: id.Virtual, Why: string(id.Why)})
}

// readIndexed reads the body of a request about the indices of a cache. Their Names
// are computed with the key that it returns.
func (s *Server) readIndexed(r *http.Request, c *call, in any) (cache vault.ID, key binding.ServerKey, err error) {
	if err = readSigned(c, in); err != nil {
		return cache, key, err
	}
	if cache, err = pathID(r, "cache"); err != nil {
		return cache, key, err
	}
	key, err = s.policyKey()
	return cache, key, err
}

// postIndices keeps where the indices of a cache stand. The Names are computed
// here: none that a client sends is ever used.
func (s *Server) postIndices(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.IndicesRequest
	cache, key, err := s.readIndexed(r, c, &in)
	if err != nil {
		return err
	}
	chip, err := s.present(r, c, in, in.Attestation, catalog.Presence{})
	if err != nil {
		return err
	}
	x, err := s.catalog.AddSlots(r.Context(), c.caller, catalog.NewSlots{
		Device: c.device.ID, Cache: cache, Chip: chip,
		Indices: binding.Indices{Key: key, Counter: in.Counter, PinFail: in.PinFail, PinPass: in.PinPass},
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Indices{
		Key: key, Counter: x.Name(binding.Counter, true), PinFail: x.Name(binding.PinFail, true), PinPass: x.Name(binding.PinPass, true),
	})
}

// postPermit signs one command on a PIN index, for the session of the chip whose
// nonce stands in the query: TLS alone protects it, as the chip could not sign it.
func (s *Server) postPermit(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.PermitRequest
	cache, key, err := s.readIndexed(r, c, &in)
	if err != nil {
		return err
	}
	nonce, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get(wire.SessionParam))
	if err != nil {
		return vault.Fail(vault.Usage, "%s is no nonce", wire.SessionParam)
	}
	chip, err := s.present(r, c, in, in.Attestation, catalog.Presence{})
	if err != nil {
		return err
	}
	_, private := s.keys.signing(lease.UseTPM)
	signature, err := s.catalog.Permit(r.Context(), c.caller, catalog.PermitWish{
		Device: c.device.ID, Cache: cache, Index: in.Index, Kind: in.Kind, Nonce: nonce, Count: in.Count, Limit: in.Limit, Key: key, Chip: chip,
	}, func(p binding.PermitRequest) ([]byte, error) { return binding.Permit(private, p) })
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Permit{Signature: signature})
}

// postReading takes what the chip certifies of an index.
func (s *Server) postReading(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.ReadingRequest
	cache, key, err := s.readIndexed(r, c, &in)
	if err != nil {
		return err
	}
	if err := s.catalog.Reading(r.Context(), c.device.ID, catalog.IndexReading{
		Cache: cache, Index: in.Index, Statement: in.Statement, Nonce: c.nonce, Key: key,
	}); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}

// policyKey returns the public half of the TPM policy key.
func (s *Server) policyKey() (binding.ServerKey, error) {
	_, key := s.keys.signing(lease.UseTPM)
	return binding.KeyOf(&key.PublicKey)
}

// present checks the statements of a request; about says which cache it is
// about, and what it needs.
func (s *Server) present(r *http.Request, c *call, in wire.Attested, a *wire.Attestation, about catalog.Presence) (catalog.Presented, error) {
	var err error
	if about.Context, err = wire.Context(in); err != nil {
		return catalog.Presented{}, err
	}
	if about.Key, err = s.policyKey(); err != nil {
		return catalog.Presented{}, err
	}
	about.Nonce = c.nonce
	if a != nil {
		about.Counter, about.Contact = a.Counter, a.Contact
		if a.Sealed != nil {
			about.Sealed = &attest.Sealed{Public: a.Sealed.Public, Creation: a.Sealed.Creation, Statement: a.Sealed.Statement}
		}
	}
	return s.catalog.Present(r.Context(), c.device.ID, about)
}

// terms returns what the chip will be held to at the level of l. The Names of
// indices are those on record.
func (s *Server) terms(r *http.Request, device, cache vault.ID, generation uint64, level binding.Level) (binding.Terms, error) {
	key, err := s.policyKey()
	if err != nil {
		return binding.Terms{}, err
	}
	if level != binding.LevelA {
		return binding.Terms{Level: level, Governed: true, Key: key, Device: device, Cache: cache, Generation: generation}, nil
	}
	x, err := s.catalog.Indices(r.Context(), device, cache, key)
	if err != nil {
		return binding.Terms{}, err
	}
	return x.Terms(generation), nil
}
