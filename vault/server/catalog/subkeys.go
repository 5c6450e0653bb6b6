package catalog

import (
	"context"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// SubKey is a signing key of the server. The identity root, which signed it, is
// not here: vault/server keeps it apart from the database. The caller wipes
// Private.
type SubKey struct {
	ID, Use   string       // see vault/lease
	Public    []byte       // SPKI DER
	Private   vault.Secret // PKCS #8 DER
	Signature []byte       // by the identity root
}

// PutSubKey keeps a signing key, its private half encrypted. It is for the
// server itself and asks nobody.
func (c *Catalog) PutSubKey(ctx context.Context, k SubKey) error {
	private, err := c.keys.Seal(subKeyRow(k.ID), k.Private.Bytes())
	if err != nil {
		return fmt.Errorf("encrypt signing key: %w", err)
	}
	err = c.store.Update(ctx, func(tx store.Tx) error {
		return tx.PutSubKey(ctx, store.SubKey{
			ID: k.ID, Use: k.Use, Public: k.Public, Private: private, Signature: k.Signature, Created: c.now(),
		})
	})
	c.written.Store(true)
	return err
}

// SubKeys returns the signing keys, the oldest first.
func (c *Catalog) SubKeys(ctx context.Context) ([]SubKey, error) {
	var rows []store.SubKey
	err := c.store.View(ctx, func(r store.Reader) (err error) {
		rows, err = r.SubKeys(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	list := make([]SubKey, 0, len(rows))
	for _, row := range rows {
		private, err := c.keys.Unseal(nil, subKeyRow(row.ID), row.Private)
		if err != nil {
			return nil, fmt.Errorf("open signing key: %w", err)
		}
		list = append(list, SubKey{
			ID: row.ID, Use: row.Use, Public: row.Public, Private: vault.NewSecret(private), Signature: row.Signature,
		})
	}
	return list, nil
}

func subKeyRow(id string) keyring.Row { return keyring.Named(keyring.SigningKey, id, 1) }
