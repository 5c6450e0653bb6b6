package storetest

import (
	"iter"
	"slices"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

func testSettings(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	set := store.Setting{Name: "offline.enabled", Value: []byte("true"), By: b.user.ID, At: at(1)}
	update(t, s, func(tx store.Tx) error { return tx.PutSetting(ctx, set) })
	secret := store.Setting{Name: "oidc.secret", Value: []byte{0, 1}, Key: vault.NewID(), At: at(1)}
	update(t, s, func(tx store.Tx) error { return tx.PutSetting(ctx, secret) })
	set.Version, secret.Version = 1, 1
	settings := func(r store.Reader) ([]store.Setting, error) { return r.Settings(ctx) }
	same(t, "all, by name", read(t, s, settings), []store.Setting{set, secret})

	set.Value = nil
	update(t, s, func(tx store.Tx) error {
		had, err := tx.Setting(ctx, set.Name)
		if err != nil {
			return err
		}
		set.Version = had.Version
		return tx.PutSetting(ctx, set)
	})
	set.Version = 2
	same(t, "replaced", read(t, s, func(r store.Reader) (store.Setting, error) { return r.Setting(ctx, set.Name) }), set)
	for _, stale := range []int64{0, 1, 3} {
		old := set
		old.Version = stale
		refused(t, s, store.Stale, func(tx store.Tx) error { return tx.PutSetting(ctx, old) })
	}
	update(t, s, func(tx store.Tx) error { return tx.DeleteSetting(ctx, set.Name) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.DeleteSetting(ctx, set.Name) })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.Setting(ctx, set.Name); return err })

	mark := func(r store.Reader) ([]byte, error) { return r.Meta(ctx, "incarnation") }
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := mark(tx); return err })
	for _, v := range []string{"one", "two"} {
		update(t, s, func(tx store.Tx) error { return tx.PutMeta(ctx, "incarnation", []byte(v)) })
		same(t, "mark", string(read(t, s, mark)), v)
	}
}

func testDevices(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	d := newDevice(b.user.ID)
	d.Virtual, d.RootName, d.ClientVersion, d.Address = true, []byte{1, 2}, "1.0", "10.0.0.1"
	d.Created = at(5)
	update(t, s, func(tx store.Tx) error { return tx.AddDevice(ctx, d) })
	device := func() store.Device {
		return read(t, s, func(r store.Reader) (store.Device, error) { return r.Device(ctx, d.ID) })
	}
	same(t, "device", device(), d)
	same(t, "by key", read(t, s, func(r store.Reader) (store.Device, error) {
		return r.DeviceByKey(ctx, d.PublicKey)
	}), d)

	d.State, d.Why, d.DecidedBy, d.DecidedAt, d.WipedAt = store.DeviceWiped, "left", b.user.ID, at(6), at(7)
	d.Name, d.OS, d.Level, d.Virtual, d.Policy = "desk", "windows", "A", false, []byte("p")
	changed := d
	changed.LeaseSeq, changed.LastAddress = 77, "9.9.9.9" // not UpdateDevice's to write
	update(t, s, func(tx store.Tx) error { return tx.UpdateDevice(ctx, changed) })
	same(t, "updated", device(), d)

	before, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx store.Tx) error {
		return tx.TouchDevices(ctx, []store.Contact{
			{Device: d.ID, At: at(9), Address: "10.0.0.2"},
			{Device: vault.NewID(), At: at(9)},
			{Device: d.ID, At: at(8), Address: "late"},
		})
	})
	d.LastSeen, d.LastAddress = at(9), "10.0.0.2"
	got := device()
	if got.LastAddress == "late" {
		t.Error("an older contact replaced a newer one")
	}
	same(t, "touched", got, d)
	after, err := s.Revision(ctx)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "revision after a contact", after, before)

	devices := func(q store.DeviceQuery) (ids []vault.ID) {
		rows := collected(t, s, func(r store.Reader) iter.Seq2[store.Device, error] { return r.Devices(ctx, q) })
		for _, d := range rows {
			ids = append(ids, d.ID)
		}
		return ids
	}
	same(t, "newest first", devices(store.DeviceQuery{}), []vault.ID{d.ID, b.device.ID})
	same(t, "pending", devices(store.DeviceQuery{State: store.DevicePending}), []vault.ID{b.device.ID})
	same(t, "of nobody", devices(store.DeviceQuery{User: vault.NewID()}), nil)
	same(t, "wiped of alice", devices(store.DeviceQuery{User: b.user.ID, State: store.DeviceWiped}), []vault.ID{d.ID})

	twin := newDevice(b.user.ID)
	twin.PublicKey = d.PublicKey
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddDevice(ctx, twin) })
	stray := newDevice(vault.NewID())
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddDevice(ctx, stray) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.UpdateDevice(ctx, stray) })
	refused(t, s, store.Missing, func(tx store.Tx) error { _, err := tx.DeviceByKey(ctx, stray.PublicKey); return err })
}

