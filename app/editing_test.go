package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// CreateEntry keeps nothing but the call.
func (o *office) CreateEntry(_ context.Context, _ vault.ID, e *vault.Entry, comment string) (vault.ID, error) {
	if comment != o.comment {
		return vault.ID{}, vault.CommentRequired
	}
	return entryID(77), o.ask("create " + e.Title() + " " + e.Password().Text())
}

// UpdateEntry keeps the open fields.
func (o *office) UpdateEntry(_ context.Context, _ vault.ID, e *vault.Entry, comment string) error {
	if comment != o.comment {
		return vault.CommentRequired
	}
	if err := o.ask("update " + e.Title() + " " + e.Password().Text()); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	before, id, title := o.content, e.ID, e.Title()
	o.content = func() *vault.Content {
		c := before()
		_ = c.Root.Walk(func(_ []string, g *vault.Group) error { // the function has no error
			for _, e := range g.Entries {
				if e.ID == id {
					e.Set(vault.FieldTitle, vault.SecretText(title), false)
				}
			}
			return nil
		})
		return c
	}
	return nil
}

// Entry is an entry with its earlier forms.
func (o *office) Entry(_ context.Context, id vault.ID) (*wire.EntryAnswer, error) {
	return &wire.EntryAnswer{Entry: o.find(id)}, o.ask("entry")
}

// aged is few, with an earlier form of the mail.
func aged() *vault.Content {
	c := few()
	mail := c.Root.Groups[0].Entries[0]
	old := &vault.Entry{ID: mail.ID, Times: vault.Times{Modified: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}
	old.Set(vault.FieldTitle, vault.SecretText("Old mail"), false)
	old.Set(vault.FieldPassword, vault.SecretText("pass-old"), true)
	mail.History = []*vault.Entry{old}
	return c
}

// each calls visit for everything that can be seen below an object.
func each(o fyne.CanvasObject, visit func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	visit(o)
	switch o := o.(type) {
	case fyne.Widget:
		for _, below := range test.WidgetRenderer(o).Objects() {
			each(below, visit)
		}
	case *fyne.Container:
		for _, below := range o.Objects {
			each(below, visit)
		}
	}
}

// push presses the button, or the head of a page, with that label, in the dialog
// in front.
func (k *desk) push(label string) {
	k.tb.Helper()
	k.pushIn(k.cfg.Window.Canvas().Overlays().Top(), label)
}

func (k *desk) pushIn(within fyne.CanvasObject, label string) {
	k.tb.Helper()
	var found fyne.Tappable
	each(within, func(o fyne.CanvasObject) {
		tap, ok := o.(fyne.Tappable)
		if _, inner := o.(fyne.Focusable); !ok || !inner {
			return
		}
		each(o, func(below fyne.CanvasObject) {
			if t, ok := below.(*canvas.Text); ok && t.Text == label {
				found = tap
			}
		})
	})
	if found == nil {
		k.tb.Fatalf("there is no button %q", label)
	}
	test.Tap(found)
}

// asks returns what the office was asked for, of what begins so.
func (k *desk) asks(prefix string) []string {
	k.office.mu.Lock()
	defer k.office.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(k.office.calls), func(c string) bool { return !strings.HasPrefix(c, prefix) })
}

func TestEditEntry(t *testing.T) {
	k := newDesk(t, few)
	k.choose(1)
	k.do(present.CmdEditEntry, "")
	k.want("Edit entry", "postmaster")
	k.wantNot("pass-Mail")
	test.Type(k.cfg.Window.Canvas().Focused(), "Post")
	k.push("Save")
	k.until(func() bool { return k.dialogs.Len() == 0 })
	k.settle()
	if got := k.asks("update"); !slices.Equal(got, []string{"update Post "}) {
		t.Errorf("asked for %q: the password must not be among it", got)
	}
	if k.office.asked("reveal") != 0 {
		t.Error("an edit revealed the entry")
	}
	k.want("Post")
}

// The server wants a reason: it is asked for in front of the dialog.
func TestEditEntryWithAReason(t *testing.T) {
	k := newDesk(t, few)
	k.office.comment = "ticket 7"
	k.choose(1)
	k.do(present.CmdEditEntry, "")
	test.Type(k.cfg.Window.Canvas().Focused(), "Post")
	k.push("Save")
	k.until(func() bool { return k.dialogs.Len() == 2 })
	k.dialogs.Top().OnCancel() // no reason: back to the dialog, and nothing is lost
	if k.dialogs.Len() != 1 {
		t.Fatalf("%d dialogs", k.dialogs.Len())
	}
	k.want("Post")
	k.push("Save")
	k.until(func() bool { return k.dialogs.Len() == 2 })
	test.Type(k.dialogs.Top().First, "ticket 7")
	k.dialogs.Top().OnPrimary()
	k.until(func() bool { return k.dialogs.Len() == 0 })
	k.settle()
	if len(k.asks("update")) != 1 {
		t.Errorf("asked for %q", k.asks("update"))
	}
}

