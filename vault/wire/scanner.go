package wire

import (
	"encoding/base64"
	"errors"
	"strconv"
)

// scanner reads one JSON text that lies whole in memory. It is strict (RFC
// 8259), makes no strings of values, and never looks further than b. The first
// error stays; after it every method returns a zero value.
type scanner struct {
	b   []byte
	i   int
	err error
	// sep is set once the current object or list has a member, so that the
	// next one needs a comma before it.
	sep bool
	// name is the name of the member that member found. It is valid until the
	// next call, and never secret.
	name []byte
}

// maxDepth is how deep unknown members may be nested. Ours nest five deep; the
// limit keeps the stack small.
const maxDepth = 32

var errJSON = errors.New("malformed JSON")

func (s *scanner) fail() { s.stop(errJSON) }

// stop makes err the error, unless there is one.
func (s *scanner) stop(err error) {
	if s.err == nil {
		s.err = err
	}
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\t', '\n', '\r':
			s.i++
		default:
			return
		}
	}
}

// peek returns the next byte that is not white space, 0 at the end or after an
// error.
func (s *scanner) peek() byte {
	if s.err != nil {
		return 0
	}
	s.space()
	if s.i == len(s.b) {
		return 0
	}
	return s.b[s.i]
}

// open enters an object or a list.
func (s *scanner) open(bracket byte) bool {
	if s.peek() != bracket {
		s.fail()
		return false
	}
	s.i++
	s.sep = false
	return true
}

// more reports whether another member follows, and eats the comma before it or
// the bracket that ends the list.
func (s *scanner) more(bracket byte) bool {
	c := s.peek()
	switch {
	case s.err != nil:
		return false
	case c == bracket:
		s.i++
		s.sep = true // whatever encloses this has a member now
		return false
	case s.sep && c == ',':
		s.i++
		s.sep = false
		if s.peek() == bracket {
			s.fail()
			return false
		}
		return true
	case s.sep:
		s.fail()
		return false
	}
	return true
}

// member goes to the next member of the object that open entered, and reports
// whether there is one; its name is in s.name.
func (s *scanner) member() bool {
	if !s.more('}') {
		return false
	}
	s.name = s.key()
	return s.err == nil
}

// items calls yield at every element of the list that starts here.
func (s *scanner) items(yield func() bool) {
	if !s.open('[') {
		return
	}
	for s.more(']') {
		if !yield() {
			return
		}
	}
}

// key reads a member's name and its colon. The result lies in b, or in fresh
// bytes if it has escapes.
func (s *scanner) key() []byte {
	if s.peek() != '"' {
		s.fail()
		return nil
	}
	var name []byte
	j := s.i + 1
	for j < len(s.b) && s.b[j] != '"' && s.b[j] != '\\' && s.b[j] >= 0x20 && s.b[j] < 0x80 {
		j++
	}
	if j < len(s.b) && s.b[j] == '"' {
		name = s.b[s.i+1 : j]
		s.i = j + 1
	} else {
		name = s.bytes()
	}
	if s.peek() != ':' {
		s.fail()
		return nil
	}
	s.i++
	return name
}

// null eats a null and reports whether there was one.
func (s *scanner) null() bool {
	if s.peek() != 'n' {
		return false
	}
	s.literal("null")
	return s.err == nil
}

func (s *scanner) literal(word string) {
	if len(s.b)-s.i < len(word) || string(s.b[s.i:s.i+len(word)]) != word {
		s.fail()
		return
	}
	s.i += len(word)
	s.sep = true
}

// bytes reads a string into fresh bytes; null gives nil.
func (s *scanner) bytes() []byte {
	if s.null() {
		return nil
	}
	s.space()
	if s.err != nil {
		return nil
	}
	value, n, err := unquote(s.b[s.i:])
	if err != nil {
		s.err = err
		return nil
	}
	s.i += n
	s.sep = true
	return value
}

