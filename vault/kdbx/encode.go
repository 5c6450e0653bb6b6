package kdbx

import (
	"bytes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"io"
	"strconv"
	"time"

	"github.com/tideover/tideover/vault"
)

// encodeBufferBytes is written at once.
const encodeBufferBytes = 64 << 10

// encoder writes the XML of a document. The first error sticks; later calls
// do nothing of value.
type encoder struct {
	dst    io.Writer
	buf    []byte
	total  int64 // written so far, the inner header included
	err    error
	where  vault.ID // of the entry or group at hand
	export bool     // as KeePass exports: plain text, ISO times, Meta/Binaries
	stream cipher.Stream
	work   []byte // for one protected value

	binaries map[*vault.Binary]int // by number
	order    []*vault.Binary
	// unnumbered lets attachments stand without a number, for checking one entry.
	unnumbered bool
}

func newEncoder(dst io.Writer) *encoder {
	return &encoder{dst: dst, buf: make([]byte, 0, encodeBufferBytes+4096)}
}

// wipe clears what was written.
func (e *encoder) wipe() {
	clear(e.buf[:cap(e.buf)])
	clear(e.work[:cap(e.work)])
}

// fail remembers that the document holds something that KDBX cannot carry.
func (e *encoder) fail(what, name string) {
	if e.err != nil {
		return
	}
	p := &vault.Problem{Cause: vault.Unsupported, Detail: what}
	if name != "" {
		p.Detail += ": " + name
	}
	if !e.where.IsZero() {
		p.IDs = []vault.ID{e.where}
	}
	e.err = p
}

// flush writes the buffer once it is full enough.
func (e *encoder) flush(atLeast int) {
	if len(e.buf) < atLeast {
		return
	}
	if e.total += int64(len(e.buf)); e.total > maxDecodedBytes {
		e.where = vault.ID{}
		e.fail("document larger than is read again", "")
	}
	if e.err == nil {
		_, e.err = e.dst.Write(e.buf)
	}
	e.buf = e.buf[:0]
}

func (e *encoder) open(name string) {
	e.buf = append(e.buf, '<')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '>')
}

func (e *encoder) close(name string) {
	e.buf = append(e.buf, '<', '/')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '>')
	e.flush(encodeBufferBytes)
}

// leaf writes an element around what content appends.
func (e *encoder) leaf(name, attributes string, content func([]byte) []byte) {
	e.buf = append(e.buf, '<')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, attributes...)
	e.buf = append(e.buf, '>')
	start := len(e.buf)
	e.buf = content(e.buf)
	if len(e.buf)-start > maxTextBytes/2 {
		e.fail("text longer than is read again", name)
	}
	if len(e.buf) == start {
		e.buf = append(e.buf[:start-1], '/', '>')
		return
	}
	e.close(name)
}

// text writes an element with text; empty too.
func (e *encoder) text(name, text string) {
	e.work = append(e.work[:0], text...)
	e.value(name, "", e.work, name)
}

// value writes an element with text. where names it, if it cannot be carried.
func (e *encoder) value(name, attributes string, text []byte, where string) {
	if isBlank(text) {
		// KeePass reads white space by itself as nothing otherwise.
		attributes += ` xml:space="preserve"`
	}
	e.leaf(name, attributes, func(b []byte) []byte { return e.escape(b, text, where) })
}

// isBlank reports whether there is text and all of it is white space.
func isBlank(text []byte) bool {
	for _, c := range text {
		if !isSpace(c) {
			return false
		}
	}
	return len(text) > 0
}

// optional writes an element with text unless that is empty.
func (e *encoder) optional(name, text string) {
	if text != "" {
		e.text(name, text)
	}
}

// escape appends text.
func (e *encoder) escape(b, text []byte, where string) []byte {
	if isPlain(text) && bytes.IndexByte(text, '<') < 0 && bytes.IndexByte(text, '>') < 0 {
		return append(b, text...)
	}
	if _, bad := badChar(text); bad {
		e.fail("text that XML cannot carry", where)
		return b
	}
	return appendEscaped(b, text)
}

