package session

import (
	"iter"
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
)

// Facts and Next let the tests of the outside try every row of the table.
type Facts = facts

var Next = next

// WipeRoom is what clears the values of a listing that nobody holds any more.
var WipeRoom = wipeRoom

// Listed lists the content of a cache.
func Listed(root *vault.Group) *Listing {
	return merge(time.Time{}, root, func(g *vault.Group) iter.Seq[*vault.Entry] { return slices.Values(g.Entries) }, nil)
}
