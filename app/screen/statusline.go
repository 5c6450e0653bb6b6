package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	toolkit "fyne.io/fyne/v2/theme"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
)

// statusLine is the line at the lower edge of the window.
type statusLine struct {
	object *fyne.Container
	badge  *widget.ModeBadge
	left,
	drafts,
	counts,
	who,
	age,
	level,
	local *ink
	clip *widget.CountdownBar
}

func newStatusLine(tapped func()) *statusLine {
	s := &statusLine{
		badge: widget.NewModeBadge(), left: caption(toolkit.ColorNameForeground), drafts: caption(theme.ColorDraft), counts: caption(theme.ColorDim),
		who: caption(toolkit.ColorNameForeground), age: caption(theme.ColorDim), level: caption(theme.ColorDim), local: caption(theme.ColorWarning),
		clip: widget.NewCountdownBar(),
	}
	s.badge.OnTapped = tapped
	s.clip.Hide()
	row := container.New(&statusRow{},
		// In the order of what stays as the window gets narrow.
		s.badge, s.clip, s.left, s.drafts, s.counts, s.who, s.local, s.age, s.level)
	s.object = container.NewStack(newTint(theme.ColorBar), container.NewPadded(row))
	return s
}

// badgeOf returns the badge for the theme's name of a mode.
func badgeOf(mode string) widget.BadgeMode {
	switch mode {
	case "online":
		return widget.BadgeOnline
	case "offline":
		return widget.BadgeOffline
	}
	return widget.BadgeDisconnected
}

// urgencyColor returns the colour of text that is urgent so.
func urgencyColor(s present.Severity, calm fyne.ThemeColorName) fyne.ThemeColorName {
	switch s {
	case present.Alarm:
		return theme.ColorError
	case present.Warning:
		return theme.ColorWarning
	}
	return calm
}

func (s *statusLine) show(b present.StatusBar) {
	if s.badge.Words() != b.Mode {
		s.badge.Set(badgeOf(b.Colour), b.Mode)
	}
	s.who.set(b.Who, toolkit.ColorNameForeground)
	s.age.set(b.Age, theme.ColorDim)
	s.left.set(b.Left, urgencyColor(b.Urgency, toolkit.ColorNameForeground))
	s.level.set(b.Level, theme.ColorDim)
	s.local.set(b.Local, theme.ColorWarning)
	s.drafts.set(b.Drafts, theme.ColorDraft)
	s.counts.set(b.Counts, theme.ColorDim)
	s.object.Objects[1].Refresh()
}

// countdown shows for how long something stays on the clipboard.
func (s *statusLine) countdown(left float64, words string) {
	s.clip.Set(left, words)
	if gone := left <= 0; gone != s.clip.Hidden {
		s.clip.Hidden = gone
		s.object.Objects[1].Refresh()
	}
}

// statusRow lays the line out: the mode at the left with what belongs to it,
// the counts and the clipboard at the right. Objects come in the order of their
// importance; what there is no room for goes.
type statusRow struct{}

const statusGap = 14

// Layout is the toolkit's.
func (statusRow) Layout(all []fyne.CanvasObject, size fyne.Size) {
	fits := make([]bool, len(all))
	size.Width -= edge
	room := size.Width
	for i, o := range all {
		if o.Visible() && o.MinSize().Width <= room {
			fits[i] = true
			room -= o.MinSize().Width + statusGap
		}
	}
	x, right := float32(0), size.Width
	for _, i := range [...]int{4, 1} { // from the edge: the counts, then the clipboard
		if fits[i] {
			m := all[i].MinSize()
			w := m.Width
			if i == 1 {
				w += min(80, max(0, room))
			}
			right -= w
			put(all[i], right, (size.Height-m.Height)/2, w, m.Height)
			right -= statusGap
		}
	}
	for _, i := range [...]int{0, 5, 7, 2, 8, 6, 3} { // as one reads it
		if fits[i] {
			m := all[i].MinSize()
			put(all[i], x, (size.Height-m.Height)/2, m.Width, m.Height)
			x += m.Width + statusGap
		}
	}
	for i, o := range all {
		if !fits[i] {
			put(o, away, 0, o.MinSize().Width, size.Height)
		}
	}
}

// MinSize is the toolkit's.
func (statusRow) MinSize(all []fyne.CanvasObject) fyne.Size {
	var h float32
	for _, o := range all {
		h = max(h, o.MinSize().Height)
	}
	return fyne.NewSize(all[0].MinSize().Width, h)
}
