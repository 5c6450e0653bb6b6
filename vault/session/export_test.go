package session

import "github.com/tideover/tideover/vault"

// Facts and Next let the tests of the outside try every row of the table.
type Facts = facts

var Next = next

// WipeRoom is what clears the values of a listing that nobody holds any more.
var WipeRoom = wipeRoom

// Listed lists the content of a cache: with values of its own, or with those of
// the cache.
func Listed(root *vault.Group, own bool) *Listing {
	l := &Listing{Source: FromCache, byID: map[vault.ID]*Item{}}
	if own {
		l.values = &values{}
	}
	l.merge(root, nil)
	return l
}
