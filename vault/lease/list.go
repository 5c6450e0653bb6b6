package lease

import (
	"bytes"
	"crypto/ecdsa"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
)

// Limits of a list: as many devices and accounts as a server of the size that
// we measured for may have ended, and what that takes as JSON in base64url.
const (
	maxListed    = 200_000
	MaxListBytes = 24 << 20
)

// ListFresh is how old a list may be before its reader says that it stands
// still: the server signs one a day, whether or not somebody left.
const ListFresh = 3 * 24 * time.Hour

// List is the server's signed list of those who left. It can be served by
// anybody: it names nobody but by identifier, holds nothing secret, and can
// only take away. The JSON names are the wire's; the order of the fields is
// part of the format.
type List struct {
	Version int        `json:"v"`
	Issuer  vault.ID   `json:"iss"` // incarnation of the server
	Seq     uint64     `json:"seq"` // of the last order that it takes account of; 0: of none
	Issued  Instant    `json:"iat"`
	Epoch   uint64     `json:"epoch"`
	Offline bool       `json:"offline"` // false: offline use is switched off
	Devices []vault.ID `json:"devices"` // revoked, wiped or denied; ascending, never nil
	Users   []vault.ID `json:"users"`   // disabled; ascending, never nil

	// KeyID names the sub-key that signed; it stands in the header. SignList
	// ignores it.
	KeyID string `json:"-"`
}

// Mark returns up to where the list takes account of the server's orders.
func (l *List) Mark() Mark { return Mark{l.Epoch, l.Seq} }

// HasDevice reports whether a device has ended.
func (l *List) HasDevice(id vault.ID) bool { return has(l.Devices, id) }

// HasUser reports whether an account is disabled.
func (l *List) HasUser(id vault.ID) bool { return has(l.Users, id) }

func compare(a, b vault.ID) int { return bytes.Compare(a[:], b[:]) }

func has(list []vault.ID, id vault.ID) bool {
	_, found := slices.BinarySearchFunc(list, id, compare)
	return found
}

// SortIDs puts identifiers into the order of a list, each once.
func SortIDs(ids []vault.ID) []vault.ID {
	out := append([]vault.ID{}, ids...)
	slices.SortFunc(out, compare)
	return slices.Compact(out)
}

// check reports what a list must never say.
func (l *List) check() error {
	switch {
	case l.Version != Version:
		return fmt.Errorf("version %d", l.Version)
	case l.Issuer.IsZero():
		return errors.New("an identifier is missing")
	case l.Issued <= 0 || l.Issued > Never:
		return errors.New("time out of range")
	case l.Devices == nil || l.Users == nil:
		return errors.New("a list is missing")
	case len(l.Devices)+len(l.Users) > maxListed:
		return fmt.Errorf("%d identifiers, at most %d", len(l.Devices)+len(l.Users), maxListed)
	}
	for _, ids := range [][]vault.ID{l.Devices, l.Users} {
		for i, id := range ids {
			if id.IsZero() || i > 0 && compare(ids[i-1], id) >= 0 {
				return errors.New("identifiers out of order")
			}
		}
	}
	return nil
}

func listForm() form { return form{noun: "list", use: UseList, maxBytes: MaxListBytes} }

// SignList returns l as a compact JWS, signed with the sub-key kid. It refuses a
// list that VerifyList would refuse.
func SignList(key *ecdsa.PrivateKey, kid string, l List) (string, error) {
	return signStatement(listForm(), key, kid, &l)
}

// VerifyList reads a list that one of the server's list keys has signed. The
// problems are those of Verify.
func VerifyList(token string, keys KeySet) (*List, error) {
	l, kid, err := openStatement[List](listForm(), token, keys)
	if err != nil {
		return nil, err
	}
	l.KeyID = kid
	return l, nil
}
