package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/store"
)

func newRestore(c *console) *cobra.Command {
	var yes, inPlace bool
	cmd := &cobra.Command{
		Use:   "restore FILE | --in-place",
		Short: "Put a backup in the place of the database; people and devices wait to be let in again",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := c.checkData()
			if err != nil {
				return err
			}
			if (len(args) == 0) != inPlace {
				return vault.Fail(vault.Usage, "restore takes a backup, or --in-place for a database that was put back by other means")
			}
			if inPlace {
				return c.do(cmd.Context(), "restore", c.restoreInPlace)
			}
			if c.dbURL != "" {
				return vault.Fail(vault.Unsupported, "a PostgreSQL database is restored with pg_restore, then with restore --in-place")
			}
			done, err := c.restore(cmd.Context(), dir, args[0], yes)
			if err != nil {
				return restoreWords(err)
			}
			return c.printRestored(done)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "replace the database that is there; it is kept beside the new one")
	cmd.Flags().BoolVar(&inPlace, "in-place", false, "the backup is in its place already (pg_restore): only make it safe to serve")
	return cmd
}

// restoreWords gives the causes of a backup that cannot be restored words of
// their own.
func restoreWords(err error) error {
	var worded *wordedError
	switch {
	case errors.As(err, &worded):
	case errors.Is(err, vault.NoSecretStore), errors.Is(err, vault.IdentityChanged):
		return &wordedError{"restore_keys", err}
	case errors.Is(err, vault.Damaged):
		return &wordedError{"restore_damaged", err}
	}
	return err
}

// restoredUser and restoredDevice are lines of restore in --json.
type restoredUser struct {
	ID   vault.ID `json:"id"`
	Name string   `json:"name"`
}

type restoredDevice struct {
	ID   vault.ID `json:"id"`
	User string   `json:"user"`
	Name string   `json:"name"`
}

// restoration is what restore did.
type restoration struct {
	*catalog.Restored
	names  map[vault.ID]string // of users
	dir    string
	file   string
	sum    string // SHA-256 of the file, hex
	kept   string // where the database before is now; empty: there was none
	merged bool   // what ended since the backup was made is known from there
}

func (r *restoration) devices(list []store.Device) []restoredDevice {
	out := []restoredDevice{}
	for _, d := range list {
		out = append(out, restoredDevice{d.ID, r.names[d.User], d.Name})
	}
	return out
}

func restoredUsers(list []catalog.User) []restoredUser {
	out := []restoredUser{}
	for _, u := range list {
		out = append(out, restoredUser{u.ID, u.Name})
	}
	return out
}

func (c *console) printRestored(r *restoration) error {
	shown := struct {
		File             string           `json:"file"`
		SHA256           string           `json:"sha256"`
		Data             string           `json:"data"`
		Incarnation      vault.ID         `json:"incarnation"`
		Epoch            uint64           `json:"epoch"`
		OfflineEnabled   bool             `json:"offline_enabled"`
		RecoveryOff      bool             `json:"recovery_off"` // the backup had a recovery key, which is gone
		Replaced         *string          `json:"replaced"`
		Merged           bool             `json:"merged"`
		Administrators   []string         `json:"administrators"`
		SuspendedUsers   []restoredUser   `json:"suspended_users"`
		SuspendedDevices []restoredDevice `json:"suspended_devices"`
		DisabledUsers    []restoredUser   `json:"disabled_users"`
		RevokedDevices   []restoredDevice `json:"revoked_devices"`
	}{
		File: r.file, SHA256: r.sum, Data: r.dir, Incarnation: r.Incarnation, Epoch: r.Epoch, OfflineEnabled: r.OfflineEnabled,
		RecoveryOff: r.RecoveryOff,
		Merged:      r.merged, Administrators: append([]string{}, r.Administrators...),
		SuspendedUsers: restoredUsers(r.Suspended), SuspendedDevices: r.devices(r.Devices),
		DisabledUsers: restoredUsers(r.Disabled), RevokedDevices: r.devices(r.Revoked),
	}
	if r.kept != "" {
		shown.Replaced = &r.kept
	}
	return c.print(shown, func(w io.Writer) {
		line(w, "restored:\t%s", r.file)
		line(w, "data:\t%s", r.dir)
		line(w, "epoch:\t%d", r.Epoch)
		line(w, "replaced:\t%s", orDash(r.kept))
		line(w, "can sign in:\t%s", orDash(strings.Join(r.Administrators, ", ")))
		r.printSuspended(w)
		r.printWarnings(w)
	})
}

func (r *restoration) printSuspended(w io.Writer) {
	if len(r.Suspended) > 0 {
		line(w, "\nSuspended users; let one in again with: user enable NAME")
		for _, u := range r.Suspended {
			line(w, "  %s", plain(u.Name))
		}
	}
	if len(r.Devices) > 0 {
		line(w, "\nSuspended devices; let one in again with: device approve ID")
		for _, d := range r.devices(r.Devices) {
			line(w, "  %s  %s, %s", d.ID, plain(d.User), plain(d.Name))
		}
	}
	if len(r.Disabled)+len(r.Revoked) > 0 {
		line(w, "\nEnded again, as in the database that was replaced:")
		for _, u := range r.Disabled {
			line(w, "  user %s", plain(u.Name))
		}
		for _, d := range r.devices(r.Revoked) {
			line(w, "  device %s  %s, %s", d.ID, plain(d.User), plain(d.Name))
		}
	}
}

func (r *restoration) printWarnings(w io.Writer) {
	line(w, "\nEvery cache from before ends when its device next reaches this server.")
	line(w, "Grants, roles and passwords are those of the backup: what was taken away since")
	line(w, "is back, and nobody can tell what. Look at: grant list, role list, user list")
	if !r.merged {
		line(w, "There was no database to learn from who left since: disable them before you")
		line(w, "let anybody in, administrators too: user disable NAME")
	}
	if r.RecoveryOff {
		line(w, "Recovery is off, and what was escrowed is deleted: it may have been turned off")
		line(w, "since. Make a new recovery key with: recovery on")
	}
	if r.kept != "" {
		line(w, "What was replaced is as secret as the database: delete it when all is well.")
	}
}

// restore puts the backup in the place of the database of dir.
func (c *console) restore(ctx context.Context, dir, file string, yes bool) (done *restoration, err error) {
	if err := checkBackup(dir, file); err != nil {
		return nil, err
	}
	if _, err := openKEK(dir); err != nil { // before anything is made in dir
		return nil, err
	}
	lock, err := hold(dir, true)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := checkReplaceable(dir, yes); err != nil {
		return nil, err
	}
	staged, err := stageBackup(dir, file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, staged.remove()) }()
	since, err := readReplaced(ctx, filepath.Join(dir, databaseFile))
	if err != nil {
		return nil, err
	}
	done = &restoration{dir: dir, file: file, sum: staged.sum, merged: since != nil}
	if err := staged.govern(ctx, since, done); err != nil {
		return nil, err
	}
	if done.kept, err = staged.install(); err != nil {
		return nil, err
	}
	return done, nil
}
