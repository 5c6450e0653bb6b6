package session

import (
	"slices"
	"time"

	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
)

// KeyStatus is a security key of the cache in place. Nothing proves it before the
// cache is open.
type KeyStatus struct {
	Name  string
	Added time.Time // by this client's clock; zero: it was not this client, or an older one
}

// keyAdded is what an account remembers of a security key: its file says no time.
type keyAdded struct {
	ID   [16]byte  `json:"id"` // fido.Key.ID
	Name string    `json:"name"`
	At   time.Time `json:"at"`
}

// noteKeys remembers which keys open the cache from now on. Those that are new are
// of now; those that are gone are forgotten.
func (a *account) noteKeys(keys []fido.Key, now time.Time) {
	before := a.Keys
	a.Keys = nil
	for _, k := range keys {
		added := keyAdded{k.ID, k.Label, now.UTC().Truncate(time.Second)}
		if i := slices.IndexFunc(before, func(b keyAdded) bool { return b.ID == k.ID }); i >= 0 {
			added.At = before[i].At
		}
		a.Keys = append(a.Keys, added)
	}
}

// keyStatus returns the keys of the cache in place, in its order.
func keyStatus(a *account, c *cache.Status) []KeyStatus {
	if c == nil {
		return nil
	}
	var all []KeyStatus
	for _, name := range c.Keys {
		k := KeyStatus{Name: name}
		if i := slices.IndexFunc(a.Keys, func(b keyAdded) bool { return b.Name == name }); i >= 0 {
			k.Added = a.Keys[i].At
		}
		all = append(all, k)
	}
	return all
}
