package sqlstore

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	tokenList   = `hash, kind, usr, device, stamp, created, expires, last_used, confirms, address, agent`
	tokenSelect = `SELECT ` + tokenList + ` FROM token`

	sqlToken       = tokenSelect + ` WHERE hash = $1`
	sqlTokens      = tokenSelect + ` WHERE usr = $1 ORDER BY created DESC, hash`
	sqlUpdateToken = `UPDATE token SET expires = $1, last_used = $2, confirms = $3 WHERE hash = $4`
	sqlDeleteToken = `DELETE FROM token WHERE hash = $1`

	sqlSpend      = `INSERT INTO spent (nonce, expires) VALUES ($1, $2) ON CONFLICT (nonce) DO NOTHING`
	sqlPurgeSpent = `DELETE FROM spent WHERE expires < $1`
)

func tokenColumns(v *store.Token) []any {
	return []any{
		sum(&v.Hash), &v.Kind, guid(&v.User), guid(&v.Device), &v.Stamp, millis(&v.Created), millis(&v.Expires),
		millis(&v.LastUsed), millis(&v.Confirms), &v.Address, &v.Agent,
	}
}

// Token implements store.TokenReader.
func (t *tx) Token(ctx context.Context, hash [32]byte) (store.Token, error) {
	return one(ctx, t, "token", tokenColumns, sqlToken, hash[:])
}

// Tokens implements store.TokenReader.
func (t *tx) Tokens(ctx context.Context, user vault.ID) ([]store.Token, error) {
	return list(ctx, t, "token", tokenColumns, sqlTokens, user[:])
}

// AddToken implements store.TokenWriter.
func (t *tx) AddToken(ctx context.Context, v store.Token) error {
	return t.insert(ctx, table{"token", "token", tokenList},
		v.Hash[:], v.Kind, v.User[:], idArg(v.Device), v.Stamp, v.Created.UnixMilli(), v.Expires.UnixMilli(),
		timeArg(v.LastUsed), timeArg(v.Confirms), textArg(v.Address), textArg(v.Agent))
}

// UpdateToken implements store.TokenWriter.
func (t *tx) UpdateToken(ctx context.Context, v store.Token) error {
	return t.must(ctx, "token", store.Missing, sqlUpdateToken,
		v.Expires.UnixMilli(), timeArg(v.LastUsed), timeArg(v.Confirms), v.Hash[:])
}

// DeleteToken implements store.TokenWriter.
func (t *tx) DeleteToken(ctx context.Context, hash [32]byte) error {
	return t.remove(ctx, "token", sqlDeleteToken, hash[:])
}

// DeleteTokens implements store.TokenWriter.
func (t *tx) DeleteTokens(ctx context.Context, q store.TokenQuery) (int64, error) {
	var w where
	if !q.User.IsZero() {
		w.add("usr =", q.User[:])
	}
	if !q.Device.IsZero() {
		w.add("device =", q.Device[:])
	}
	if !q.ExpiredBefore.IsZero() {
		w.add("expires <", q.ExpiredBefore.UnixMilli())
		if _, err := t.exec(ctx, "nonce", verbDelete, sqlPurgeSpent, q.ExpiredBefore.UnixMilli()); err != nil {
			return 0, err
		}
	}
	if w.empty() {
		return 0, nil
	}
	return t.exec(ctx, "token", verbDelete, "DELETE FROM token"+w.text(), w.args...)
}

// Spend implements store.TokenWriter.
func (t *tx) Spend(ctx context.Context, nonce [32]byte, expires time.Time) error {
	return t.must(ctx, "nonce", store.Stale, sqlSpend, nonce[:], expires.UnixMilli())
}
