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
		"keys of the generation before": func(item string, value []byte) []byte { return instead(item, "tideover.fido", value, was) },
		"and the record to fit": func(item string, value []byte) []byte {
			if item == "tideover.record" {
				return cache.FactorOf(t, value, was)
			}
			return instead(item, "tideover.fido", value, was)
		},
	} {
		bad := rewrite(t, good, change)
		w.plant(good, bad)
		if w.shut(h, vault.Damaged); t.Failed() {
			t.Fatal(name)
		}
		w.plant(bad, good)
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

func instead(item, of string, value, with []byte) []byte {
	if item == of {
		return with
	}
	return value
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
	other, _, err := fido.Seal(record.Binding, []fido.Key{strange})
	if err != nil {
		t.Fatal(err)
	}
	thief, err := other.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	asked := len(h.out)
	for name, change := range map[string]func(item string, value []byte) []byte{
		"deleted":              func(item string, value []byte) []byte { return instead(item, "tideover.fido", value, nil) },
		"a thief's":            func(item string, value []byte) []byte { return instead(item, "tideover.fido", value, thief) },
		"not an item":          func(item string, value []byte) []byte { return instead(item, "tideover.fido", value, []byte{0x30, 0}) },
		"the record without":   func(item string, value []byte) []byte { return unkeyed(t, item, value, value) },
		"record and item gone": func(item string, value []byte) []byte { return unkeyed(t, item, value, nil) },
		"a thief's, and the record to fit": func(item string, value []byte) []byte {
			if item == "tideover.record" {
				return cache.FactorOf(t, value, thief)
			}
			return instead(item, "tideover.fido", value, thief)
		},
	} {
		bad := rewrite(t, good, change)
		w.plant(good, bad)
		if st := w.status(); st.State != cache.Damaged {
			t.Errorf("%s: %s, %v", name, st.State, st.Problem)
		}
		w.shut(h, vault.Damaged)
		w.plant(bad, good)
	}
	if len(h.out) != asked {
		t.Errorf("a key was asked %d times", len(h.out)-asked)
	}
}

// unkeyed takes the factor out of the record, and makes the item another.
func unkeyed(t *testing.T, item string, value, keys []byte) []byte {
	switch item {
	case "tideover.record":
		return cache.FactorOf(t, value, nil)
	case "tideover.fido":
		return keys
	}
	return value
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
	forged := func(b fido.Binding) []byte {
		r, _, err := fido.Seal(b, []fido.Key{strange})
		if err != nil {
			t.Fatal(err)
		}
		der, err := r.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	moved, err := fido.ParseRecord(cache.KeyItem(t, good))
	if err != nil {
		t.Fatal(err)
	}
	moved.Slots[0].Wrapped = mustSeal(t, fido.Binding{Cache: binding.Cache, Generation: 2}, added) // of another generation
	of2, err := moved.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		item []byte
		key  *fidotest.Key
	}{
		"no keys":                    {nil, blue},
		"a thief's":                  {forged(binding), thiefKey},
		"of another generation":      {forged(fido.Binding{Cache: binding.Cache, Generation: 2}), thiefKey},
		"of another cache":           {forged(fido.Binding{Cache: vault.NewID(), Generation: 1}), thiefKey},
		"slot of another generation": {of2, blue},
	} {
		bad := rewrite(t, good, func(item string, value []byte) []byte {
			switch item {
			case "tideover.record":
				return cache.FactorOf(t, value, c.item)
			case "tideover.fido":
				return c.item
			}
			return value
		})
		w.plant(good, bad)
		h.plugged = []*fidotest.Key{c.key}
		o, err := w.with(h, master)
		if err == nil {
			o.Close()
		}
		if !errors.Is(err, vault.Damaged) {
			t.Errorf("%s: %v", name, err)
		}
		w.plant(bad, good)
	}
	h.plugged = []*fidotest.Key{blue}
	w.mustOpen(h)
	if keys, err := w.store().SignedKeys(t.Context()); err != nil || keys != nil {
		t.Errorf("nobody signed them: %v, %v", keys, err)
	}
}

func mustSeal(t *testing.T, b fido.Binding, k fido.Key) []byte {
	t.Helper()
	r, _, err := fido.Seal(b, []fido.Key{k})
	if err != nil {
		t.Fatal(err)
	}
	return r.Slots[0].Wrapped
}
