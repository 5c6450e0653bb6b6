package cache

import (
	"context"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// Sealed returns the sealed object, and how the chip made it, for a server that
// wants the chip's word on it (tpm.Chip.CertifySealed). The Creation is empty
// where the chip does not tell, as at level C.
func (p *Pending) Sealed() (binding.Object, binding.Creation) { return p.record.Object, p.made }

// CertifyCounter has the chip sign which generation opens, for a server that
// approves one of level A: when it is cached, and whenever its lease is renewed.
// key is the blob of the attestation key. It needs no lock and no password.
// Errors: NoCache if there is no cache of level A, ChipMissing, OtherMachine.
func (s *Store) CertifyCounter(ctx context.Context, key []byte, qualifying [32]byte) (binding.Statement, error) {
	st, err := s.state()
	if err != nil {
		return binding.Statement{}, err
	}
	slots, ok := st.slots()
	if !ok {
		return binding.Statement{}, vault.Fail(vault.NoCache, "no cache of level A")
	}
	x, err := s.indexed(slots)
	if err != nil {
		return binding.Statement{}, err
	}
	said, err := x.Certify(ctx, binding.IndexCertifying{Index: binding.Counter, Key: key, Qualifying: qualifying})
	if err != nil {
		return binding.Statement{}, chipProblem(err)
	}
	return said, nil
}
