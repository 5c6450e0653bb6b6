package catalog

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// DryRun says what an offline package would hold for a user now, and why the
// rest of what they see would not be in it. user is zero for oneself; another
// one takes ManageUsers or ManagePolicy. Nothing is sent and nothing recorded.
// The level is that of the best of the user's approved devices; without any, it
// is taken to be enough.
func (c *Catalog) DryRun(ctx context.Context, by *Caller, user vault.ID) (*DryRun, error) {
	return c.dryRun(ctx, by, user, vault.ID{})
}

// DryRunOn is DryRun for oneself on one of one's devices. NotFound.
func (c *Catalog) DryRunOn(ctx context.Context, by *Caller, device vault.ID) (*DryRun, error) {
	return c.dryRun(ctx, by, by.user, device)
}

func (c *Catalog) dryRun(ctx context.Context, by *Caller, user, device vault.ID) (*DryRun, error) {
	if err := c.refresh(ctx, true); err != nil {
		return nil, err
	}
	if user.IsZero() {
		user = by.user
	}
	var out *DryRun
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		if user != by.user || by.operator {
			if !a.admin.Has(policy.ManageUsers) && !a.admin.Has(policy.ManagePolicy) {
				return a.needAdmin(policy.ManageUsers)
			}
		}
		u, err := r.User(ctx, user)
		if err != nil {
			return notFound(err, "user %s", user)
		}
		a = a.as(user)
		taking, err := a.takingOn(ctx, r, user, device)
		if err != nil {
			return err
		}
		list, err := c.plan(ctx, r, a, taking)
		if err != nil {
			return err
		}
		out = &DryRun{User: user, Name: u.Name, Total: len(list), ByReason: map[policy.Reason]int{}}
		if _, off := a.switchedOff(); !off {
			out.Expires = a.leaseEnd()
		}
		out.Entries = make([]DryRunEntry, 0, len(list))
		for i := range list {
			p := &list[i]
			if p.decision.Cached() {
				out.Cached++
			} else {
				out.Excluded++
				out.ByReason[p.decision.Reason]++
			}
			out.Entries = append(out.Entries, DryRunEntry{
				ID: p.id, Path: a.entryPath(p.folder, p.title), Decision: p.decision,
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out.Entries, func(a, b DryRunEntry) int {
		return cmp.Or(slices.Compare(a.Path, b.Path), slices.Compare(a.ID[:], b.ID[:]))
	})
	return out, nil
}

// taking is what is known where no device is: one that could hold the cache is
// expected to come, unless there can be none.
func (a *access) taking() policy.Taking {
	return policy.Taking{MinLevel: a.rules.governance.MinLevel, Refused: a.rules.unmet()}
}

// takingOn says what the devices of a user can bear: that one, or the best of
// the approved ones if device is zero.
func (a *access) takingOn(ctx context.Context, r store.Reader, user, device vault.ID) (policy.Taking, error) {
	t := a.taking()
	var devices []store.Device
	for d, err := range r.Devices(ctx, store.DeviceQuery{User: user}) {
		if err != nil {
			return t, err
		}
		if device.IsZero() && d.State == store.DeviceApproved || d.ID == device {
			devices = append(devices, d)
		}
	}
	if len(devices) == 0 && !device.IsZero() {
		return t, notFound(store.ErrNotFound, "device %s", device)
	}
	for _, d := range devices {
		level := binding.Level(d.Level)
		shown, err := shownBy(ctx, r, d)
		if err != nil {
			return t, err
		}
		if why := a.rules.governance.Refuses(shown); why != "" {
			if t.Level == "" {
				t.Refused = why
			}
			continue
		}
		t.Refused = ""
		if t.Level == "" || level.AtLeast(t.Level) {
			t.Level = level
		}
	}
	return t, nil
}

// shownBy returns what a device says of itself, and what its chip has shown.
func shownBy(ctx context.Context, r store.Reader, d store.Device) (policy.Shown, error) {
	shown := policy.Shown{Level: binding.Level(d.Level), Virtual: d.Virtual}
	row, err := r.Chip(ctx, d.ID)
	if errors.Is(err, store.ErrNotFound) {
		return shown, nil
	}
	if err != nil {
		return shown, err
	}
	chip, err := readChip(row)
	shown.Virtual, shown.Attested, shown.Proven, shown.Why = d.Virtual || chip.Virtual, true, chip.Proven, chip.Why
	return shown, err
}

// titles returns the titles of entries, from the index as far as it is of the
// same versions.
func (c *Catalog) titles(ctx context.Context, r store.Reader, rows []store.Entry) (map[vault.ID]string, error) {
	titles := make(map[vault.ID]string, len(rows))
	var missing []vault.ID
	for _, row := range rows {
		if it, ok := c.index.version(row.ID, row.Version); ok {
			titles[row.ID] = it.title
		} else {
			missing = append(missing, row.ID)
		}
	}
	if len(missing) == 0 {
		return titles, nil
	}
	for row, err := range r.Entries(ctx, store.EntryQuery{IDs: missing}) {
		if err != nil {
			return nil, err
		}
		text, err := c.keys.Unseal(nil, entryRow(row.ID, row.Version), row.Content)
		if err != nil {
			return nil, err
		}
		inner, err := parseEntry(text, row.ID)
		if err != nil {
			return nil, err
		}
		titles[row.ID] = inner.Title()
		clear(text)
	}
	return titles, nil
}

// leaseEnd returns when a lease that is issued now ends.
func (a *access) leaseEnd() time.Time {
	return a.rules.governance.End(a.now)
}

// countOffline returns how many entries the caller could cache now.
func (c *Catalog) countOffline(ctx context.Context, by *Caller) (int, error) {
	if by.operator {
		return 0, nil
	}
	if err := c.refresh(ctx, true); err != nil {
		return 0, err
	}
	n := 0
	err := c.view(ctx, by, func(r store.Reader, a *access) error {
		n = 0
		if _, off := a.switchedOff(); off {
			return nil
		}
		taking := a.taking()
		taking.Comment = true // one can be given, so entries that ask for it count
		list, err := c.plan(ctx, r, a, taking)
		for i := range list {
			if list[i].decision.Cached() {
				n++
			}
		}
		return err
	})
	return n, err
}

// OfflineAvailable reports whether the caller could cache at least one entry.
func (c *Catalog) OfflineAvailable(ctx context.Context, by *Caller) (bool, error) {
	n, err := c.countOffline(ctx, by)
	return n > 0, err
}

// Me returns what a user may know about themselves.
func (c *Catalog) Me(ctx context.Context, by *Caller) (Me, error) {
	a, err := c.access(ctx, by)
	if err != nil {
		return Me{}, err
	}
	n, err := c.countOffline(ctx, by)
	if err != nil {
		return Me{}, err
	}
	return Me{
		User: by.user, Name: by.name, Roles: a.roleNames(by.user),
		OfflineEnabled: a.rules.instance.OfflineEnabled && !a.rules.governance.Forbidden(),
		OfflineEntries: n, Governance: a.rules.governance,
	}, nil
}