func appendEscaped(b, text []byte) []byte {
	last := 0
	for i, c := range text {
		var with string
		switch c {
		case '&':
			with = "&amp;"
		case '<':
			with = "&lt;"
		case '>':
			with = "&gt;"
		case '\r':
			with = "&#xD;"
		default:
			continue
		}
		b = append(b, text[last:i]...)
		b = append(b, with...)
		last = i + 1
	}
	return append(b, text[last:]...)
}

func (e *encoder) boolean(name string, v bool) {
	e.buf = append(e.buf, '<')
	e.buf = append(e.buf, name...)
	if v {
		e.buf = append(e.buf, ">True"...)
	} else {
		e.buf = append(e.buf, ">False"...)
	}
	e.close(name)
}

func (e *encoder) tristate(name string, v vault.Tristate) {
	switch v {
	case vault.Yes:
		e.boolean(name, true)
	case vault.No:
		e.boolean(name, false)
	default:
		e.text(name, "null")
	}
}

func (e *encoder) number(name string, v int64) {
	e.leaf(name, "", func(b []byte) []byte { return strconv.AppendInt(b, v, 10) })
}

func (e *encoder) unsigned(name string, v uint64) {
	e.leaf(name, "", func(b []byte) []byte { return strconv.AppendUint(b, v, 10) })
}

// id writes a UUID; zero too, as KeePass does.
func (e *encoder) id(name string, id vault.ID) {
	e.leaf(name, "", func(b []byte) []byte { return base64.StdEncoding.AppendEncode(b, id[:]) })
}

// optionalID writes a UUID that is not zero.
func (e *encoder) optionalID(name string, id vault.ID) {
	if !id.IsZero() {
		e.id(name, id)
	}
}

func (e *encoder) data(name string, data []byte) {
	e.leaf(name, "", func(b []byte) []byte { return base64.StdEncoding.AppendEncode(b, data) })
}

// time writes a time that is not zero.
func (e *encoder) time(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	seconds := t.Unix() - yearOneUnix
	if seconds < 0 || seconds > maxSeconds {
		e.fail("time outside the years 1 to 9999", name)
		return
	}
	if e.export {
		e.leaf(name, "", func(b []byte) []byte { return t.UTC().AppendFormat(b, "2006-01-02T15:04:05Z") })
		return
	}
	var raw [8]byte
	binary.LittleEndian.PutUint64(raw[:], uint64(seconds))
	e.leaf(name, "", func(b []byte) []byte { return base64.StdEncoding.AppendEncode(b, raw[:]) })
}

// protected writes an element with a protected value.
func (e *encoder) protected(name string, value []byte) {
	if e.export {
		e.value(name, ` ProtectInMemory="True"`, value, name)
		return
	}
	if len(value) > cap(e.work) {
		clear(e.work[:cap(e.work)])
		e.work = make([]byte, len(value))
	}
	e.work = e.work[:len(value)]
	e.stream.XORKeyStream(e.work, value)
	e.leaf(name, ` Protected="True"`, func(b []byte) []byte { return base64.StdEncoding.AppendEncode(b, e.work) })
}

// customData writes a list of custom data, if there is any.
func (e *encoder) customData(list []vault.CustomDatum) {
	if len(list) == 0 {
		return
	}
	e.open("CustomData")
	for _, item := range list {
		e.open("Item")
		e.text("Key", item.Key)
		e.text("Value", item.Value)
		e.time("LastModificationTime", item.Modified)
		e.close("Item")
	}
	e.close("CustomData")
}

// binaryText writes an element with base64 in pieces, since it may be long.
func (e *encoder) binaryText(name, attributes string, data []byte) {
	e.buf = append(e.buf, '<')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, attributes...)
	e.buf = append(e.buf, '>')
	const piece = encodeBufferBytes / 4 * 3 // no padding in between
	for len(data) > 0 {
		n := min(len(data), piece/3*3)
		e.buf = base64.StdEncoding.AppendEncode(e.buf, data[:n])
		data = data[n:]
		e.flush(encodeBufferBytes)
	}
	e.close(name)
}
