package widget

import (
	"fyne.io/fyne/v2"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	toolkit "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/theme"
)

// Dialog is one question or form in front of the window. Enter presses the
// primary button, Escape the way out; what went wrong is said inside it. It is
// shown by Stack.Open and hidden by Stack.Close alone.
type Dialog struct {
	Title string
	Icon  fyne.ThemeIconName // before the title; "": none
	Body  fyne.CanvasObject
	// First gets the keyboard; nil: the primary button, and Cancel where that
	// destroys something.
	First fyne.Focusable
	// Width is the wished width of the body; 0: 440.
	Width float32
	// Height is the wished height of the body; 0: what it needs.
	Height float32

	Primary   string // label; "": no such button
	Dangerous bool   // the primary button destroys something
	Cancel    string // label of the way out; "": no such button, Escape still leaves
	// Extra is shown at the left of the buttons, such as "Restore defaults".
	Extra fyne.CanvasObject

	// OnPrimary is told of the primary button and of Enter. The owner closes
	// the dialog, or says by SetError why it stays.
	OnPrimary func()
	// OnCancel is told of Cancel and Escape; nil closes the dialog. While the
	// dialog is busy OnStop is told instead.
	OnCancel func()
	// OnStop is told of Cancel while the dialog is busy. Nil: it cannot be
	// stopped, and Cancel is disabled so long.
	OnStop func()
	// OnKey is asked about other keys; true: it was used.
	OnKey func(*fyne.KeyEvent) bool
	// OnTurn is told of Ctrl+Tab, with 1, and of Ctrl+Shift+Tab, with -1, which
	// turn the pages of a dialog that has some. May be nil.
	OnTurn func(step int)
	// OnClosed is told that the dialog is hidden, whoever closed it: what was
	// typed is to be let go, and what is under way to be ended. May be nil.
	OnClosed func()

	stack    *Stack
	veil     *veil
	busy     bool
	refused  bool
	primary  *Button
	cancel   *Button
	buttons  *fyne.Container // the row of all
	strip    *Strip
	progress *progress
}

// SetError shows what went wrong and what to do about it; an empty message
// takes it away.
func (d *Dialog) SetError(message, remedy string) { d.SetMessage(LevelError, message, remedy) }

// SetMessage shows a message inside the dialog, above its buttons.
func (d *Dialog) SetMessage(level Level, message, remedy string) {
	d.build()
	d.strip.Set(Message{Level: level, Text: message, Remedy: remedy})
	d.relayout()
}

// SetBusy shows that something is under way: the form takes nothing,
// the primary button waits, Cancel stops. share is from 0 to 1, under 0:
// unknown.
func (d *Dialog) SetBusy(busy bool, what string, share float64) {
	d.build()
	changed := d.busy != busy
	d.busy = busy
	d.progress.set(busy, what, share)
	d.enable()
	if changed {
		d.relayout()
		switch {
		case d.veil == nil:
		case !busy:
			d.focusFirst()
		case d.OnStop != nil && d.Cancel != "":
			d.stack.canvas.Focus(d.cancel)
		default: // typing must not reach the form
			d.stack.canvas.Unfocus()
		}
	}
}

// Busy tells whether the dialog waits for something.
func (d *Dialog) Busy() bool { return d.busy }

// SetPrimaryEnabled enables the primary button, as when a form is complete.
func (d *Dialog) SetPrimaryEnabled(enabled bool) {
	d.build()
	d.refused = !enabled
	d.enable()
}

// SetPrimaryLabel changes the label of the primary button.
func (d *Dialog) SetPrimaryLabel(label string) {
	d.build()
	d.primary.SetText(label)
}

// PrimaryButton and CancelButton return the buttons, for their state.
func (d *Dialog) PrimaryButton() *Button { d.build(); return d.primary }

// CancelButton returns the way out.
func (d *Dialog) CancelButton() *Button { d.build(); return d.cancel }

