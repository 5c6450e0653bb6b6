package kdbx

import (
	"bytes"
	"strconv"
)

// attributes are those that KDBX knows. Others are checked and passed over.
type attributes struct {
	protected  bool  // Protected: the text is base64 of inner ciphertext
	inMemory   bool  // ProtectInMemory, in exports: the text is plain
	compressed bool  // Compressed, inline binaries
	ref        int64 // Ref, -1: none
	id         int64 // ID, -1: none
}

// attributes reads the rest of a start tag, whose name ends at n, and uses the
// tag.
func (s *scanner) attributes(n int) error {
	const usual = ` Protected="True">`
	if s.w-s.r >= n+len(usual) && string(s.buf[s.r+n:s.r+n+len(usual)]) == usual {
		s.attr.protected = true
		s.use(n + len(usual))
		return nil
	}
	count := 0
	var names []byte // each followed by a space
	for {
		spaced := false
		for {
			if err := s.need(n + 1); err != nil {
				return err
			}
			if !isSpace(s.buf[s.r+n]) {
				break
			}
			spaced = true
			n++
		}
		switch s.buf[s.r+n] {
		case '>':
			s.use(n + 1)
			return nil
		case '/':
			if err := s.need(n + 2); err != nil {
				return err
			}
			if s.buf[s.r+n+1] != '>' {
				return s.fault("start tag")
			}
			s.use(n + 2)
			s.empty = true
			return nil
		}
		if !spaced {
			return s.fault("start tag")
		}
		if count++; count > s.lim.AttributesPerTag {
			return hostile("XML: more than %d attributes", s.lim.AttributesPerTag)
		}
		first := n
		value, end, err := s.attribute(n)
		if err != nil {
			return err
		}
		name := s.buf[s.r+first : s.r+first+bytes.IndexAny(s.buf[s.r+first:s.r+end], "= \t\r\n")]
		if hasName(names, name) {
			return s.fault("an attribute twice")
		}
		names = append(append(names, name...), ' ')
		if err := s.setAttribute(name, value); err != nil {
			return err
		}
		n = end
	}
}

// attribute reads name = "value" at n, and returns the value, entities
// resolved, and where it ends.
func (s *scanner) attribute(n int) (value []byte, end int, err error) {
	first := n
	skip := func(while func(byte) bool) error {
		for {
			if err := s.need(n + 1); err != nil {
				return err
			}
			if !while(s.buf[s.r+n]) {
				return nil
			}
			n++
		}
	}
	if err := skip(func(c byte) bool { return isNameByte[c] }); err != nil {
		return nil, 0, err
	}
	if n == first {
		return nil, 0, s.fault("name of an attribute")
	}
	if err := skip(isSpace); err != nil {
		return nil, 0, err
	}
	if s.buf[s.r+n] != '=' {
		return nil, 0, s.fault("attribute without a value")
	}
	n++
	if err := skip(isSpace); err != nil {
		return nil, 0, err
	}
	quote := s.buf[s.r+n]
	if quote != '"' && quote != '\'' {
		return nil, 0, s.fault("attribute without a value")
	}
	n++
	i, err := s.find(quote, n)
	if err != nil {
		return nil, 0, err
	}
	raw := s.buf[s.r+n : s.r+i]
	if bytes.IndexByte(raw, '<') >= 0 {
		return nil, 0, s.fault("'<' in an attribute")
	}
	// On a copy: the tag may be kept as it is.
	value, err = s.clean(append([]byte(nil), raw...))
	return value, i + 1, err
}

func hasName(names, name []byte) bool {
	for len(names) > 0 {
		i := bytes.IndexByte(names, ' ')
		if bytes.Equal(names[:i], name) {
			return true
		}
		names = names[i+1:]
	}
	return false
}

func (s *scanner) setAttribute(name, value []byte) error {
	var ok bool
	switch string(name) {
	case "Protected":
		s.attr.protected, ok = parseBool(value)
	case "ProtectInMemory":
		s.attr.inMemory, ok = parseBool(value)
	case "Compressed":
		s.attr.compressed, ok = parseBool(value)
	case "Ref":
		s.attr.ref, ok = parseIndex(value)
	case "ID":
		s.attr.id, ok = parseIndex(value)
	default:
		return nil
	}
	if !ok {
		return s.fault("value of an attribute")
	}
	return nil
}

// parseBool reads True and False in any case.
func parseBool(b []byte) (v, ok bool) {
	switch {
	case bytes.EqualFold(b, []byte("True")):
		return true, true
	case bytes.EqualFold(b, []byte("False")):
		return false, true
	}
	return false, false
}

// parseIndex reads a number that is not negative.
func parseIndex(b []byte) (v int64, ok bool) {
	n, err := strconv.ParseUint(string(b), 10, 31)
	return int64(n), err == nil
}
