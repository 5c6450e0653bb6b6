package cache_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
	"github.com/tideover/tideover/vault/process"
)

// While a cache is open its keys lie in locked memory alone, and when it is
// closed nowhere. The same in a whole client, and with what people type:
// cmd/tideover-cli, story_memory.
func TestKeysInMemory(t *testing.T) {
	w := newWorld(t)
	w.cache(rich(), nil)
	o := w.mustUnlock()
	keys := o.Keys()
	if locked, content := o.LockedBytes(); locked == 0 || content == 0 {
		t.Errorf("%d and %d bytes of keys and content are locked", locked, content)
	}
	// Twice: no program calls it while a cache is open, and once may miss a place
	// that was in use just then (vault/process).
	process.Forget()
	process.Forget()
	for name, found := range inMemory(t, keys) {
		if len(found) == 0 {
			t.Errorf("%s is nowhere: the test does not see", name)
		}
		for _, region := range found {
			if !strings.Contains(region, " dd") || !strings.Contains(region, " lo") {
				t.Errorf("open: %s lies in %s", name, region)
			}
		}
	}
	o.Close()
	process.Forget()
	for name, found := range inMemory(t, keys) {
		for _, region := range found {
			t.Errorf("closed: %s lies in %s", name, region)
		}
	}
}

// A value that somebody still holds when the cache is closed reads as zeros.
func TestHeldValueAfterClose(t *testing.T) {
	w := newWorld(t)
	w.cache(content("one"), nil)
	o := w.mustUnlock()
	held := o.Entry(o.Content().Root.Entries[0].ID).Value(vault.FieldTitle).Bytes()
	if string(held) != "one" {
		t.Fatalf("%q", held)
	}
	o.Close()
	if !bytes.Equal(held, make([]byte, 3)) {
		t.Errorf("after Close: %q", held)
	}
}

// inMemory returns where each of the inverted secrets stands in the memory of
// this process: the regions with their flags (proc_pid_smaps(5), VmFlags).
func inMemory(t *testing.T, inverted map[string][]byte) map[string][]string {
	t.Helper()
	through, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Munmap(through) }()
	memory, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = memory.Close() }() // only read
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for name := range inverted {
		all[name] = nil
	}
	var from, to uint64
	var rights string
	for line := range strings.Lines(string(smaps)) {
		if !strings.HasPrefix(line, "VmFlags:") {
			var a, b uint64
			var r string
			if _, err := fmt.Sscanf(line, "%x-%x %s ", &a, &b, &r); err == nil {
				from, to, rights = a, b, r
			} // else one more line about the same region
			continue
		}
		if rights != "rw-p" {
			continue
		}
		const overlap = 64
		for at := from; at < to; at += uint64(len(through)) - overlap {
			n, err := unix.Pread(int(memory.Fd()), through[:min(uint64(len(through)), to-at)], int64(at))
			if err != nil {
				t.Fatalf("%v: %x-%x at %x %s", err, from, to, at, line)
			}
			for name, secret := range inverted {
				if i := find(through[:n], secret); i >= 0 {
					all[name] = append(all[name], fmt.Sprintf("%x (of %x-%x %s)", at+uint64(i), from, to, strings.TrimSpace(line)))
				}
			}
		}
	}
	return all
}

// find returns where a secret stands, given inverted; -1: nowhere.
func find(in, inverted []byte) int {
	for at := 0; ; at++ {
		i := bytes.IndexByte(in[at:], ^inverted[0])
		if i < 0 || at+i+len(inverted) > len(in) {
			return -1
		}
		at += i
		same := true
		for k, b := range inverted {
			if in[at+k] != ^b {
				same = false
				break
			}
		}
		if same {
			return at
		}
	}
}

// Of a security key nothing stays but what it opens the cache with: neither its
// output nor the factor.
func TestFactorInMemory(t *testing.T) {
	w := newWorld(t)
	h := &holder{}
	_, added := h.add(t, "blue", fidotest.Options{})
	w.keys = []fido.Key{added}
	w.cache(rich(), nil)
	record, err := fido.ParseRecord(cache.KeyItem(t, w.read("cache.kdbx")))
	if err != nil {
		t.Fatal(err)
	}
	factor, _, err := fido.Unlock(t.Context(), h, record, h)
	if err != nil {
		t.Fatal(err)
	}
	inverted := make([]byte, factor.Len())
	for i, b := range factor.Bytes() {
		inverted[i] = ^b
	}
	factor.Wipe()
	o := w.mustOpen(h)
	keys := o.Keys()
	keys["factor"] = inverted
	process.Forget()
	for name, found := range inMemory(t, keys) {
		if name == "factor" && len(found) > 0 || name == "machine secret" && len(found) == 0 {
			t.Errorf("open: %s lies in %v", name, found)
		}
	}
	o.Close()
	process.Forget()
	for name, found := range inMemory(t, keys) {
		for _, region := range found {
			t.Errorf("closed: %s lies in %s", name, region)
		}
	}
	for i, out := range h.out {
		if !bytes.Equal(out, make([]byte, len(out))) {
			t.Errorf("output %d of the key is still there", i)
		}
	}
}
