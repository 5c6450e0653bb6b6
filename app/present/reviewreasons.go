package present

import (
	"cmp"
	"slices"

	"github.com/tideover/tideover/vault/policy"
)

// reviewReasons sorts the reasons by how many entries they keep out. A reason
// that only a later server knows is told by its own name.
func reviewReasons(words *Catalogue, counts map[string]int, named map[string][]ReviewEntry) []ReviewReason {
	var list []ReviewReason
	for id, n := range counts {
		list = append(list, ReviewReason{ID: id, Count: max(n, len(named[id])), Entries: named[id]})
	}
	for id, entries := range named {
		if _, counted := counts[id]; !counted {
			list = append(list, ReviewReason{ID: id, Count: len(entries), Entries: entries})
		}
	}
	list = slices.DeleteFunc(list, func(r ReviewReason) bool { return r.Count == 0 })
	for i := range list {
		list[i].Words = words.OfflineReason(list[i].ID)
	}
	slices.SortFunc(list, func(a, b ReviewReason) int {
		return cmp.Or(b.Count-a.Count, cmp.Compare(a.ID, b.ID))
	})
	return list
}

// OfflineReason returns why a cache does not hold an entry, in words.
func (c *Catalogue) OfflineReason(id string) string {
	if slices.Contains(policy.Reasons(), policy.Reason(id)) {
		return c.Text("offline.reason."+id, nil)
	}
	return c.Text("offline.reason.other", map[string]any{"Reason": id})
}
