package catalog

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// AuditNames returns what is behind identifiers of audit records, as far as it
// still exists and the caller may see it: the paths of entries and folders, the
// names of devices and users. It takes ViewAudit.
func (c *Catalog) AuditNames(ctx context.Context, by *Caller, ids []vault.ID) (map[vault.ID]string, error) {
	var names map[vault.ID]string
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if err := a.needAudit(); err != nil {
			return err
		}
		names = map[vault.ID]string{}
		var rest []vault.ID
		for _, id := range ids {
			if f := a.folders[id]; f == nil {
				rest = append(rest, id)
			} else if a.onFolder(id).Now.Any(policy.ViewFolders | policy.ViewEntryNames) {
				names[id] = vault.JoinPath(f.path...)
			}
		}
		if len(rest) == 0 {
			return nil
		}
		if err := c.entryNames(ctx, r, a, rest, names); err != nil {
			return err
		}
		return accountNames(ctx, r, rest, names)
	})
	return names, err
}

// entryNames adds the paths of those ids that are entries.
func (c *Catalog) entryNames(ctx context.Context, r store.Reader, a *access, ids []vault.ID, names map[vault.ID]string) error {
	var list []store.Entry
	for row, err := range r.Entries(ctx, store.EntryQuery{IDs: ids, Bare: true}) {
		if err != nil {
			return err
		}
		if a.onEntry(row.Folder, row.ID).Now.Has(policy.ViewEntryNames) {
			list = append(list, row)
		}
	}
	titles, err := c.titles(ctx, r, list)
	if err != nil {
		return err
	}
	for _, row := range list {
		names[row.ID] = vault.JoinPath(a.entryPath(row.Folder, titles[row.ID])...)
	}
	return nil
}

// accountNames adds the names of those ids that are devices or users.
func accountNames(ctx context.Context, r store.Reader, ids []vault.ID, names map[vault.ID]string) error {
	asked := make(map[vault.ID]bool, len(ids))
	for _, id := range ids {
		asked[id] = true
	}
	for d, err := range r.Devices(ctx, store.DeviceQuery{}) {
		if err != nil {
			return err
		}
		if asked[d.ID] {
			names[d.ID] = d.Name
		}
	}
	for u, err := range r.Users(ctx) {
		if err != nil {
			return err
		}
		if asked[u.ID] {
			names[u.ID] = u.Name
		}
	}
	return nil
}
