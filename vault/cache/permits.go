package cache

import (
	"context"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// LevelA asks for a cache of level A: copy-proof, with the chip's own count of
// wrong passwords and of openings. A governing server and a person who has just
// signed in stand behind it.
type LevelA struct {
	Server Permits
	Tries  uint32 // wrong passwords until a stop, 1 to binding.MaxTries
	Opens  uint32 // openings until a stop; 0: the chip does not count them
	Owner  []byte // password of the chip's owner; nil: he has none, as usual
	// NewPassword says that the master password is another one than that of the
	// cache in place: that one is wiped first, since one index guards both.
	NewPassword bool
}

// Permits is the server, as level A needs it. Errors reach the caller wrapped.
type Permits interface {
	// Permit signs r, or says why not. The chip waits meanwhile, so it must not
	// take long, and must not use the chip. The server builds the indices itself
	// and takes only kind, nonce, count and limit from r.
	Permit(ctx context.Context, r binding.PermitRequest) (signature []byte, err error)
	// Certifying returns what the chip is to sign the contents of an index with:
	// the attestation key, and the qualifying data for a nonce of the server.
	// Without a Key the server wants no word of the chip.
	Certifying(ctx context.Context, q Question) (binding.IndexCertifying, error)
	// Reading hands in what the chip said.
	Reading(ctx context.Context, q Question, said binding.Statement) error
}

// Question is what the server wants to know from the chip: what an index holds.
type Question struct {
	Indices binding.Indices
	Index   binding.IndexKind
	// Generation is the highest that was sealed, 0 if none was. The context of
	// the qualifying data is the LeaseRef of Indices.Terms(Generation); with 0
	// too, though nothing is sealed under that.
	Generation uint64
	// Receipt says that the counter is to be above Generation: a wipe is over.
	Receipt bool
}

// report has the chip tell the server what an index holds.
func report(ctx context.Context, x Indexed, server Permits, q Question) error {
	with, err := server.Certifying(ctx, q)
	if err != nil || len(with.Key) == 0 {
		return err
	}
	with.Index = q.Index
	said, err := x.Certify(ctx, with)
	if err != nil {
		return chipProblem(err)
	}
	return server.Reading(ctx, q, said)
}

// indexed returns the chip with the indices of slots.
func (s *Store) indexed(slots binding.Slots) (Indexed, error) {
	if s.opt.Indices == nil {
		return nil, vault.Fail(vault.ChipMissing, "no chip that could have NV indices")
	}
	return s.opt.Indices.With(slots)
}
