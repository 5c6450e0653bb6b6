package cache

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// MachineSecret does what a thief does who has the file, the chip and the master
// password, but none of the security keys.
func (s *Store) MachineSecret(ctx context.Context, password vault.Secret) ([]byte, error) {
	st, err := s.state()
	if err != nil {
		return nil, err
	}
	f, err := s.examine(ctx, s.inPlace(ctx, st), st)
	if err != nil {
		return nil, err
	}
	defer f.close()
	creds, err := derive(ctx, password, f.record.Derivation)
	if err != nil {
		return nil, err
	}
	defer creds.wipe()
	sealer, err := s.sealer(f.record)
	if err != nil {
		return nil, err
	}
	return sealer.Unseal(ctx, binding.SealedUse{Object: f.record.Object, Terms: f.record.terms(), Approval: f.approval, Auth: creds.auth})
}

// FactorOf returns a record as it would be with that item of security keys, or
// without one.
func FactorOf(t testing.TB, der, item []byte) []byte {
	t.Helper()
	r, err := parseRecord(der)
	if err != nil {
		t.Fatal(err)
	}
	r.Factor = nil
	if item != nil {
		digest := sum(item)
		r.Factor = &digest
	}
	if der, err = r.marshal(); err != nil {
		t.Fatal(err)
	}
	return der
}

// KeyItem returns the item of security keys of a cache file.
func KeyItem(t testing.TB, file []byte) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), cacheName)
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := readOuter(path, kdbx.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	der, err := o.keys.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return der
}
