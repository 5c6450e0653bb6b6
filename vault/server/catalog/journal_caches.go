package catalog

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/server/store"
)

// journalCaches tells which cache of a device a generation belongs to, which is all
// that a journal says: the newest one that was sent under that number.
type journalCaches map[int64]vault.ID

func readJournalCaches(ctx context.Context, r store.Reader, device vault.ID) (journalCaches, error) {
	all, err := r.Generations(ctx, device)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b store.Generation) int { return a.Created.Compare(b.Created) })
	caches := make(journalCaches, len(all))
	for _, g := range all {
		caches[g.Number] = g.Cache
	}
	return caches, nil
}

// of returns which cache a generation is of, to follow a detail in the audit.
func (c journalCaches) of(generation uint64) string {
	if generation == 0 {
		return ""
	}
	if generation <= math.MaxInt64 {
		if id, ok := c[int64(generation)]; ok {
			return fmt.Sprintf(", generation %d of cache %s", generation, id)
		}
	}
	return fmt.Sprintf(", generation %d of no cache that was sent", generation)
}

// maxNamedCaches bounds what one upload names: a journal is of the cache in use and
// seldom of the one before.
const maxNamedCaches = 4

// ofAll returns which caches events are of, likewise.
func (c journalCaches) ofAll(events []audit.Event) string {
	var text strings.Builder
	seen := map[vault.ID]bool{}
	for _, e := range events {
		if e.Generation > math.MaxInt64 {
			continue
		}
		id, ok := c[int64(e.Generation)]
		if !ok || seen[id] {
			continue
		}
		if len(seen) == maxNamedCaches {
			text.WriteString(" and others")
			break
		}
		seen[id] = true
		text.WriteString(journalCache + id.String())
	}
	return text.String()
}
