package fido_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
)

func TestAnotherKey(t *testing.T) {
	ours, other := fidotest.New(fidotest.Options{}), fidotest.New(fidotest.Options{})
	record, _ := seal(t, binding, enrol(t, ours, &person{}, fido.EnrolRequest{}))
	_, _, err := fido.Unlock(t.Context(), platform(other), record, &person{})
	refused(t, err, vault.KeyUnknown)
	_, _, err = fido.Unlock(t.Context(), platform(), record, &person{})
	refused(t, err, vault.KeyMissing)
}

// A key that has the credential, asked with another salt, or with verification
// where there was none, gives another secret.
func TestAnotherOutputOpensNothing(t *testing.T) {
	key := fidotest.New(fidotest.Options{PIN: "1234", Permissions: true})
	added := enrol(t, key, &person{}, fido.EnrolRequest{})
	for name, change := range map[string]func(*fido.Key){
		"salt":     func(k *fido.Key) { k.Salt[31] ^= 1 },
		"verified": func(k *fido.Key) { k.Verified = true },
		"id":       func(k *fido.Key) { k.ID[0] ^= 1 },
		"public":   func(k *fido.Key) { k.Public[5] ^= 4 },
	} {
		t.Run(name, func(t *testing.T) {
			changed := added
			change(&changed)
			record, _ := seal(t, binding, changed)
			_, _, err := fido.Unlock(t.Context(), platform(key), record, &person{pin: "1234"})
			refused(t, err, vault.KeyUnknown)
		})
	}
}

