package cache

import (
	"context"
	"fmt"

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
	// NewTries asks for new tries also where the chip does not say that none is
	// left, as it does where its owner has a password.
	NewTries bool
}

// Permits is the server, as level A needs it. Errors reach the caller wrapped.
type Permits interface {
	// Indices tells the server where the NV indices of a cache stand, before
	// anything is permitted for them. The same again changes nothing.
	Indices(ctx context.Context, x binding.Indices) error
	// Permit prepares the request for a permit, with all that the chip does for
	// it: want is all but the nonce of the chip's session. What it returns sends
	// that once, while the chip waits in the session whose nonce comes with the
	// request; so it must not take long, and must not use the chip.
	Permit(ctx context.Context, want binding.PermitRequest) (send func(context.Context, binding.PermitRequest) (signature []byte, err error), err error)
	// Reading lets the server read an index: certify has the chip sign what it
	// holds. Of the counter, that is the receipt of a wipe. A server that wants no
	// word of the chip does not call certify.
	Reading(ctx context.Context, x binding.Indices, k binding.IndexKind, certify Certify) error
}

// Certify has the chip sign what an index holds, with an attestation key (its
// blob) and the qualifying data that binding.Qualify makes for SubjectCounter.
type Certify func(ctx context.Context, key []byte, qualifying [32]byte) (binding.Statement, error)

// reader is an index that the server is to read.
type reader struct {
	x     Indexed
	of    binding.Indices
	index binding.IndexKind
}

// tell lets the server read the index.
func (r reader) tell(ctx context.Context, server Permits) error {
	certify := func(ctx context.Context, key []byte, qualifying [32]byte) (binding.Statement, error) {
		return r.x.Certify(ctx, binding.IndexCertifying{Index: r.index, Key: key, Qualifying: qualifying})
	}
	if err := server.Reading(ctx, r.of, r.index, certify); err != nil {
		return fmt.Errorf("reading of %s: %w", r.index, chipProblem(err))
	}
	return nil
}

// indexed returns the chip with the indices of slots.
func (s *Store) indexed(slots binding.Slots) (Indexed, error) {
	if s.opt.Indices == nil {
		return nil, vault.Fail(vault.ChipMissing, "no chip that could have NV indices")
	}
	return s.opt.Indices.With(slots)
}
