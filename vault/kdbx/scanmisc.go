package kdbx

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// start reads up to the root element and returns its name.
func (s *scanner) start() ([]byte, error) {
	if err := s.need(4); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(s.buf[s.r:s.w], []byte("\xef\xbb\xbf")) {
		s.r += 3
	}
	if err := s.need(6); err == nil && string(s.buf[s.r:s.r+5]) == "<?xml" && isSpace(s.buf[s.r+5]) {
		if err := s.declaration(); err != nil {
			return nil, err
		}
	}
	for {
		more, err := s.misc()
		if errors.Is(err, io.EOF) {
			return nil, s.fault("no element")
		}
		if err != nil {
			return nil, err
		}
		if !more {
			return s.startTag()
		}
	}
}

// end makes sure that nothing but comments and the like follows the root
// element, up to the end of the source.
func (s *scanner) end() error {
	for {
		more, err := s.misc()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !more {
			return s.fault("a second root element")
		}
	}
}

// misc uses one comment or processing instruction outside the root element,
// or reports that a start tag stands there.
func (s *scanner) misc() (more bool, err error) {
	if err := s.space(); err != nil {
		return false, err
	}
	if s.buf[s.r] != '<' {
		return false, s.fault("text outside the root element")
	}
	if err := s.need(2); err != nil {
		return false, err
	}
	switch s.buf[s.r+1] {
	case '!':
		return true, s.comment()
	case '?':
		return true, s.instruction()
	case '/':
		return false, s.fault("end tag of nothing")
	}
	return false, nil
}

// comment uses a comment. Other markup that begins with "<!" is refused; CDATA
// belongs into text.
func (s *scanner) comment() error {
	if err := s.need(4); err != nil {
		return err
	}
	switch head := s.buf[s.r : s.r+4]; {
	case head[2] == 'D':
		return hostile("XML, byte %d: document type", s.base+int64(s.r))
	case string(head) != "<!--":
		return s.fault("markup among elements")
	}
	for from := 4; ; from++ {
		i, err := s.find('-', from)
		if err != nil {
			return err
		}
		if err := s.need(i + 3); err != nil {
			return err
		}
		if s.buf[s.r+i+1] != '-' {
			from = i
			continue
		}
		if s.buf[s.r+i+2] != '>' {
			return s.fault("two hyphens in a comment")
		}
		if err := s.checkChars(s.buf[s.r+4 : s.r+i]); err != nil {
			return err
		}
		s.use(i + 3)
		return nil
	}
}

// instruction uses a processing instruction.
func (s *scanner) instruction() error {
	for from := 2; ; from++ {
		i, err := s.find('?', from)
		if err != nil {
			return err
		}
		if err := s.need(i + 2); err != nil {
			return err
		}
		if s.buf[s.r+i+1] != '>' {
			from = i
			continue
		}
		body := s.buf[s.r+2 : s.r+i]
		if err := s.checkChars(body); err != nil {
			return err
		}
		target, _, _ := strings.Cut(string(body[:min(len(body), 5)]), " ")
		if target == "" || strings.EqualFold(target, "xml") {
			return s.fault("processing instruction")
		}
		s.use(i + 2)
		return nil
	}
}

// declaration uses the XML declaration. KDBX is UTF-8.
func (s *scanner) declaration() error {
	i, err := s.find('?', 2)
	if err != nil {
		return err
	}
	if err := s.need(i + 2); err != nil {
		return err
	}
	if s.buf[s.r+i+1] != '>' {
		return s.fault("declaration")
	}
	fields := strings.FieldsFunc(string(s.buf[s.r+5:s.r+i]), func(c rune) bool {
		return c == '=' || c == '"' || c == '\'' || c == ' ' || c == '\t' || c == '\n' || c == '\r'
	})
	for k := 0; k+1 < len(fields); k += 2 {
		switch fields[k] {
		case "version":
			if fields[k+1] != "1.0" {
				return unsupported("XML version %q", fields[k+1])
			}
		case "encoding":
			if !strings.EqualFold(fields[k+1], "utf-8") {
				return unsupported("XML encoding %q", fields[k+1])
			}
		}
	}
	s.use(i + 2)
	return nil
}
