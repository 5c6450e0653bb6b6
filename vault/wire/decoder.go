package wire

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/tideover/tideover/vault"
)

// Stream is a record stream that was read to its end. Lease is the compact JWS
// of a Complete stream; the caller verifies it and compares Entries and Digest
// with it before it uses anything.
type Stream struct {
	Head    Head
	Mode    Mode
	Content *vault.Content
	Facts   map[vault.ID]*Facts
	Entries int // history not counted
	Digest  Digest
	Lease   string
}

// DecodeOptions is what DecodeContent is asked to check and to report.
type DecodeOptions struct {
	Limits Limits
	// Mode is the mode that was asked for; another one is a bad answer.
	Mode Mode
	// Progress, if not nil, is called after every entry with the number of
	// entries so far and the number that the head promised.
	Progress func(done, total int)
}

// DecodeContent reads one record stream to its end, as FORMAT.md has it. On an
// error everything read so far is wiped. Broken streams give vault.BadAnswer,
// those cut short too; limits vault.Hostile; unknown records and versions
// vault.Unsupported; an error record the cause it names. Errors of r pass
// through.
func DecodeContent(r io.Reader, opt DecodeOptions) (*Stream, error) {
	d := &decoder{
		lines: lineReader{r: r, limits: opt.Limits},
		opt:   opt, digest: sha256.New(),
		out: &Stream{Content: &vault.Content{}, Facts: map[vault.ID]*Facts{}},
	}
	defer d.lines.wipe()
	if err := d.read(); err != nil {
		d.wipe()
		return nil, err
	}
	return d.out, nil
}

type decoder struct {
	lines  lineReader
	opt    DecodeOptions
	digest hash.Hash
	out    *Stream

	groups []*vault.Group
	depths []int
	blobs  []*vault.Binary
	// missing is how many bytes the last blob still lacks.
	missing  int64
	entries  int // with history
	elements int
}

func (d *decoder) read() error {
	for first := true; ; first = false {
		line, err := d.lines.next()
		if errors.Is(err, io.EOF) {
			return badAnswer("the stream ends too early")
		} else if err != nil {
			return err
		}
		s := &scanner{b: line}
		kind := s.recordType()
		if kind == "lease" {
			d.digest.Sum(d.out.Digest[:0])
		}
		d.digest.Write(line)
		switch {
		case s.err != nil:
			return malformed("record", s.err)
		case first != (kind == "head") && kind != "error":
			return badAnswer("the stream does not start with its head")
		case d.missing > 0 && kind != "blob":
			return badAnswer("an attachment is cut short")
		}
		last, err := d.record(s, kind)
		if err != nil {
			return malformed(kind, err)
		}
		if last {
			return d.end()
		}
	}
}

// record reads the members of one record and reports whether it is the last.
func (d *decoder) record(s *scanner, kind string) (last bool, err error) {
	switch kind {
	case "head":
		err = d.head(s)
	case "icon":
		err = d.icon(s)
	case "group":
		err = d.group(s)
	case "blob":
		err = d.blob(s)
	case "entry":
		err = d.entry(s)
	case "error":
		err = streamError(s)
	case "end", "lease":
		last = true
		for s.member() {
			if string(s.name) == "lease" {
				d.out.Lease = s.text()
			} else {
				s.skip(maxDepth)
			}
		}
		if (kind == "lease") != (d.opt.Mode == Complete) || (kind == "lease") != (d.out.Lease != "") {
			return true, badAnswer("the stream ends with the wrong record")
		}
	default:
		return false, vault.Fail(vault.Unsupported, "a record of the type %.32q", kind)
	}
	if err != nil {
		return last, err
	}
	s.end()
	return last, s.err
}

