package app

import (
	"runtime"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
)

func TestListing(t *testing.T) {
	k := newDesk(t, few)
	k.want("Root", "Servers", "Mail", "postmaster", "Archive", "1 of 2 selected", "Online", "erika at office.example")
	k.wantNot("pass-Mail")
	if k.shows() != 2 {
		t.Errorf("the root shows %d entries", k.shows())
	}
	uid := k.main.index.Tree().ByID(entryID(51)).UID
	k.main.choose(uid)
	k.settle()
	if k.shows() != 1 || k.main.group().Name != "Servers" {
		t.Errorf("the group %s shows %d entries", k.main.group().Name, k.shows())
	}
	k.do(present.CmdShowSubgroups, "")
	k.settle()
	if k.shows() != 2 {
		t.Errorf("with subgroups it shows %d entries", k.shows())
	}
	k.main.choose(k.main.index.Tree().ByID(entryID(53)).UID)
	k.settle()
	k.want("No entries in this group")
	k.office.down = true
	k.do(present.CmdReload, "")
	k.settle()
	k.want("The server cannot be reached")
}

func TestSearch(t *testing.T) {
	k := newDesk(t, few)
	k.main.choose(k.main.index.Tree().ByID(entryID(53)).UID)
	k.find("mail") // everywhere, as one of KeePass does; the user name of the other counts
	if k.shows() != 2 || !k.state().Searching {
		t.Errorf("found %d", k.shows())
	}
	k.find("mail postm")
	if k.shows() != 1 {
		t.Errorf("found %d", k.shows())
	}
	k.find("pass-Mail")
	if k.shows() != 0 {
		t.Error("a secret is found")
	}
	k.want("Nothing found", "“pass-Mail”")
	k.do(present.CmdClearSearch, "")
	k.settle()
	k.want("No entries in this group")
	k.do(present.CmdFindInGroup, "")
	k.find("mail")
	k.want("No entry in “Empty”")
	k.do(present.CmdClearSearch, "")
	k.settle()
	k.do(present.CmdFindExpired, "")
	k.settle()
	if k.shows() != 1 || k.main.only != present.OnlyExpired {
		t.Errorf("%d have expired", k.shows())
	}
	k.do(present.CmdFindExpired, "")
	k.settle()
	if k.main.only != present.OnlyAny {
		t.Error("the command does not switch back")
	}
}

// Every keystroke ends the search of the one before; what is shown in the end
// is what the last one asked for.
func TestSearchAmongManyAsOneTypes(t *testing.T) {
	content := many(30_000)
	k := newDesk(t, func() *vault.Content { return content })
	if k.shows() != 30_000 {
		t.Fatalf("%d entries are listed", k.shows())
	}
	for _, text := range []string{"h", "ho", "hos", "host-0177", "host-01777", "host-017777"} {
		k.main.screen.SetSearch(text, "")
	}
	k.settle()
	if k.shows() != 1 {
		t.Errorf("found %d", k.shows())
	}
	k.want("host-017777.example")
	k.main.sort(present.ColumnTitle, true)
	k.find("")
	k.want("host-029999.example")
	k.main.screen.SelectAll()
	k.settle()
	k.want("30000 of 30000 selected", "30000 entries selected")
}

func TestShowSecret(t *testing.T) {
	k := newDesk(t, few)
	k.choose(1)
	k.want("Mail", "B 12", "../key.pem")
	k.wantNot("pass-Mail", "4711")
	k.main.reveal(entryID(1), vault.FieldPassword)
	k.settle()
	k.main.reveal(entryID(1), "PIN")
	k.settle()
	details := k.main.screen.Details()
	if !details.Shows(entryID(1), vault.FieldPassword) || !details.Shows(entryID(1), "PIN") {
		t.Error("the secrets are not shown")
	}
	k.want("4711")
	k.choose(2)
	k.wantNot("4711")
	k.choose(1)
	k.wantNot("4711")
	if details.Shows(entryID(1), "PIN") || len(k.main.shown) != 0 {
		t.Error("a secret outlives the selection of another entry")
	}
}

// Nothing of the entries stays when the window locks, whatever is under way.
func TestLockWipes(t *testing.T) {
	k := newDesk(t, few)
	k.choose(1)
	k.main.reveal(entryID(1), "PIN")
	k.settle()
	k.do(present.CmdDeleteEntry, "")
	shelf := k.main.shelf
	k.find("ma")
	k.main.reveal(entryID(1), vault.FieldPassword)
	k.lock()
	if p := k.main; p.list != nil || p.index != nil || p.detail != nil || len(p.ids) != 0 || len(p.shown) != 0 || p.text != "" {
		t.Errorf("left: %+v", p)
	}
	if k.dialogs.Len() != 0 {
		t.Error("a dialog is open")
	}
	k.settle()
	for shelf.use(func(*present.Index) error { return nil }) == nil { // wiped by a task that tells nobody
		runtime.Gosched()
	}
	k.wantNot("4711", "pass-Mail", "postmaster", "Servers")
}

// The server wants to know why: the reason is asked for, and the work done with
// it.
func TestCommentIsAskedFor(t *testing.T) {
	k := newDesk(t, few)
	k.choose(1)
	k.office.comment = "ticket 7"
	k.main.reveal(entryID(1), "PIN")
	k.until(func() bool { return k.dialogs.Len() == 1 })
	k.want("Why do you need it?", "Mail")
	dialog := k.dialogs.Top()
	test.Type(dialog.First, "ticket 7")
	dialog.OnPrimary()
	k.settle()
	k.want("4711")
	if k.dialogs.Len() != 0 {
		t.Error("the dialog stays")
	}
	k.main.hideSecrets()
	k.main.reveal(entryID(1), "PIN")
	k.until(func() bool { return k.dialogs.Len() == 1 })
	k.dialogs.Top().OnCancel()
	k.settle()
	k.wantNot("4711")
	k.wantNot("internal")
}

