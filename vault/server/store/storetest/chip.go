package storetest

import (
	"iter"
	"math"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

func testChips(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	c := store.Chip{
		Device: b.device.ID, EKName: []byte{0, 11, 1}, Identity: []byte(`{"ak":""}`), Proven: true, Created: at(1),
		Seen: store.Sighting{At: at(1), ClockMS: 5, Resets: math.MaxUint32, Restarts: 2, Safe: true},
	}
	chip := func() store.Chip {
		return read(t, s, func(r store.Reader) (store.Chip, error) { return r.Chip(ctx, c.Device) })
	}
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Chip(ctx, c.Device); return err })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.PutSighting(ctx, c.Device, c.Seen) })
	update(t, s, func(tx store.Tx) error { return tx.PutChip(ctx, c) })
	same(t, "chip", chip(), c)

	c.Seen = store.Sighting{At: at(2), ClockMS: 6, Counter: 7}
	update(t, s, func(tx store.Tx) error { return tx.PutSighting(ctx, c.Device, c.Seen) })
	same(t, "seen again", chip(), c)
	c.Proven, c.Virtual, c.Identity, c.Created = false, true, []byte("x"), at(3)
	update(t, s, func(tx store.Tx) error { return tx.PutChip(ctx, c) })
	same(t, "replaced", chip(), c)
	same(t, "all", collected(t, s, func(r store.Reader) iter.Seq2[store.Chip, error] { return r.Chips(ctx) }), []store.Chip{c})
	of := func(ek []byte) []store.Chip {
		return read(t, s, func(r store.Reader) ([]store.Chip, error) { return r.ChipsOf(ctx, ek) })
	}
	twin := c
	twin.Device, twin.Created = vault.NewID(), at(2)
	second := b.device
	second.ID, second.PublicKey = twin.Device, []byte("another key")
	update(t, s, func(tx store.Tx) error { return tx.AddDevice(ctx, second) })
	update(t, s, func(tx store.Tx) error { return tx.PutChip(ctx, twin) })
	same(t, "of the same chip", of(c.EKName), []store.Chip{twin, c})
	same(t, "of another chip", of([]byte{0, 11, 2}), nil)
	stranger := c
	stranger.Device = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.PutChip(ctx, stranger) })

	one := store.Challenge{Device: b.device.ID, Pending: []byte("{}"), Created: at(1)}
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteChallenge(ctx, one.Device) })
	for range 2 { // a later one replaces an earlier one
		update(t, s, func(tx store.Tx) error { return tx.PutChallenge(ctx, one) })
		same(t, "challenge", read(t, s, func(r store.Reader) (store.Challenge, error) { return r.Challenge(ctx, one.Device) }), one)
		one.Pending, one.Created = []byte(`{"x":1}`), at(2)
	}
	update(t, s, func(tx store.Tx) error { return tx.DeleteChallenge(ctx, one.Device) })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Challenge(ctx, one.Device); return err })
}

func testSlots(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	first := store.Slots{Device: b.device.ID, Cache: vault.NewID(), Counter: 0x01800700, PinFail: math.MaxUint32, Created: at(1)}
	second := store.Slots{Device: b.device.ID, Cache: vault.NewID(), Counter: 1, PinFail: 2, PinPass: 3, Created: at(2)}
	permit := store.Permit{ID: vault.NewID(), Device: first.Device, Cache: first.Cache, Index: "pin_fail", Kind: "first_write", Limit: 10, Created: at(3), ClockMS: 7, Resets: math.MaxUint32}
	reading := store.Reading{Device: first.Device, Cache: first.Cache, Index: "pin_fail", Value: 3<<32 | 10, Created: at(4)}
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddPermit(ctx, permit) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.PutReading(ctx, reading) })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Slots(ctx, first.Device, first.Cache); return err })
	for _, x := range []store.Slots{first, second} {
		update(t, s, func(tx store.Tx) error { return tx.AddSlots(ctx, x) })
	}
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddSlots(ctx, first) })
	same(t, "slots", read(t, s, func(r store.Reader) (store.Slots, error) { return r.Slots(ctx, first.Device, first.Cache) }), first)
	same(t, "of the device", read(t, s, func(r store.Reader) ([]store.Slots, error) { return r.SlotsOf(ctx, first.Device) }), []store.Slots{second, first})

	permits := func(cache vault.ID) []store.Permit {
		return read(t, s, func(r store.Reader) ([]store.Permit, error) { return r.Permits(ctx, first.Device, cache) })
	}
	later := permit
	later.ID, later.Kind, later.Created = vault.NewID(), "rekey", at(5)
	update(t, s, func(tx store.Tx) error { return tx.AddPermit(ctx, later) })
	update(t, s, func(tx store.Tx) error { return tx.AddPermit(ctx, permit) })
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddPermit(ctx, permit) })
	permit.ShownAt = at(6)
	update(t, s, func(tx store.Tx) error { return tx.ShowPermit(ctx, permit.ID, permit.ShownAt) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.ShowPermit(ctx, vault.NewID(), at(6)) })
	later.VoidAt = at(7)
	update(t, s, func(tx store.Tx) error { return tx.VoidPermit(ctx, later.ID, later.VoidAt) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.VoidPermit(ctx, vault.NewID(), at(6)) })
	same(t, "permits", permits(first.Cache), []store.Permit{permit, later})
	same(t, "permits of another", permits(second.Cache), nil)

	for range 2 {
		update(t, s, func(tx store.Tx) error { return tx.PutReading(ctx, reading) })
		same(t, "readings", read(t, s, func(r store.Reader) ([]store.Reading, error) {
			return r.Readings(ctx, first.Device, first.Cache)
		}), []store.Reading{reading})
		reading.Value, reading.Created = 10, at(7)
	}
}
