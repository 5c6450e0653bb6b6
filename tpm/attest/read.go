package attest

import "encoding/binary"

// Most bytes of what is read. (FORMAT.md, section 3.) Real ones: EK 314 and
// 122, AK 88, TPMS_ATTEST of a creation 185, creation data 119, signature 72.
const (
	maxPublic    = 512
	maxAttested  = 512
	maxSignature = 128
	maxCreation  = 1024
	maxName      = 66 // TPM2B_NAME with the largest hash, SHA-512: Part 2, 10.5.3
)

// reader takes big-endian fields from b. After the first that is not there it
// is broken and gives zeros; end says whether everything was there and nothing
// is left.
type reader struct {
	b      []byte
	broken bool
}

// take returns the next n bytes, which alias the input.
func (r *reader) take(n int) []byte {
	if r.broken || n > len(r.b) {
		r.broken, r.b = true, nil
		return nil
	}
	field := r.b[:n:n]
	r.b = r.b[n:]
	return field
}

func (r *reader) u8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if b := r.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (r *reader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// sized takes a field that starts with its length in two bytes, at most limit.
func (r *reader) sized(limit int) []byte {
	n := int(r.u16())
	if n > limit {
		r.broken = true
	}
	return r.take(n)
}

// end reports whether the input was exactly what was read.
func (r *reader) end() bool { return !r.broken && len(r.b) == 0 }
