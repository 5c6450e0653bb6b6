package fidotest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// object is a CBOR map. Keys are int64 or string.
type object map[any]any

var errCBOR = errors.New("not canonical CBOR")

// encode writes int, int64, bool, string, []byte, []any and object as CTAP 8
// wants them.
func encode(v any) []byte {
	switch v := v.(type) {
	case int:
		return encode(int64(v))
	case int64:
		if v < 0 {
			return head(1, uint64(-1-v))
		}
		return head(0, uint64(v))
	case bool:
		if v {
			return []byte{0xf5}
		}
		return []byte{0xf4}
	case string:
		return append(head(3, uint64(len(v))), v...)
	case []byte:
		return append(head(2, uint64(len(v))), v...)
	case []any:
		out := head(4, uint64(len(v)))
		for _, e := range v {
			out = append(out, encode(e)...)
		}
		return out
	case object:
		var pairs [][2][]byte
		for k, e := range v {
			pairs = append(pairs, [2][]byte{encode(k), encode(e)})
		}
		slices.SortFunc(pairs, func(a, b [2][]byte) int { return order(a[0], b[0]) })
		out := head(5, uint64(len(v)))
		for _, p := range pairs {
			out = append(append(out, p[0]...), p[1]...)
		}
		return out
	}
	panic(fmt.Sprintf("no CBOR for %T", v))
}

// order compares encoded keys: major type, then length, then bytes.
func order(a, b []byte) int {
	if d := int(a[0]>>5) - int(b[0]>>5); d != 0 {
		return d
	}
	if d := len(a) - len(b); d != 0 {
		return d
	}
	return bytes.Compare(a, b)
}

func head(major byte, n uint64) []byte {
	switch m := major << 5; {
	case n < 24:
		return []byte{m | byte(n)}
	case n < 1<<8:
		return []byte{m | 24, byte(n)}
	case n < 1<<16:
		return binary.BigEndian.AppendUint16([]byte{m | 25}, uint16(n))
	case n < 1<<32:
		return binary.BigEndian.AppendUint32([]byte{m | 26}, uint32(n))
	default:
		return binary.BigEndian.AppendUint64([]byte{m | 27}, n)
	}
}

// decode reads one item and refuses what encode would write differently.
func decode(b []byte) (any, error) {
	v, rest, err := item(b, 4) // CTAP 8: at most four levels
	if err == nil && len(rest) > 0 {
		err = errCBOR
	}
	return v, err
}

func item(b []byte, depth int) (any, []byte, error) {
	if len(b) == 0 || depth < 0 {
		return nil, nil, errCBOR
	}
	major, low, rest := b[0]>>5, b[0]&31, b[1:]
	if major == 7 {
		if low != 20 && low != 21 {
			return nil, nil, errCBOR
		}
		return low == 21, rest, nil
	}
	n := uint64(low)
	if low > 27 {
		return nil, nil, errCBOR
	}
	if low >= 24 {
		size := 1 << (low - 24)
		if len(rest) < size {
			return nil, nil, errCBOR
		}
		n = 0
		for _, c := range rest[:size] {
			n = n<<8 | uint64(c)
		}
		rest = rest[size:]
		if len(head(major, n)) != size+1 {
			return nil, nil, errCBOR
		}
	}
	if n > 8192 {
		return nil, nil, errCBOR
	}
	switch major {
	case 0:
		return int64(n), rest, nil
	case 1:
		return -1 - int64(n), rest, nil
	case 2, 3:
		if uint64(len(rest)) < n {
			return nil, nil, errCBOR
		}
		if major == 3 {
			return string(rest[:n]), rest[n:], nil
		}
		return bytes.Clone(rest[:n:n]), rest[n:], nil
	case 4:
		list := []any{}
		for range n {
			var v any
			var err error
			if v, rest, err = item(rest, depth-1); err != nil {
				return nil, nil, err
			}
			list = append(list, v)
		}
		return list, rest, nil
	case 5:
		return mapping(rest, n, depth)
	}
	return nil, nil, errCBOR
}

func mapping(rest []byte, n uint64, depth int) (any, []byte, error) {
	o := object{}
	var last []byte
	for range n {
		k, after, err := item(rest, depth-1)
		if err != nil {
			return nil, nil, err
		}
		switch k.(type) {
		case int64, string:
		default:
			return nil, nil, errCBOR
		}
		raw := rest[:len(rest)-len(after)]
		if last != nil && order(last, raw) >= 0 {
			return nil, nil, errCBOR
		}
		last = raw
		if o[k], rest, err = item(after, depth-1); err != nil {
			return nil, nil, err
		}
	}
	return o, rest, nil
}

// The getters return the zero value where there is nothing of that kind.

func (o object) bytes(k any) []byte { v, _ := o[key(k)].([]byte); return v }
func (o object) text(k any) string  { v, _ := o[key(k)].(string); return v }
func (o object) num(k any) int      { v, _ := o[key(k)].(int64); return int(v) }
func (o object) list(k any) []any   { v, _ := o[key(k)].([]any); return v }
func (o object) object(k any) object {
	v, _ := o[key(k)].(object)
	return v
}

func key(k any) any {
	if n, ok := k.(int); ok {
		return int64(n)
	}
	return k
}
