package storetest

import (
	"iter"
	"slices"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

func testOrders(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	last := func() int64 {
		return read(t, s, func(r store.Reader) (int64, error) { return r.LastOrder(ctx) })
	}
	same(t, "last of none", last(), 0)
	one := store.Order{
		ID: vault.NewID(), Kind: "wipe", Device: b.device.ID, User: b.user.ID, Generation: 7, Epoch: 1, Issued: at(1),
	}
	other := store.Order{ID: vault.NewID(), Kind: "suspend", Device: vault.NewID(), User: b.user.ID, Epoch: 1, Issued: at(2)}
	all := store.Order{ID: vault.NewID(), Kind: "kill", Epoch: 2, Issued: at(3)}
	restored := store.Order{Seq: 20, ID: vault.NewID(), Kind: "resume", Device: b.device.ID, User: b.user.ID, Epoch: 2, Issued: at(4)}
	before, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx store.Tx) error { // two in one transaction
		for _, o := range []*store.Order{&one, &other} {
			n, err := tx.AddOrder(ctx, *o)
			if err != nil {
				return err
			}
			o.Seq = n
		}
		return nil
	})
	for _, o := range []*store.Order{&all, &restored} {
		update(t, s, func(tx store.Tx) (err error) {
			o.Seq, err = tx.AddOrder(ctx, *o)
			return err
		})
	}
	after, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "steps of Gov", after.Gov-before.Gov, 3)
	same(t, "numbers", []int64{one.Seq, other.Seq, all.Seq, restored.Seq}, []int64{1, 2, 3, 20})
	same(t, "last", last(), 20)

	orders := func(q store.OrderQuery) []store.Order {
		return collected(t, s, func(r store.Reader) iter.Seq2[store.Order, error] { return r.Orders(ctx, q) })
	}
	same(t, "all", orders(store.OrderQuery{}), []store.Order{one, other, all, restored})
	same(t, "later", orders(store.OrderQuery{Epoch: 1, Seq: 1}), []store.Order{other, all, restored})
	same(t, "of a later epoch", orders(store.OrderQuery{Epoch: 1, Seq: 99}), []store.Order{all, restored})
	same(t, "of the device", orders(store.OrderQuery{Device: b.device.ID}), []store.Order{one, all, restored})
	same(t, "of the device, later", orders(store.OrderQuery{Device: b.device.ID, Epoch: 2, Seq: 3}), []store.Order{restored})
	same(t, "of a stranger", orders(store.OrderQuery{Device: vault.NewID()}), []store.Order{all})
	same(t, "none", orders(store.OrderQuery{Epoch: 2, Seq: 20}), nil)

	refused(t, s, store.Duplicate, func(tx store.Tx) error { _, err := tx.AddOrder(ctx, one); return err })
}

// testOrderRace: whoever commits later has the higher number, so that a reader
// who saw one misses none.
func testOrderRace(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	won := race(t, nil, func(int) error {
		return s.Update(ctx, func(tx store.Tx) error {
			_, err := tx.AddOrder(ctx, store.Order{ID: vault.NewID(), Kind: "kill", Epoch: 1, Issued: at(0)})
			return err
		})
	})
	same(t, "orders", won, writers)
	var numbers []int64
	for _, o := range collected(t, s, func(r store.Reader) iter.Seq2[store.Order, error] {
		return r.Orders(ctx, store.OrderQuery{})
	}) {
		numbers = append(numbers, o.Seq)
	}
	if len(numbers) != writers || !slices.IsSorted(numbers) || numbers[len(numbers)-1] != writers {
		t.Errorf("numbers %v", numbers)
	}
}
