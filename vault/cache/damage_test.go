package cache_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// damaged reports whether an error is one of the three for a file that is not
// what was written.
func damaged(err error) bool {
	return errors.Is(err, vault.Damaged) || errors.Is(err, vault.Hostile) || errors.Is(err, vault.Unsupported)
}

// TestEveryByteFlipped changes every byte of a cache. The client state knows
// the file, so nobody is asked for a password.
func TestEveryByteFlipped(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	good := w.read("cache.kdbx")
	w.chip = nil // damage comes before everything that a chip says
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 0x20
		w.write("cache.kdbx", bad)
		if st := w.status(); st.State != cache.Damaged || !damaged(st.Problem) {
			t.Fatalf("byte %d of %d: %s, %v", i, len(good), st.State, st.Problem)
		}
	}
}

func TestEveryLengthCut(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	good := w.read("cache.kdbx")
	w.chip = nil
	for n := range good {
		w.write("cache.kdbx", good[:n])
		if st := w.status(); st.State != cache.Damaged || !damaged(st.Problem) {
			t.Fatalf("%d of %d bytes: %s, %v", n, len(good), st.State, st.Problem)
		}
	}
	w.write("cache.kdbx", append(bytes.Clone(good), 0))
	if st := w.status(); st.State != cache.Damaged {
		t.Fatalf("one byte more: %s, %v", st.State, st.Problem)
	}
}

// TestDamageThatTheClientStateHides changes the file, makes every digest fit
// that needs no key, and makes the client state agree. What the record and the
// lease say is still found without a password; what only the key can prove is
// found with it, and is no wrong password.
func TestDamageThatTheClientStateHides(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	good := w.read("cache.kdbx")
	header := len(good) - len(bodyOf(t, good))
	tries := w.status().Tries.Left
	own := w.chip
	var hidden [][]byte
	w.chip = nil
	for i := 0; i < header; i += 5 {
		bad := bytes.Clone(good)
		bad[i] ^= 0x20
		sum := sha256.Sum256(bad[:header])
		copy(bad[header:], sum[:])
		w.plant(good, bad)
		switch st := w.status(); {
		case st.State == cache.Damaged && damaged(st.Problem):
		case st.State == cache.Foreign: // nothing but the missing chip is wrong so far
			hidden = append(hidden, bad)
		default:
			t.Fatalf("byte %d of the header: %s, %v", i, st.State, st.Problem)
		}
		w.plant(bad, good)
	}
	if len(hidden) == 0 || len(hidden) > header/20 {
		t.Errorf("%d of %d changes of the header are not found without the key", len(hidden), header/5)
	}
	t.Logf("%d changes of the header are left to the key", len(hidden))
	for len(hidden) > 6 { // the key finds them all in one way: the HMAC of the header
		hidden = slices.Delete(hidden, len(hidden)/2, len(hidden)/2+1)
	}
	for _, i := range []int{header + 32, header + 63, header + 64, header + 96, header + 100, header + 200, len(good) - 36, len(good) - 1} {
		bad := bytes.Clone(good)
		bad[i] ^= 0x20
		hidden = append(hidden, bad)
	}
	for _, n := range []int{header + 31, header + 32, header + 64, header + 100, len(good) - 37, len(good) - 1} {
		hidden = append(hidden, bytes.Clone(good[:n]))
	}
	w.chip = own
	for i, bad := range hidden {
		w.plant(good, bad)
		if _, err := w.unlock(master); !damaged(err) {
			t.Errorf("change %d: %v", i, err)
		}
		w.plant(bad, good)
	}
	if got := w.status().Tries.Left; got != tries {
		t.Errorf("damage cost tries: %d left, %d before", got, tries)
	}
	w.opens("one")
}

// plant puts a file in place and makes the client state know it.
func (w *world) plant(before, after []byte) {
	w.t.Helper()
	w.write("cache.kdbx", after)
	w.replaceInState(digest(before), digest(after))
}

func (w *world) replaceInState(old, with string) {
	w.t.Helper()
	state := string(w.read("client.json"))
	if !strings.Contains(state, old) {
		w.t.Fatalf("client state without %s:\n%s", old, state)
	}
	w.write("client.json", []byte(strings.ReplaceAll(state, old, with)))
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// bodyOf returns what follows the end field of the outer header.
func bodyOf(t *testing.T, file []byte) []byte {
	t.Helper()
	b := file[12:]
	for {
		id, n := b[0], binary.LittleEndian.Uint32(b[1:])
		b = b[5+n:]
		if id == 0 {
			return b
		}
	}
}

// itemsOf returns the items of PublicCustomData by name, as they stand there.
func itemsOf(t *testing.T, file []byte) map[string][]byte {
	t.Helper()
	items := map[string][]byte{}
	rewrite(t, file, func(name string, value []byte) []byte {
		items[name] = value
		return value
	})
	return items
}

// rewrite changes items of PublicCustomData, as somebody may who has no key,
// and makes the header's digest fit.
func rewrite(t *testing.T, file []byte, change func(name string, value []byte) []byte) []byte {
	t.Helper()
	const publicCustomData = 12
	out := bytes.Clone(file[:12])
	field := func(id byte, data []byte) {
		out = append(out, id)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(data)))
		out = append(out, data...)
	}
	b := file[12:]
	for {
		id, n := b[0], binary.LittleEndian.Uint32(b[1:])
		data := b[5 : 5+n]
		b = b[5+n:]
		if id == publicCustomData {
			data = rewriteMap(data, change)
		}
		field(id, data)
		if id == 0 {
			break
		}
	}
	sum := sha256.Sum256(out)
	return append(append(out, sum[:]...), b[32:]...)
}

