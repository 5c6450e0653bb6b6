package native

import (
	"unicode/utf8"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// atoms are the names that a clipboard owner needs (ICCCM 2.6.2, and the hint
// that Klipper and other histories of clipboards respect).
type atoms struct {
	clipboard, targets, timestamp, multiple, pair, incr xproto.Atom
	utf8, mime, hint, stamp                             xproto.Atom
}

func intern(conn *xgb.Conn) (a atoms, err error) {
	for _, one := range []struct {
		to   *xproto.Atom
		name string
	}{
		{&a.clipboard, "CLIPBOARD"},
		{&a.targets, "TARGETS"},
		{&a.timestamp, "TIMESTAMP"},
		{&a.multiple, "MULTIPLE"},
		{&a.pair, "ATOM_PAIR"},
		{&a.incr, "INCR"},
		{&a.utf8, "UTF8_STRING"},
		{&a.mime, "text/plain;charset=utf-8"},
		{&a.hint, "x-kde-passwordManagerHint"},
		{&a.stamp, "TIDEOVER_TIME"},
	} {
		reply, err := xproto.InternAtom(conn, false, uint16(len(one.name)), one.name).Reply()
		if err != nil {
			return a, err
		}
		*one.to = reply.Atom
	}
	return a, nil
}

// serve answers one program that wants to paste.
func (b *x11Board) serve(e xproto.SelectionRequestEvent) {
	to := e.Property
	if to == xproto.AtomNone {
		to = e.Target // ICCCM 2.2: obsolete requestors leave the choice to us
	}
	early := e.Time != xproto.TimeCurrentTime && e.Time < b.since
	ok := b.lost != nil && e.Selection == b.atom.clipboard && !early
	if ok && e.Target == b.atom.multiple {
		ok = b.several(e.Requestor, to)
	} else if ok {
		ok = b.convert(e.Requestor, to, e.Target)
	}
	if !ok {
		to = xproto.AtomNone
	}
	answer := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: to}
	xproto.SendEvent(b.conn, false, e.Requestor, 0, string(answer.Bytes()))
}

// convert writes the value as target into a property of the requestor.
// SAVE_TARGETS is refused like everything unknown: no clipboard manager is to
// keep a password when we quit.
func (b *x11Board) convert(to xproto.Window, name, target xproto.Atom) bool {
	switch target {
	case b.atom.targets:
		b.change(to, name, property{kind: xproto.AtomAtom, format: 32, data: words(
			b.atom.targets, b.atom.timestamp, b.atom.multiple, b.atom.utf8, b.atom.mime, xproto.AtomString, b.atom.hint)})
	case b.atom.timestamp:
		b.change(to, name, property{kind: xproto.AtomInteger, format: 32, data: words(xproto.Atom(b.since))})
	case b.atom.hint:
		b.change(to, name, property{kind: target, format: 8, data: []byte("secret")})
	case b.atom.utf8, b.atom.mime:
		b.text(to, name, property{kind: target, format: 8, data: append([]byte(nil), b.value...)})
	case xproto.AtomString:
		latin, ok := latin1(b.value)
		if !ok {
			return false // a wrong password is worse than none
		}
		b.text(to, name, property{kind: target, format: 8, data: latin})
	default:
		return false
	}
	return true
}

// several answers MULTIPLE: pairs of target and property, where a target that
// failed gets no property (ICCCM 2.6.2).
func (b *x11Board) several(to xproto.Window, name xproto.Atom) bool {
	const most = 32 // pairs; nobody has more kinds of text to ask for
	list, err := xproto.GetProperty(b.conn, false, to, name, b.atom.pair, 0, 2*most).Reply()
	if err != nil || list.Format != 32 || len(list.Value)%8 != 0 || list.BytesAfter > 0 {
		return false
	}
	for at := 0; at < len(list.Value); at += 8 {
		target, into := xproto.Atom(xgb.Get32(list.Value[at:])), xproto.Atom(xgb.Get32(list.Value[at+4:]))
		if target == b.atom.multiple || into == xproto.AtomNone || !b.convert(to, into, target) {
			xgb.Put32(list.Value[at+4:], xproto.AtomNone)
		}
	}
	b.change(to, name, property{kind: b.atom.pair, format: 32, data: list.Value})
	return true
}

// property is a value as X11 carries it; format is 8 or 32 bits for each item.
type property struct {
	kind   xproto.Atom
	format byte
	data   []byte
}

// change is xproto.ChangeProperty with a request of its own, because that one
// leaves a copy of the data in a buffer which nobody can wipe.
func (b *x11Board) change(of xproto.Window, name xproto.Atom, p property) {
	const opcode, head = 18, 24 // X11 protocol, Appendix B, ChangeProperty
	request := make([]byte, head+xgb.Pad(len(p.data)))
	request[0], request[1] = opcode, xproto.PropModeReplace
	xgb.Put16(request[2:], uint16(len(request)/4))
	xgb.Put32(request[4:], uint32(of))
	xgb.Put32(request[8:], uint32(name))
	xgb.Put32(request[12:], uint32(p.kind))
	request[16] = p.format
	xgb.Put32(request[20:], uint32(len(p.data)/int(p.format/8)))
	copy(request[head:], p.data)
	b.conn.NewRequest(request, b.conn.NewCookie(false, false)) // returns when it is written
	clear(request)
}

func words(list ...xproto.Atom) []byte {
	out := make([]byte, 4*len(list))
	for i, w := range list {
		xgb.Put32(out[4*i:], uint32(w))
	}
	return out
}

// latin1 is what STRING means in ICCCM; text beyond it has no such form.
func latin1(value []byte) ([]byte, bool) {
	out := make([]byte, 0, len(value))
	for at := 0; at < len(value); {
		r, n := utf8.DecodeRune(value[at:])
		if r > 0xff || r == utf8.RuneError && n == 1 {
			clear(out)
			return nil, false
		}
		out = append(out, byte(r))
		at += n
	}
	return out, true
}
