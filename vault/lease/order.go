package lease

import (
	"crypto/ecdsa"
	"errors"
	"fmt"

	"github.com/tideover/tideover/vault"
)

// MaxOrderBytes bounds an order before anything is decoded. One has about 600
// bytes.
const MaxOrderBytes = 4 << 10

// OrderKind says what a device is to do; the text reaches disk and wire.
type OrderKind string

// The kinds. ORDERS.md says what each does.
const (
	OrderRevoke  OrderKind = "revoke"  // wipe the cache; the device's identity has ended
	OrderSuspend OrderKind = "suspend" // open nothing until resumed; wipe nothing
	OrderResume  OrderKind = "resume"  // ends a suspension
	OrderWipe    OrderKind = "wipe"    // wipe the cache; the device stays what it is
	OrderKill    OrderKind = "kill"    // every device: wipe caches of earlier epochs
)

// Order is the server's signed word to one device, or to all. The JSON names
// are the wire's; the order of the fields is part of the format.
type Order struct {
	Version    int       `json:"v"`
	Issuer     vault.ID  `json:"iss"` // incarnation of the server
	ID         vault.ID  `json:"jti"`
	Seq        uint64    `json:"seq"` // in the server, never 0
	Issued     Instant   `json:"iat"`
	Epoch      uint64    `json:"epoch"` // the server's, when it was given
	Kind       OrderKind `json:"kind"`
	Device     vault.ID  `json:"dev"` // zero: all devices
	User       vault.ID  `json:"sub"` // whose device; zero: everybody's
	Generation uint64    `json:"gen"` // caches up to this generation; 0: whatever it is

	// KeyID names the sub-key that signed; it stands in the header. SignOrder
	// ignores it.
	KeyID string `json:"-"`
}

// Mark returns where the order stands among those of its server.
func (o *Order) Mark() Mark { return Mark{o.Epoch, o.Seq} }

// check reports what an order must never say.
func (o *Order) check() error {
	switch {
	case o.Version != Version:
		return fmt.Errorf("version %d", o.Version)
	case o.Issuer.IsZero() || o.ID.IsZero():
		return errors.New("an identifier is missing")
	case o.Seq == 0:
		return errors.New("number 0")
	case o.Issued <= 0 || o.Issued > Never:
		return errors.New("time out of range")
	}
	switch o.Kind {
	case OrderKill:
		if !o.Device.IsZero() || !o.User.IsZero() || o.Generation != 0 {
			return errors.New("it is for all")
		}
		return nil
	case OrderRevoke, OrderSuspend, OrderResume:
		if o.Generation != 0 {
			return errors.New("it is for whatever generation")
		}
	case OrderWipe:
	default:
		return fmt.Errorf("kind %q", o.Kind)
	}
	if o.Device.IsZero() || o.User.IsZero() {
		return errors.New("it is for one device")
	}
	return nil
}

func orderForm() form { return form{noun: "order", use: UseOrder, maxBytes: MaxOrderBytes} }

// SignOrder returns o as a compact JWS, signed with the sub-key kid. It refuses
// an order that VerifyOrder would refuse.
func SignOrder(key *ecdsa.PrivateKey, kid string, o Order) (string, error) {
	return signStatement(orderForm(), key, kid, &o)
}

// VerifyOrder reads an order that one of the server's order keys has signed. It
// says nothing about whom it is for, or whether it was carried out before: see
// Mark. The problems are those of Verify.
func VerifyOrder(token string, keys KeySet) (*Order, error) {
	o, kid, err := openStatement[Order](orderForm(), token, keys)
	if err != nil {
		return nil, err
	}
	o.KeyID = kid
	return o, nil
}

// Mark is a place in the sequence of a server's orders and lists. A server that
// was brought back from a backup goes on in a later epoch. The zero Mark is
// before the first.
type Mark struct {
	Epoch uint64 `json:"epoch"`
	Seq   uint64 `json:"seq"`
}

// Before reports whether m comes before n.
func (m Mark) Before(n Mark) bool {
	return m.Epoch < n.Epoch || m.Epoch == n.Epoch && m.Seq < n.Seq
}

// IsZero reports whether m is before the first.
func (m Mark) IsZero() bool { return m == Mark{} }

// String returns the form of ParseMark: epoch and number in decimal, joined by
// a dot.
func (m Mark) String() string { return fmt.Sprintf("%d.%d", m.Epoch, m.Seq) }

// ParseMark reads what String writes, and nothing else.
func ParseMark(s string) (Mark, error) {
	var m Mark
	if _, err := fmt.Sscanf(s, "%d.%d", &m.Epoch, &m.Seq); err != nil || m.String() != s {
		return Mark{}, errors.New("parse mark: want epoch and number, joined by a dot")
	}
	return m, nil
}
