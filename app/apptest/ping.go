package apptest

import (
	"bytes"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Settle waits until every window has taken in what happened before, such as
// where the mouse is now. Toolkits look at moves once a frame, so that a click
// in the same moment would hit what was under the mouse before; a hand is
// slower than that. It asks them as a window manager does whether they are
// alive (_NET_WM_PING), twice, as the first answer may be on its way out of the
// frame that is just being looked at.
func (s *Screen) Settle() {
	s.t.Helper()
	for range 2 {
		for _, id := range s.windows() {
			s.ping(id)
		}
	}
}

// ping waits for a window's answer. A window that does not know of pings, or is
// gone, is not waited for.
func (s *Screen) ping(id xproto.Window) {
	s.t.Helper()
	protocols, ask := s.atom("WM_PROTOCOLS"), xproto.Atom(s.asks)
	raw := make([]byte, 4)
	xgb.Put32(raw, uint32(ask))
	if knows := s.property(id, "WM_PROTOCOLS"); !bytes.Contains(knows, raw) {
		return
	}
	s.pings++
	e := xproto.ClientMessageEvent{
		Format: 32, Window: id, Type: protocols,
		Data: xproto.ClientMessageDataUnionData32New([]uint32{uint32(ask), s.pings, uint32(id), 0, 0}),
	}
	if err := xproto.SendEventChecked(s.conn, false, id, xproto.EventMaskNoEvent, string(e.Bytes())).Check(); err != nil {
		return
	}
	want := s.pings
	s.wait("get an answer of a window", func() bool {
		if s.ponged.Load() >= want {
			return true
		}
		_, err := xproto.GetWindowAttributes(s.conn, id).Reply()
		return err != nil
	})
}

// pong notes a window's answer, which it sends to the root. Others send
// messages there, too.
func (s *Screen) pong(e xproto.ClientMessageEvent) {
	if e.Window == s.root && e.Format == 32 && e.Data.Data32[0] == s.asks {
		s.ponged.Store(e.Data.Data32[1])
	}
}
