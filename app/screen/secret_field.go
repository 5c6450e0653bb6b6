package screen

import (
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// secretField is a field for a secret that is stored elsewhere. What is stored
// comes only when the eye is pressed, and goes again when it is hidden; what is
// typed stays until the dialog closes. A field that nobody typed in has no
// value to save.
type secretField struct {
	object fyne.CanvasObject
	entry  *widget.PasswordEntry
	label  *widget.SecretLabel // in place of entry where nothing may be changed
	// ask fetches what is stored; reveal brings it.
	ask func()
	// changed is told when something was typed.
	changed func()
	// refuse is told that nothing may be shown; nil: it may.
	refuse func()

	stored  bool // there is something to ask for
	known   bool // what the entry shows is what is stored
	typed   bool // by the person: to be saved
	setting bool // by us
}

func newSecretField(words *present.Catalogue, ask, changed func()) *secretField {
	s := &secretField{entry: newPassword(words), label: widget.NewSecretLabel(words.Text("main.reveal", nil), words.Text("main.copy", nil)), ask: ask, changed: changed}
	s.label.Hide()
	s.label.OnReveal = func() { s.ask() }
	s.object = container.NewStack(s.entry, s.label)
	s.entry.OnReveal = s.eye
	s.entry.OnChanged = func(string) {
		if s.setting {
			return
		}
		// Nothing in a field that was never shown is not an empty secret.
		s.typed = s.entry.Text != "" || s.known
		s.hint()
		s.changed()
	}
	return s
}

// show begins anew with what is stored, or nothing.
func (s *secretField) show(stored bool) {
	s.stored, s.known, s.typed = stored, false, false
	s.put("")
	s.label.HideSecret()
	s.entry.SetShown(false)
	s.hint()
}

// fix shows what is stored in place of a field. reveal says whether it may be
// looked at.
func (s *secretField) fix(fixed, reveal bool) {
	show(s.entry, !fixed)
	show(s.label, fixed)
	s.label.Allow(reveal, false)
	s.label.SetPresent(s.stored)
}

// hint shows dots where there is something that nobody looked at.
func (s *secretField) hint() {
	text := ""
	if s.stored && !s.known && !s.typed {
		text = present.Hidden
	}
	if s.entry.PlaceHolder != text {
		s.entry.SetPlaceHolder(text)
	}
}

func (s *secretField) put(text string) {
	s.setting = true
	s.entry.SetText(text)
	s.entry.CursorColumn = utf8.RuneCountInString(text) // where somebody types on
	s.setting = false
}

// eye follows the eye.
func (s *secretField) eye(shown bool) {
	switch {
	case s.setting:
	case shown && s.refuse != nil && s.stored && !s.typed:
		s.setting = true
		s.entry.SetShown(false)
		s.setting = false
		s.refuse()
		return
	case shown && s.stored && !s.known && !s.typed:
		s.ask()
	case !shown && s.known && !s.typed:
		s.known = false
		s.put("")
	}
	s.hint()
	s.changed()
}

// reveal shows what is stored, unless something was typed meanwhile. The caller
// wipes their bytes; the copy in the field cannot be wiped, only let go.
func (s *secretField) reveal(value []byte) {
	if s.typed {
		return
	}
	if s.label.Visible() {
		s.label.Reveal(value)
		return
	}
	s.known = true
	s.put(string(value))
	s.setting = true
	s.entry.SetShown(true)
	s.setting = false
	s.hint()
	s.changed()
}

// hide shows no more than dots.
func (s *secretField) hide() {
	s.label.HideSecret()
	if s.entry.Shown() {
		s.entry.SetShown(false)
	}
}

// take puts in what was made for the person, as if they had typed it.
func (s *secretField) take(value []byte) {
	s.typed = true
	s.put(string(value))
	s.hint()
	s.changed()
}

// value is what is to be saved; nil: as it is.
func (s *secretField) value() *vault.Secret {
	if !s.typed {
		return nil
	}
	v := vault.NewSecret([]byte(s.entry.Text))
	return &v
}

// text is what the field shows or hides now, nil where it has nothing. The
// caller wipes it.
func (s *secretField) text() []byte {
	if !s.typed && !s.known {
		return nil
	}
	return []byte(s.entry.Text)
}

// clear lets go of everything.
func (s *secretField) clear() {
	s.known, s.typed = false, false
	s.label.HideSecret()
	s.setting = true
	s.entry.Clear()
	s.setting = false
}

// right puts small things to the right of a field, which takes the rest.
func right(field fyne.CanvasObject, others ...fyne.CanvasObject) *fyne.Container {
	return container.NewBorder(nil, nil, nil, container.NewHBox(others...), field)
}

// newPassword returns a field for a password.
func newPassword(words *present.Catalogue) *widget.PasswordEntry {
	return widget.NewPasswordEntry(words.Text("dialog.eye", nil))
}

// sized is a layout that gives what it holds at least a height.
type sized struct{ height float32 }

// Layout is the toolkit's.
func (sized) Layout(all []fyne.CanvasObject, size fyne.Size) {
	for _, o := range all {
		put(o, 0, 0, size.Width, size.Height)
	}
}

// MinSize is the toolkit's.
func (s sized) MinSize(all []fyne.CanvasObject) fyne.Size {
	m := fyne.NewSize(0, s.height)
	for _, o := range all {
		m.Width = max(m.Width, o.MinSize().Width)
	}
	return m
}