func rewriteMap(b []byte, change func(name string, value []byte) []byte) []byte {
	out := bytes.Clone(b[:2])
	b = b[2:]
	take := func() []byte {
		n := binary.LittleEndian.Uint32(b)
		part := b[4 : 4+n]
		b = b[4+n:]
		return part
	}
	for b[0] != 0 {
		kind := b[0]
		b = b[1:]
		name, value := take(), take()
		value = change(string(name), value)
		if value == nil {
			continue
		}
		out = append(out, kind)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(name)))
		out = append(out, name...)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(value)))
		out = append(out, value...)
	}
	return append(out, 0)
}

// TestExchanged exchanges parts between two caches of one device, and between
// two generations of one cache. Whoever does it makes all digests fit that
// need no key.
func TestExchanged(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	first := w.read("cache.kdbx")
	w.cache(content("two"), nil)
	good := w.read("cache.kdbx")

	other := *w
	other.dir = filepath.Join(t.TempDir(), "other")
	other.cache(content("other"), nil)
	foreign := other.read("cache.kdbx")
	other.renew(nil)

	swap := func(from []byte, names ...string) []byte {
		items := itemsOf(t, from)
		return rewrite(t, good, func(name string, value []byte) []byte {
			if slices.Contains(names, name) {
				return items[name]
			}
			return value
		})
	}
	for name, bad := range map[string][]byte{
		"whole file of another cache":             foreign,
		"record of another cache":                 swap(foreign, "tideover.record"),
		"lease of another cache":                  swap(foreign, "tideover.lease"),
		"record and lease of another cache":       swap(foreign, "tideover.record", "tideover.lease"),
		"record of the generation before":         swap(first, "tideover.record"),
		"lease of the generation before":          swap(first, "tideover.lease"),
		"no lease":                                rewrite(t, good, drop("tideover.lease")),
		"no record":                               rewrite(t, good, drop("tideover.record")),
		"no counts":                               rewrite(t, good, drop("tideover.entries")),
		"record that is not DER":                  rewrite(t, good, replace("tideover.record", []byte{0x30, 0x80})),
		"record too long":                         rewrite(t, good, replace("tideover.record", make([]byte, 5000))),
		"record of a later version":               rewrite(t, good, replace("tideover.record", []byte{0x30, 3, 2, 1, 9})),
		"counts of another file, with its digest": rewrite(t, good, replace("tideover.entries", []byte{9, 0, 0, 0})),
	} {
		w.plant(good, bad)
		_, err := w.unlock(master)
		if !damaged(err) {
			t.Errorf("%s: %v", name, err)
		}
		w.plant(bad, good)
	}
	// Record and lease of the generation before make an older file.
	w.plant(good, swap(first, "tideover.record", "tideover.lease"))
	if _, err := w.unlock(master); !errors.Is(err, vault.Superseded) {
		t.Errorf("record and lease of the generation before: %v", err)
	}
	w.plant(swap(first, "tideover.record", "tideover.lease"), good)

	w.write("cache.kdbx.gov", other.read("cache.kdbx.gov"))
	w.opens("two") // a sidecar of another cache counts as absent
}

func drop(item string) func(string, []byte) []byte { return replace(item, nil) }

func replace(item string, with []byte) func(string, []byte) []byte {
	return func(name string, value []byte) []byte {
		if name == item {
			return with
		}
		return value
	}
}

// TestClientStateDamaged changes the client state; whatever becomes of it, the
// answer is typed and nothing crashes.
func TestClientStateDamaged(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	good := w.read("client.json")
	for name, bad := range map[string][]byte{
		"empty":            {},
		"cut short":        good[:len(good)/2],
		"not JSON":         []byte("hello"),
		"unknown member":   bytes.Replace(good, []byte(`"v": 1`), []byte(`"v": 1, "x": 2`), 1),
		"too long":         bytes.Repeat([]byte(" "), 1<<20),
		"never sealed":     bytes.Replace(good, []byte(`"highest_sealed": 1`), []byte(`"highest_sealed": 0`), 1),
		"another version":  bytes.Replace(good, []byte(`"v": 1`), []byte(`"v": 2`), 1),
		"version nought":   bytes.Replace(good, []byte(`"v": 1`), []byte(`"v": 0`), 1),
		"governed by none": bytes.Replace(good, []byte(`"governed": true`), []byte(`"governed": false`), 1),
	} {
		w.write("client.json", bad)
		if _, err := w.store().Status(context.Background()); !damaged(err) {
			t.Errorf("%s: Status: %v", name, err)
		}
		if _, err := w.unlock(master); !damaged(err) {
			t.Errorf("%s: Unlock: %v", name, err)
		}
	}
	w.write("client.json", good)
	w.opens("one")
}