func testCaches(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	gen := store.Generation{
		Device: b.device.ID, Cache: vault.NewID(), Number: 1, State: store.GenerationPending, Record: []byte{1},
		RootName: []byte{2}, Level: "B", Virtual: true, ClockMS: 1 << 40, Resets: 7, UserName: "a@b", Comment: "trip",
		Event: vault.NewID(), Created: at(1),
	}
	next := gen
	next.Number, next.Created = 2, at(2)
	update(t, s, func(tx store.Tx) error {
		if err := tx.AddGeneration(ctx, gen); err != nil {
			return err
		}
		return tx.AddGeneration(ctx, next)
	})
	gen.State, gen.ProvenAt, gen.EndedAt, gen.Comment = store.GenerationProven, at(3), at(4), ""
	update(t, s, func(tx store.Tx) error { return tx.UpdateGeneration(ctx, gen) })
	id := store.GenerationID{Device: gen.Device, Cache: gen.Cache, Number: 1}
	same(t, "generation", read(t, s, func(r store.Reader) (store.Generation, error) {
		return r.Generation(ctx, id)
	}), gen)
	same(t, "newest first", read(t, s, func(r store.Reader) ([]store.Generation, error) {
		return r.Generations(ctx, b.device.ID)
	}), []store.Generation{next, gen})
	same(t, "not ended", collected(t, s, func(r store.Reader) iter.Seq2[store.Generation, error] {
		return r.OpenGenerations(ctx)
	}), []store.Generation{next})
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddGeneration(ctx, gen) })
	lost := gen
	lost.Number = 9
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.UpdateGeneration(ctx, lost) })
	lost.Device = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddGeneration(ctx, lost) })

	const n = 10_000
	rows := make([]store.Holding, n)
	for i := range rows {
		rows[i] = store.Holding{Device: b.device.ID, Generation: 1, Entry: vault.NewID(), Version: 1}
	}
	update(t, s, func(tx store.Tx) error { return tx.PutHoldings(ctx, rows) })
	rows[0].Version = 2
	second := rows[0]
	second.Generation, second.Version = 2, 3
	update(t, s, func(tx store.Tx) error {
		return tx.PutHoldings(ctx, []store.Holding{rows[0], second})
	})
	holdings := func(q store.HoldingQuery) []store.Holding {
		return collected(t, s, func(r store.Reader) iter.Seq2[store.Holding, error] { return r.Holdings(ctx, q) })
	}
	same(t, "of the device", len(holdings(store.HoldingQuery{Device: b.device.ID})), n+1)
	same(t, "of generation 1", len(holdings(store.HoldingQuery{Device: b.device.ID, Generation: 1})), n)
	same(t, "of generation 2", holdings(store.HoldingQuery{Device: b.device.ID, Generation: 2}), []store.Holding{second})
	who := holdings(store.HoldingQuery{Entry: second.Entry})
	slices.SortFunc(who, func(a, b store.Holding) int { return int(a.Generation - b.Generation) })
	same(t, "who has the entry", who, []store.Holding{rows[0], second})
	if err := s.View(ctx, func(r store.Reader) error {
		_, err := collect(r.Holdings(ctx, store.HoldingQuery{}))
		return err
	}); err == nil {
		t.Error("the zero query was answered")
	}
	refused(t, s, store.Missing, func(tx store.Tx) error {
		return tx.PutHoldings(ctx, []store.Holding{{Device: vault.NewID(), Generation: 1, Entry: b.entry.ID}})
	})
	deleted := func(q store.HoldingQuery, below bool) (n int64) {
		update(t, s, func(tx store.Tx) (err error) {
			n, err = tx.DeleteHoldings(ctx, q, below)
			return err
		})
		return n
	}
	same(t, "below 2", deleted(store.HoldingQuery{Device: b.device.ID, Generation: 2}, true), n)
	same(t, "the rest", deleted(store.HoldingQuery{Device: b.device.ID}, false), 1)
}