// SetFirst gives the keyboard to another field, as in the next step of a form.
func (d *Dialog) SetFirst(f fyne.Focusable) {
	d.First = f
	if !d.busy {
		d.focusFirst()
	}
}

// Relayout fits the dialog to its body after that changed its size.
func (d *Dialog) Relayout() { d.relayout() }

func (d *Dialog) enable() {
	set := func(b *Button, on bool) {
		if on {
			b.Enable()
		} else {
			b.Disable()
		}
	}
	set(d.primary, !d.busy && !d.refused)
	set(d.cancel, !d.busy || d.OnStop != nil)
}

// confirm is Enter and the primary button.
func (d *Dialog) confirm() {
	if d.Primary != "" && !d.primary.Disabled() && d.OnPrimary != nil {
		d.OnPrimary()
	} else if d.Primary == "" {
		d.dismiss()
	}
}

// dismiss is Escape and Cancel.
func (d *Dialog) dismiss() {
	switch {
	case d.busy && d.OnStop != nil:
		d.OnStop()
	case d.busy:
	case d.OnCancel != nil:
		d.OnCancel()
	default:
		d.stack.Close(d)
	}
}

// key handles a key that nothing in the dialog had a use for.
func (d *Dialog) key(e *fyne.KeyEvent) bool {
	switch {
	case e.Name == fyne.KeyEscape:
		d.dismiss()
	case isEnter(e) && !d.busy:
		d.confirm()
	case d.OnKey != nil:
		return d.OnKey(e)
	default:
		return false
	}
	return true
}

func (d *Dialog) focusFirst() {
	if d.veil == nil {
		return
	}
	c := d.stack.canvas
	switch {
	case d.First != nil:
		c.Focus(d.First)
	case d.Dangerous && d.Cancel != "":
		c.Focus(d.cancel)
	case d.Primary != "":
		c.Focus(d.primary)
	case d.Cancel != "":
		c.Focus(d.cancel)
	}
}

func (d *Dialog) relayout() {
	if d.veil != nil {
		d.buttons.Refresh() // the row keeps its size where one of them was hidden
		d.veil.relayout()
	}
}

// build makes the parts that every dialog has, once.
func (d *Dialog) build() {
	if d.primary != nil {
		return
	}
	d.primary = NewPrimaryButton(d.Primary, d.confirm)
	if d.Dangerous {
		d.primary.Importance = widget.DangerImportance
	}
	d.primary.Hidden = d.Primary == ""
	d.cancel = NewButton(d.Cancel, d.dismiss)
	d.cancel.Hidden = d.Cancel == ""
	d.strip = NewStrip()
	d.progress = newProgress()
}

// card is the dialog without the veil around it.
func (d *Dialog) card() fyne.CanvasObject {
	d.build()
	wished := min(newTitle(d.Title).MinSize().Width, titleWidth) // as a whole
	title := newTitle(d.Title)
	title.Truncation = fyne.TextTruncateEllipsis // it may name an entry of any length
	head := container.NewBorder(nil, nil, nil, nil, title)
	if d.Icon != "" {
		icon := container.NewGridWrap(fyne.NewSize(20, 20), widget.NewIcon(theme.Colored(d.Icon, toolkit.ColorNamePrimary)))
		head = container.NewBorder(nil, nil, container.NewCenter(icon), nil, title)
		wished += head.MinSize().Width - title.MinSize().Width
	}
	buttons := []fyne.CanvasObject{}
	if d.Extra != nil {
		buttons = append(buttons, d.Extra)
	}
	buttons = append(buttons, layout.NewSpacer(), container.New(&buttonRow{}, d.cancel, d.primary))
	d.buttons = container.NewHBox(buttons...)
	foot := container.NewVBox(d.strip, d.progress, space(0, 2), d.buttons)
	if d.Primary == "" && d.Cancel == "" && d.Extra == nil {
		foot = container.NewVBox(d.strip, d.progress)
	}
	c := newCardLayout(head, d.Body, foot, d)
	c.wished = wished
	return c
}
