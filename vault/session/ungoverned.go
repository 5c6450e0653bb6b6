package session

import (
	"context"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
)

// localPolicy is what this client holds itself to where no server governs: the
// values that a new Tideover server starts with. The key file may be exported,
// as there is nobody who forbids it and the user owns the data.
func localPolicy() lease.Policy {
	g := policy.DefaultGovernance()
	return lease.Policy{
		Days: g.Days, PoweredOn: lease.Seconds(g.PoweredOn()), Boots: uint32(g.BootLimit()), Opens: uint32(g.Opens),
		Session: lease.Seconds(g.SessionS), Idle: lease.Seconds(g.IdleS), Clipboard: lease.Seconds(g.ClipS),
		Reveal: true, Copy: true, Export: true,
		OfflineEdits: lease.OfflineEdits(g.OfflineEdits),
		MasterPassword: lease.MasterRules{
			MinLength: g.Master.MinLength, MinClasses: g.Master.MinClasses, MinScore: g.Master.MinScore,
		},
		Tries: uint32(g.Tries), MinLevel: binding.LevelB0, AllowVirtual: true, Checks: []string{},
		Poll: lease.Seconds(g.PollS), Scan: lease.Seconds(g.ScanS), SecurityKey: g.SecurityKey,
	}
}

// ungoverned takes the offline package of a Pleasant server. Its Expiry and
// this client's own policy bound the cache; the earlier end counts.
func (src source) ungoverned(ctx context.Context) (plan, error) {
	may, err := src.remote.OfflineAvailable(ctx)
	if err != nil {
		return plan{}, err
	}
	if !may {
		return plan{}, nothingOffline()
	}
	if err := src.progress.enter(ctx, PhaseLoading); err != nil {
		return plan{}, err
	}
	content, expiry, err := src.remote.OfflinePackage(ctx, src.comment)
	if err != nil {
		return plan{}, err
	}
	pol := localPolicy()
	expires := src.session.now().Add(time.Duration(pol.Days) * 24 * time.Hour)
	if !expiry.IsZero() && expiry.Before(expires) {
		expires = expiry
	}
	if src.progress != nil {
		n := content.Root.Count()
		src.progress(PhaseLoading, n, n)
	}
	return plan{
		local: &cache.Local{Expires: expires, Policy: pol}, rules: policy.MasterRulesOf(pol), policy: pol, minLevel: pol.MinLevel,
		content: content,
		fetch: func(context.Context, *cache.Store, *cache.Pending) (*vault.Content, string, error) {
			return content, "", nil
		},
	}, nil
}
