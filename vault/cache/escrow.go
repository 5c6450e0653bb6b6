package cache

import (
	"crypto/ecdsa"
	"errors"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/escrow"
)

// EscrowTo says to whom a machine secret is wrapped: the recovery key that the
// pinned identity root has signed, and the account whose cache it is.
type EscrowTo struct {
	Key  *ecdsa.PublicKey
	User vault.ID
}

// NeedsKeys reports whether the generation will need a security key. There is no
// Escrow of it then.
func (p *Pending) NeedsKeys() bool { return len(p.keys) > 0 }

// Escrow returns the machine secret of the generation, wrapped to an
// organisation's recovery key (escrow/FORMAT.md). Whether the person has been
// told is the caller's care. KeyRequired if the cache needs a security key, which
// no recovery may stand in for.
func (p *Pending) Escrow(to EscrowTo) ([]byte, error) {
	switch {
	case p.secret == nil:
		return nil, errors.New("cache: escrow after the end")
	case p.request.Trust == nil || to.Key == nil:
		return nil, errors.New("cache: escrow without a governing server's key")
	case p.NeedsKeys():
		return nil, vault.Fail(vault.KeyRequired, "nothing but a security key opens this cache, so its machine secret is not escrowed")
	}
	// The secret stays the Pending's: nothing here copies or wipes it.
	return escrow.Wrap(to.Key, escrow.Binding{
		Device: p.record.Device, Cache: p.record.Cache, Generation: p.record.Generation,
		Record: sum(p.der), User: to.User,
	}, vault.NewSecret(p.secret))
}
