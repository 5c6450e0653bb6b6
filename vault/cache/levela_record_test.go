package cache_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// TestRecordOfLevelA reads version 2 in its one form, and nothing like it.
func TestRecordOfLevelA(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	der, err := cache.RecordOf(w.file("cache.kdbx"), func(*binding.Slots) {})
	if err != nil {
		t.Fatal(err)
	}
	again, err := cache.ReadRecord(der)
	if err != nil || !bytes.Equal(again, der) {
		t.Fatalf("read again: %v", err)
	}
	terms, err := cache.RecordTerms(der)
	if err != nil || !bytes.Equal(terms.PinFail, w.last.Indices.Name(binding.PinFail, true)) || terms.Level != binding.LevelA {
		t.Errorf("terms %+v, %v", terms, err)
	}
	const version = 6 // behind the heads of SEQUENCE, of four bytes, and INTEGER
	if der[version] != 2 {
		t.Fatalf("no version at byte %d: %x", version, der[:8])
	}
	for _, tt := range []struct {
		name   string
		change func([]byte) []byte
		want   vault.Cause
	}{
		{"version 1", func(b []byte) []byte { b[version] = 1; return b }, vault.Damaged},
		{"version 3, without security keys", func(b []byte) []byte { b[version] = 3; return b }, vault.Damaged},
		{"version 4", func(b []byte) []byte { b[version] = 4; return b }, vault.Unsupported},
		{"another level", func(b []byte) []byte { return bytes.Replace(b, []byte("\x0c\x01A"), []byte("\x0c\x01B"), 1) }, vault.Damaged},
		{"something behind it", func(b []byte) []byte { return append(b, 0) }, vault.Damaged},
		{"cut short", func(b []byte) []byte { return b[:len(b)-1] }, vault.Damaged},
	} {
		if _, err := cache.ReadRecord(tt.change(bytes.Clone(der))); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*binding.Slots)
	}{
		{"a handle used twice", func(s *binding.Slots) { s.Indices.PinFail = s.Indices.Counter }},
		{"a handle of others", func(s *binding.Slots) { s.Indices.Counter = binding.FirstIndex - 1 }},
		{"no value of the counter", func(s *binding.Slots) { s.CounterAuth = nil }},
		{"a value that is too long", func(s *binding.Slots) { s.CounterAuth = bytes.Repeat([]byte("x"), 33) }},
		{"a value without its index", func(s *binding.Slots) { s.Indices.PinPass = 0 }},
		{"an index without its value", func(s *binding.Slots) { s.PinPassAuth = nil }},
		{"another device", func(s *binding.Slots) { s.Indices.Device[0]++ }},
	} {
		if _, err := cache.RecordOf(w.file("cache.kdbx"), tt.change); err == nil {
			t.Errorf("%s: written", tt.name)
		}
	}
}

// TestStateOfLevelA is version 2 with slots, and only then.
func TestStateOfLevelA(t *testing.T) {
	w := newWorldA(t)
	w.cacheA("one")
	state := string(w.read("client.json"))
	if err := cache.ReadState([]byte(state)); err != nil || !strings.Contains(state, `"v": 2`) {
		t.Fatalf("%v\n%s", err, state)
	}
	for _, tt := range []struct {
		name, old, new string
		want           vault.Cause
	}{
		{"as version 1", `"v": 2`, `"v": 1`, vault.Damaged},
		{"of a later version", `"v": 2`, `"v": 3`, vault.Unsupported},
		{"without slots", `"indices": {`, `"indices_": {`, vault.Damaged},
		{"with something unknown", `"kill": `, `"kill_": true, "kill": `, vault.Damaged},
		{"with a handle of others", `"counter": `, `"counter": 1, "_": `, vault.Damaged},
	} {
		if !strings.Contains(state, tt.old) {
			t.Fatalf("%s: no %s", tt.name, tt.old)
		}
		if err := cache.ReadState([]byte(strings.Replace(state, tt.old, tt.new, 1))); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
