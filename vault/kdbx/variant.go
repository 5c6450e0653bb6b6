package kdbx

import (
	"encoding/binary"
	"unicode/utf8"
)

// VariantType is the type of a variant map item. The numbers are those on disk
// (https://keepass.info/help/kb/kdbx.html, "VariantMap").
type VariantType uint8

// The types that version 1.0 of the map has.
const (
	VariantUint32 VariantType = 0x04
	VariantUint64 VariantType = 0x05
	VariantBool   VariantType = 0x08
	VariantInt32  VariantType = 0x0c
	VariantInt64  VariantType = 0x0d
	VariantString VariantType = 0x18
	VariantBytes  VariantType = 0x42
)

// size returns the length that the type prescribes, or -1 for any.
func (t VariantType) size() (n int, ok bool) {
	switch t {
	case VariantUint32, VariantInt32:
		return 4, true
	case VariantUint64, VariantInt64:
		return 8, true
	case VariantBool:
		return 1, true
	case VariantString, VariantBytes:
		return -1, true
	}
	return 0, false
}

// VariantItem is one named value. Data is as on disk, numbers little endian.
type VariantItem struct {
	Name string
	Type VariantType
	Data []byte
}

// VariantMap is an ordered dictionary with unique names.
type VariantMap []VariantItem

// Bytes returns the byte array called name; ok is false if there is none.
func (m VariantMap) Bytes(name string) (data []byte, ok bool) {
	return m.get(name, VariantBytes)
}

// Text returns the string called name; ok is false if there is none.
func (m VariantMap) Text(name string) (text string, ok bool) {
	b, ok := m.get(name, VariantString)
	return string(b), ok
}

// SetBytes stores a byte array under name, in place of what stood there.
func (m *VariantMap) SetBytes(name string, data []byte) {
	m.set(VariantItem{Name: name, Type: VariantBytes, Data: data})
}

// SetText stores a string under name, in place of what stood there.
func (m *VariantMap) SetText(name, text string) {
	m.set(VariantItem{Name: name, Type: VariantString, Data: []byte(text)})
}

func (m *VariantMap) set(item VariantItem) {
	for i := range *m {
		if (*m)[i].Name == item.Name {
			(*m)[i] = item
			return
		}
	}
	*m = append(*m, item)
}

func (m VariantMap) get(name string, t VariantType) ([]byte, bool) {
	for i := range m {
		if m[i].Name == name {
			return m[i].Data, m[i].Type == t
		}
	}
	return nil, false
}

// number returns an unsigned integer of 32 or 64 bits.
func (m VariantMap) number(name string) (v uint64, ok bool) {
	if b, ok := m.get(name, VariantUint32); ok {
		return uint64(binary.LittleEndian.Uint32(b)), true
	}
	if b, ok := m.get(name, VariantUint64); ok {
		return binary.LittleEndian.Uint64(b), true
	}
	return 0, false
}

// variantVersion is 1.0; the high byte is the critical one.
const (
	variantVersion     = 0x0100
	variantVersionMask = 0xff00
)

// parseVariantMap reads a whole map and refuses bytes after its end.
func parseVariantMap(b []byte, maxItems int) (VariantMap, error) {
	if len(b) < 3 {
		return nil, damaged("variant map: %d bytes", len(b))
	}
	if v := binary.LittleEndian.Uint16(b); v&variantVersionMask != variantVersion {
		return nil, unsupported("variant map: version %#04x", v)
	}
	b = b[2:]
	var m VariantMap
	for {
		if len(b) == 0 {
			return nil, damaged("variant map: no end")
		}
		t := VariantType(b[0])
		b = b[1:]
		if t == 0 {
			if len(b) != 0 {
				return nil, damaged("variant map: %d bytes after the end", len(b))
			}
			return m, nil
		}
		size, known := t.size()
		if !known {
			return nil, unsupported("variant map: type %#02x", uint8(t))
		}
		if len(m) == maxItems {
			return nil, hostile("variant map: more than %d items", maxItems)
		}
		var name, data []byte
		var ok bool
		if name, b, ok = lengthPrefixed(b); !ok {
			return nil, damaged("variant map: item name")
		}
		if data, b, ok = lengthPrefixed(b); !ok || size >= 0 && len(data) != size {
			return nil, damaged("variant map: item value")
		}
		if !utf8.Valid(name) || t == VariantString && !utf8.Valid(data) {
			return nil, damaged("variant map: not UTF-8")
		}
		for i := range m {
			if m[i].Name == string(name) {
				return nil, damaged("variant map: %q twice", name)
			}
		}
		m = append(m, VariantItem{Name: string(name), Type: t, Data: append([]byte{}, data...)})
	}
}

// lengthPrefixed cuts a 32-bit length and that many bytes off b.
func lengthPrefixed(b []byte) (data, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := binary.LittleEndian.Uint32(b)
	b = b[4:]
	if uint64(n) > uint64(len(b)) {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// append appends the map as on disk.
func (m VariantMap) append(b []byte) ([]byte, error) {
	b = binary.LittleEndian.AppendUint16(b, variantVersion)
	for i, it := range m {
		size, known := it.Type.size()
		if !known || size >= 0 && len(it.Data) != size {
			return nil, unsupported("variant map: %q has type %#02x and %d bytes", it.Name, uint8(it.Type), len(it.Data))
		}
		if !utf8.ValidString(it.Name) || it.Type == VariantString && !utf8.Valid(it.Data) {
			return nil, unsupported("variant map: %q is not UTF-8", it.Name)
		}
		for _, before := range m[:i] {
			if before.Name == it.Name {
				return nil, unsupported("variant map: %q twice", it.Name)
			}
		}
		b = append(b, byte(it.Type))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(it.Name)))
		b = append(b, it.Name...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(it.Data)))
		b = append(b, it.Data...)
	}
	return append(b, 0), nil
}
