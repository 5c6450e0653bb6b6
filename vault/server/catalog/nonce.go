package catalog

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// A nonce has 32 bytes: the second at which it ends (8, big-endian), 8 random
// bytes, and the first 16 of HMAC-SHA-256 over these under a key that all
// instances share. So issuing costs nothing and no memory; only spending
// writes.
const (
	nonceBytes = 32
	nonceBody  = 16
	nonceLife  = 5 * time.Minute
)

// putNonceKey makes the key under which nonces are recognised, or a new one in
// its place.
func (c *Catalog) putNonceKey(ctx context.Context, tx store.Tx) error {
	old, err := tx.Setting(ctx, settingNonceKey)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	var raw [32]byte
	rand.Read(raw[:]) //nolint:errcheck // never returns an error (Go 1.24)
	defer clear(raw[:])
	s, err := c.keys.Seal(nonceKeyRow(old.Version+1), raw[:])
	if err != nil {
		return fmt.Errorf("encrypt nonce key: %w", err)
	}
	return tx.PutSetting(ctx, store.Setting{Name: settingNonceKey, Value: s.Data, Key: s.Key, Version: old.Version, At: c.now()})
}

func nonceKeyRow(version int64) keyring.Row {
	return keyring.Named(keyring.Setting, settingNonceKey, version)
}

// IssueNonce returns 32 bytes that SpendNonce takes once within five minutes,
// here or at another instance of this server.
func (c *Catalog) IssueNonce(ctx context.Context) ([]byte, error) {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, nonceBytes), uint64(c.now().Add(nonceLife).Unix()))
	b = b[:nonceBody]
	rand.Read(b[8:]) //nolint:errcheck // never returns an error (Go 1.24)
	mac, err := c.nonceMAC(ctx, b)
	if err != nil {
		return nil, err
	}
	return append(b, mac...), nil
}

// SpendNonce accepts a nonce that IssueNonce made, once. NotSignedIn: it is not
// one, it is too old, or it was used.
func (c *Catalog) SpendNonce(ctx context.Context, nonce []byte) error {
	if len(nonce) != nonceBytes {
		return vault.Fail(vault.NotSignedIn, "a nonce has %d bytes", nonceBytes)
	}
	mac, err := c.nonceMAC(ctx, nonce[:nonceBody])
	if err != nil {
		return err
	}
	ends := int64(binary.BigEndian.Uint64(nonce))
	now := c.now()
	if !hmac.Equal(mac, nonce[nonceBody:]) || now.Unix() >= ends {
		return vault.Fail(vault.NotSignedIn, "the nonce is not one of this server, or is too old")
	}
	err = c.store.Update(ctx, func(tx store.Tx) error {
		return tx.Spend(ctx, sha256.Sum256(nonce), time.Unix(ends, 0).UTC())
	})
	if errors.Is(err, store.ErrConflict) {
		return vault.Fail(vault.NotSignedIn, "the nonce was used before")
	}
	return noSpace(err)
}

// nonceIssued returns when a nonce that was accepted was given out.
func nonceIssued(nonce []byte) time.Time {
	if len(nonce) != nonceBytes {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(nonce)), 0).Add(-nonceLife)
}

func (c *Catalog) nonceMAC(ctx context.Context, body []byte) ([]byte, error) {
	ru, err := c.currentRules(ctx)
	if err != nil {
		return nil, err
	}
	s := ru.nonceKey
	key, err := c.keys.Unseal(nil, nonceKeyRow(s.Version), store.Sealed{Key: s.Key, Data: s.Value})
	if err != nil {
		return nil, fmt.Errorf("open nonce key: %w", err)
	}
	defer clear(key)
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return mac.Sum(nil)[:nonceBytes-nonceBody], nil
}
