package app

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// What is large: that it is shown in part, and kept whole.

// drawn counts everything that can be seen in the window.
func (k *desk) drawn() int {
	n := 0
	each(k.host, func(fyne.CanvasObject) { n++ })
	return n
}

// Of a hundred thousand entries the rows in view are made, and no more, however
// they are searched, sorted and selected; the rest is done by others than who
// paints.
func TestHundredThousandEntries(t *testing.T) {
	small := newDesk(t, func() *vault.Content { return many(200) })
	few := small.drawn()
	content := many(100_000)
	k := newDesk(t, func() *vault.Content { return content })
	check := func(when string, rows int) {
		t.Helper()
		k.settle()
		if k.shows() != rows {
			t.Errorf("%s: %d rows, want %d", when, k.shows(), rows)
		}
		if n := k.drawn(); n > few+50 {
			t.Errorf("%s: %d objects are drawn, %d of a short list", when, n, few)
		}
	}
	check("listed", 100_000)
	k.main.screen.SetSearch("host-09999", "")
	if !k.main.finding.running() || k.shows() != 100_000 {
		t.Error("a search is done by who paints")
	}
	check("searched", 10)
	k.find("")
	k.main.sort(present.ColumnUser, true)
	if !k.main.finding.running() {
		t.Error("sorting is done by who paints")
	}
	check("sorted", 100_000)
	k.main.screen.ForList().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd})
	check("at the end", 100_000)
	k.main.screen.SelectAll()
	check("all selected", 100_000)
	k.do(present.CmdReload, "")
	check("read anew", 100_000)
	k.lock()
	k.idle()
	if n := k.drawn(); n > few {
		t.Errorf("locked, %d objects are drawn", n)
	}
}

// noted is few, where the mail has notes and a file of any size.
func noted(notes string, data []byte) func() *vault.Content {
	return func() *vault.Content {
		c := few()
		mail := c.Root.Groups[0].Entries[0]
		mail.Set(vault.FieldNotes, vault.SecretText(notes), false)
		if data != nil {
			mail.Attachments = []vault.Attachment{{ID: entryID(90), Name: "image.bin", Binary: &vault.Binary{Data: bytes.Clone(data)}}}
		}
		return c
	}
}

// saver is an office that keeps what is saved.
type saver struct {
	*office
	saved *vault.Entry
}

func (s *saver) UpdateEntry(_ context.Context, _ vault.ID, e *vault.Entry, _ string) error {
	s.saved = &vault.Entry{} // what it was given is wiped
	for _, f := range e.Fields {
		s.saved.Set(f.Name, f.Value.Clone(), f.Protected)
	}
	for _, a := range e.Attachments {
		if a.Binary != nil {
			a.Binary = &vault.Binary{Data: bytes.Clone(a.Binary.Data)}
		}
		s.saved.Attachments = append(s.saved.Attachments, a)
	}
	return nil
}

func newSaver(t *testing.T, content func() *vault.Content) (*desk, *saver) {
	t.Helper()
	x := &saver{}
	return newDeskBefore(t, &office{content: content, gone: map[vault.ID]bool{}}, func(o *office) session.Remote {
		x.office = o
		return x
	}), x
}

func megabyte() string {
	var b strings.Builder
	for i := 0; b.Len() < 1_000_000; i++ {
		fmt.Fprintf(&b, "line %d: Grüße, 你好, 🙂\n", i)
	}
	return b.String() + "the end"
}

// Notes of a megabyte are shown in part, whole when that is asked for, and come
// back to the server whole after an edit of something else.
func TestNotesOfAMegabyte(t *testing.T) {
	notes := megabyte()
	k, x := newSaver(t, noted(notes, nil))
	k.choose(1)
	k.want("line 0:", "Show all")
	k.wantNot("the end")
	part := k.drawn()
	k.pushIn(k.host, "Show all")
	k.paintable("all notes")
	if n := k.drawn(); n > part+100 {
		t.Errorf("%d objects are drawn of all notes, %d of a part", n, part)
	}

	k.do(present.CmdEditEntry, "")
	k.want("Show all notes")
	test.Type(k.cfg.Window.Canvas().Focused(), "Post")
	k.push("Save")
	k.until(func() bool { return k.dialogs.Len() == 0 })
	k.settle()
	if x.saved == nil || x.saved.Title() != "Post" || x.saved.Notes() != notes {
		t.Fatalf("saved %v", x.saved != nil)
	}
}

