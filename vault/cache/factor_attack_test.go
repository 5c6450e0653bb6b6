package cache_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/lease"
)

// File, machine, chip and master password are not enough.
func TestEverythingButTheKey(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	_, added := h.add(t, "blue", fidotest.Options{})
	w.keys = []fido.Key{added}
	w.cache(content("one"), nil)
	machine, err := w.store().MachineSecret(t.Context(), secret(master))
	if err != nil {
		t.Fatal(err)
	}
	read := func(second []byte) error {
		doc, _, err := kdbx.Read(t.Context(), bytes.NewReader(w.read("cache.kdbx")), kdbx.CompositeKey([]byte(master), second), kdbx.DefaultLimits())
		if err == nil {
			doc.Wipe()
		}
		return err
	}
	if err := read(machine); !errors.Is(err, vault.WrongPassword) {
		t.Errorf("with the chip's secret alone: %v", err)
	}
	record, err := fido.ParseRecord(cache.KeyItem(t, w.read("cache.kdbx")))
	if err != nil {
		t.Fatal(err)
	}
	factor, _, err := fido.Unlock(t.Context(), h, record, h)
	if err != nil {
		t.Fatal(err)
	}
	mixed, err := fido.Mix(record.Binding, vault.NewSecret(machine), factor)
	if err != nil {
		t.Fatal(err)
	}
	if err := read(mixed.Bytes()); err != nil { // so the one before was the right secret
		t.Errorf("with the key: %v", err)
	}
	if err := read(factor.Bytes()); !errors.Is(err, vault.WrongPassword) {
		t.Errorf("with the factor alone: %v", err)
	}
}

func TestRemovedKey(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	lost, first := h.add(t, "lost", fidotest.Options{})
	kept, second := h.add(t, "kept", fidotest.Options{}, first)
	w.keys = []fido.Key{first, second}
	w.cache(content("one"), nil)
	older := w.read("cache.kdbx")
	o := w.mustOpen(h)
	w.keys = o.SecurityKeys()[1:]
	o.Close()
	h.plugged = nil // none is needed to leave one out
	w.cache(content("two"), nil)
	h.plugged = []*fidotest.Key{lost}
	w.shut(h, vault.KeyUnknown)
	// The slot that opened once is put back into the next generation, with the
	// client state edited to fit.
	good := w.read("cache.kdbx")
	was := cache.KeyItem(t, older)
	for name, change := range map[string]func(item string, value []byte) []byte{
		"keys of the generation before": keysAs(was),
		"and the record to fit":         keysAndRecord(t, was, was),
	} {
		w.planted(good, rewrite(t, good, change), func() {
			if w.shut(h, vault.Damaged); t.Failed() {
				t.Fatal(name)
			}
		})
	}
	h.plugged = []*fidotest.Key{kept}
	w.mustOpen(h).Close()
	if keys, err := w.store().SignedKeys(t.Context()); err != nil || len(keys) != 1 || keys[0].Label != "kept" {
		t.Errorf("keys that the lease proves: %v, %v", keys, err)
	}
	w.write("cache.kdbx", older) // an older copy has the lost key, and proves nothing
	if keys, err := w.store().SignedKeys(t.Context()); err != nil || keys != nil {
		t.Errorf("keys of an older copy: %v, %v", keys, err)
	}
}

// keysAs puts another item of security keys into a file; nil: none.
func keysAs(keys []byte) func(item string, value []byte) []byte {
	return func(item string, value []byte) []byte {
		if item == "tideover.fido" {
			return keys
		}
		return value
	}
}

// keysAndRecord is keysAs with a record that names an item, which is the same or
// not; nil: none.
func keysAndRecord(t *testing.T, keys, named []byte) func(item string, value []byte) []byte {
	return func(item string, value []byte) []byte {
		if item == "tideover.record" {
			return cache.FactorOf(t, value, named)
		}
		return keysAs(keys)(item, value)
	}
}

// planted has a forged file in the place of a good one for as long as check runs.
func (w *world) planted(good, bad []byte, check func()) {
	w.t.Helper()
	w.plant(good, bad)
	check()
	w.plant(bad, good)
}