func testLeases(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	lease := func(seq int64, end int) store.Lease {
		return store.Lease{
			ID: vault.NewID(), Device: b.device.ID, Cache: vault.NewID(), Generation: 3, Seq: seq, KeyID: "k1", Epoch: 2,
			Issued: at(0), Expires: at(end), Entries: 5, Digest: []byte{9},
		}
	}
	first, second := lease(1, 10), lease(2, 5)
	for _, l := range []store.Lease{first, second} {
		update(t, s, func(tx store.Tx) error { return tx.AddLease(ctx, l) })
	}
	leases := func() []store.Lease {
		return collected(t, s, func(r store.Reader) iter.Seq2[store.Lease, error] { return r.Leases(ctx, b.device.ID) })
	}
	same(t, "newest first", leases(), []store.Lease{second, first})
	d := read(t, s, func(r store.Reader) (store.Device, error) { return r.Device(ctx, b.device.ID) })
	same(t, "last number", d.LeaseSeq, 2)
	same(t, "latest end", d.LeaseEnd, at(10))
	for _, seq := range []int64{0, 1, 2, 4} {
		refused(t, s, store.Stale, func(tx store.Tx) error { return tx.AddLease(ctx, lease(seq, 20)) })
	}
	stray := lease(1, 20)
	stray.Device = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddLease(ctx, stray) })
	var n int64
	update(t, s, func(tx store.Tx) (err error) {
		n, err = tx.PurgeLeases(ctx, at(6))
		return err
	})
	same(t, "purged", n, 1)
	same(t, "left", leases(), []store.Lease{first})
}

