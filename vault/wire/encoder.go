package wire

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"hash"
	"io"
	"strconv"
	"time"
	"weak"

	"github.com/tideover/tideover/vault"
)

// StreamVersion is the version of the record stream that this package writes,
// and the only one that it reads.
const StreamVersion = 1

// Mode says which values a stream carries. The numbers are ours; the wire has
// words.
type Mode uint8

// The modes.
const (
	Metadata Mode = 1 // protected values and attachments are withheld
	Complete Mode = 2
)

// String returns the word on the wire.
func (m Mode) String() string {
	switch m {
	case Metadata:
		return "metadata"
	case Complete:
		return "complete"
	}
	return "mode " + strconv.Itoa(int(m))
}

// Head is the first record of a stream. Cache and Generation are zero in
// streams that make no cache. Groups and Entries are how many will follow; the
// reader discards a stream that has more or fewer.
type Head struct {
	Incarnation vault.ID
	Cache       vault.ID
	Generation  uint64
	At          time.Time
	Groups      int
	Entries     int
}

const (
	// chunkBytes is how much of an attachment one record carries: 256 KiB of
	// base64, small beside the reader's line limit.
	chunkBytes = 192 << 10
	// flushBytes is when the encoder hands its buffer to the writer: large
	// enough that TLS records and the hash are worth their calls.
	flushBytes = 64 << 10
)

var errEnded = errors.New("encode content: the stream has ended")

// Encoder writes one record stream as FORMAT.md has it: Head, then icons,
// groups and entries, parents first, then End. It needs no more memory than
// the largest entry. After an error it stays broken. It is not safe for
// concurrent use.
type Encoder struct {
	w      io.Writer
	mode   Mode
	head   Head
	buf    []byte
	digest hash.Hash

	groups, entries, blobs int
	// seen numbers the blobs that were written, without keeping them alive.
	seen map[weak.Pointer[vault.Binary]]int
	err  error
	// over is set once nothing more can be written: the stream has ended, or
	// the writer has failed.
	over bool
}

// NewEncoder returns an encoder that writes to w. It writes in pieces of 64
// KiB and more; the caller closes w.
func NewEncoder(w io.Writer, mode Mode) *Encoder {
	return &Encoder{
		w: w, mode: mode, digest: sha256.New(),
		buf:  make([]byte, 0, 2*flushBytes),
		seen: map[weak.Pointer[vault.Binary]]int{},
	}
}

// Head writes the first record.
func (e *Encoder) Head(h Head) error {
	e.head = h
	w := e.record("head")
	w.key("v")
	w.dst = strconv.AppendUint(w.dst, StreamVersion, 10)
	w.text("mode", e.mode.String())
	w.id("incarnation", h.Incarnation)
	w.id("cache", h.Cache)
	w.number("generation", h.Generation)
	w.time("at", h.At)
	w.key("groups")
	w.dst = strconv.AppendInt(w.dst, int64(h.Groups), 10)
	w.key("entries")
	w.dst = strconv.AppendInt(w.dst, int64(h.Entries), 10)
	return e.finish(w)
}

// Icon writes a custom icon.
func (e *Encoder) Icon(icon *vault.CustomIcon) error {
	w := e.record("icon")
	w.id("id", icon.ID)
	w.string("name", icon.Name)
	w.time("modified", icon.Modified)
	w.bytes("data", icon.Data)
	return e.finish(w)
}

// Group writes g without what is in it, and returns its number, by which its
// groups and entries name it. The first group is the root, whose parent is not
// looked at.
func (e *Encoder) Group(parent int, g *vault.Group) (int, error) {
	if e.groups > 0 && (parent < 0 || parent >= e.groups) {
		return 0, e.broken(errors.New("encode group: its parent is not written yet"))
	}
	w := e.record("group")
	if e.groups > 0 {
		w.key("parent")
		w.dst = strconv.AppendInt(w.dst, int64(parent), 10)
	}
	w.group(g)
	e.groups++
	return e.groups - 1, e.finish(w)
}

// Entry writes an entry of the numbered group; in mode Complete the bytes of
// its attachments come before it, once for all entries that share them. facts
// may be nil. In mode Metadata every protected field is listed with its value
// withheld: leave fields without a value out of the entry if the reader shall
// not count them as set.
func (e *Encoder) Entry(group int, entry *vault.Entry, facts *Facts) error {
	if group < 0 || group >= e.groups {
		return e.broken(errors.New("encode entry: its group is not written yet"))
	}
	if e.mode == Complete {
		e.binaries(entry)
		for _, h := range entry.History {
			e.binaries(h)
		}
	}
	w := e.record("entry")
	w.key("group")
	w.dst = strconv.AppendInt(w.dst, int64(group), 10)
	w.entry(entry, facts, entryStyle{mode: e.mode, blob: e.number})
	e.entries++
	return e.finish(w)
}

// Sum returns what the lease signs: how many entries were written, and the
// digest of every byte so far.
func (e *Encoder) Sum() (entries int, digest Digest, err error) {
	e.flush()
	e.digest.Sum(digest[:0])
	return e.entries, digest, e.err
}

