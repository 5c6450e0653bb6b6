package apptest

import (
	"image"
	"strings"
	"unicode/utf8"

	"github.com/jezek/xgb/xproto"
	"github.com/jezek/xgb/xtest"
)

// Buttons of a mouse, as X11 numbers them; a wheel is two of them.
const (
	LeftButton  = 1
	RightButton = 3
	WheelUp     = 4
	WheelDown   = 5
)

// keysyms are the keys that are no letters (X11, keysymdef.h). Letters and
// digits of Latin 1 are their own numbers.
var keysyms = map[string]xproto.Keysym{
	"BackSpace": 0xff08, "Tab": 0xff09, "Return": 0xff0d, "Escape": 0xff1b, "space": ' ',
	"Home": 0xff50, "Left": 0xff51, "Up": 0xff52, "Right": 0xff53, "Down": 0xff54,
	"Page_Up": 0xff55, "Page_Down": 0xff56, "End": 0xff57, "Delete": 0xffff,
	"F1": 0xffbe, "F3": 0xffc0, "F5": 0xffc2,
	"shift": 0xffe1, "ctrl": 0xffe3, "alt": 0xffe9,
}

// Press presses and lets go one key, in the names of Key: "ctrl+f", "Page_Down".
// It is for measuring: this process tells the display itself, so that when the
// call returns the key has been pressed, and no program had to be started for
// it. Of the characters, only what needs no shift can be pressed.
func (s *Screen) Press(key string) {
	s.t.Helper()
	parts := strings.Split(key, "+")
	codes := make([]byte, len(parts))
	for i, name := range parts {
		codes[i] = s.keycode(name)
	}
	for _, c := range codes {
		s.fake(xproto.KeyPress, c, image.Point{})
	}
	for i := range codes {
		s.fake(xproto.KeyRelease, codes[len(codes)-1-i], image.Point{})
	}
	s.sync()
}

// PressButton presses and lets go a mouse button where the mouse is; MoveTo
// before. It is the Press of the mouse.
func (s *Screen) PressButton(button byte) {
	s.t.Helper()
	s.fake(xproto.ButtonPress, button, image.Point{})
	s.fake(xproto.ButtonRelease, button, image.Point{})
	s.sync()
}

func (s *Screen) fake(event, detail byte, at image.Point) {
	xtest.FakeInput(s.conn, event, detail, 0, s.root, int16(at.X), int16(at.Y), 0)
}

// sync returns when the display has done all that it was asked.
func (s *Screen) sync() {
	s.t.Helper()
	if _, err := xproto.GetInputFocus(s.conn).Reply(); err != nil {
		s.t.Fatalf("X11: %v", err)
	}
}

// keycode finds a key on the keyboard of the display.
func (s *Screen) keycode(name string) byte {
	s.t.Helper()
	want, ok := keysyms[name]
	if !ok {
		r, n := utf8.DecodeRuneInString(name)
		if n != len(name) || r > 0xff {
			s.t.Fatalf("there is no key %q", name)
		}
		want = xproto.Keysym(r)
	}
	for code, keysym := range s.keyboard {
		if keysym == want {
			return code
		}
	}
	s.t.Fatalf("there is no key %q on this keyboard", name)
	return 0
}

// readKeyboard reads what each key types without shift.
func (s *Screen) readKeyboard() {
	s.t.Helper()
	setup := xproto.Setup(s.conn)
	first, count := setup.MinKeycode, byte(setup.MaxKeycode-setup.MinKeycode+1)
	reply, err := xproto.GetKeyboardMapping(s.conn, first, count).Reply()
	if err != nil {
		s.t.Fatalf("X11: read the keyboard: %v", err)
	}
	s.keyboard = map[byte]xproto.Keysym{}
	for i := range int(count) {
		s.keyboard[byte(first)+byte(i)] = reply.Keysyms[i*int(reply.KeysymsPerKeycode)]
	}
}