// What is no secret is copied without the server's hearing of it.
func TestCopyOpenFieldAsksNobody(t *testing.T) {
	k := newDesk(t, few)
	k.choose(1)
	k.do(present.CmdCopyUser, "")
	k.settle()
	k.do(present.CmdCopyField, "Rack")
	k.settle()
	if n := k.office.asked("reveal"); n != 0 {
		t.Errorf("revealed %d times", n)
	}
	k.do(present.CmdCopyPassword, "")
	k.settle()
	if n := k.office.asked("reveal"); n != 1 {
		t.Errorf("revealed %d times for a password", n)
	}
}

// Addresses are written by other people: what could run a program or open a file
// is refused, and the reason is said.
func TestHostileURLIsNotOpened(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // whatever is opened all the same is not found
	url := ""
	k := newDesk(t, func() *vault.Content {
		c := few()
		c.Root.Groups[0].Entries[0].Set(vault.FieldURL, vault.SecretText(url), false)
		return c
	})
	const refused = "This address is not opened."
	for address, why := range map[string]string{
		"cmd://format c:":              "“cmd:”",
		"javascript:alert(document)":   "“javascript:”",
		"file:///etc/passwd":           "“file:”",
		"FILE://server/share":          "“file:”",
		"data:text/html,x":             "“data:”",
		"ms-msdt:/id":                  "“ms-msdt:”",
		"https://example.com/\x1b[2J":  "It is not a whole address of a page or a server.",
		"\\\\server\\share":            "It is not a whole address of a page or a server.",
		"https://example.com/":         "",
		"ftp://example.com/":           "",
		"mailto:erika@example.com":     "",
		"ssh://root@db.example":        "",
		"rdp://win.example":            "",
		"example.com/without/a/scheme": "",
	} {
		url = address
		k.do(present.CmdReload, "")
		k.settle()
		k.choose(1)
		k.do(present.CmdOpenURL, "")
		k.settle()
		if why == "" {
			k.wantNot(refused)
			continue
		}
		k.want(refused, why, "Copy it, if you trust it, and ")
		k.main.tell(nil)
	}
}

func TestDelete(t *testing.T) {
	k := newDesk(t, few)
	k.choose(2)
	k.do(present.CmdDeleteEntry, "")
	k.want("Delete “Archive”?", "on the server")
	if k.office.asked("delete") != 0 {
		t.Fatal("deleted without a question")
	}
	if at := k.cfg.Window.Canvas().Focused(); at != k.dialogs.Top().CancelButton() {
		t.Errorf("the keyboard is at %T, want Cancel", at)
	}
	k.dialogs.Top().OnPrimary()
	k.until(func() bool { return k.dialogs.Len() == 0 })
	k.settle()
	if k.shows() != 1 {
		t.Errorf("%d entries are left", k.shows())
	}
	k.wantNot("Archive")
}

func TestColumnsAndPanesAreKept(t *testing.T) {
	k := newDesk(t, few)
	k.do(present.CmdChooseColumns, string(present.ColumnURL))
	k.do(present.CmdChooseColumns, string(present.ColumnExpires))
	k.do(present.CmdPaneRight, "")
	k.do(present.CmdShowToolbar, "")
	k.main.sort(present.ColumnUser, false)
	k.settle()
	want := []string{"title", "user", "password", "notes", "expires", "offline"}
	if s := k.settings; !slices.Equal(s.Columns, want) || s.Details != present.DetailsRight || s.toolbar() || s.Sort != "user" {
		t.Errorf("settings %+v, want columns %v", s, want)
	}
	if first := k.main.index.ID(k.main.view.Rows[0]); first != entryID(2) {
		t.Errorf("sorted by user name, %v is first", first)
	}
	for _, c := range want {
		k.do(present.CmdChooseColumns, c)
	}
	if len(k.settings.Columns) != 1 {
		t.Errorf("columns %v", k.settings.Columns)
	}
}

// A secret that was asked for is dots again after its time.
func TestSelectionOfOthers(t *testing.T) {
	k := newDesk(t, few)
	k.main.screen.SelectAll()
	k.settle()
	k.want("2 entries selected")
	if s := k.state(); s.Selected != 2 || s.HasUser {
		t.Errorf("state %+v", s)
	}
	k.main.reselect(entryID(2))
	k.settle()
	if ids := k.main.ids; !slices.Equal(ids, []vault.ID{entryID(2)}) || k.main.find(entryID(2)) == nil {
		t.Errorf("selected %v", ids)
	}
}

func BenchmarkKeystroke(b *testing.B) {
	content := many(100_000)
	k := newDesk(b, func() *vault.Content { return content })
	words := []string{"h", "ho", "hos", "host-01", "host-012", "svc-97", "example", "login", ""}
	b.Run("matched and shown", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			k.main.screen.SetSearch(words[i%len(words)], "")
			k.settle()
		}
	})
	b.Run("on the painting goroutine", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			k.main.screen.SetSearch(words[i%len(words)], "")
			b.StopTimer()
			for k.main.finding.running() {
				paint := <-k.q
				b.StartTimer()
				paint()
				b.StopTimer()
			}
			b.StartTimer()
		}
	})
}

func BenchmarkSelect(b *testing.B) {
	content := many(100_000)
	k := newDesk(b, func() *vault.Content { return content })
	list := k.main.screen.ForList()
	for b.Loop() {
		list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
		k.settle()
	}
}
