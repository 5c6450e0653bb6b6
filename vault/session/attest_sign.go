package session

import (
	"context"
	"errors"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/wire"
)

// attester is the signer of a device whose chip has an attestation key. What it
// states with a request depends on what that is about.
type attester struct {
	deviceSigner
	chip Witness
	key  []byte // blob of the attestation key
	// demanded: the server refuses requests without a statement. Before that a chip
	// that cannot make one is no obstacle.
	demanded bool
	say      func(ctx context.Context, x attester, nonce []byte, about [32]byte) (*wire.Attestation, error)
}

var _ wire.Attester = attester{}

// Attest implements wire.Attester.
func (x attester) Attest(ctx context.Context, nonce []byte, about [32]byte) (*wire.Attestation, error) {
	said, err := x.say(ctx, x, nonce, about)
	switch {
	case err == nil:
		return said, nil
	case !x.demanded:
		return nil, nil //nolint:nilnil // as it was before: no statement
	}
	return nil, chipProblem(err)
}

// attesting returns the signer of a device with what its chip has to say.
func (s *Session) attesting(plain deviceSigner, d *device) Signer {
	if s.cfg.Prover == nil || d.Attestor == nil {
		return plain
	}
	return attester{
		deviceSigner: plain, chip: s.cfg.Prover, key: d.Attestor.Blob,
		demanded: d.Judged != nil && d.Judged.Asked, say: sayPresent,
	}
}

// sayPresent states that the chip is here.
func sayPresent(ctx context.Context, x attester, nonce []byte, about [32]byte) (*wire.Attestation, error) {
	said, err := x.chip.Present(ctx, x.key, binding.Qualify(binding.SubjectContact, nonce, about))
	return &wire.Attestation{Contact: &said}, err
}

// generation names one of the generations of a device's cache.
type generation struct {
	device, cache vault.ID
	number        uint64
}

// counterOf has the chip state the counter of a cache of level A, as
// cache.Store.CertifyCounter does; vault.NoCache if there is none.
type counterOf func(ctx context.Context, key []byte, qualifying [32]byte) (binding.Statement, error)

// counting returns the signer for a request about a generation of level A. Where
// there is no such cache, the chip says no more than that it is here.
func counting(signer Signer, g generation, counter counterOf) Signer {
	x, ok := signer.(attester)
	if !ok {
		return signer
	}
	x.say = func(ctx context.Context, x attester, nonce []byte, about [32]byte) (*wire.Attestation, error) {
		said, err := counter(ctx, x.key, binding.Qualify(binding.SubjectCounter, nonce, g.ref()))
		if errors.Is(err, vault.NoCache) {
			return sayPresent(ctx, x, nonce, about)
		}
		return &wire.Attestation{Counter: &said}, err
	}
	return x
}

// sealing returns the signer for the request of a cache that is prepared: the
// chip states that it made the sealed object, and at level A what its counter is.
func sealing(signer Signer, device vault.ID, p *cache.Pending, counter counterOf) Signer {
	x, ok := signer.(attester)
	d := p.Declaration()
	if !ok || !d.Level.Sealed() {
		return signer // of an unsealed one it says that it is here
	}
	object, made := p.Sealed()
	g := generation{device, d.Cache, d.Generation}
	x.say = func(ctx context.Context, x attester, nonce []byte, _ [32]byte) (*wire.Attestation, error) {
		said, err := x.chip.CertifySealed(ctx, object, binding.Certifying{
			Key: x.key, Creation: made, Qualifying: binding.Qualify(binding.SubjectCache, nonce, g.ref()),
		})
		if err != nil {
			return nil, err
		}
		all := &wire.Attestation{Sealed: &wire.Sealed{Public: object.Public, Creation: made.Data, Statement: said}}
		if d.Level == binding.LevelA {
			count, err := counter(ctx, x.key, binding.Qualify(binding.SubjectCounter, nonce, g.ref()))
			if err != nil {
				return nil, err
			}
			all.Counter = &count
		}
		return all, nil
	}
	return x
}

// ref is the context of statements about the generation.
func (g generation) ref() [32]byte {
	return binding.Terms{Device: g.device, Cache: g.cache, Generation: g.number}.LeaseRef()
}
