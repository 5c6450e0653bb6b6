package app

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
)

// framed is an app whose driver knows, as the real one does and the toolkit's
// for tests does not, only what some frame has painted: a refresh of anything
// else is lost.
type framed struct {
	fyne.App
	driver *frames
}

func (a framed) Driver() fyne.Driver { return a.driver }

// frames is its driver.
type frames struct {
	fyne.Driver
	window  fyne.Window
	painted map[fyne.CanvasObject]bool
	wanted  bool // another frame was asked for
}

// CanvasForObject is the toolkit's.
func (f *frames) CanvasForObject(o fyne.CanvasObject) fyne.Canvas {
	if !f.painted[o] {
		return nil
	}
	return framedCanvas{f.window.Canvas(), f}
}

type framedCanvas struct {
	fyne.Canvas
	frames *frames
}

// Refresh is the toolkit's.
func (c framedCanvas) Refresh(fyne.CanvasObject) { c.frames.wanted = true }

// next paints a frame and returns what can be read in it.
func (f *frames) next() string {
	f.wanted = false
	each(f.window.Content(), func(o fyne.CanvasObject) { f.painted[o] = true })
	return readable(f.window.Content())
}

// newFrames has everything of a test go through such a driver.
func newFrames(t *testing.T, d *Desktop) *frames {
	t.Helper()
	before := fyne.CurrentApp()
	f := &frames{Driver: before.Driver(), window: d.cfg.Window, painted: map[fyne.CanvasObject]bool{}}
	fyne.SetCurrentApp(framed{before, f})
	t.Cleanup(func() { fyne.SetCurrentApp(before) })
	return f
}

// Nothing is shown until it is known which place fits. What comes then has to
// ask for a frame of its own: the first one was empty.
func TestFirstPlaceIsPaintedAfterAnEmptyFrame(t *testing.T) {
	for name, comes := range map[string]func(d *Desktop, q queue){
		"the status": func(d *Desktop, q queue) {
			d.refresh()
			for !d.known {
				q.one()
			}
		},
		"the end of the patience": func(d *Desktop, _ queue) {
			d.waited = true
			d.paint()
		},
	} {
		t.Run(name, func(t *testing.T) {
			d, q := newWindow(t)
			f := newFrames(t, d)
			d.cfg.Window.Resize(fyne.NewSize(800, 600))
			if text := f.next(); text != "" {
				t.Fatalf("before there is any place the window says %q", text)
			}
			d.build()
			d.here.enter()
			d.paint()
			if text := f.next(); text != "" {
				t.Fatalf("before anything is known the window says %q", text)
			}
			comes(d, q)
			if !f.wanted {
				t.Fatal("the place that came is never painted")
			}
			if text, want := f.next(), d.words.Text("login.sign_in", nil); !strings.Contains(text, want) {
				t.Errorf("it says %q, want %q in it", text, want)
			}
		})
	}
}