// is eats the string if it is just value, which needs no escapes.
func (s *scanner) is(value string) bool {
	if s.peek() != '"' || len(s.b)-s.i < len(value)+2 || s.b[s.i+1+len(value)] != '"' ||
		string(s.b[s.i+1:s.i+1+len(value)]) != value {
		return false
	}
	s.i += len(value) + 2
	s.sep = true
	return true
}

// text reads a string that is not secret.
func (s *scanner) text() string {
	if s.peek() == '"' {
		for j := s.i + 1; j < len(s.b); j++ {
			c := s.b[j]
			if c == '"' {
				out := string(s.b[s.i+1 : j])
				s.i = j + 1
				s.sep = true
				return out
			}
			if c == '\\' || c < 0x20 || c >= 0x80 {
				break
			}
		}
	}
	return string(s.bytes())
}

// base64 reads a string of standard base64 with padding.
func (s *scanner) base64() []byte {
	if s.null() {
		return nil
	}
	if s.peek() != '"' {
		s.fail()
		return nil
	}
	end := closing(s.b, s.i+1)
	if end < 0 {
		s.fail()
		return nil
	}
	raw := s.b[s.i+1 : end]
	out := make([]byte, base64.StdEncoding.DecodedLen(len(raw)))
	n, err := base64.StdEncoding.Strict().Decode(out, raw)
	if err != nil {
		s.fail()
		return nil
	}
	s.i = end + 1
	s.sep = true
	return out[:n]
}

// number returns the text of a JSON number.
func (s *scanner) number() []byte {
	c := s.peek()
	start := s.i
	if c == '-' {
		s.i++
	}
	digits := func() bool {
		from := s.i
		for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
			s.i++
		}
		return s.i > from
	}
	at := func(set string) bool {
		for k := range len(set) {
			if s.i < len(s.b) && s.b[s.i] == set[k] {
				s.i++
				return true
			}
		}
		return false
	}
	first := s.i
	ok := s.err == nil && digits() && (s.b[first] != '0' || s.i == first+1)
	if ok && at(".") {
		ok = digits()
	}
	if ok && at("eE") {
		at("+-")
		ok = digits()
	}
	if !ok {
		s.fail()
		return nil
	}
	s.sep = true
	return s.b[start:s.i]
}

// uint reads an unsigned integer of up to bits bits.
func (s *scanner) uint(bits int) uint64 {
	v, err := strconv.ParseUint(string(s.number()), 10, bits)
	if err != nil {
		s.fail()
		return 0
	}
	return v
}

// boolean reads true or false.
func (s *scanner) boolean() bool {
	if s.peek() == 't' {
		s.literal("true")
		return s.err == nil
	}
	s.literal("false")
	return false
}

// scalar reads a string, or the text of a number or a boolean; null is nil.
func (s *scanner) scalar() []byte {
	switch c := s.peek(); {
	case c == '"' || c == 'n':
		return s.bytes()
	case c == 't':
		s.literal("true")
		return []byte("true")
	case c == 'f':
		s.literal("false")
		return []byte("false")
	case c == '-' || c >= '0' && c <= '9':
		return append([]byte(nil), s.number()...)
	}
	s.fail()
	return nil
}

// skip passes over one value of any kind, depth levels deep at most. It does not
// look into strings.
func (s *scanner) skip(depth int) {
	if depth == 0 {
		s.fail()
		return
	}
	switch c := s.peek(); c {
	case '{':
		s.open('{')
		for s.more('}') {
			s.key()
			s.skip(depth - 1)
		}
	case '[':
		s.open('[')
		for s.more(']') {
			s.skip(depth - 1)
		}
	case '"':
		end := closing(s.b, s.i+1)
		if end < 0 {
			s.fail()
			return
		}
		s.i = end + 1
		s.sep = true
	default:
		s.scalar()
	}
}

// end fails unless only white space is left.
func (s *scanner) end() {
	if s.err == nil && s.peek() != 0 {
		s.fail()
	}
}