// end checks that the stream is complete and that nothing follows.
func (d *decoder) end() error {
	d.out.Entries = 0
	if len(d.groups) > 0 {
		d.out.Content.Root = d.groups[0]
		d.out.Entries = d.groups[0].Count()
	}
	if len(d.groups) != d.out.Head.Groups || d.out.Entries != d.out.Head.Entries || len(d.groups) == 0 {
		return badAnswer("the stream has other numbers of groups and entries than it promised")
	}
	if _, err := d.lines.next(); err == nil {
		return badAnswer("something follows the end of the stream")
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func (d *decoder) head(s *scanner) error {
	h := &d.out.Head
	var version uint64
	h.Groups, h.Entries = -1, -1
	for s.member() {
		switch string(s.name) {
		case "v":
			version = s.uint(32)
		case "mode":
			switch s.text() {
			case Metadata.String():
				d.out.Mode = Metadata
			case Complete.String():
				d.out.Mode = Complete
			}
		case "incarnation":
			h.Incarnation = s.id()
		case "cache":
			h.Cache = s.id()
		case "generation":
			h.Generation = s.uint(64)
		case "at":
			h.At = s.time()
		case "groups":
			h.Groups = int(s.uint(31))
		case "entries":
			h.Entries = int(s.uint(31))
		default:
			s.skip(maxDepth)
		}
	}
	switch {
	case s.err != nil:
		return s.err
	case version != StreamVersion:
		return vault.Fail(vault.Unsupported, "version %d of the stream", version)
	case d.out.Mode != d.opt.Mode || h.Groups < 0 || h.Entries < 0:
		return badAnswer("the stream is not the one that was asked for")
	case h.Groups > d.opt.Limits.Groups:
		return hostile("groups")
	case h.Entries > d.opt.Limits.Entries:
		return hostile("entries")
	}
	return nil
}

func (d *decoder) icon(s *scanner) error {
	var icon vault.CustomIcon
	for s.member() {
		switch string(s.name) {
		case "id":
			icon.ID = s.id()
		case "name":
			icon.Name = s.text()
		case "modified":
			icon.Modified = s.time()
		case "data":
			icon.Data = s.base64()
		default:
			s.skip(maxDepth)
		}
	}
	d.out.Content.Icons = append(d.out.Content.Icons, icon)
	return d.count(1)
}

// blob reads a chunk. The buffer grows with what arrives, never by what the
// size claims alone.
func (d *decoder) blob(s *scanner) error {
	size, protected := int64(-1), false
	var data []byte
	for s.member() {
		switch string(s.name) {
		case "size":
			size = int64(s.uint(63))
		case "protected":
			protected = s.boolean()
		case "data":
			data = s.base64()
		default:
			s.skip(maxDepth)
		}
	}
	switch {
	case s.err != nil:
		return s.err
	case d.opt.Mode != Complete:
		return badAnswer("an attachment in a stream without attachments")
	case (d.missing > 0) == (size >= 0):
		return badAnswer("an attachment is cut short")
	case size > d.opt.Limits.AttachmentBytes:
		return hostile("attachments")
	}
	if size >= 0 {
		d.blobs = append(d.blobs, &vault.Binary{Protected: protected})
		d.missing = size
	}
	if int64(len(data)) > d.missing || len(data) == 0 && d.missing > 0 {
		return badAnswer("an attachment is longer than its size, or does not go on")
	}
	b := d.blobs[len(d.blobs)-1]
	b.Data = extend(b.Data, data, d.missing)
	d.missing -= int64(len(data))
	return d.count(1)
}

// extend appends data to b. It grows b in doubling steps that do not pass what
// is missing, and wipes what it leaves behind.
func extend(b, data []byte, missing int64) []byte {
	if len(b)+len(data) <= cap(b) {
		return append(b, data...)
	}
	size := min(int64(len(b))+missing, int64(max(2*cap(b), len(b)+len(data))))
	grown := append(append(make([]byte, 0, size), b...), data...)
	clear(b)
	return grown
}

// count counts elements against the limit.
func (d *decoder) count(n int) error {
	if d.elements += n; d.elements > d.opt.Limits.Elements {
		return hostile("elements")
	}
	return nil
}

// malformed makes a bad answer of an error that is not typed yet.
func malformed(kind string, err error) error {
	var p *vault.Problem
	if errors.As(err, &p) {
		return err
	}
	return &vault.Problem{Cause: vault.BadAnswer, Detail: fmt.Sprintf("a malformed %s record", kind), Err: err}
}

func (d *decoder) wipe() {
	for _, g := range d.groups {
		for _, e := range g.Entries {
			e.Wipe()
		}
	}
	for _, b := range d.blobs {
		clear(b.Data)
	}
}

func badAnswer(detail string) error { return &vault.Problem{Cause: vault.BadAnswer, Detail: detail} }

// lineReader cuts the stream into lines with their LF. A line is valid until
// the next call.
type lineReader struct {
	r      io.Reader
	limits Limits
	buf    []byte
	at     int // start of what is not given out yet
	total  int64
	err    error
}

func (l *lineReader) next() ([]byte, error) {
	for searched := l.at; ; {
		if i := bytes.IndexByte(l.buf[searched:], '\n'); i >= 0 {
			line := l.buf[l.at : searched+i+1]
			l.at = searched + i + 1
			return line, nil
		}
		if l.err != nil {
			if errors.Is(l.err, io.EOF) && l.at < len(l.buf) {
				return nil, badAnswer("the stream ends in the middle of a record")
			}
			return nil, l.err
		}
		pending := len(l.buf) - l.at
		l.fill()
		searched = l.at + pending // what was searched stays searched
		if len(l.buf)-l.at > l.limits.LineBytes {
			return nil, hostile("one record")
		}
		if l.total > l.limits.Bytes {
			return nil, hostile("the whole answer")
		}
	}
}

// fill moves what is left to the front, grows the buffer if it is full, and
// reads once.
func (l *lineReader) fill() {
	if l.at > 0 {
		n := copy(l.buf, l.buf[l.at:])
		clear(l.buf[n:])
		l.buf, l.at = l.buf[:n], 0
	}
	if len(l.buf) == cap(l.buf) {
		grown := append(make([]byte, 0, max(lineBufferBytes, 2*cap(l.buf))), l.buf...)
		clear(l.buf)
		l.buf = grown
	}
	for empty := 0; ; empty++ {
		n, err := l.r.Read(l.buf[len(l.buf):cap(l.buf)])
		l.buf = l.buf[:len(l.buf)+n]
		l.total += int64(n)
		l.err = err
		if n > 0 || err != nil {
			return
		}
		if empty == 100 {
			l.err = io.ErrNoProgress
			return
		}
	}
}

// lineBufferBytes holds most entries whole; a chunk of an attachment makes it
// grow.
const lineBufferBytes = 64 << 10

func (l *lineReader) wipe() { clear(l.buf[:cap(l.buf)]) }
