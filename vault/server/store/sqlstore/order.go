package sqlstore

import (
	"context"
	"iter"

	"github.com/tideover/tideover/vault/server/store"
)

const (
	orderList   = `seq, id, kind, device, usr, generation, epoch, issued`
	orderSelect = `SELECT ` + orderList + ` FROM gov_order WHERE (epoch > $1 OR (epoch = $1 AND seq > $2))`

	sqlOrders      = orderSelect + ` ORDER BY epoch, seq`
	sqlOrdersFor   = orderSelect + ` AND (device = $3 OR device IS NULL) ORDER BY epoch, seq`
	sqlLastOrder   = `SELECT COALESCE(MAX(seq), 0) FROM gov_order`
	sqlTakeCounter = `UPDATE counter SET gov = gov WHERE id = 1 RETURNING gov`
)

func orderColumns(o *store.Order) []any {
	return []any{
		&o.Seq, guid(&o.ID), &o.Kind, guid(&o.Device), guid(&o.User), &o.Generation, &o.Epoch, millis(&o.Issued),
	}
}

// Orders implements store.OrderReader.
func (t *tx) Orders(ctx context.Context, q store.OrderQuery) iter.Seq2[store.Order, error] {
	if q.Device.IsZero() {
		return seq(ctx, t, "order", orderColumns, sqlOrders, q.Epoch, q.Seq)
	}
	return seq(ctx, t, "order", orderColumns, sqlOrdersFor, q.Epoch, q.Seq, q.Device[:])
}

// LastOrder implements store.OrderReader.
func (t *tx) LastOrder(ctx context.Context) (int64, error) {
	number := func(v *int64) []any { return []any{v} }
	if t.write { // whoever holds the counter gives the next number
		if _, err := one(ctx, t, "counter", number, sqlTakeCounter); err != nil {
			return 0, err
		}
	}
	return one(ctx, t, "order", number, sqlLastOrder)
}

// AddOrder implements store.OrderWriter.
func (t *tx) AddOrder(ctx context.Context, o store.Order) (int64, error) {
	last, err := t.LastOrder(ctx)
	if err != nil {
		return 0, err
	}
	t.changed.gov = true
	o.Seq = max(o.Seq, last+1)
	return o.Seq, t.insert(ctx, table{"gov_order", "order", orderList},
		o.Seq, o.ID[:], textArg(o.Kind), idArg(o.Device), idArg(o.User), o.Generation, o.Epoch, o.Issued.UnixMilli())
}