// Whatever is done to the item or to what the record says of it is damage, told
// before a key is asked, and never a wrong password.
func TestKeysInTheHeader(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	_, added := h.add(t, "blue", fidotest.Options{})
	w.keys = []fido.Key{added}
	w.cache(content("one"), nil)
	good := w.read("cache.kdbx")
	item := cache.KeyItem(t, good)
	record, err := fido.ParseRecord(item)
	if err != nil {
		t.Fatal(err)
	}
	_, strange := h.add(t, "thief", fidotest.Options{})
	thief := marshalled(t, sealedTo(t, record.Binding, strange))
	asked := len(h.out)
	for name, change := range map[string]func(item string, value []byte) []byte{
		"deleted":                          keysAs(nil),
		"a thief's":                        keysAs(thief),
		"not an item":                      keysAs([]byte{0x30, 0}),
		"the record without":               keysAndRecord(t, item, nil),
		"record and item gone":             keysAndRecord(t, nil, nil),
		"a thief's, and the record to fit": keysAndRecord(t, thief, thief),
	} {
		w.planted(good, rewrite(t, good, change), func() {
			if st := w.status(); st.State != cache.Damaged {
				t.Errorf("%s: %s, %v", name, st.State, st.Problem)
			}
			w.shut(h, vault.Damaged)
		})
	}
	if len(h.out) != asked {
		t.Errorf("a key was asked %d times", len(h.out)-asked)
	}
}

// Where no server signs the record, the key of the file proves it: the same
// forgeries open nothing either.
func TestKeysInTheHeaderOfALocalCache(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	blue, added := h.add(t, "blue", fidotest.Options{})
	make1 := func(keys []fido.Key, want error) {
		t.Helper()
		r := w.request()
		r.Trust, r.Local = nil, &cache.Local{Expires: w.now.AddDate(0, 0, 7), Policy: policy()}
		r.Keys = keys
		if want != nil {
			r.Local.Policy.SecurityKey = lease.KeyRequired
		}
		p, err := w.store().Prepare(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Discard()
		if _, err := p.Commit(t.Context(), content("one"), ""); !errors.Is(err, want) {
			t.Fatalf("commit: %v, want %v", err, want)
		}
	}
	make1([]fido.Key{added}, nil)
	make1(nil, vault.KeyRequired)
	good := w.read("cache.kdbx")
	binding := fido.Binding{Cache: w.status().Cache, Generation: 1}
	thiefKey, strange := h.add(t, "thief", fidotest.Options{})
	forged := func(b fido.Binding) []byte { return marshalled(t, sealedTo(t, b, strange)) }
	moved, err := fido.ParseRecord(cache.KeyItem(t, good))
	if err != nil {
		t.Fatal(err)
	}
	moved.Slots[0].Wrapped = sealedTo(t, fido.Binding{Cache: binding.Cache, Generation: 2}, added).Slots[0].Wrapped // of another generation
	for name, c := range map[string]struct {
		item []byte
		key  *fidotest.Key
	}{
		"no keys":                    {nil, blue},
		"a thief's":                  {forged(binding), thiefKey},
		"of another generation":      {forged(fido.Binding{Cache: binding.Cache, Generation: 2}), thiefKey},
		"of another cache":           {forged(fido.Binding{Cache: vault.NewID(), Generation: 1}), thiefKey},
		"slot of another generation": {marshalled(t, moved), blue},
	} {
		w.planted(good, rewrite(t, good, keysAndRecord(t, c.item, c.item)), func() {
			h.plugged = []*fidotest.Key{c.key}
			o, err := w.with(h, master)
			if err == nil {
				o.Close()
			}
			if !errors.Is(err, vault.Damaged) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	h.plugged = []*fidotest.Key{blue}
	w.mustOpen(h)
	if keys, err := w.store().SignedKeys(t.Context()); err != nil || keys != nil {
		t.Errorf("nobody signed them: %v, %v", keys, err)
	}
}

// sealedTo returns the item of a cache that one key opens.
func sealedTo(t *testing.T, b fido.Binding, k fido.Key) *fido.Record {
	t.Helper()
	r, _, err := fido.Seal(b, []fido.Key{k})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func marshalled(t *testing.T, r *fido.Record) []byte {
	t.Helper()
	der, err := r.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return der
}
