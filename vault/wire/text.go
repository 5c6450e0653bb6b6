package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// Marshal encodes v as the Pleasant server does: no HTML escaping and no
// newline at the end. Other people's clients cut the first and last character
// of an answer and never decode the rest, so "&" has to arrive as "&".
func Marshal(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte{'\n'}), nil
}

// AppendString appends s as a JSON string: UTF-8 as it is, and only the
// quotation mark, the reverse solidus and control characters escaped (RFC
// 8259, section 7). The caller sees to it that s is valid UTF-8.
func AppendString[T []byte | string](dst []byte, s T) []byte {
	const hexDigits = "0123456789abcdef"
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// errString is what a malformed JSON string gives; it never quotes the string,
// which may be a password.
var errString = errors.New("malformed JSON string")

// unquote decodes the JSON string that starts at b[0], which must be a
// quotation mark, into fresh bytes, and returns how much of b it took. Escapes
// that name half of a surrogate pair, raw control characters and invalid UTF-8
// are errors: nothing is replaced in silence.
func unquote(b []byte) (value []byte, n int, err error) {
	if len(b) == 0 || b[0] != '"' {
		return nil, 0, errString
	}
	i := 1
	for i < len(b) && b[i] != '"' && b[i] != '\\' && b[i] >= 0x20 {
		i++
	}
	if i == len(b) || b[i] < 0x20 {
		return nil, 0, errString
	}
	if b[i] == '"' { // the common case: nothing is escaped
		if !utf8.Valid(b[1:i]) {
			return nil, 0, errString
		}
		return append(make([]byte, 0, i-1), b[1:i]...), i + 1, nil
	}
	end := closing(b, i)
	if end < 0 {
		return nil, 0, errString
	}
	out := append(make([]byte, 0, end-1), b[1:i]...) // escapes only shrink: out never grows, so no copy stays behind
	for i < end {
		if b[i] != '\\' {
			if b[i] < 0x20 {
				return nil, 0, errString
			}
			out = append(out, b[i])
			i++
			continue
		}
		r, size := unescape(b[i:end])
		if size == 0 {
			clear(out)
			return nil, 0, errString
		}
		out = utf8.AppendRune(out, r)
		i += size
	}
	if !utf8.Valid(out) {
		clear(out)
		return nil, 0, errString
	}
	return out, end + 1, nil
}

// closing returns the index of the quotation mark that ends the string, from i
// on, or -1.
func closing(b []byte, i int) int {
	for ; i < len(b); i++ {
		switch b[i] {
		case '"':
			return i
		case '\\':
			i++
		}
	}
	return -1
}

// unescape decodes the escape at b[0] and returns its length, 0 if it is none.
func unescape(b []byte) (r rune, size int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		high, ok := hex4(b)
		if !ok {
			return 0, 0
		}
		if !utf16.IsSurrogate(high) {
			return high, 6
		}
		low, ok := hex4(b[6:])
		if !ok {
			return 0, 0
		}
		if r = utf16.DecodeRune(high, low); r == utf8.RuneError {
			return 0, 0
		}
		return r, 12
	}
	return 0, 0
}

// hex4 reads \uXXXX at b[0].
func hex4(b []byte) (rune, bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range b[2:6] {
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Bare reads an answer that is one string: a JSON string as the server
// documents it, or bare text as some builds send it. The caller owns the
// result. It never changes bare text: a password may end in a space.
func Bare(body []byte) ([]byte, error) {
	trimmed := bytes.Trim(bytes.TrimPrefix(body, utf8BOM), " \t\r\n")
	if len(trimmed) > 0 && trimmed[0] == '"' {
		value, n, err := unquote(trimmed)
		if err == nil && n != len(trimmed) {
			clear(value)
			return nil, errString
		}
		return value, err
	}
	if !utf8.Valid(body) {
		return nil, errString
	}
	return append([]byte{}, body...), nil
}

// utf8BOM is the byte order mark that .NET writers like to put first.
var utf8BOM = []byte("\xef\xbb\xbf")
