package session

import (
	"context"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// PlanIndices returns the NV indices that the chip needs for caches of level A
// of the current account, and keeps them for the next cache. It is for where only
// an administrator may have the chip define them: encoding/json carries the Slots
// there, start.Options.Provision takes them, and the cache that is made after
// that is of level A. Asked again it returns the same. The two values in them end
// the account's caches, and open none: the way there is private.
//
// It needs the server, and somebody who is signed in. Errors: NotSignedIn,
// SomeoneOffline, Unreachable and the like; NotPermitted where no Tideover server
// governs, or nothing may be cached; what stands in the way of the device;
// ChipMissing; LevelTooLow where indices of an earlier cache are in the way.
func (s *Session) PlanIndices(ctx context.Context) (binding.Slots, error) {
	var none binding.Slots
	st, a, remote, err := s.beforeCache(ctx)
	if err != nil {
		return none, err
	}
	if srv := st.server(a.Server); srv == nil || srv.Kind != Tideover {
		return none, vault.Fail(vault.NotPermitted, "level A needs a Tideover server, which governs the cache")
	}
	plan, err := source{session: s, account: a, remote: remote}.governed(ctx)
	if err != nil {
		return none, s.lost(ctx, err)
	}
	if s.cfg.Chip == nil || s.cfg.Indices == nil {
		return none, vault.Fail(vault.ChipMissing, "no chip that could have NV indices")
	}
	var slots binding.Slots
	err = s.withStore(a, func(store *cache.Store) (err error) {
		slots, err = store.PlanA(ctx, cache.PlanRequest{Trust: *plan.trust, Device: a.Device.ID, Opens: plan.policy.Opens > 0})
		return err
	})
	return slots, err
}
