package cache_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
)

// keychain is a system's keychain in memory. A real one is used in app/start.
type keychain struct {
	items map[string]string
	fails error
	disk  *mortalDisk // dies with it, if there is one
	steps []int       // that it had left at each change
}

func (k *keychain) Get(service, name string) (string, error) {
	if k.fails != nil {
		return "", k.fails
	}
	if v, ok := k.items[service+"/"+name]; ok {
		return v, nil
	}
	return "", cache.ErrNoItem
}

func (k *keychain) Set(service, name, value string) error {
	if k.fails != nil {
		return k.fails
	}
	if !k.step() {
		return errDead
	}
	k.items[service+"/"+name] = value
	return nil
}

func (k *keychain) Delete(service, name string) error {
	if k.fails != nil {
		return k.fails
	}
	if !k.step() {
		return errDead
	}
	if _, ok := k.items[service+"/"+name]; !ok {
		return cache.ErrNoItem
	}
	delete(k.items, service+"/"+name)
	return nil
}

// step reports whether a change is still made.
func (k *keychain) step() bool {
	if k.disk == nil {
		return true
	}
	k.steps = append(k.steps, k.disk.left)
	return k.disk.step()
}

// generations returns the numbers at the end of the items' names.
func (k *keychain) generations() []string {
	var all []string
	for name := range k.items {
		all = append(all, name[strings.LastIndexByte(name, '/')+1:])
	}
	slices.Sort(all)
	return all
}

// newKeychainWorld returns a computer without a chip.
func newKeychainWorld(t *testing.T) *world {
	t.Helper()
	return &world{
		t: t, chain: &keychain{items: map[string]string{}}, server: newServer(t), device: vault.NewID(),
		dir: filepath.Join(t.TempDir(), "account"), now: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
	}
}

// holds wants the keychain to have the items of these generations and no other.
func (w *world) holds(want ...string) {
	w.t.Helper()
	if got := w.chain.generations(); !slices.Equal(got, want) {
		w.t.Fatalf("items of generations %v, want %v", got, want)
	}
}
