package widget

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// swingTime is how long the bar of an unknown share goes one way, in steps of
// swingStep: each paints the whole window, beside the work that is waited for.
const (
	swingTime = 900 * time.Millisecond
	swingStep = 75 * time.Millisecond
)

// progress is what a busy dialog shows: a thin bar and what is going on. A
// share that nobody knows is a bar that swings.
type progress struct {
	widget.BaseWidget
	what        *canvas.Text
	track, done *canvas.Rectangle
	share       float64
	swing       *fyne.Animation
	phase       float32
	still       bool // it does not swing for now
}

func newProgress() *progress {
	p := &progress{what: canvas.NewText("", nil), track: canvas.NewRectangle(nil), done: canvas.NewRectangle(nil)}
	p.track.CornerRadius, p.done.CornerRadius = 2, 2
	p.Hidden = true
	p.ExtendBaseWidget(p)
	return p
}

func (p *progress) set(shown bool, what string, share float64) {
	p.what.Text, p.share = what, share
	if shown && share < 0 && p.swing == nil {
		var last time.Time
		p.swing = &fyne.Animation{Duration: swingTime, RepeatCount: fyne.AnimationRepeatForever, AutoReverse: true, Curve: fyne.AnimationEaseInOut, Tick: func(f float32) {
			now := time.Now()
			if now.Sub(last) < swingStep {
				return
			}
			last, p.phase = now, f
			p.arrange(p.Size())
		}}
		if !p.still {
			p.swing.Start()
		}
	}
	if p.swing != nil && (!shown || share >= 0) {
		p.swing.Stop()
		p.swing = nil
	}
	if !shown {
		p.Hide()
		return
	}
	p.Show()
	p.Refresh()
}

// rest stops the swinging for a while: each step paints the whole window, and
// behind another dialog it would say that nobody is waited for.
func (p *progress) rest(still bool) {
	if p.still == still {
		return
	}
	p.still = still
	switch {
	case p.swing == nil:
	case still:
		p.swing.Stop()
	default:
		p.swing.Start()
	}
}

func (p *progress) arrange(size fyne.Size) {
	h := p.what.MinSize().Height
	place(p.what, 0, 2, size.Width, h)
	place(p.track, 0, h+5, size.Width, 4)
	if p.share < 0 {
		w := size.Width / 4
		place(p.done, (size.Width-w)*p.phase, h+5, w, 4)
		return
	}
	place(p.done, 0, h+5, size.Width*float32(min(1, p.share)), 4)
}

// CreateRenderer is the toolkit's.
func (p *progress) CreateRenderer() fyne.WidgetRenderer {
	paint := func() {
		p.what.TextSize, p.what.Color = sizeOf(p, toolkit.SizeNameCaptionText), colorOf(p, theme.ColorDim)
		p.what.Refresh()
		setFill(p.track, colorOf(p, toolkit.ColorNameSeparator))
		setFill(p.done, colorOf(p, toolkit.ColorNamePrimary))
	}
	paint()
	return &objects{
		all:     func() []fyne.CanvasObject { return []fyne.CanvasObject{p.what, p.track, p.done} },
		layout:  p.arrange,
		min:     func() fyne.Size { return fyne.NewSize(80, p.what.MinSize().Height+12) },
		refresh: func() { paint(); p.arrange(p.Size()); canvas.Refresh(p) },
	}
}
