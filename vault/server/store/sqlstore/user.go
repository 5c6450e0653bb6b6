package sqlstore

import (
	"context"
	"iter"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	userList = `id, name, name_fold, display, password_hash, state, source, external_id, policy, stamp, created,` +
		` modified, disabled_at, last_sign_in, failures, last_failure, locked_until`
	userSelect = `SELECT id, name, display, password_hash, state, source, external_id, policy, stamp, created,
 modified, disabled_at, last_sign_in, failures, last_failure, locked_until FROM usr`

	sqlUser           = userSelect + ` WHERE id = $1`
	sqlUserByName     = userSelect + ` WHERE name_fold = $1`
	sqlUserByExternal = userSelect + ` WHERE source = $1 AND external_id = $2`
	sqlUsers          = userSelect + ` ORDER BY name_fold`

	sqlUpdateUser = `UPDATE usr SET name = $1, name_fold = $2, display = $3, password_hash = $4, state = $5,
 source = $6, external_id = $7, policy = $8, stamp = $9, modified = $10, disabled_at = $11 WHERE id = $12`
	sqlRecordSignIn = `UPDATE usr SET last_sign_in = $1, failures = $2, last_failure = $3, locked_until = $4
 WHERE id = $5`
	sqlDeleteUser = `DELETE FROM usr WHERE id = $1`
)

func userColumns(u *store.User) []any {
	return []any{
		guid(&u.ID), &u.Name, &u.Display, &u.PasswordHash, &u.State, &u.Source, &u.ExternalID, bytes(&u.Policy),
		&u.Stamp, millis(&u.Created), millis(&u.Modified), millis(&u.DisabledAt), millis(&u.LastSignIn),
		&u.Failures, millis(&u.LastFailure), millis(&u.LockedUntil),
	}
}

// User implements store.UserReader.
func (t *tx) User(ctx context.Context, id vault.ID) (store.User, error) {
	return one(ctx, t, "user", userColumns, t.locking(sqlUser), id[:])
}

// UserByName implements store.UserReader.
func (t *tx) UserByName(ctx context.Context, name string) (store.User, error) {
	return one(ctx, t, "user", userColumns, t.locking(sqlUserByName), foldArg(name))
}

// UserByExternalID implements store.UserReader.
func (t *tx) UserByExternalID(ctx context.Context, source store.Source, externalID string) (store.User, error) {
	return one(ctx, t, "user", userColumns, t.locking(sqlUserByExternal), source, textArg(externalID))
}

// Users implements store.UserReader.
func (t *tx) Users(ctx context.Context) iter.Seq2[store.User, error] {
	return seq(ctx, t, "user", userColumns, sqlUsers)
}

// AddUser implements store.UserWriter.
func (t *tx) AddUser(ctx context.Context, u store.User) error {
	t.changed.perm = true
	return t.insert(ctx, table{"usr", "user", userList},
		u.ID[:], textArg(u.Name), foldArg(u.Name), textArg(u.Display), textArg(u.PasswordHash), u.State, u.Source,
		textArg(u.ExternalID), bytesArg(u.Policy), u.Stamp, u.Created.UnixMilli(), timeArg(u.Modified),
		timeArg(u.DisabledAt), timeArg(u.LastSignIn), u.Failures, timeArg(u.LastFailure), timeArg(u.LockedUntil))
}

// UpdateUser implements store.UserWriter.
func (t *tx) UpdateUser(ctx context.Context, u store.User) error {
	t.changed.perm = true
	return t.must(ctx, "user", store.Missing, sqlUpdateUser,
		textArg(u.Name), foldArg(u.Name), textArg(u.Display), textArg(u.PasswordHash), u.State, u.Source,
		textArg(u.ExternalID), bytesArg(u.Policy), u.Stamp, timeArg(u.Modified), timeArg(u.DisabledAt), u.ID[:])
}

// RecordSignIn implements store.UserWriter.
func (t *tx) RecordSignIn(ctx context.Context, s store.SignIn) error {
	return t.must(ctx, "user", store.Missing, sqlRecordSignIn,
		timeArg(s.LastSignIn), s.Failures, timeArg(s.LastFailure), timeArg(s.LockedUntil), s.User[:])
}

// DeleteUser implements store.UserWriter.
func (t *tx) DeleteUser(ctx context.Context, id vault.ID) error {
	t.changed.perm, t.changed.gov = true, true // the devices go too
	return t.remove(ctx, "user", sqlDeleteUser, id[:])
}

// locking makes a SELECT of one row lock it, in an Update.
func (t *tx) locking(query string) string {
	if t.write {
		return query + t.dialect.forUpdate
	}
	return query
}
