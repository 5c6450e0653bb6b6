package native

import (
	"slices"

	"github.com/jezek/xgb/xproto"
)

const (
	// chunkBytes stays below the 256 KiB that every X server takes in a request.
	chunkBytes = 64 << 10
	// maxFlights is how many large values may be under way at once. A program
	// that asks and never reads would else pile up copies; the oldest gives way.
	maxFlights = 8
)

// flight is one large value that goes to a requestor in pieces (ICCCM 2.7.2):
// each time the requestor deletes the property the next piece follows, and an
// empty one says that it was the last.
type flight struct {
	to   xproto.Window
	name xproto.Atom
	kind xproto.Atom
	data []byte // wiped when it ends
	sent int
}

// text writes p, at once or in pieces, and wipes its data when it is sent.
func (b *x11Board) text(to xproto.Window, name xproto.Atom, p property) {
	if len(p.data) <= chunkBytes {
		b.change(to, name, p)
		clear(p.data)
		return
	}
	if len(b.flights) == maxFlights {
		b.end(b.flights[0])
	}
	b.flights = append(b.flights, &flight{to: to, name: name, kind: p.kind, data: p.data})
	b.listen(to, xproto.EventMaskPropertyChange|xproto.EventMaskStructureNotify)
	b.change(to, name, property{kind: b.atom.incr, format: 32, data: words(xproto.Atom(len(p.data)))})
}

// fly sends the next piece.
func (b *x11Board) fly(to xproto.Window, name xproto.Atom) {
	at := slices.IndexFunc(b.flights, func(f *flight) bool { return f.to == to && f.name == name })
	if at < 0 {
		return
	}
	f := b.flights[at]
	piece := f.data[f.sent:min(f.sent+chunkBytes, len(f.data))]
	f.sent += len(piece)
	b.change(to, name, property{kind: f.kind, format: 8, data: piece})
	if len(piece) == 0 {
		b.end(f)
	}
}

// land ends all that goes to a window that is gone.
func (b *x11Board) land(to xproto.Window) {
	for _, f := range slices.Clone(b.flights) {
		if f.to == to {
			b.end(f)
		}
	}
}

func (b *x11Board) end(f *flight) {
	clear(f.data)
	b.flights = slices.DeleteFunc(b.flights, func(o *flight) bool { return o == f })
	if !slices.ContainsFunc(b.flights, func(o *flight) bool { return o.to == f.to }) {
		b.listen(f.to, xproto.EventMaskNoEvent)
	}
}

func (b *x11Board) listen(to xproto.Window, mask uint32) {
	xproto.ChangeWindowAttributes(b.conn, to, xproto.CwEventMask, []uint32{mask})
}
