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

// appendObject writes mark, public and private area, each with two bytes of
// length before it.
func appendObject(mark string, object binding.Object) []byte {
	b := []byte(mark)
	b = binary.BigEndian.AppendUint16(b, uint16(len(object.Public)))
	b = append(b, object.Public...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(object.Private)))
	return append(b, object.Private...)
}

// cutObject reads what appendObject writes and returns what follows it.
// Anything else is ErrTampered.
func cutObject(mark string, blob []byte) (object binding.Object, rest []byte, err error) {
	broken := fmt.Errorf("%w: not a blob of this version", binding.ErrTampered)
	if len(blob) < len(mark) || string(blob[:len(mark)]) != mark {
		return object, nil, broken
	}
	rest = blob[len(mark):]
	for _, field := range []struct {
		to  *[]byte
		max int
	}{{&object.Public, maxPublic}, {&object.Private, maxPrivate}} {
		if len(rest) < 2 {
			return object, nil, broken
		}
		n := int(binary.BigEndian.Uint16(rest))
		if n == 0 || n > field.max || n > len(rest)-2 {
			return object, nil, broken
		}
		*field.to, rest = rest[2:2+n], rest[2+n:]
	}
	return object, rest, nil
}
