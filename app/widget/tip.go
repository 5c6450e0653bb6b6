package widget

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// tipDelay is how long the pointer rests before a tip appears.
const tipDelay = 600 * time.Millisecond

// TipHost shows tips above what it holds. The content of a window that has
// tips is one of these; dialogs of Stack bring their own.
type TipHost struct {
	widget.BaseWidget

	// OnResize is told that the host, and so the window, has another size; may
	// be nil.
	OnResize func()

	content fyne.CanvasObject
	ground  *canvas.Rectangle
	lines   []*canvas.Text
}

// NewTipHost returns a host around the content.
func NewTipHost(content fyne.CanvasObject) *TipHost {
	h := &TipHost{content: content, ground: canvas.NewRectangle(nil)}
	h.ground.CornerRadius, h.ground.StrokeWidth = 4, 1
	h.ExtendBaseWidget(h)
	return h
}

// SetContent replaces what the host holds.
func (h *TipHost) SetContent(content fyne.CanvasObject) {
	h.content = content
	h.hideTip()
	h.Refresh()
}

// Tip returns the text that is shown, "" if none is.
func (h *TipHost) Tip() string {
	text := ""
	for i, l := range h.lines {
		if i > 0 {
			text += " "
		}
		text += l.Text
	}
	return text
}

// CreateRenderer is the toolkit's.
func (h *TipHost) CreateRenderer() fyne.WidgetRenderer {
	return &objects{
		all: func() []fyne.CanvasObject {
			all := []fyne.CanvasObject{h.content}
			if len(h.lines) > 0 {
				all = append(all, h.ground)
				for _, l := range h.lines {
					all = append(all, l)
				}
			}
			return all
		},
		layout: func(size fyne.Size) {
			h.content.Resize(size)
			if h.OnResize != nil {
				h.OnResize()
			}
		},
		min:     func() fyne.Size { return h.content.MinSize() },
		refresh: func() { h.content.Resize(h.Size()); canvas.Refresh(h) },
	}
}

// showTip shows a text beside a place on the canvas.
func (h *TipHost) showTip(text string, at fyne.Position) {
	const wide, pad = 380, 6
	size := sizeOf(h, toolkit.SizeNameCaptionText)
	var widest float32
	h.lines = nil
	for _, line := range breakLines(text, size, wide) {
		t := canvas.NewText(line, colorOf(h, toolkit.ColorNameForeground))
		t.TextSize = size
		h.lines = append(h.lines, t)
		widest = max(widest, t.MinSize().Width)
	}
	step := h.lines[0].MinSize().Height
	box := fyne.NewSize(widest+2*pad, step*float32(len(h.lines))+pad)
	pos := at.Subtract(fyne.CurrentApp().Driver().AbsolutePositionForObject(h)).AddXY(2, 18)
	pos.X = max(2, min(pos.X, h.Size().Width-box.Width-2))
	if pos.Y+box.Height > h.Size().Height {
		pos.Y = max(2, pos.Y-box.Height-24)
	}
	h.ground.FillColor = colorOf(h, toolkit.ColorNameMenuBackground)
	h.ground.StrokeColor = colorOf(h, toolkit.ColorNameInputBorder)
	place(h.ground, pos.X, pos.Y, box.Width, box.Height)
	for i, l := range h.lines {
		place(l, pos.X+pad, pos.Y+pad/2+float32(i)*step, widest, step)
	}
	h.Refresh()
}

func (h *TipHost) hideTip() {
	if h.lines != nil {
		h.lines = nil
		h.Refresh()
	}
}

// breakLines breaks a text at spaces.
func breakLines(text string, size, room float32) []string {
	c := cutter{}
	c.reset(size)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && c.measure(line)+c.width(' ')+c.measure(word) > room {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		word, _ = c.cut(word, room)
		line += word
	}
	return append(lines, line)
}

// tips gives a widget a tip: call enter, and leave when the pointer goes or
// the widget is used. The delay is an animation, which runs on the UI
// goroutine; a timer would not.
type tips struct {
	waiting *fyne.Animation
	host    *TipHost
	at      fyne.Position
}

func (t *tips) enter(o fyne.CanvasObject, text string, e *desktop.MouseEvent) {
	t.leave()
	if text == "" {
		return
	}
	t.at = e.AbsolutePosition
	t.waiting = fyne.NewAnimation(tipDelay, func(done float32) {
		if done < 1 || t.waiting == nil {
			return
		}
		t.waiting = nil
		if t.host = hostOf(o); t.host != nil {
			t.host.showTip(text, t.at)
		}
	})
	t.waiting.Curve = fyne.AnimationLinear
	t.waiting.Start()
}

func (t *tips) moved(e *desktop.MouseEvent) { t.at = e.AbsolutePosition }

func (t *tips) leave() {
	if t.waiting != nil {
		t.waiting.Stop()
		t.waiting = nil
	}
	if t.host != nil {
		t.host.hideTip()
		t.host = nil
	}
}

// hostOf finds who shows tips where an object is: the dialog in front, or the
// window. Nil where nobody does.
func hostOf(o fyne.CanvasObject) *TipHost {
	c := fyne.CurrentApp().Driver().CanvasForObject(o)
	if c == nil {
		return nil
	}
	if top := c.Overlays().Top(); top != nil {
		if v, ok := top.(*veil); ok {
			return v.host
		}
		return nil
	}
	host, _ := c.Content().(*TipHost)
	return host
}
