package storetest

import (
	"math"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

func testEscrows(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	first := store.Escrow{
		Device: b.device.ID, Cache: vault.NewID(), Generation: 3, Key: "0123456789abcdef", Wrapped: []byte{4, 1, 2},
		Record: []byte{9}, User: b.user.ID, Created: at(1),
	}
	second := first
	second.Generation, second.Wrapped, second.Created = math.MaxInt64, []byte{4, 3}, at(2)
	of := func(device vault.ID) []store.Escrow {
		return read(t, s, func(r store.Reader) ([]store.Escrow, error) { return r.Escrows(ctx, device) })
	}
	id := func(e store.Escrow) store.GenerationID {
		return store.GenerationID{Device: e.Device, Cache: e.Cache, Number: e.Generation}
	}
	same(t, "of none", of(b.device.ID), nil)
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteEscrow(ctx, id(first)) })
	stranger := first
	stranger.Device = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.PutEscrow(ctx, stranger) })
	for _, e := range []store.Escrow{first, second} {
		update(t, s, func(tx store.Tx) error { return tx.PutEscrow(ctx, e) })
	}
	same(t, "of the device", of(b.device.ID), []store.Escrow{second, first})
	same(t, "of all", of(vault.ID{}), []store.Escrow{second, first})
	same(t, "of another", of(vault.NewID()), nil)
	first.Key, first.Wrapped, first.Record, first.Created = "fedcba9876543210", []byte{5}, []byte{8, 8}, at(3)
	update(t, s, func(tx store.Tx) error { return tx.PutEscrow(ctx, first) })
	same(t, "replaced", of(b.device.ID), []store.Escrow{second, first})
	update(t, s, func(tx store.Tx) error { return tx.DeleteEscrow(ctx, id(second)) })
	same(t, "without one", of(vault.ID{}), []store.Escrow{first})
}

func testReleases(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	one := store.Release{
		ID: vault.NewID(), Device: b.device.ID, Cache: vault.NewID(), Generation: 3, Key: "0123456789abcdef",
		AskedBy: b.user.ID, AskedAt: at(1), Reason: "the board broke",
	}
	other := one
	other.ID, other.AskedAt, other.Reason = vault.NewID(), at(2), "it broke \x00 again"
	of := func(device vault.ID) []store.Release {
		return read(t, s, func(r store.Reader) ([]store.Release, error) { return r.Releases(ctx, device) })
	}
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Release(ctx, one.ID); return err })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.UpdateRelease(ctx, one) })
	stranger := one
	stranger.Device = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddRelease(ctx, stranger) })
	for _, r := range []store.Release{one, other} {
		update(t, s, func(tx store.Tx) error { return tx.AddRelease(ctx, r) })
	}
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddRelease(ctx, one) })
	other.Reason = "it broke \uFFFD again"
	same(t, "of the device", of(b.device.ID), []store.Release{other, one})
	same(t, "of another", of(vault.NewID()), nil)

	one.ApprovedBy, one.ApprovedAt = vault.NewID(), at(3)
	other.EndedAt, other.EndedWhy = at(4), "cancelled"
	for _, r := range []store.Release{one, other} {
		update(t, s, func(tx store.Tx) error { return tx.UpdateRelease(ctx, r) })
	}
	same(t, "all", of(vault.ID{}), []store.Release{other, one})
	same(t, "approved", read(t, s, func(r store.Reader) (store.Release, error) { return r.Release(ctx, one.ID) }), one)
}