// End writes the last record, the lease in mode Complete and the end record in
// mode Metadata, where lease is not used. It fails if the head promised other
// numbers.
func (e *Encoder) End(lease string) error {
	if e.err != nil {
		return e.err
	}
	if e.groups != e.head.Groups || e.entries != e.head.Entries {
		return e.broken(errors.New("encode content: the head promised other numbers of groups and entries"))
	}
	if e.mode == Metadata {
		e.close(e.record("end"))
		return e.err
	}
	if lease == "" {
		return e.broken(errors.New("encode content: no lease"))
	}
	w := e.record("lease")
	w.string("lease", lease)
	e.close(w)
	return e.err
}

// Fail writes an error record in place of the last one, so that the reader
// learns why the stream ends here. It works after an error of this encoder too,
// unless it was the writer's. After it the encoder writes nothing more.
func (e *Encoder) Fail(cause error) error {
	body, err := Marshal(NewError(cause).Error)
	if err != nil {
		return e.broken(err)
	}
	if !e.over {
		e.err = nil
	}
	w := e.record("error")
	w.key("error")
	w.dst = append(w.dst, body...)
	e.close(w)
	return e.err
}

// close ends the last record and wipes the buffer, which held secrets.
func (e *Encoder) close(w object) {
	_ = e.finish(w) // stays in e.err
	e.flush()
	clear(e.buf[:cap(e.buf)])
	e.over = true
}

func (e *Encoder) record(kind string) object {
	if e.over {
		_ = e.broken(errEnded) // stays in e.err
	}
	w := object{dst: append(e.buf, `{"t":"`...), started: true}
	w.dst = append(append(w.dst, kind...), '"')
	return w
}

func (e *Encoder) finish(w object) error {
	if w.err != nil { // the record has to go, what came before it may stay
		clear(w.dst[len(e.buf):])
		e.buf = w.dst[:len(e.buf)]
		return e.broken(w.err)
	}
	e.buf = append(w.dst, "}\n"...)
	if len(e.buf) >= flushBytes {
		e.flush()
	}
	return e.err
}

func (e *Encoder) broken(err error) error {
	if e.err == nil {
		e.err = err
	}
	return e.err
}

func (e *Encoder) flush() {
	if e.err == nil && len(e.buf) > 0 {
		e.digest.Write(e.buf)
		if _, e.err = e.w.Write(e.buf); e.err != nil {
			e.over = true
		}
	}
	clear(e.buf)
	e.buf = e.buf[:0]
}

// number returns the number of a blob that was written.
func (e *Encoder) number(b *vault.Binary) int { return e.seen[weak.Make(b)] }

func (e *Encoder) binaries(entry *vault.Entry) {
	for _, a := range entry.Attachments {
		if a.Binary == nil {
			continue
		}
		key := weak.Make(a.Binary)
		if _, ok := e.seen[key]; ok {
			continue
		}
		e.seen[key] = e.blobs
		e.blobs++
		e.blob(a.Binary)
	}
}

func (e *Encoder) blob(b *vault.Binary) {
	w := e.record("blob")
	w.key("size")
	w.dst = strconv.AppendInt(w.dst, int64(len(b.Data)), 10)
	w.flag("protected", b.Protected)
	for rest := b.Data; ; {
		chunk := rest[:min(len(rest), chunkBytes)]
		rest = rest[len(chunk):]
		w.bytes("data", chunk)
		if e.finish(w) != nil || len(rest) == 0 {
			return
		}
		w = e.record("blob")
	}
}

// EncodeContent writes content as one stream up to its last record, which
// finish supplies: it gets what Sum returns, and returns the lease, or
// anything in mode Metadata. facts may be nil, or return nil.
func EncodeContent(w io.Writer, mode Mode, head Head, content *vault.Content, opt EncodeOptions) error {
	e := NewEncoder(w, mode)
	head.Groups, head.Entries = 0, content.Root.Count()
	_ = content.Root.Walk(func([]string, *vault.Group) error { head.Groups++; return nil }) // visit never fails
	if err := e.Head(head); err != nil {
		return err
	}
	for i := range content.Icons {
		if err := e.Icon(&content.Icons[i]); err != nil {
			return err
		}
	}
	if err := e.tree(-1, content.Root, opt.Facts); err != nil {
		return err
	}
	var lease string
	if mode == Complete {
		n, digest, err := e.Sum()
		if err != nil {
			return err
		}
		if lease, err = opt.Lease(n, digest); err != nil {
			return err
		}
	}
	return e.End(lease)
}

// EncodeOptions is what EncodeContent asks for on the way.
type EncodeOptions struct {
	// Facts returns what to say about an entry, or nil. It may be nil itself.
	Facts func(*vault.Entry) *Facts
	// Lease makes the lease of a Complete stream from the number of entries
	// and the digest.
	Lease func(entries int, digest Digest) (string, error)
}

func (e *Encoder) tree(parent int, g *vault.Group, facts func(*vault.Entry) *Facts) error {
	number, err := e.Group(parent, g)
	if err != nil {
		return err
	}
	for _, entry := range g.Entries {
		var f *Facts
		if facts != nil {
			f = facts(entry)
		}
		if err := e.Entry(number, entry, f); err != nil {
			return err
		}
	}
	for _, sub := range g.Groups {
		if err := e.tree(number, sub, facts); err != nil {
			return err
		}
	}
	return nil
}

// bytes writes a byte string; none is left out.
func (w *object) bytes(name string, value []byte) {
	if len(value) == 0 {
		return
	}
	w.key(name)
	w.dst = append(w.dst, '"')
	w.dst = base64.StdEncoding.AppendEncode(w.dst, value)
	w.dst = append(w.dst, '"')
}
