package screen_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// entrySeat is a person before the entry dialog.
type entrySeat struct {
	*seat
	stack *widget.Stack
	entry *screen.Entry
	saved []present.Changes
	keys  fyne.ShortcutHandler // of the window
}

// keyed is a canvas that says which shortcuts it was given: the toolkit's for
// tests keeps them to itself.
type keyed struct {
	fyne.Canvas
	keys *fyne.ShortcutHandler
}

func (k keyed) AddShortcut(s fyne.Shortcut, do func(fyne.Shortcut)) { k.keys.AddShortcut(s, do) }

func entryForm(offline bool) present.EntryForm {
	e := &vault.Entry{ID: vault.ID{1}, Tags: []string{"mail"}}
	e.Set(vault.FieldTitle, vault.SecretText("Mail"), false)
	e.Set(vault.FieldUsername, vault.SecretText("ada"), false)
	e.Set(vault.FieldPassword, vault.Secret{}, true)
	e.Set("PIN", vault.Secret{}, true)
	e.Set("Account", vault.SecretText("4711"), false)
	e.Attachments = []vault.Attachment{{ID: vault.ID{2}, Name: "a.txt"}}
	state := present.State{Mode: session.Online, SignedIn: true}
	if offline {
		state = present.State{Mode: session.Offline, NoEdit: present.ReasonEditsOff}
	}
	item := &session.Item{Entry: e, Path: []string{"Vault", "Mail"}, HasPassword: true, HasOTP: true, Digits: 6, Period: 30 * time.Second, AttachmentSizes: []int64{3}, History: 1}
	return present.NewEntryForm(present.Load("en"), present.EntryFacts{Item: item, State: state})
}

func sitAtEntry(t *testing.T, form present.EntryForm) *entrySeat {
	t.Helper()
	e := &entrySeat{}
	e.seat = sit(t, func(*seat) fyne.CanvasObject { return canvas.NewRectangle(nil) })
	e.stack = widget.NewStack(keyed{e.window.Canvas(), &e.keys})
	told := func(format string, args ...any) { e.told = append(e.told, fmt.Sprintf(format, args...)) }
	e.entry = screen.NewEntry(present.Load("en"), e.stack, screen.EntryActions{
		Save: func(c present.Changes) { e.saved = append(e.saved, c); e.entry.Busy("Saving", -1) },
		Stop: e.tell("stop"), Closed: e.tell("closed"),
		Reveal: func(f string) { told("reveal %s", f) }, Copy: func(f string) { told("copy %s", f) },
		CopyTyped: func(v []byte, f string) { told("copy typed %s %s", f, v) }, OpenURL: func(u string) { told("open %s", u) },
		Judge: func(p []byte) { told("judge %s", p) },
		Generate: func(g present.Generator) present.Generated {
			g.Length = max(g.Length, 8)
			return present.Generated{Rules: g, Password: []byte(strings.Repeat("g", g.Length)), Score: 4, Words: "good"}
		},
		ShowCode: func(typed []byte) { told("code %s", typed) }, CopyCode: e.tell("copy code"),
		AddFile: e.tell("add file"), SaveFile: func(n string) { told("save file %s", n) },
		Versions: e.tell("versions"), OpenVersion: func(i int) { told("version %d", i) }, RestoreVersion: func(i int) { told("restore %d", i) },
	})
	e.entry.Open(form)
	return e
}

// sees is what is shown of the dialog in front.
func (e *entrySeat) sees() []fyne.CanvasObject {
	top := e.window.Canvas().Overlays().Top()
	if top == nil {
		return nil
	}
	return seen(top)
}

func (e *entrySeat) reads() string { return read(e.sees()) }

// push presses the button, tab or check of a label.
func (e *entrySeat) push(t *testing.T, label string) {
	t.Helper()
	for _, o := range e.sees() {
		var text string
		switch b := o.(type) {
		case *widget.Button:
			text = b.Text
		case *widget.Check:
			text = b.Text
		case interface{ MinSize() fyne.Size }:
			if h, ok := o.(fyne.Tappable); ok && strings.HasSuffix(fmt.Sprintf("%T", o), "tabHead") {
				for _, x := range seen(o) {
					if c, ok := x.(*canvas.Text); ok && c.Text == label {
						test.Tap(h)
						return
					}
				}
			}
		}
		if text == label {
			if d, ok := o.(fyne.Disableable); ok && d.Disabled() {
				t.Fatalf("%q is disabled", label)
			}
			if c, ok := o.(*widget.Check); ok {
				c.SetChecked(!c.Checked)
				return
			}
			test.Tap(o.(fyne.Tappable))
			return
		}
	}
	t.Fatalf("there is no %q: %s", label, e.reads())
}

// secrets are the fields for secrets that can be seen.
func (e *entrySeat) secrets() []*widget.PasswordEntry {
	var list []*widget.PasswordEntry
	for _, o := range e.sees() {
		if p, ok := o.(*widget.PasswordEntry); ok {
			list = append(list, p)
		}
	}
	return list
}

func (e *entrySeat) eye(p *widget.PasswordEntry) { test.Tap(p.ActionItem.(fyne.Tappable)) }

// list returns the n-th list that can be seen.
func (e *entrySeat) list(t *testing.T, n int) *widget.EntryList {
	t.Helper()
	for _, o := range e.sees() {
		if l, ok := o.(*widget.EntryList); ok {
			if n == 0 {
				return l
			}
			n--
		}
	}
	t.Fatal("there is no such list")
	return nil
}

func pick(l *widget.EntryList, at int) { l.Select(widget.RowID{0, 0, 0, byte(at + 1)}) }
