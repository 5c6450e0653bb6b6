package kdbx

import "bytes"

// raw appends the current element to dst, byte for byte, from its start tag to
// its end tag, and ends it. The text of protected elements is replaced by what
// protect makes of it. keep is asked for room before bytes are appended.
func (s *scanner) raw(dst []byte, protect func([]byte) ([]byte, error), keep func(int64) error) ([]byte, error) {
	outer := len(s.marks) - 1
	for {
		// The token is a start tag.
		if err := s.plainNames(); err != nil {
			return nil, err
		}
		if len(s.marks)-outer > s.lim.UnknownDepth {
			return nil, hostile("XML: unknown elements more than %d deep", s.lim.UnknownDepth)
		}
		if err := keep(int64(len(s.token))); err != nil {
			return nil, err
		}
		dst = append(dst, s.token...)
		var err error
		switch {
		case s.empty:
			s.empty = false
			s.pop()
		case s.attr.protected:
			dst, err = s.rawProtected(dst, protect, keep)
		}
		if err != nil {
			return nil, err
		}
		for started := false; !started; {
			if len(s.marks) == outer {
				return dst, nil
			}
			if dst, started, err = s.rawPart(dst, keep); err != nil {
				return nil, err
			}
		}
	}
}

// rawPart appends text and one piece of markup that is not a start tag, or
// reports that it used a start tag.
func (s *scanner) rawPart(dst []byte, keep func(int64) error) (out []byte, started bool, err error) {
	i, err := s.find('<', 0)
	if err != nil {
		return nil, false, err
	}
	text := s.buf[s.r : s.r+i]
	s.parts = append(s.parts[:0], text...)
	if _, err := s.clean(s.parts); err != nil {
		return nil, false, err
	}
	if err := keep(int64(len(text))); err != nil {
		return nil, false, err
	}
	dst = append(dst, text...)
	s.r += i
	if err := s.need(3); err != nil {
		return nil, false, err
	}
	switch next := s.buf[s.r+1 : s.r+3]; {
	case next[0] == '/':
		err = s.endTag()
	case next[0] == '?':
		err = s.instruction()
	case string(next) == "![":
		_, err = s.section()
	case next[0] == '!':
		err = s.comment()
	default:
		_, err = s.startTag()
		return dst, true, err
	}
	if err == nil {
		err = keep(int64(len(s.token)))
	}
	return append(dst, s.token...), false, err
}

// rawProtected appends what protect makes of the element's text, and its end.
func (s *scanner) rawProtected(dst []byte, protect func([]byte) ([]byte, error), keep func(int64) error) ([]byte, error) {
	name := append([]byte(nil), s.name()...)
	text, err := s.text()
	if err != nil {
		return nil, err
	}
	if text, err = protect(text); err != nil {
		return nil, err
	}
	if err := keep(int64(len(text) + len(name) + 3)); err != nil {
		return nil, err
	}
	dst = append(dst, text...)
	dst = append(append(dst, "</"...), name...)
	return append(dst, '>'), nil
}

// plainNames refuses names that mean something only where they stand, or that
// not every reader knows as names: prefixes, and letters outside ASCII.
func (s *scanner) plainNames() error {
	name := s.name()
	first := name[0] | 0x20
	if first != '_'|0x20 && (first < 'a' || first > 'z') {
		return s.fault("name of an element")
	}
	quote := byte(0)
	for _, c := range s.token {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == ':' || c >= 0x80:
			return unsupported("XML: unknown element %q", name)
		}
	}
	if bytes.Contains(s.token, []byte("xmlns")) {
		return unsupported("XML: unknown element %q with a namespace", name)
	}
	return nil
}
