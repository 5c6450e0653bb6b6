package apptest

import (
	"image"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// Window is a window of a program, as the window manager knows it. What is done
// with it is what a person does with its frame (EWMH 1.5, as a pager).
type Window struct {
	s  *Screen
	id xproto.Window
}

// Window waits for a window whose title contains a text.
func (s *Screen) Window(title string) *Window {
	s.t.Helper()
	w := &Window{s: s}
	s.wait("see a window "+strconv.Quote(title), func() bool {
		for _, id := range s.windows() {
			if strings.Contains(s.title(id), title) {
				w.id = id
				return true
			}
		}
		return false
	})
	return w
}

// Windows returns the titles of all windows now, the oldest first. Those that
// are minimised count, and those that are hidden do not.
func (s *Screen) Windows() []string {
	s.t.Helper()
	var titles []string
	for _, id := range s.windows() {
		titles = append(titles, s.title(id))
	}
	return titles
}

// Title returns the title; empty if the window is gone.
func (w *Window) Title() string { w.s.t.Helper(); return w.s.title(w.id) }

// Place returns where the content of the window is on the screen, without its
// frame; empty if the window is gone.
func (w *Window) Place() image.Rectangle {
	size, err := xproto.GetGeometry(w.s.conn, xproto.Drawable(w.id)).Reply()
	if err != nil {
		return image.Rectangle{}
	}
	at, err := xproto.TranslateCoordinates(w.s.conn, w.id, w.s.root, 0, 0).Reply()
	if err != nil {
		return image.Rectangle{}
	}
	return image.Rect(0, 0, int(size.Width), int(size.Height)).Add(image.Pt(int(at.DstX), int(at.DstY)))
}

// Resize gives the content of the window a size in pixels, and waits for it. A
// window that refuses the size fails the test.
func (w *Window) Resize(width, height int) {
	w.s.t.Helper()
	const byPager, setWidth, setHeight = 2 << 12, 1 << 10, 1 << 11
	w.ask("_NET_MOVERESIZE_WINDOW", byPager|setWidth|setHeight, 0, 0, uint32(width), uint32(height))
	w.s.wait("see the window resized", func() bool { return w.Place().Size() == image.Pt(width, height) })
}

// Maximise makes the window as large as the screen, and waits for it.
func (w *Window) Maximise() { w.s.t.Helper(); w.maximised(true) }

// Restore undoes Maximise, and waits for it.
func (w *Window) Restore() { w.s.t.Helper(); w.maximised(false) }

func (w *Window) maximised(want bool) {
	w.s.t.Helper()
	const horizontal, vertical, byPager = "_NET_WM_STATE_MAXIMIZED_HORZ", "_NET_WM_STATE_MAXIMIZED_VERT", 2
	action := uint32(0) // remove
	if want {
		action = 1 // add
	}
	already, before := w.is(horizontal) == want && w.is(vertical) == want, w.Place().Size()
	w.ask("_NET_WM_STATE", action, uint32(w.s.atom(horizontal)), uint32(w.s.atom(vertical)), byPager)
	// The state is told before the size.
	w.s.wait("see the window maximised: "+strconv.FormatBool(want), func() bool {
		return w.is(horizontal) == want && w.is(vertical) == want && (already || w.Place().Size() != before)
	})
}

// Minimise puts the window away, and waits for it.
func (w *Window) Minimise() {
	w.s.t.Helper()
	const iconic = 3 // ICCCM 4.1.4
	w.ask("WM_CHANGE_STATE", iconic)
	w.s.wait("see the window minimised", w.Minimised)
}

// Minimised reports whether the window is put away now.
func (w *Window) Minimised() bool { w.s.t.Helper(); return w.is("_NET_WM_STATE_HIDDEN") }

// Activate brings the window to the front, and waits until it has the keyboard.
func (w *Window) Activate() {
	w.s.t.Helper()
	const byPager = 2
	w.ask("_NET_ACTIVE_WINDOW", byPager)
	w.s.wait("see the window in front", func() bool { return w.Active() && !w.Minimised() })
}

// Active reports whether the window has the keyboard now.
func (w *Window) Active() bool {
	w.s.t.Helper()
	active := w.s.property(w.s.root, "_NET_ACTIVE_WINDOW")
	return len(active) >= 4 && xproto.Window(xgb.Get32(active)) == w.id
}

// Close presses the cross. What comes of it is the program's to decide.
func (w *Window) Close() {
	w.s.t.Helper()
	const byPager = 2
	w.ask("_NET_CLOSE_WINDOW", xproto.TimeCurrentTime, byPager)
}

// Gone waits until the window is closed or hidden.
func (w *Window) Gone() {
	w.s.t.Helper()
	w.s.wait("no longer see the window", func() bool { return !slices.Contains(w.s.windows(), w.id) })
}

// ask sends the window manager a wish.
func (w *Window) ask(wish string, data ...uint32) {
	w.s.t.Helper()
	full := [5]uint32{}
	copy(full[:], data)
	event := xproto.ClientMessageEvent{Format: 32, Window: w.id, Type: w.s.atom(wish), Data: xproto.ClientMessageDataUnionData32New(full[:])}
	const mask = xproto.EventMaskSubstructureNotify | xproto.EventMaskSubstructureRedirect
	if err := xproto.SendEventChecked(w.s.conn, false, w.s.root, mask, string(event.Bytes())).Check(); err != nil {
		w.s.t.Fatalf("%s: %v", wish, err)
	}
}

// is reports whether the window has a state of EWMH.
func (w *Window) is(state string) bool {
	w.s.t.Helper()
	want := w.s.atom(state)
	for all := w.s.property(w.id, "_NET_WM_STATE"); len(all) >= 4; all = all[4:] {
		if xproto.Atom(xgb.Get32(all)) == want {
			return true
		}
	}
	return false
}

// windows returns those that the window manager shows, and has their changes
// told from now on.
func (s *Screen) windows() []xproto.Window {
	s.t.Helper()
	var ids []xproto.Window
	for all := s.property(s.root, "_NET_CLIENT_LIST"); len(all) >= 4; all = all[4:] {
		id := xproto.Window(xgb.Get32(all))
		s.watch(id)
		ids = append(ids, id)
	}
	return ids
}

// watch has changes of a window's properties and place told. A window that is
// gone tells nothing.
func (s *Screen) watch(id xproto.Window) {
	xproto.ChangeWindowAttributes(s.conn, id, xproto.CwEventMask,
		[]uint32{xproto.EventMaskPropertyChange | xproto.EventMaskStructureNotify})
}

func (s *Screen) title(id xproto.Window) string {
	s.t.Helper()
	if title := s.property(id, "_NET_WM_NAME"); len(title) > 0 {
		return string(title)
	}
	return string(s.property(id, "WM_NAME"))
}

// property returns a property of a window; empty if either is not there.
func (s *Screen) property(of xproto.Window, name string) []byte {
	s.t.Helper()
	reply, err := xproto.GetProperty(s.conn, false, of, s.atom(name), xproto.AtomAny, 0, 1<<16).Reply()
	if err != nil {
		return nil
	}
	return reply.Value
}

func (s *Screen) atom(name string) xproto.Atom {
	s.t.Helper()
	reply, err := xproto.InternAtom(s.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		s.t.Fatalf("X11: %v", err)
	}
	return reply.Atom
}

// wait asks again after each change on the screen until it is as wanted.
func (s *Screen) wait(what string, so func() bool) {
	s.t.Helper()
	deadline := time.NewTimer(Patience)
	defer deadline.Stop()
	for {
		select { // what changes from here on counts
		case <-s.changed:
		default:
		}
		if so() {
			return
		}
		select {
		case <-s.changed:
		case <-deadline.C:
			s.fail(what, s.read())
			return
		}
	}
}
