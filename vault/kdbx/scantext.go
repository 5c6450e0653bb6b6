package kdbx

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"unicode/utf8"
)

// text returns the text of the current element, entities resolved, and ends
// the element. An element inside is a fault.
func (s *scanner) text() ([]byte, error) {
	if s.empty {
		s.empty = false
		s.pop()
		return nil, nil
	}
	i, err := s.find('<', 0)
	if err != nil {
		return nil, err
	}
	if err := s.need(i + 2); err != nil {
		return nil, err
	}
	if s.buf[s.r+i+1] == '/' { // almost always
		name := s.name()
		n := i + 3 + len(name)
		if err := s.need(n); err != nil {
			return nil, err
		}
		if tag := s.buf[s.r+i : s.r+n]; tag[len(tag)-1] == '>' && bytes.Equal(tag[2:len(tag)-1], name) {
			text := s.buf[s.r : s.r+i]
			s.r += n
			s.pop()
			return s.clean(text)
		}
	}
	return s.textInParts()
}

// textInParts is text for content with comments or CDATA in it, and for end
// tags with spaces.
func (s *scanner) textInParts() ([]byte, error) {
	s.parts = s.parts[:0]
	for {
		i, err := s.find('<', 0)
		if err != nil {
			return nil, err
		}
		text, err := s.clean(s.buf[s.r : s.r+i])
		if err != nil {
			return nil, err
		}
		if err := s.appendPart(text); err != nil {
			return nil, err
		}
		s.r += i
		if err := s.need(3); err != nil {
			return nil, err
		}
		switch {
		case s.buf[s.r+1] == '/':
			return s.parts, s.endTag()
		case s.buf[s.r+1] == '?':
			err = s.instruction()
		case s.buf[s.r+1] == '!' && s.buf[s.r+2] == '[':
			if text, err = s.section(); err == nil {
				err = s.appendPart(normalizeNewlines(append([]byte(nil), text...)))
			}
		case s.buf[s.r+1] == '!':
			err = s.comment()
		default:
			return nil, s.fault("an element where text should be")
		}
		if err != nil {
			return nil, err
		}
	}
}

func (s *scanner) appendPart(text []byte) error {
	if len(s.parts)+len(text) > s.lim.TextBytes {
		return hostile("XML: text of more than %d bytes", s.lim.TextBytes)
	}
	s.parts = append(s.parts, text...)
	return nil
}

// section uses a CDATA section and returns its content.
func (s *scanner) section() ([]byte, error) {
	const head, tail = "<![CDATA[", "]]>"
	if err := s.need(len(head)); err != nil {
		return nil, err
	}
	if string(s.buf[s.r:s.r+len(head)]) != head {
		return nil, s.fault("markup in text")
	}
	for from := len(head) + 2; ; from++ {
		i, err := s.find('>', from)
		if err != nil {
			return nil, err
		}
		from = i
		if string(s.buf[s.r+i-2:s.r+i+1]) == tail {
			body := s.buf[s.r+len(head) : s.r+i-2]
			if err := s.checkChars(body); err != nil {
				return nil, err
			}
			s.use(i + 1)
			return body, nil
		}
	}
}

// Eight bytes are looked at together.
const (
	each = 0x0101010101010101
	tops = 0x8080808080808080
)

// isPlain reports whether b needs no work at all: ASCII without control
// characters, without '&' and without ']'.
func isPlain(b []byte) bool {
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		// A byte below the subtrahend borrows into its top bit.
		if (x|(x-each*0x20)|((x^each*'&')-each)|((x^each*']')-each))&tops != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c < 0x20 || c >= 0x80 || c == '&' || c == ']' {
			return false
		}
	}
	return true
}

// clean resolves the entities of text in place, joins line ends, and refuses
// what XML does not allow.
func (s *scanner) clean(text []byte) ([]byte, error) {
	if isPlain(text) {
		return text, nil
	}
	o := 0
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '&':
			r, n := entity(text[i:])
			if n == 0 {
				return nil, s.fault("entity")
			}
			o += utf8.EncodeRune(text[o:o+n], r) // never longer than its name
			i += n
			continue
		case c == '\r':
			if i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
			c = '\n'
		case c == ']' && bytes.HasPrefix(text[i:], []byte("]]>")):
			return nil, s.fault("end of a CDATA section in text")
		case c < 0x20 && c != '\t' && c != '\n':
			return nil, s.fault("control character")
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRune(text[i:])
			if !isChar(r, n) {
				return nil, s.fault("not UTF-8, or not a character of XML")
			}
			o += copy(text[o:], text[i:i+n])
			i += n
			continue
		}
		text[o] = c
		o++
		i++
	}
	return text[:o], nil
}

// checkChars refuses what XML does not allow in comments, CDATA and the like.
func (s *scanner) checkChars(b []byte) error {
	if len(b) == 0 || isPlain(b) {
		return nil
	}
	if _, ok := badChar(b); ok {
		return s.fault("not UTF-8, or not a character of XML")
	}
	return nil
}

// badChar returns the position of the first byte sequence that is not UTF-8 or
// not a character of XML 1.0, section 2.2.
func badChar(b []byte) (at int, found bool) {
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf {
			if c < 0x20 && c != '\t' && c != '\n' && c != '\r' {
				return i, true
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if !isChar(r, n) {
			return i, true
		}
		i += n
	}
	return 0, false
}

// isChar says whether a rune of n bytes, as decoded, may stand in XML.
func isChar(r rune, n int) bool {
	switch {
	case r == utf8.RuneError && n == 1:
		return false
	case r < 0x20:
		return r == '\t' || r == '\n' || r == '\r'
	}
	return r <= 0xd7ff || 0xe000 <= r && r <= 0xfffd || 0x10000 <= r && r <= utf8.MaxRune
}

// entity resolves the reference at the start of b, which is '&', and returns
// its length; 0 if it is none.
func entity(b []byte) (r rune, n int) {
	const longest = len("&#x0010FFFF;") // zeros in front of that are nobody's habit
	end := bytes.IndexByte(b[:min(len(b), longest)], ';')
	if end < 2 {
		return 0, 0
	}
	name := string(b[1:end])
	switch name {
	case "lt":
		return '<', end + 1
	case "gt":
		return '>', end + 1
	case "amp":
		return '&', end + 1
	case "quot":
		return '"', end + 1
	case "apos":
		return '\'', end + 1
	}
	if name[0] != '#' || len(name) < 2 {
		return 0, 0
	}
	digits, base := name[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	v, err := strconv.ParseUint(digits, base, 32)
	if err != nil || v > utf8.MaxRune || !isChar(rune(v), utf8.RuneLen(rune(v))) {
		return 0, 0
	}
	return rune(v), end + 1
}

// normalizeNewlines joins line ends in place (XML 1.0, section 2.11).
func normalizeNewlines(b []byte) []byte {
	o := 0
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '\r' {
			if i+1 < len(b) && b[i+1] == '\n' {
				continue
			}
			c = '\n'
		}
		b[o] = c
		o++
	}
	return b[:o]
}
