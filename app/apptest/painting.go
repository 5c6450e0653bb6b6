package apptest

import (
	"bytes"
	"image"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// cursorWidth is the widest that the cursor of a text field is, in pixels. What
// changes on the screen and is no wider is one that blinks, and it blinks for
// ever.
const cursorWidth = 4

// defaultQuiet is longer than any program pauses between two frames of what it
// is painting.
const defaultQuiet = 250 * time.Millisecond

// Rest says what is looked at, and when its painting is over.
type Rest struct {
	Within image.Rectangle // the part of the screen that counts; empty: all of it
	Quiet  time.Duration   // it is over when nothing changed for that long; zero: 250 ms
	Until  func() bool     // and when this is so, asked at each such pause; nil: always
	Limit  time.Duration   // a program that takes longer counts as broken; zero: Patience
}

// Painting is how long after an input something was painted.
type Painting struct {
	First, Last time.Duration // the first and the last change before the rest
	Frames      int           // how often it changed
}

// Paint performs an input and returns how long the screen took until it came to
// rest. Only what changes the picture counts: not a program that paints the same
// again, and not a cursor that blinks.
//
// The times are those at which the display told of the painting. They may be
// short by what taking one picture takes, some milliseconds for a whole screen,
// so a small part of it measures better. A screen that does not change fails.
func (s *Screen) Paint(rest Rest, input func()) Painting {
	s.t.Helper()
	bounds := image.Rect(0, 0, s.options.Width, s.options.Height)
	if rest.Within = rest.Within.Intersect(bounds); rest.Within.Empty() {
		rest.Within = bounds
	}
	if rest.Quiet == 0 {
		rest.Quiet = defaultQuiet
	}
	if rest.Limit == 0 {
		rest.Limit = Patience
	}
	// A connection of its own: pictures would hold up what is told meanwhile.
	camera, err := xgb.NewConnDisplay(s.display)
	if err != nil {
		s.t.Fatalf("connect to the display: %v", err)
	}
	defer camera.Close()
	painted := make(chan time.Time, 1<<16) // programs paint hundreds of small areas at once
	s.tellPainted(painted)
	defer s.tellPainted(nil)
	before := s.take(camera, rest.Within)

	var p Painting
	start := time.Now()
	input()
	pause, deadline := time.NewTimer(rest.Quiet), time.NewTimer(rest.Limit)
	defer pause.Stop()
	defer deadline.Stop()
	for {
		select {
		case at := <-painted:
			for len(painted) > 0 {
				at = <-painted
			}
			now := s.take(camera, rest.Within)
			if !repainted(before, now, rest.Within.Dx()) {
				continue
			}
			before = now
			p.Last = at.Sub(start)
			if p.Frames++; p.Frames == 1 {
				p.First = p.Last
			}
			pause.Reset(rest.Quiet)
		case <-pause.C:
			if p.Frames > 0 && (rest.Until == nil || rest.Until()) {
				return p
			}
			pause.Reset(rest.Quiet)
		case <-deadline.C:
			s.fail("see something painted", s.read())
			return p
		}
	}
}

// tellPainted has the times of all painting told to c; nil: to nobody.
func (s *Screen) tellPainted(c chan time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.painted = c
}

// wasPainted tells whoever measures. What it cannot take any more is lost, and
// what comes after shows the same.
func (s *Screen) wasPainted(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.painted <- at:
	default: // nobody measures, or it is full
	}
}

// take returns the pixels of a part of the screen, four bytes each.
func (s *Screen) take(camera *xgb.Conn, r image.Rectangle) []byte {
	s.t.Helper()
	reply, err := xproto.GetImage(camera, xproto.ImageFormatZPixmap, xproto.Drawable(s.root),
		int16(r.Min.X), int16(r.Min.Y), uint16(r.Dx()), uint16(r.Dy()), 0xffffffff).Reply()
	if err != nil {
		s.t.Fatalf("take a picture of the screen: %v", err)
	}
	return reply.Data
}

// repainted reports whether two pictures of a width differ by more than what a
// cursor covers.
func repainted(a, b []byte, width int) bool {
	left, right := width, -1
	for line := 4 * width; len(a) >= line && len(b) >= line; a, b = a[line:], b[line:] {
		if bytes.Equal(a[:line], b[:line]) {
			continue
		}
		for x := range width {
			if !bytes.Equal(a[4*x:4*x+4], b[4*x:4*x+4]) {
				left, right = min(left, x), max(right, x)
			}
		}
		if right-left >= cursorWidth {
			return true
		}
	}
	return false
}
