package catalog

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// AuditDrafts returns those of the ids, all targets of records of offline use,
// that were made offline and never were entries of this server: they neither
// are ones, archived or not, nor were ever sent to a device. It takes ViewAudit.
func (c *Catalog) AuditDrafts(ctx context.Context, by *Caller, ids []vault.ID) (map[vault.ID]bool, error) {
	var drafts map[vault.ID]bool
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if err := a.needAudit(); err != nil {
			return err
		}
		drafts = map[vault.ID]bool{}
		for _, id := range ids {
			drafts[id] = true
		}
		for row, err := range r.Entries(ctx, store.EntryQuery{IDs: orNone(ids), Archived: true, Bare: true}) {
			if err != nil {
				return err
			}
			delete(drafts, row.ID)
		}
		for id := range drafts {
			for _, err := range r.AuditEvents(ctx, store.AuditQuery{Entry: id, Action: ActionCached, Limit: 1}) {
				if err != nil {
					return err
				}
				delete(drafts, id)
			}
		}
		return nil
	})
	return drafts, err
}