func testJournal(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	b := newBase(t, s)
	var events []store.DeviceEvent
	for i := range int64(30) {
		events = append(events, store.DeviceEvent{
			Device: b.device.ID, Seq: i + 1, At: at(int(i)), Received: at(99), Type: "reveal", Entry: b.entry.ID,
			Detail: []byte{1}, Generation: 4, Prev: digest(), Hash: digest(),
		})
	}
	add := func(list []store.DeviceEvent) (n int64) {
		t.Helper()
		update(t, s, func(tx store.Tx) (err error) {
			n, err = tx.AddDeviceEvents(ctx, list)
			return err
		})
		return n
	}
	same(t, "added", add(events[:20]), 20)
	same(t, "added, overlapping", add(events[10:]), 10)
	same(t, "added again", add(events), 0)
	chain := store.ChainID{Device: b.device.ID}
	same(t, "after 25", collected(t, s, func(r store.Reader) iter.Seq2[store.DeviceEvent, error] {
		return r.DeviceEvents(ctx, chain, 25)
	}), events[25:])
	same(t, "last", read(t, s, func(r store.Reader) (store.DeviceEvent, error) {
		return r.LastDeviceEvent(ctx, chain)
	}), events[29])

	fork := events[5]
	fork.Hash = digest()
	refused(t, s, store.Stale, func(tx store.Tx) error {
		_, err := tx.AddDeviceEvents(ctx, []store.DeviceEvent{fork})
		return err
	})
	fork.Chain = vault.NewID()
	fork.Received = at(100)
	same(t, "in another journal", add([]store.DeviceEvent{fork}), 1)
	same(t, "last of each", read(t, s, func(r store.Reader) ([]store.DeviceEvent, error) {
		return r.LastDeviceEvents(ctx, b.device.ID)
	}), []store.DeviceEvent{events[29], fork})
	fork.Seq, fork.Type, fork.Generation, fork.Hash = fork.Seq+1, "unlock", 5, digest()
	same(t, "of another type", add([]store.DeviceEvent{fork}), 1)
	for typ, want := range map[string][]store.EventCount{
		"reveal": {{Generation: 4, Events: 31}}, "unlock": {{Generation: 5, Events: 1}}, "copy": nil,
	} {
		same(t, "counts of "+typ, read(t, s, func(r store.Reader) ([]store.EventCount, error) {
			return r.CountDeviceEvents(ctx, b.device.ID, typ)
		}), want)
	}
	same(t, "last of each, of another device", read(t, s, func(r store.Reader) ([]store.DeviceEvent, error) {
		return r.LastDeviceEvents(ctx, vault.NewID())
	}), nil)
	stray := events[0]
	stray.Device = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error {
		_, err := tx.AddDeviceEvents(ctx, []store.DeviceEvent{stray})
		return err
	})
	refused(t, s, store.Missing, func(tx store.Tx) error {
		_, err := tx.LastDeviceEvent(ctx, store.ChainID{Device: stray.Device})
		return err
	})

	// The journal is evidence: it outlives the device.
	update(t, s, func(tx store.Tx) error { return tx.DeleteUser(ctx, b.user.ID) })
	same(t, "after the user went", len(collected(t, s, func(r store.Reader) iter.Seq2[store.DeviceEvent, error] {
		return r.DeviceEvents(ctx, chain, 0)
	})), 30)
}

func testKeys(t *testing.T, g Target) {
	s, ctx := g.open(t), t.Context()
	active := store.DataKey{ID: vault.NewID(), Purpose: 1, Wrapped: []byte{1}, KEK: "k", Created: at(0)}
	update(t, s, func(tx store.Tx) error { return tx.AddDataKey(ctx, active) })
	next := store.DataKey{ID: vault.NewID(), Purpose: 1, Wrapped: []byte{2}, KEK: "k", Created: at(1)}
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.AddDataKey(ctx, next) })
	active.Wrapped, active.KEK, active.Retired = []byte{3}, "k2", at(1)
	update(t, s, func(tx store.Tx) error {
		if err := tx.UpdateDataKey(ctx, active); err != nil {
			return err
		}
		if err := tx.AddKeyUses(ctx, active.ID, 5); err != nil {
			return err
		}
		if err := tx.AddKeyUses(ctx, active.ID, 6); err != nil {
			return err
		}
		return tx.AddDataKey(ctx, next)
	})
	active.Uses = 11
	same(t, "data keys", read(t, s, func(r store.Reader) ([]store.DataKey, error) {
		return r.DataKeys(ctx)
	}), []store.DataKey{active, next})
	active.Retired = next.Retired
	refused(t, s, store.Duplicate, func(tx store.Tx) error { return tx.UpdateDataKey(ctx, active) })
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.AddKeyUses(ctx, vault.NewID(), 1) })
	active.ID = vault.NewID()
	refused(t, s, store.Missing, func(tx store.Tx) error { return tx.UpdateDataKey(ctx, active) })

	sub := store.SubKey{
		ID: "kid", Use: "lease", Public: []byte{1}, Private: sealed(), Signature: []byte{2}, Created: at(0), NotAfter: at(9),
	}
	for _, retired := range []int{0, 5} {
		if retired > 0 {
			sub.Retired, sub.Private = at(retired), store.Sealed{}
		}
		update(t, s, func(tx store.Tx) error { return tx.PutSubKey(ctx, sub) })
		same(t, "sub-keys", read(t, s, func(r store.Reader) ([]store.SubKey, error) {
			return r.SubKeys(ctx)
		}), []store.SubKey{sub})
	}
}
