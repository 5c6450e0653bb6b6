package widget

import (
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// hiddenText stands for a secret, whatever its length.
const hiddenText = "••••••••••"

// SecretLabel shows a secret as dots with an eye and a copy button. It does not
// have the secret: pressing the eye asks for it, and it is let go when the
// label hides. Digits and symbols have colours of their own, so that 0 and O,
// 1 and l are told apart.
type SecretLabel struct {
	widget.BaseWidget

	// OnReveal asks for the secret: the owner fetches it and calls Reveal.
	OnReveal func()
	// OnHide is told that the person hid it.
	OnHide func()
	// OnCopy is told of the copy button.
	OnCopy func()

	shown   bool
	runes   []rune
	parts   []*canvas.Text
	eye     *iconTap
	copy    *iconTap
	noEye   bool
	noCopy  bool
	present bool
}

// NewSecretLabel returns a label that shows dots. The tips say what eye and
// copy button do.
func NewSecretLabel(revealTip, copyTip string) *SecretLabel {
	s := &SecretLabel{present: true}
	s.eye = newIconTap(theme.IconEye, s.toggle)
	s.copy = newIconTap(theme.IconCopy, func() {
		if s.OnCopy != nil {
			s.OnCopy()
		}
	})
	s.eye.tip, s.copy.tip = revealTip, copyTip
	s.ExtendBaseWidget(s)
	return s
}

func (s *SecretLabel) toggle() {
	switch {
	case s.shown:
		s.HideSecret()
		if s.OnHide != nil {
			s.OnHide()
		}
	case s.OnReveal != nil:
		s.OnReveal()
	}
}

// Reveal shows a secret. The label makes its own copy; the caller wipes theirs.
func (s *SecretLabel) Reveal(secret []byte) {
	s.wipe()
	s.shown = true
	s.runes = []rune(string(secret))
	s.eye.set(theme.IconEyeOff)
	s.Refresh()
}

// HideSecret shows dots again and lets go of the secret.
func (s *SecretLabel) HideSecret() {
	s.wipe()
	s.shown = false
	s.eye.set(theme.IconEye)
	s.Refresh()
}

// Shown tells whether the secret can be read.
func (s *SecretLabel) Shown() bool { return s.shown }

// SetPresent says whether there is a secret at all: without, nothing is shown.
func (s *SecretLabel) SetPresent(present bool) {
	s.present = present
	s.allow()
}

// Allow says what may be done with the secret.
func (s *SecretLabel) Allow(reveal, copying bool) {
	s.noEye, s.noCopy = !reveal, !copying
	s.allow()
}

func (s *SecretLabel) allow() {
	s.eye.Hidden = s.noEye || !s.present
	s.copy.Hidden = s.noCopy || !s.present
	s.Refresh()
}

func (s *SecretLabel) wipe() {
	clear(s.runes)
	s.runes = nil
	for _, p := range s.parts {
		p.Text = ""
	}
}

// paint makes the texts: one for each run of letters, digits or symbols, and
// for each line where the secret needs several.
func (s *SecretLabel) paint() {
	s.parts = nil
	switch {
	case !s.present:
	case !s.shown:
		s.add(hiddenText, theme.ColorDim, false)
	default:
		for i := 0; i < len(s.runes); {
			end, kind := i+1, kindOf(s.runes[i])
			for end < len(s.runes) && kindOf(s.runes[end]) == kind && end-i < 12 {
				end++
			}
			s.add(string(s.runes[i:end]), kind, true)
			i = end
		}
	}
}

func (s *SecretLabel) add(text string, color fyne.ThemeColorName, mono bool) {
	t := canvas.NewText(text, colorOf(s, color))
	t.TextSize = sizeOf(s, toolkit.SizeNameText)
	t.TextStyle.Monospace = mono
	s.parts = append(s.parts, t)
}

// kindOf returns the colour of a character.
func kindOf(r rune) fyne.ThemeColorName {
	switch {
	case unicode.IsDigit(r):
		return theme.ColorDigit
	case unicode.IsLetter(r) || unicode.IsMark(r):
		return toolkit.ColorNameForeground
	default:
		return theme.ColorSymbol
	}
}

// arrange places the parts and breaks them into lines; it returns the height.
func (s *SecretLabel) arrange(width float32) float32 {
	room := width
	for _, b := range []*iconTap{s.copy, s.eye} {
		if b.Hidden {
			continue
		}
		room -= 24
		place(b, room, 0, 24, rowHeight(s))
	}
	line := sizeOf(s, toolkit.SizeNameText) * 1.36
	pad := (rowHeight(s) - line) / 2
	x, y := sizeOf(s, toolkit.SizeNameInnerPadding), pad // in line with labels
	for _, p := range s.parts {
		m := p.MinSize()
		if x > sizeOf(s, toolkit.SizeNameInnerPadding) && x+m.Width > room-4 {
			x, y = sizeOf(s, toolkit.SizeNameInnerPadding), y+line
		}
		place(p, x, y, m.Width, line)
		x += m.Width
	}
	return y + line + pad
}

// CreateRenderer is the toolkit's.
func (s *SecretLabel) CreateRenderer() fyne.WidgetRenderer {
	s.paint()
	return &objects{
		all: func() []fyne.CanvasObject {
			all := []fyne.CanvasObject{s.eye, s.copy}
			for _, p := range s.parts {
				all = append(all, p)
			}
			return all
		},
		layout:  func(size fyne.Size) { s.arrange(size.Width) },
		min:     func() fyne.Size { return fyne.NewSize(150, s.arrange(max(150, s.Size().Width))) },
		refresh: func() { s.paint(); s.arrange(s.Size().Width); canvas.Refresh(s) },
	}
}