// A slot fits its own cache, generation and place only.
func TestSlotsCannotMove(t *testing.T) {
	key := fidotest.New(fidotest.Options{})
	added := enrol(t, key, &person{}, fido.EnrolRequest{})
	other := fido.Binding{Cache: [16]byte{9}, Generation: binding.Generation}
	older := fido.Binding{Cache: binding.Cache, Generation: binding.Generation - 1}
	record, _ := seal(t, binding, added)
	for name, b := range map[string]fido.Binding{"another cache": other, "another generation": older} {
		foreign, _ := seal(t, b, added)
		moved := &fido.Record{Binding: binding, Slots: foreign.Slots}
		_, _, err := fido.Unlock(t.Context(), platform(key), moved, &person{})
		refused(t, err, vault.Damaged)
		claimed := &fido.Record{Binding: b, Slots: record.Slots}
		_, _, err = fido.Unlock(t.Context(), platform(key), claimed, &person{})
		if !errors.Is(err, vault.Damaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	second := enrol(t, key, &person{}, fido.EnrolRequest{})
	two, _ := seal(t, binding, added, second)
	two.Slots[0].Wrapped, two.Slots[1].Wrapped = two.Slots[1].Wrapped, two.Slots[0].Wrapped
	_, _, err := fido.Unlock(t.Context(), platform(key), two, &person{})
	refused(t, err, vault.Damaged)
}

// Whatever byte of a record is changed: it is refused, or the key does not open
// it, or nothing but a label has changed.
func TestFlippedBytes(t *testing.T) {
	key := fidotest.New(fidotest.Options{})
	record, want := seal(t, binding, enrol(t, key, &person{}, fido.EnrolRequest{Label: "blue"}))
	der, err := record.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	labels := 0
	for i := range der {
		changed := bytes.Clone(der)
		changed[i] ^= 0x20
		r, err := fido.ParseRecord(changed)
		if err != nil {
			if !errors.Is(err, vault.Damaged) && !errors.Is(err, vault.Unsupported) {
				t.Errorf("byte %d: %v", i, err)
			}
			continue
		}
		factor, _, err := fido.Unlock(t.Context(), platform(key), r, &person{})
		switch {
		case err == nil && r.Slots[0].Label != "blue" && factor.Equal(want):
			labels++
		case err == nil:
			t.Errorf("byte %d: opened", i)
		case !errors.Is(err, vault.Damaged) && !errors.Is(err, vault.KeyUnknown):
			t.Errorf("byte %d: %v", i, err)
		}
	}
	if labels != len("blue") {
		t.Errorf("%d bytes are free, want the %d of the label", labels, len("blue"))
	}
	for n := range der {
		if _, err := fido.ParseRecord(der[:n]); !errors.Is(err, vault.Damaged) {
			t.Fatalf("cut at %d: %v", n, err)
		}
	}
	if _, err := fido.ParseRecord(make([]byte, 4097)); !errors.Is(err, vault.Hostile) {
		t.Errorf("too long: %v", err)
	}
}

func TestSealRefusesWhatCannotBeRead(t *testing.T) {
	key := enrol(t, fidotest.New(fidotest.Options{LongID: 900}), &person{}, fido.EnrolRequest{})
	for name, c := range map[string]struct {
		binding fido.Binding
		keys    []fido.Key
		want    vault.Cause
	}{
		"no keys":       {binding, nil, vault.Damaged},
		"same key":      {binding, []fido.Key{key, key}, vault.Damaged},
		"no generation": {fido.Binding{}, []fido.Key{key}, vault.Damaged},
		"beyond 2^63":   {fido.Binding{Generation: 1 << 63}, []fido.Key{key}, vault.Damaged},
	} {
		if _, _, err := fido.Seal(c.binding, c.keys); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	var five []fido.Key
	for i := range byte(5) {
		k := key
		k.ID[0], k.Credential = i, append([]byte{i}, key.Credential...)
		five = append(five, k)
	}
	if _, _, err := fido.Seal(binding, five); !errors.Is(err, vault.Hostile) {
		t.Errorf("more than fits: %v", err)
	}
}

func TestMixNeedsAllOfItsParts(t *testing.T) {
	machine, factor := vault.NewSecret(bytes.Repeat([]byte{1}, 32)), vault.NewSecret(bytes.Repeat([]byte{2}, 32))
	all := []fido.Binding{binding, {Cache: binding.Cache, Generation: 8}, {Generation: 7}}
	seen := map[string]bool{}
	for _, b := range all {
		for _, pair := range [][2]vault.Secret{{machine, factor}, {factor, machine}, {machine, machine}} {
			mixed, err := fido.Mix(b, pair[0], pair[1])
			if err != nil || mixed.Len() != 32 || seen[mixed.Text()] {
				t.Fatalf("%v: %d bytes, seen %t", err, mixed.Len(), seen[mixed.Text()])
			}
			seen[mixed.Text()] = true
		}
	}
	for _, short := range []vault.Secret{{}, vault.NewSecret(make([]byte, 31)), vault.NewSecret(make([]byte, 64))} {
		if _, err := fido.Mix(binding, machine, short); err == nil {
			t.Errorf("a factor of %d bytes was mixed in", short.Len())
		}
		if _, err := fido.Mix(binding, short, factor); err == nil {
			t.Errorf("a machine secret of %d bytes was mixed in", short.Len())
		}
	}
}

// Keys that lie. Each must end with an error, in bounded time (of the bubble) and
// memory, and none with the factor.
func TestHostileKeys(t *testing.T) {
	honest := fidotest.New(fidotest.Options{PIN: "1234", Permissions: true})
	record, _ := seal(t, binding, enrol(t, honest, &person{pin: "1234"}, fido.EnrolRequest{Verified: true}))

	// first says whether a report is the first one of an answer to CBOR.
	first := func(r []byte) bool { return r[4] == 0x90 }
	only := func(r []byte) [][]byte { return [][]byte{r} }
	lies := map[string]struct {
		lie  func(r []byte) [][]byte
		want vault.Cause
	}{
		"keepalives for ever": {func(r []byte) [][]byte {
			if !first(r) {
				return only(r)
			}
			k := make([]byte, 64)
			copy(k, r[:4])
			k[4], k[6], k[7] = 0xbb, 1, 1
			return slices.Repeat([][]byte{k}, 4096)
		}, vault.KeyFailed},
		"frames of other channels": {func(r []byte) [][]byte {
			if !first(r) {
				return only(r)
			}
			r[0] ^= 1
			return slices.Repeat([][]byte{r}, 4000)
		}, vault.KeyFailed},
		"silence": {func([]byte) [][]byte { return nil }, vault.KeyFailed},
		"a length beyond the standard": {func(r []byte) [][]byte {
			binary.BigEndian.PutUint16(r[5:], 7610)
			return only(r)
		}, vault.KeyFailed},
		"a length of zero": {func(r []byte) [][]byte {
			if first(r) {
				r[5], r[6] = 0, 0
			}
			return only(r)
		}, vault.KeyFailed},
		"more announced than sent": {func(r []byte) [][]byte {
			if first(r) {
				binary.BigEndian.PutUint16(r[5:], 7000)
			}
			return only(r)
		}, vault.KeyFailed},
		"packets out of order": {func(r []byte) [][]byte {
			if r[4]&0x80 == 0 {
				r[4] ^= 1
			}
			return only(r)
		}, vault.KeyFailed},
		"every packet twice": {func(r []byte) [][]byte { return [][]byte{r, bytes.Clone(r)} }, vault.KeyFailed},
		"huge CBOR": {func(r []byte) [][]byte {
			if first(r) {
				copy(r[8:], []byte{0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}) // a map of 2^64-1
			}
			return only(r)
		}, vault.KeyFailed},
		"deep CBOR": {func(r []byte) [][]byte {
			if first(r) {
				copy(r[8:], bytes.Repeat([]byte{0x81}, 56))
			}
			return only(r)
		}, vault.KeyFailed},
		"always busy": {func(r []byte) [][]byte {
			if first(r) {
				r[4], r[5], r[6], r[7] = 0xbf, 0, 1, 6
			} else if r[4]&0x80 == 0 {
				return nil
			}
			return only(r)
		}, vault.Busy},
		"the broadcast channel": {func(r []byte) [][]byte {
			if r[4] == 0x86 {
				copy(r[15:], []byte{255, 255, 255, 255})
			}
			return only(r)
		}, vault.KeyFailed},
		"no FIDO2": {func(r []byte) [][]byte {
			if r[4] == 0x86 {
				r[23] = 0
			}
			return only(r)
		}, vault.Unsupported},
	}
	for name, c := range lies {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				port := honest.Plug()
				port.Mangle = c.lie
				_, _, err := fido.Unlock(t.Context(), fido.NewHID(plugged{port}), record, &person{pin: "1234"})
				refused(t, err, c.want)
			})
		})
	}
}

