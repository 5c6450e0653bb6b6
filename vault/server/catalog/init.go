package catalog

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// rootName is the name of the root folder: Pleasant's clients know it by that.
const rootName = "Root"

// Administrators is the built-in role with all administrative rights, which has
// "Full + Grant + Block + Offline" on the root folder.
const Administrators = "Administrators"

// Setup is what Init makes beside the root folder, the built-in access levels
// and the role Administrators.
type Setup struct {
	Admin    string // name of the first administrator; empty: none yet
	Password vault.Secret
}

// ErrFilled says that Init has filled the database before.
var ErrFilled = errors.New("this database already holds a server")

// Init fills an empty database; ErrFilled if it is not empty. Offline use is
// on, packages for clients without a device key are off.
func Init(ctx context.Context, conf Config, s Setup) error {
	c := newCatalog(conf)
	by := Operator("init")
	var hash string
	if s.Admin != "" {
		var err error
		if hash, err = c.newPassword(ctx, s.Admin, s.Password); err != nil {
			return err
		}
	}
	err := c.store.Update(ctx, func(tx store.Tx) error {
		_, err := tx.RootFolder(ctx)
		if err == nil {
			return ErrFilled
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return c.fill(ctx, tx, by, s.Admin, hash)
	})
	if err != nil {
		return fmt.Errorf("init: %w", err)
	}
	return nil
}

// fill writes what every server has.
func (c *Catalog) fill(ctx context.Context, tx store.Tx, by *Caller, admin, hash string) error {
	now := c.now()
	root, err := c.newFolder(vault.ID{}, vault.NewID(), &vault.Group{Name: rootName, Expanded: true}, now)
	if err != nil {
		return err
	}
	if err := tx.AddFolders(ctx, []store.Folder{root}); err != nil {
		return err
	}
	var widest vault.ID
	for _, l := range policy.BuiltInLevels() {
		row := levelRow(l)
		row.Created = now
		if err := tx.PutAccessLevel(ctx, row); err != nil {
			return err
		}
		widest = l.ID // the last is the widest
	}
	role := store.Role{ID: vault.NewID(), Name: Administrators, Rights: uint64(policy.AllAdmin), Source: store.SourceLocal, Created: now, Modified: now}
	if err := tx.AddRole(ctx, role); err != nil {
		return err
	}
	if err := tx.AddGrants(ctx, []store.Grant{{ID: vault.NewID(), Folder: root.ID, Role: role.ID, Level: widest, Created: now}}); err != nil {
		return err
	}
	if err := c.fillSettings(ctx, tx); err != nil {
		return err
	}
	event := store.AuditEvent{Action: ActionInit}
	if admin != "" {
		user := store.User{ID: vault.NewID(), Name: admin, PasswordHash: hash, State: store.UserActive, Source: store.SourceLocal, Created: now, Modified: now}
		if err := tx.AddUser(ctx, user); err != nil {
			return err
		}
		if err := tx.AddMember(ctx, store.Member{Role: role.ID, User: user.ID}); err != nil {
			return err
		}
		event.Target, event.Detail = user.ID, []byte("administrator "+admin)
	}
	return record(ctx, tx, by, now, event)
}

// fillSettings writes the switches and the marks.
func (c *Catalog) fillSettings(ctx context.Context, tx store.Tx) error {
	now := c.now()
	for _, s := range []store.Setting{
		{Name: settingOffline, Value: []byte("on"), At: now},
		{Name: settingPackage, Value: []byte("off"), At: now},
		{Name: settingEpoch, Value: binary.BigEndian.AppendUint64(nil, 1), At: now},
	} {
		if err := tx.PutSetting(ctx, s); err != nil {
			return err
		}
	}
	if err := c.putNonceKey(ctx, tx); err != nil {
		return err
	}
	incarnation := vault.NewID()
	if err := tx.PutMeta(ctx, metaIncarnation, incarnation[:]); err != nil {
		return err
	}
	return tx.PutMeta(ctx, metaCreated, binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli())))
}

// Instance returns which database this is, and its switches.
func (c *Catalog) Instance(ctx context.Context) (Instance, error) {
	ru, err := c.currentRules(ctx)
	if err != nil {
		return Instance{}, err
	}
	return ru.instance, nil
}

// Governance returns the offline policy in force.
func (c *Catalog) Governance(ctx context.Context) (policy.Governance, error) {
	ru, err := c.currentRules(ctx)
	if err != nil {
		return policy.Governance{}, err
	}
	return ru.governance, nil
}

func (c *Catalog) currentRules(ctx context.Context) (*rules, error) {
	if err := c.refresh(ctx, false); err != nil {
		return nil, err
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.rules, nil
}
