package catalog_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

func TestInit(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db, err := sqlstore.Open(ctx, filepath.Join(dir, "server.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	kek, err := keyring.CreateFile(filepath.Join(dir, "kek"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keyring.Open(ctx, keyring.Config{Store: db, KEK: kek})
	if err != nil {
		t.Fatal(err)
	}
	conf := catalog.Config{Store: db, Keys: keys}
	if _, err := catalog.Open(ctx, conf); !errors.Is(err, vault.NotFound) {
		t.Errorf("open before init: %v", err)
	}
	weak := catalog.Setup{Admin: "root", Password: vault.SecretText("rootroot")}
	if err := catalog.Init(ctx, conf, weak); !errors.Is(err, vault.WeakPassword) {
		t.Errorf("weak password: %v", err)
	}
	good := catalog.Setup{Admin: "root", Password: vault.SecretText(password)}
	if err := catalog.Init(ctx, conf, good); err != nil {
		t.Fatal(err)
	}
	if err := catalog.Init(ctx, conf, good); !errors.Is(err, catalog.ErrFilled) {
		t.Errorf("init again: %v", err)
	}
	c, err := catalog.Open(ctx, conf)
	if err != nil {
		t.Fatal(err)
	}
	token, err := c.SignIn(ctx, catalog.SignIn{Name: "ROOT", Password: vault.SecretText(password)})
	if err != nil {
		t.Fatal(err)
	}
	by, err := c.Authenticate(ctx, token.Access.Text(), "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := c.Tree(ctx, by, catalog.TreeQuery{Depth: -1})
	if err != nil || tree.Group.Name != "Root" || !tree.Parent.IsZero() || !tree.Rights.Has(policy.ViewOffline|policy.SetBlockInheritance) {
		t.Errorf("root: %+v, %v", tree, err)
	}
	me, err := c.Me(ctx, by)
	if err != nil || me.Name != "root" || len(me.Roles) != 1 || me.Roles[0] != catalog.Administrators || !me.OfflineEnabled || me.OfflineEntries != 0 || me.Governance.Days != 7 {
		t.Errorf("me: %+v, %v", me, err)
	}
	in, err := c.Instance(ctx)
	if err != nil || in.Incarnation.IsZero() || in.Epoch != 1 || !in.OfflineEnabled || in.OfflinePackage || in.Created.IsZero() {
		t.Errorf("instance: %+v, %v", in, err)
	}
	if n, err := c.VerifyAudit(ctx, by); err != nil || n != 2 {
		t.Errorf("audit: %d events, %v", n, err)
	}
}
