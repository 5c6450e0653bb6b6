package widget

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// Level says how serious a Message is.
type Level int

// The levels.
const (
	LevelInfo Level = iota
	LevelSuccess
	LevelWarning
	LevelError
)

// Message is what a Strip says: what happened, what to do about it, and at
// most one thing that can be done right here.
type Message struct {
	Level  Level
	Text   string // "": the strip is hidden
	Remedy string
	Action string // label of a button; "": none
}

// Strip is a message in place: coloured, with an icon, over as many lines as
// it needs. It is hidden while it says nothing.
type Strip struct {
	widget.BaseWidget

	// OnAction is told of the button.
	OnAction func()
	// OnClose, if set before Set, adds a cross that hides the strip and tells.
	OnClose func()

	message      Message
	ground, edge *canvas.Rectangle
	icon         *canvas.Image
	text, remedy *widget.Label
	action       *Button
	cross        *iconTap
}

// NewStrip returns a strip that says nothing.
func NewStrip() *Strip {
	s := &Strip{ground: canvas.NewRectangle(nil), edge: canvas.NewRectangle(nil), icon: canvas.NewImageFromResource(nil), text: widget.NewLabel(""), remedy: widget.NewLabel("")}
	s.ground.CornerRadius, s.edge.CornerRadius = 4, 2
	s.text.Wrapping, s.remedy.Wrapping = fyne.TextWrapWord, fyne.TextWrapWord
	s.text.TextStyle.Bold = true
	s.action = NewButton("", func() {
		if s.OnAction != nil {
			s.OnAction()
		}
	})
	s.cross = newIconTap(theme.IconClose, func() {
		s.Set(Message{})
		if s.OnClose != nil {
			s.OnClose()
		}
	})
	s.Hidden = true
	s.ExtendBaseWidget(s)
	return s
}

// Set says something else.
func (s *Strip) Set(m Message) {
	s.message = m
	s.text.SetText(m.Text)
	s.remedy.SetText(m.Remedy)
	s.remedy.Hidden = m.Remedy == ""
	s.action.SetText(m.Action)
	s.action.Hidden = m.Action == ""
	s.cross.Hidden = s.OnClose == nil
	if m.Text == "" {
		s.Hide()
		return
	}
	s.Show()
	s.Refresh()
}

// Message returns what the strip says.
func (s *Strip) Message() Message { return s.message }

func (s *Strip) look() (icon fyne.ThemeIconName, ink, ground fyne.ThemeColorName) {
	switch s.message.Level {
	case LevelSuccess:
		return theme.IconCheck, theme.ColorOnline, theme.ColorOnlineGround
	case LevelWarning:
		return theme.IconWarning, theme.ColorWarning, theme.ColorWarningGround
	case LevelError:
		return theme.IconError, theme.ColorError, theme.ColorErrorGround
	default:
		return theme.IconInfo, theme.ColorInfo, theme.ColorInfoGround
	}
}

func (s *Strip) paint() {
	icon, ink, ground := s.look()
	setIcon(s.icon, theme.Colored(icon, ink))
	setFill(s.edge, colorOf(s, ink))
	setFill(s.ground, colorOf(s, ground))
}

// sides returns the room left and right of the texts.
func (s *Strip) sides() (left, right float32) {
	left, right = 34, 6
	if !s.action.Hidden {
		right += s.action.MinSize().Width + 4
	}
	if !s.cross.Hidden {
		right += 26
	}
	return left, right
}

// CreateRenderer is the toolkit's.
func (s *Strip) CreateRenderer() fyne.WidgetRenderer {
	s.paint()
	return &objects{
		all: func() []fyne.CanvasObject {
			return []fyne.CanvasObject{s.ground, s.edge, s.icon, s.text, s.remedy, s.action, s.cross}
		},
		layout: s.arrange,
		min: func() fyne.Size {
			h := s.text.MinSize().Height
			if !s.remedy.Hidden {
				h += s.remedy.MinSize().Height - 4
			}
			left, right := s.sides()
			return fyne.NewSize(left+right+80, max(h, 24)+8)
		},
		refresh: func() { s.paint(); s.arrange(s.Size()); canvas.Refresh(s) },
	}
}

func (s *Strip) arrange(size fyne.Size) {
	s.ground.Resize(size)
	place(s.edge, 0, 0, 4, size.Height)
	place(s.icon, 12, 8, 18, 18)
	left, right := s.sides()
	width := max(0, size.Width-left-right)
	s.text.Resize(fyne.NewSize(width, s.text.MinSize().Height)) // wraps, and knows its height
	place(s.text, left, 4, width, s.text.MinSize().Height)
	s.remedy.Resize(fyne.NewSize(width, s.remedy.MinSize().Height))
	place(s.remedy, left, s.text.MinSize().Height, width, s.remedy.MinSize().Height)
	x := size.Width - 6
	if !s.cross.Hidden {
		x -= 24
		place(s.cross, x, 6, 24, 22)
		x -= 2
	}
	if !s.action.Hidden {
		m := s.action.MinSize()
		place(s.action, x-m.Width, max(4, (size.Height-m.Height)/2), m.Width, m.Height)
	}
}
