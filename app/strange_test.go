package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
)

// A server's content as nobody wrote it by hand: what is long, deep, doubled,
// of other scripts, or made to look like something else.

// longName is a name of a megabyte; a server may give one to anything.
var longName = strings.Repeat("endless ", 125_000)

// names are what entries and groups may be called.
var names = map[string]string{
	"nothing":    "",
	"long":       longName,
	"one word":   strings.Repeat("x", 1_000_000),
	"Arabic":     "خادم البريد الإلكتروني ١٢٣",
	"Hebrew":     "שרת דואר – mail 7",
	"CJK":        "邮件服务器の管理者パスワード 메일",
	"emoji":      "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 mail",
	"combining":  "Z\u0351\u036b\u0343\u036a\u0302a\u036d\u0350l\u036d\u030dgo" + strings.Repeat("\u0301", 500),
	"controls":   "mail\x00\x07\x1b[31m\r\nsecond\tline\u0085\u009b\u2028\x7f",
	"overrides":  "invoice\u202egpj.exe\u202c \u2066x\u2069",
	"not UTF-8":  "mail\xff\xfe\xc3",
	"spaces":     "   \u3000\u00a0 ",
	"path":       "../../etc/passwd|a;b\\c",
	"template":   "{{.Count}} %s %[1]d <b>bold</b> **bold** [x](javascript:alert(1))",
	"not shaped": "\U000f0000\ue000\ufffe",
}

func strangeEntry(n int, name string) *vault.Entry {
	e := &vault.Entry{ID: entryID(n)}
	set := func(field, value string) { e.Set(field, vault.SecretText(value), false) }
	set(vault.FieldTitle, name)
	set(vault.FieldUsername, name)
	set(vault.FieldURL, name)
	set(vault.FieldNotes, name)
	set("Own", name)
	if name != "" {
		e.Fields = append(e.Fields, vault.Field{Name: name, Value: vault.SecretText("value")})
		e.Tags = []string{name, name}
		e.Attachments = []vault.Attachment{{ID: entryID(n + 1000), Name: name, Binary: &vault.Binary{Data: []byte("x")}}}
	}
	return e
}

// strange are all names as entries and as groups, one below the other, each of
// them twice.
func strange() *vault.Content {
	root := &vault.Group{ID: entryID(5000), Name: "Root"}
	c := &vault.Content{Root: root}
	n := 0
	for _, key := range sorted(names) {
		n++
		group := &vault.Group{ID: entryID(5000 + n), Name: names[key]}
		group.Entries = []*vault.Entry{strangeEntry(n, names[key])}
		root.Groups = append(root.Groups, group, &vault.Group{ID: entryID(6000 + n), Name: names[key]})
	}
	return c
}

func sorted(m map[string]string) []string {
	return slices.Sorted(maps.Keys(m))
}

// paintable checks everything that is to be painted: no text that takes long to
// lay out, none that reads as another, and not more of them than a window holds.
// What stands in a field to be edited is as it is.
func (k *desk) paintable(when string) {
	k.tb.Helper()
	const mostBytes, mostTexts = 8 << 10, 4000
	edited := map[fyne.CanvasObject]bool{}
	texts := 0
	look := func(o fyne.CanvasObject) {
		if _, field := o.(interface{ SelectedText() string }); field {
			each(o, func(below fyne.CanvasObject) { edited[below] = true })
		}
		t, ok := o.(*canvas.Text)
		if !ok {
			return
		}
		texts++
		if len(t.Text) > mostBytes {
			k.tb.Errorf("%s: a text of %d bytes is painted: %.60q", when, len(t.Text), t.Text)
		}
		if text := strings.ReplaceAll(t.Text, "\t", ""); !edited[o] && strings.ContainsFunc(text, present.Unpaintable) {
			k.tb.Errorf("%s: %.60q is painted", when, text)
		}
	}
	each(k.host, look)
	for _, o := range k.cfg.Window.Canvas().Overlays().List() {
		each(o, look)
	}
	if texts > mostTexts {
		k.tb.Errorf("%s: %d texts are painted", when, texts)
	}
}

// escape closes every dialog, as a person does who presses Escape.
func (k *desk) escape() {
	k.tb.Helper()
	for range 4 {
		if k.dialogs.Len() == 0 {
			return
		}
		k.cfg.Window.Canvas().Focus(nil)
		k.cfg.Window.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape})
	}
	k.tb.Errorf("%d dialogs are left", k.dialogs.Len())
}

func TestStrangeNames(t *testing.T) {
	k := newDesk(t, strange)
	k.paintable("listed")
	for n, key := range sorted(names) {
		n++
		k.choose(n)
		k.paintable(key + ": details")
		for _, id := range []present.CommandID{present.CmdEditEntry, present.CmdDeleteEntry, present.CmdMoveEntry} {
			k.do(id, "")
			k.paintable(fmt.Sprintf("%s: %s", key, id))
			k.escape()
		}
		k.main.screen.SelectGroup(k.main.index.Tree().ByID(entryID(5000 + n)).UID)
		k.main.choose(k.main.index.Tree().ByID(entryID(5000 + n)).UID)
		k.settle()
		if k.shows() != 1 {
			t.Errorf("%s: the group shows %d entries", key, k.shows())
		}
		k.paintable(key + ": group")
		for _, id := range []present.CommandID{present.CmdRenameGroup, present.CmdDeleteGroup} {
			k.do(id, "")
			k.paintable(fmt.Sprintf("%s: %s", key, id))
			k.escape()
		}
		k.do(present.CmdFindInGroup, "")
		k.find("nothing like it")
		k.paintable(key + ": found nothing")
		k.main.choose(k.main.index.Tree().Nodes[0].UID)
		k.settle()
	}
}
