package server

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// uses are the purposes of sub-keys. The TPM key signs nothing else and is not
// replaced while a sealed object made with it lives.
func uses() []lease.Use {
	return []lease.Use{lease.UseLease, lease.UseOrder, lease.UseList, lease.UseTPM}
}

// keySet is the sub-keys of a server: the newest of each use signs, all are
// published. It is immutable and safe for concurrent use.
type keySet struct {
	published []wire.SubKey
	newest    map[lease.Use]signingKey
}

type signingKey struct {
	kid string
	key *ecdsa.PrivateKey
}

// signing returns the newest key of a use, and its id.
func (s *keySet) signing(use lease.Use) (kid string, key *ecdsa.PrivateKey) {
	k := s.newest[use]
	return k.kid, k.key
}

// MakeKeys makes the sub-keys that the database has none of. They lie there,
// encrypted, so that all instances sign with the same ones; the root does not.
func MakeKeys(ctx context.Context, id *Identity, c *catalog.Catalog) error {
	have, err := c.SubKeys(ctx)
	if err != nil {
		return fmt.Errorf("make sub-keys: %w", err)
	}
	present := map[string]bool{}
	for i := range have {
		present[have[i].Use] = true
		have[i].Private.Wipe()
	}
	for _, use := range uses() {
		if present[string(use)] {
			continue
		}
		if err := makeKey(ctx, id, c, use); err != nil {
			return fmt.Errorf("make the %s key: %w", use, err)
		}
	}
	return nil
}

func makeKey(ctx context.Context, id *Identity, c *catalog.Catalog, use lease.Use) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	sub, err := lease.SignSubKey(id.root, use, &key.PublicKey)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	private := vault.NewSecret(der)
	defer private.Wipe()
	return c.PutSubKey(ctx, catalog.SubKey{
		ID: sub.KID, Use: string(use), Public: sub.Public, Private: private, Signature: sub.Signature,
	})
}

// CheckKeys reports whether New would take the sub-keys of the database; the
// errors are those of New. vault.IdentityChanged: they are another identity's.
func CheckKeys(ctx context.Context, id *Identity, c *catalog.Catalog) error {
	_, err := loadKeys(ctx, id, c)
	return err
}

// loadKeys reads the sub-keys. One that the root did not sign refuses them all
// with vault.IdentityChanged: the database belongs to another identity, or
// somebody has put a key of theirs into it.
func loadKeys(ctx context.Context, id *Identity, c *catalog.Catalog) (*keySet, error) {
	rows, err := c.SubKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("load sub-keys: %w", err)
	}
	defer func() {
		for i := range rows {
			rows[i].Private.Wipe()
		}
	}()
	set := &keySet{newest: map[lease.Use]signingKey{}}
	var subKeys []lease.SubKey
	for _, row := range rows {
		subKeys = append(subKeys, lease.SubKey{
			KID: row.ID, Use: lease.Use(row.Use), Public: row.Public, Signature: row.Signature,
		})
		set.published = append(set.published, wire.SubKey{
			KID: row.ID, Use: row.Use, Public: row.Public, Signature: row.Signature,
		})
	}
	verified, err := lease.VerifySubKeys(id.rootSPKI, subKeys)
	if err != nil {
		return nil, fmt.Errorf("load sub-keys: %w", err)
	}
	for _, row := range rows {
		use := lease.Use(row.Use)
		if _, newer := set.newest[use]; newer || row.Private.IsEmpty() {
			continue
		}
		key, err := parseKey(row.Private.Bytes())
		if err != nil || !verified.Has(use, &key.PublicKey) {
			return nil, vault.Fail(vault.Damaged, "the private half of the %s key %s is not its own", use, row.ID)
		}
		set.newest[use] = signingKey{row.ID, key}
	}
	for _, use := range uses() {
		if set.newest[use].key == nil {
			return nil, vault.Fail(vault.NotFound, "the database has no %s key", use)
		}
	}
	return set, nil
}
