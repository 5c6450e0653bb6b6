package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Progress is the bar of a place that waits for something, outside of dialogs,
// which bring their own. It is hidden while nothing is waited for.
type Progress struct {
	widget.BaseWidget
	bar *progress
}

// NewProgress returns a hidden bar.
func NewProgress() *Progress {
	p := &Progress{bar: newProgress()}
	p.Hidden = true
	p.ExtendBaseWidget(p)
	return p
}

// Set shows or hides the bar with what is going on. share is from 0 to 1,
// under 0: unknown.
func (p *Progress) Set(shown bool, what string, share float64) {
	p.bar.set(shown, what, share)
	if shown {
		p.Show()
	} else {
		p.Hide()
	}
}

// What returns what is going on, "" while nothing is.
func (p *Progress) What() string {
	if p.Hidden {
		return ""
	}
	return p.bar.what.Text
}

// CreateRenderer is the toolkit's.
func (p *Progress) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(p.bar) }
