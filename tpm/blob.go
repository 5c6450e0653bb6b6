package tpm

import (
	"encoding/binary"
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
)

// Marks of the two blobs that the caller keeps: eight bytes, of which the last
// is the version. (FORMAT.md, sections 4 and 5.)
const (
	protectMark = "TidePrt\x01"
	signMark    = "TideSig\x01"
)

// localObject is an object that serves this machine only, with the Name of the
// root it was made under.
type localObject struct {
	root   []byte // NameSize bytes
	object binding.Object
}

// appendTo writes mark, root, and public and private area, each with two bytes
// of length before it.
func (l localObject) appendTo(mark string) []byte {
	b := append([]byte(mark), l.root...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(l.object.Public)))
	b = append(b, l.object.Public...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(l.object.Private)))
	return append(b, l.object.Private...)
}

// cutObject reads what appendTo writes and returns what follows it. Anything
// else is ErrTampered.
func cutObject(mark string, blob []byte) (l localObject, rest []byte, err error) {
	broken := fmt.Errorf("%w: not a blob of this version", binding.ErrTampered)
	head := len(mark) + binding.NameSize
	if len(blob) < head || string(blob[:len(mark)]) != mark {
		return l, nil, broken
	}
	l.root, rest = blob[len(mark):head], blob[head:]
	for _, field := range []struct {
		to  *[]byte
		max int
	}{{&l.object.Public, maxPublic}, {&l.object.Private, maxPrivate}} {
		if len(rest) < 2 {
			return l, nil, broken
		}
		n := int(binary.BigEndian.Uint16(rest))
		if n == 0 || n > field.max || n > len(rest)-2 {
			return l, nil, broken
		}
		*field.to, rest = rest[2:2+n], rest[2+n:]
	}
	return l, rest, nil
}
