package kdbx

import (
	"bytes"
	"errors"
	"io"
)

// A file is read through a window of this size, which grows to hold the
// longest text.
const windowBytes = 64 << 10

// Elements that KDBX nests around groups and around something unknown:
// KeePassFile, Root, Entry, History, Entry, Binary, Value and the like.
const maxPlainDepth = 16

// scanner reads the XML that KDBX uses (FORMAT.md, section 6), element by
// element, without ever holding the document. Slices that it returns are valid
// until the next call.
type scanner struct {
	src    io.Reader
	srcErr error
	buf    []byte
	r, w   int   // buf[r:w] is what has been read and not used
	base   int64 // where buf[0] stands in the document
	lim    Limits

	names []byte // of the open elements, one after the other
	marks []int  // where each of them begins
	token []byte // the tag, comment or section that was used last
	empty bool   // the last start tag was <Name/>
	attr  attributes
	parts []byte // text that a comment or a CDATA section interrupts
}

func newScanner(src io.Reader, lim Limits) *scanner {
	return &scanner{src: src, lim: lim, buf: make([]byte, min(windowBytes, max(lim.TextBytes, 512)))}
}

// wipe clears what was read.
func (s *scanner) wipe() {
	clear(s.buf)
	clear(s.parts[:cap(s.parts)])
}

// fault is damage at the current place.
func (s *scanner) fault(what string) error {
	return damaged("XML, byte %d: %s", s.base+int64(s.r), what)
}

// more reads on, keeping buf[r:w]. At the end of the document it returns io.EOF.
func (s *scanner) more() error {
	if s.srcErr != nil {
		return s.srcErr
	}
	if s.r > 0 {
		copy(s.buf, s.buf[s.r:s.w])
		s.base += int64(s.r)
		s.w -= s.r
		s.r = 0
	}
	if s.w == len(s.buf) {
		if len(s.buf) >= s.lim.TextBytes {
			return hostile("XML: text of more than %d bytes", s.lim.TextBytes)
		}
		bigger := make([]byte, min(2*len(s.buf), s.lim.TextBytes))
		copy(bigger, s.buf)
		clear(s.buf)
		s.buf = bigger
	}
	for range 100 { // bufio gives up after as many empty reads
		n, err := s.src.Read(s.buf[s.w:])
		s.w += n
		if err != nil {
			s.srcErr = err
		}
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// inside is more where the document must not end.
func (s *scanner) inside() error {
	err := s.more()
	if errors.Is(err, io.EOF) {
		return s.fault("the document ends early")
	}
	return err
}

// need makes sure that n bytes are there.
func (s *scanner) need(n int) error {
	for s.w-s.r < n {
		if err := s.inside(); err != nil {
			return err
		}
	}
	return nil
}

// find returns the distance from r of the first c at or after from.
func (s *scanner) find(c byte, from int) (int, error) {
	if err := s.need(from); err != nil {
		return 0, err
	}
	for {
		if i := bytes.IndexByte(s.buf[s.r+from:s.w], c); i >= 0 {
			return from + i, nil
		}
		from = s.w - s.r
		if err := s.inside(); err != nil {
			return 0, err
		}
	}
}

// use moves on by n bytes and remembers them as the token.
func (s *scanner) use(n int) {
	s.token = s.buf[s.r : s.r+n]
	s.r += n
}

// space moves on to the first byte that is not white space.
func (s *scanner) space() error {
	for {
		for s.r < s.w {
			if !isSpace(s.buf[s.r]) {
				return nil
			}
			s.r++
		}
		if err := s.more(); err != nil {
			return err
		}
	}
}

// open returns the name of the next element inside the current one, or nil at
// the end of the current one. Text between elements is a fault.
func (s *scanner) open() ([]byte, error) {
	if s.empty {
		s.empty = false
		s.pop()
		return nil, nil
	}
	for {
		if s.r == s.w || s.buf[s.r] != '<' {
			if err := s.space(); err != nil {
				if errors.Is(err, io.EOF) {
					err = s.fault("the document ends early")
				}
				return nil, err
			}
			if s.buf[s.r] != '<' {
				return nil, s.fault("text among elements")
			}
		}
		if err := s.need(2); err != nil {
			return nil, err
		}
		var err error
		switch s.buf[s.r+1] {
		case '/':
			return nil, s.endTag()
		case '!':
			err = s.comment()
		case '?':
			err = s.instruction()
		default:
			return s.startTag()
		}
		if err != nil {
			return nil, err
		}
	}
}

// startTag uses a start tag and opens its element.
func (s *scanner) startTag() ([]byte, error) {
	n := 1
	for {
		if s.r+n == s.w {
			if err := s.inside(); err != nil {
				return nil, err
			}
		}
		if !isNameByte[s.buf[s.r+n]] {
			break
		}
		n++
	}
	if n == 1 {
		return nil, s.fault("name of an element")
	}
	name := s.push(s.buf[s.r+1 : s.r+n])
	if len(s.marks) > s.lim.GroupDepth+s.lim.UnknownDepth+maxPlainDepth {
		return nil, hostile("XML: elements more than %d deep", len(s.marks)-1)
	}
	s.attr = attributes{ref: -1, id: -1}
	if s.buf[s.r+n] == '>' {
		s.use(n + 1)
		return name, nil
	}
	return name, s.attributes(n)
}

// endTag uses the end tag of the current element.
func (s *scanner) endTag() error {
	name := s.name()
	n := len(name) + 3
	if err := s.need(n); err != nil {
		return err
	}
	tag := s.buf[s.r:]
	if !bytes.Equal(tag[2:n-1], name) {
		return s.fault("end tag does not match its start tag")
	}
	for n--; ; n++ {
		if err := s.need(n + 1); err != nil {
			return err
		}
		if c := s.buf[s.r+n]; c == '>' {
			break
		} else if !isSpace(c) {
			return s.fault("end tag does not match its start tag")
		}
	}
	s.use(n + 1)
	s.pop()
	return nil
}

// name is the name of the current element.
func (s *scanner) name() []byte { return s.names[s.marks[len(s.marks)-1]:] }

func (s *scanner) push(name []byte) []byte {
	s.marks = append(s.marks, len(s.names))
	s.names = append(s.names, name...)
	return s.name()
}

func (s *scanner) pop() {
	last := len(s.marks) - 1
	s.names = s.names[:s.marks[last]]
	s.marks = s.marks[:last]
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// isNameByte says which bytes names are made of. Bytes from 0x80 are left to
// whoever knows the name.
var isNameByte = func() (t [256]bool) {
	for c := range t {
		t[c] = 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
			c == '_' || c == '-' || c == '.' || c == ':' || c >= 0x80
	}
	return t
}()
