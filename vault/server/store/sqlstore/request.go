package sqlstore

import (
	"context"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

const (
	requestList = `id, usr, device, action, target, content, data_key, comment, state, decided_by, decided_at,` +
		` created`
	requestSelect = `SELECT ` + requestList + ` FROM request`

	sqlRequest         = requestSelect + ` WHERE id = $1`
	sqlRequests        = requestSelect + ` ORDER BY created, id`
	sqlRequestsByState = requestSelect + ` WHERE state = $1 ORDER BY created, id`
	sqlDecideRequest   = `UPDATE request SET state = $1, decided_by = $2, decided_at = $3 WHERE id = $4 AND state = $5`
)

func requestColumns(r *store.Request) []any {
	return []any{
		guid(&r.ID), guid(&r.User), guid(&r.Device), &r.Action, guid(&r.Target), bytes(&r.Content.Data),
		guid(&r.Content.Key), &r.Comment, &r.State, guid(&r.DecidedBy), millis(&r.DecidedAt), millis(&r.Created),
	}
}

// Request implements store.RequestReader.
func (t *tx) Request(ctx context.Context, id vault.ID) (store.Request, error) {
	return one(ctx, t, "request", requestColumns, t.locking(sqlRequest), id[:])
}

// Requests implements store.RequestReader.
func (t *tx) Requests(ctx context.Context, state store.RequestState) ([]store.Request, error) {
	if state == 0 {
		return list(ctx, t, "request", requestColumns, sqlRequests)
	}
	return list(ctx, t, "request", requestColumns, sqlRequestsByState, state)
}

// AddRequest implements store.RequestWriter.
func (t *tx) AddRequest(ctx context.Context, r store.Request) error {
	t.changed.gov = true
	return t.insert(ctx, table{"request", "request", requestList},
		r.ID[:], r.User[:], idArg(r.Device), textArg(r.Action), idArg(r.Target), bytesArg(r.Content.Data),
		idArg(r.Content.Key), textArg(r.Comment), r.State, idArg(r.DecidedBy), timeArg(r.DecidedAt),
		r.Created.UnixMilli())
}

// DecideRequest implements store.RequestWriter.
func (t *tx) DecideRequest(ctx context.Context, r store.Request) error {
	t.changed.gov = true
	n, err := t.exec(ctx, "request", verbWrite, sqlDecideRequest,
		r.State, idArg(r.DecidedBy), timeArg(r.DecidedAt), r.ID[:], store.RequestOpen)
	if err != nil || n > 0 {
		return err
	}
	if _, err := t.Request(ctx, r.ID); err != nil {
		return err
	}
	return &store.Error{Reason: store.Stale, Noun: "request"}
}
