package store

import (
	"context"
	"iter"
	"time"

	"github.com/tideover/tideover/vault"
)

// Order is what devices are told about their end, without the signature: that
// is made when it is delivered. Orders are never changed.
type Order struct {
	Seq        int64 // in the server, from 1
	ID         vault.ID
	Kind       string   // as vault/lease names it
	Device     vault.ID // zero: all devices
	User       vault.ID // whose device; zero: everybody's
	Generation int64    // caches up to this one; 0: any
	Epoch      int64    // of the server
	Issued     time.Time
}

// OrderQuery names orders. The zero query names all.
type OrderQuery struct {
	// Epoch and Seq are those of the last order that is known: only later ones
	// are named, of a later epoch first.
	Epoch, Seq int64
	// Device names a device's and those for all; zero: everybody's.
	Device vault.ID
}

// OrderReader finds orders.
type OrderReader interface {
	// Orders yields what q names, by epoch and number.
	Orders(ctx context.Context, q OrderQuery) iter.Seq2[Order, error]
	// LastOrder returns the highest number, 0 if there is no order. In an Update
	// nobody else adds one until its end.
	LastOrder(ctx context.Context) (int64, error)
}

// OrderWriter gives orders; they count in Gov.
type OrderWriter interface {
	// AddOrder inserts o under the number after the last one, or under o.Seq if
	// that is higher, and returns the number. Numbers grow in the order of
	// commits; call it late in the transaction, because others wait for it.
	// ErrConflict: ID taken.
	AddOrder(ctx context.Context, o Order) (int64, error)
}