// A server that is gone costs nothing of what was typed.
func TestEditEntryFails(t *testing.T) {
	k := newDesk(t, few)
	k.choose(1)
	k.do(present.CmdEditEntry, "")
	test.Type(k.cfg.Window.Canvas().Focused(), "Post")
	k.office.mu.Lock()
	k.office.down = true
	k.office.mu.Unlock()
	k.push("Save")
	k.until(func() bool { return k.dialogs.Len() == 1 && !k.dialogs.Top().Busy() })
	k.want("Post", "office")
}

func TestRevealInTheDialog(t *testing.T) {
	k := newDesk(t, few)
	k.choose(1)
	k.do(present.CmdEditEntry, "")
	var field *widget.PasswordEntry
	each(k.cfg.Window.Canvas().Overlays().Top(), func(o fyne.CanvasObject) {
		if p, ok := o.(*widget.PasswordEntry); ok && field == nil {
			field = p
		}
	})
	test.Tap(field.ActionItem.(fyne.Tappable))
	k.until(func() bool { return field.Text != "" })
	if field.Text != "pass-Mail" || k.office.asked("reveal") != 1 {
		t.Errorf("%q after %d reveals", field.Text, k.office.asked("reveal"))
	}
	k.lock()
	k.wantNot("pass-Mail")
	if field.Text != "" || k.dialogs.Len() != 0 {
		t.Errorf("the lock leaves %q and %d dialogs", field.Text, k.dialogs.Len())
	}
}

func TestAddEntry(t *testing.T) {
	k := newDesk(t, few)
	k.do(present.CmdAddEntry, "")
	k.want("New entry")
	test.Type(k.cfg.Window.Canvas().Focused(), "Router")
	k.push("Generate…")
	k.push("Use it")
	k.push("Save")
	k.until(func() bool { return k.dialogs.Len() == 0 })
	k.settle()
	got := k.asks("create")
	if len(got) != 1 || !strings.HasPrefix(got[0], "create Router ") || len(got[0]) != len("create Router ")+20 {
		t.Errorf("asked for %q", got)
	}
	if k.settings.Made == nil || k.settings.Made.Length != 20 {
		t.Errorf("the rules are forgotten: %+v", k.settings.Made)
	}
}

func TestDuplicateEntry(t *testing.T) {
	k := newDesk(t, few)
	k.choose(2)
	k.do(present.CmdDuplicateEntry, "")
	k.until(func() bool { return len(k.asks("create")) == 1 && k.busy == 0 })
	k.settle()
	if got := k.asks("create"); !slices.Equal(got, []string{"create Archive – copy pass-Archive"}) || k.office.asked("reveal") != 1 {
		t.Errorf("asked for %q, revealed %d times", got, k.office.asked("reveal"))
	}
}

func TestHistory(t *testing.T) {
	k := newDesk(t, aged)
	k.choose(1)
	k.do(present.CmdEditEntry, "")
	k.push("History")
	k.until(func() bool { return strings.Contains(k.reads(), "Old mail") })
	if k.office.asked("reveal") != 0 {
		t.Error("a list of versions revealed the entry")
	}
	k.push("View")
	k.want("Earlier version", "This is an earlier version")
	k.cfg.Window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	k.push("Restore…")
	k.push("Restore")
	k.until(func() bool { return k.dialogs.Len() == 0 })
	k.settle()
	if got := k.asks("update"); !slices.Equal(got, []string{"update Old mail pass-old"}) {
		t.Errorf("asked for %q", got)
	}
}

func TestAttach(t *testing.T) {
	k := newDesk(t, few)
	path := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(path, []byte("PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	k.choose(1)
	k.do(present.CmdEditEntry, "")
	k.push("Advanced")
	k.push("Add…") // the last of them: of the attachments
	k.push("Browse…")
	if n := len(k.cfg.Window.Canvas().Overlays().List()); n != 3 {
		t.Errorf("%d overlays, want the toolkit's dialog in front of two", n)
	}
	k.dialogs.Top().OnCancel()
	if n := len(k.cfg.Window.Canvas().Overlays().List()); n != 2 {
		t.Errorf("%d overlays, want ours: Escape is for the one in front", n)
	}
	k.push("Browse…")
	k.dialogs.Close(k.dialogs.Top())
	if n := len(k.cfg.Window.Canvas().Overlays().List()); n != 1 {
		t.Errorf("%d overlays are left", n)
	}
	k.push("Add…")
	test.Type(k.dialogs.Top().First, path)
	k.dialogs.Top().OnPrimary()
	k.until(func() bool { return k.dialogs.Len() == 1 })
	k.want("key.pem", "3 B")
}

func TestReadAttachment(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, size int) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if data, err := readAttachment(write("largest", present.MaxAttachment)); err != nil || len(data) != present.MaxAttachment {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	if data, err := readAttachment(write("empty", 0)); err != nil || data == nil {
		t.Errorf("an empty file: %v, %v", data, err)
	}
	for name, path := range map[string]string{"file_large": write("large", present.MaxAttachment+1), "file_empty": dir} {
		var p *present.EntryProblem
		if _, err := readAttachment(path); !errors.As(err, &p) || p.Err.Topic != "entry."+name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := readAttachment(filepath.Join(dir, "nothing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing: %v", err)
	}
}
