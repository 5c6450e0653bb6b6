package session

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// estimate is the dry run where the server has none. A Pleasant server tells
// whether there is anything for offline use, and in its tree who may read what;
// it keeps for itself which entries carry the offline right.
func (s *Session) estimate(ctx context.Context, a *account, remote Remote) (wire.DryRun, error) {
	may, err := remote.OfflineAvailable(ctx)
	if err != nil && !errors.Is(err, vault.Unsupported) {
		return wire.DryRun{}, err
	}
	tree, err := remote.Tree(ctx)
	if err != nil {
		return wire.DryRun{}, err
	}
	defer tree.Content.Wipe()
	run := wire.DryRun{User: a.User, Server: a.Server, ByReason: map[string]int{}, Entries: []wire.DryRunEntry{}}
	_ = tree.Content.Root.Walk(func(path []string, g *vault.Group) error { // visit never fails
		for _, e := range g.Entries {
			line := wire.DryRunEntry{ID: e.ID, Path: vault.JoinPath(append(path[:len(path):len(path)], e.Title())...)}
			reason, detail := withheldBecause(may, tree.Facts[e.ID])
			if line.Cached = reason == ""; line.Cached {
				run.Cached++
			} else {
				line.Reason, line.Detail = &reason, &detail
				run.Excluded++
				run.ByReason[reason]++
			}
			run.Total++
			run.Entries = append(run.Entries, line)
		}
		return nil
	})
	if run.Cached > 0 {
		end := s.now().Add(time.Duration(localPolicy().Days) * 24 * time.Hour).UTC().Truncate(time.Second)
		run.ExpiresAt = &end
	}
	return run, nil
}

// withheldBecause returns why a Pleasant server would leave an entry out of its
// package, as far as can be told; an empty reason: it may come.
func withheldBecause(may bool, facts *wire.Facts) (reason, detail string) {
	switch {
	case !may:
		return wire.ReasonNotPermitted, "the server hands out nothing for offline use"
	case facts == nil:
		return "", ""
	case !facts.ViewContents || !facts.ViewPassword:
		return wire.ReasonNotPermitted, "its contents may not be read"
	case facts.CommentViewOffline:
		return wire.ReasonCommentRequired, "a comment is required for taking it offline"
	}
	return "", ""
}