// A key that fails does not keep another from opening.
func TestABrokenKeyBesideAGoodOne(t *testing.T) {
	good, bad := fidotest.New(fidotest.Options{}), fidotest.New(fidotest.Options{})
	record, want := seal(t, binding, enrol(t, good, &person{}, fido.EnrolRequest{}))
	port := bad.Plug()
	port.Mangle = func(r []byte) [][]byte { r[4] ^= 0x40; return [][]byte{r} }
	got, _, err := fido.Unlock(t.Context(), fido.NewHID(plugged{port, good.Plug()}), record, &person{})
	if err != nil || !got.Equal(want) {
		t.Error(err)
	}
}

// A key that says for ever that it is at work ends by count, one that says for
// ever that it waits by time.
func TestEndlessKeepalives(t *testing.T) {
	record, _ := seal(t, binding, enrol(t, fidotest.New(fidotest.Options{}), &person{}, fido.EnrolRequest{}))
	for name, c := range map[string]struct {
		pause time.Duration
		want  vault.Cause
	}{
		"at once":         {0, vault.KeyFailed},
		"every 100 ms":    {100 * time.Millisecond, vault.TouchTimeout},
		"every 2 seconds": {2 * time.Second, vault.TouchTimeout},
		"every 4 seconds": {4 * time.Second, vault.KeyFailed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				key := &scripted{pause: c.pause, endless: []byte{0xbb, 0, 1, 2}}
				_, _, err := fido.Unlock(t.Context(), fido.NewHID(plugged{key}), record, &person{})
				refused(t, err, c.want)
			})
		})
	}
}