// A file of the largest size is added, sent, read and written without the loss
// of a byte; the file on the disk is nobody else's.
func TestAttachmentOfTenMegabytes(t *testing.T) {
	data := make([]byte, present.MaxAttachment)
	for i := range data {
		data[i] = byte(i*7 + i>>8*13 + i>>16*29)
	}
	k, x := newSaver(t, noted("", data))
	path := filepath.Join(t.TempDir(), "picture.bin")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	k.choose(1)
	k.do(present.CmdEditEntry, "")
	k.push("Advanced")
	k.push("Add…") // of the attachments
	test.Type(k.dialogs.Top().First, path)
	k.dialogs.Top().OnPrimary()
	k.until(func() bool { return k.dialogs.Len() == 1 })
	k.want("picture.bin", "10")
	k.push("Save")
	k.until(func() bool { return k.dialogs.Len() == 0 })
	k.settle()
	if x.saved == nil || len(x.saved.Attachments) != 2 || !bytes.Equal(x.saved.Attachments[1].Binary.Data, data) {
		t.Fatal("what was saved is not what was added")
	}

	k.choose(1)
	to := filepath.Join(t.TempDir(), "out.bin")
	k.do(present.CmdSaveAttachment, "image.bin")
	k.dialogs.Top().First.(*widget.TextEntry).SetText(to)
	k.dialogs.Top().OnPrimary()
	k.until(func() bool { return k.dialogs.Len() == 0 })
	got, err := os.ReadFile(to)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes in the file, %v", len(got), err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(to), ".*")); err != nil || len(left) != 0 {
		t.Errorf("beside it are %q", left)
	}
}

// deep are groups one below the other, of the same name, each with an entry of
// the same title.
func deep(levels int) *vault.Content {
	root := &vault.Group{ID: entryID(1000), Name: "Root"}
	for at, n := root, 1; n < levels; n++ {
		e := &vault.Entry{ID: entryID(n)}
		e.Set(vault.FieldTitle, vault.SecretText("Same"), false)
		below := &vault.Group{ID: entryID(1000 + n), Name: "Same", Entries: []*vault.Entry{e}}
		at.Groups = append(at.Groups, below)
		at = below
	}
	return &vault.Content{Root: root}
}

// As deep as KeePass goes: every group can be chosen, and names that are the
// same are told apart by what they stand for.
func TestHundredAndTwentySixLevels(t *testing.T) {
	const levels = 126
	k := newDesk(t, func() *vault.Content { return deep(levels) })
	if k.shows() != levels-1 {
		t.Fatalf("%d entries are listed", k.shows())
	}
	tree := k.main.index.Tree()
	last := tree.ByID(entryID(1000 + levels - 1))
	k.main.screen.SelectGroup(last.UID, tree.Above(last.UID)...)
	k.main.choose(last.UID)
	k.settle()
	k.want("125 › Same") // the number of the level, where there is no room to indent
	if k.shows() != 1 || k.main.group().ID != last.ID {
		t.Errorf("the deepest group shows %d entries", k.shows())
	}
	k.choose(levels - 1)
	k.paintable("the deepest entry")
	k.do(present.CmdMoveEntry, "")
	k.paintable("where to move it")
	k.escape()
	middle := tree.ByID(entryID(1060))
	k.main.choose(middle.UID)
	k.settle()
	if k.shows() != 1 || k.main.index.ID(k.main.view.Rows[0]) != entryID(60) {
		t.Errorf("another group of the name shows %d entries", k.shows())
	}
}
