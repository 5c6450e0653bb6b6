package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// MakeRecoveryKey makes a recovery key that the identity root introduces, for
// catalog.RecoveryOn. The caller wipes the private half, PKCS #8 DER.
func (id *Identity) MakeRecoveryKey() (lease.SubKey, vault.Secret, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return lease.SubKey{}, vault.Secret{}, fmt.Errorf("make recovery key: %w", err)
	}
	sub, err := lease.SignSubKey(id.root, lease.UseRecovery, &key.PublicKey)
	if err != nil {
		return lease.SubKey{}, vault.Secret{}, fmt.Errorf("make recovery key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return lease.SubKey{}, vault.Secret{}, fmt.Errorf("make recovery key: %w", err)
	}
	return sub, vault.NewSecret(der), nil
}

// publishedKeys are the keys of GET /server: those that sign, and the recovery
// key if there is one. It may be turned on and off while the server runs. One
// that this root has not signed is kept back: whoever can write the database
// would stop every client with it.
func (s *Server) publishedKeys(r *http.Request) ([]wire.SubKey, error) {
	key, err := s.catalog.RecoveryKey(r.Context())
	if err != nil || key.KID == "" {
		return s.keys.published, err
	}
	if key.Use != lease.UseRecovery {
		return s.keys.published, nil
	}
	if _, err := lease.VerifySubKeys(s.id.rootSPKI, []lease.SubKey{key}); err != nil {
		return s.keys.published, nil //nolint:nilerr // see above
	}
	list := append([]wire.SubKey(nil), s.keys.published...)
	return append(list, wire.SubKey{KID: key.KID, Use: string(key.Use), Public: key.Public, Signature: key.Signature}), nil
}

// escrowOf returns what came with a cache request.
func escrowOf(in *wire.CacheRequest) catalog.Escrow {
	if in.Escrow == nil {
		return catalog.Escrow{}
	}
	return catalog.Escrow{Key: in.Escrow.Key, Wrapped: in.Escrow.Wrapped}
}

// released returns the newest release of a device's machine secret, or nil.
func (s *Server) released(r *http.Request, device vault.ID) (*wire.Released, error) {
	last, err := s.catalog.LastRelease(r.Context(), device)
	if err != nil || last == nil {
		return nil, err
	}
	return &wire.Released{
		ID: last.ID, At: last.ApprovedAt.UTC(), Cache: last.Cache, Generation: uint64(last.Generation),
		AskedBy: last.Asked, ApprovedBy: last.Approved, Reason: last.Reason,
	}, nil
}
