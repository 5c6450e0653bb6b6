package apptest

import (
	"image"
	"os/exec"
	"strconv"
	"strings"
)

// Click waits until text is seen and clicks in the middle of it.
func (s *Screen) Click(text string) { s.t.Helper(); s.ClickAt(centre(s.See(text)), 1) }

// DoubleClick waits until text is seen and clicks it twice.
func (s *Screen) DoubleClick(text string) {
	s.t.Helper()
	s.MoveTo(centre(s.See(text)))
	s.xdotool("click", "--repeat", "2", "--delay", "60", "1")
}

// RightClick waits until text is seen and opens its context menu.
func (s *Screen) RightClick(text string) { s.t.Helper(); s.ClickAt(centre(s.See(text)), 3) }

// ClickAt presses a mouse button (1 left, 2 middle, 3 right) at a place.
func (s *Screen) ClickAt(p image.Point, button int) {
	s.t.Helper()
	s.MoveTo(p)
	s.xdotool("click", strconv.Itoa(button))
}

// MoveTo moves the mouse to a place, and waits until the windows know.
func (s *Screen) MoveTo(p image.Point) {
	s.t.Helper()
	s.xdotool("mousemove", strconv.Itoa(p.X), strconv.Itoa(p.Y))
	s.Settle()
}

// dragSteps are the moves of a drag, as a hand makes many.
const dragSteps = 8

// Drag presses the left button at a place and moves the mouse to another. The
// button stays down until Drop.
func (s *Screen) Drag(from, to image.Point) {
	s.t.Helper()
	s.MoveTo(from)
	s.xdotool("mousedown", "1")
	for i := range dragSteps {
		s.MoveTo(from.Add(to.Sub(from).Mul(i + 1).Div(dragSteps)))
	}
}

// Drop lets the button go where the mouse is.
func (s *Screen) Drop() { s.t.Helper(); s.xdotool("mouseup", "1") }

// Scroll turns the wheel at a place, down if steps is positive.
func (s *Screen) Scroll(p image.Point, steps int) {
	s.t.Helper()
	button := "5"
	if steps < 0 {
		button, steps = "4", -steps
	}
	s.MoveTo(p)
	s.xdotool("click", "--repeat", strconv.Itoa(steps), "--delay", "20", button)
}

// Key presses keys one after the other, in xdotool's names: "ctrl+b", "Escape".
func (s *Screen) Key(keys ...string) {
	s.t.Helper()
	s.xdotool(append([]string{"key", "--clearmodifiers", "--delay", "30"}, keys...)...)
}

// Type types a text where the focus is. It goes in by standard input, as a
// password would stand in the process list otherwise.
func (s *Screen) Type(text string) {
	s.t.Helper()
	cmd := exec.Command("xdotool", "type", "--clearmodifiers", "--delay", "15", "--file", "-")
	cmd.Env = s.Env("LC_ALL=C.UTF-8") // of the person's keyboard; programs are told another
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("xdotool type: %v %s", err, out)
	}
}

// Clipboard returns what another program gets when it pastes now.
func (s *Screen) Clipboard() string {
	s.t.Helper()
	cmd := exec.Command("xclip", "-selection", "clipboard", "-o")
	cmd.Env = s.Env()
	out, err := cmd.Output()
	if err != nil {
		return "" // nobody owns it
	}
	return string(out)
}

// Pasted waits until what another program gets when it pastes is accepted, and
// returns it; "" is an empty clipboard. What is seen on the screen has to change
// with it, as it does where a program says that it copied.
func (s *Screen) Pasted(accept func(text string) bool) string {
	s.t.Helper()
	var text string
	s.wait("paste what was copied", func() bool {
		text = s.Clipboard()
		return accept(text)
	})
	return text
}

func (s *Screen) xdotool(args ...string) {
	s.t.Helper()
	cmd := exec.Command("xdotool", args...)
	cmd.Env = s.Env()
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("xdotool %s: %v %s", args[0], err, out)
	}
}

func centre(r image.Rectangle) image.Point { return r.Min.Add(r.Max).Div(2) }
