package app

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	launch "github.com/tideover/tideover/app/start"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// office is a Pleasant server with entries.
type office struct {
	session.Remote // nil: what is not written below is not asked for

	mu      sync.Mutex
	content func() *vault.Content
	comment string // wanted at each use; empty: none
	down    bool
	calls   []string
	gone    map[vault.ID]bool
}

func (o *office) ask(what string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, what)
	if o.down {
		return vault.Fail(vault.Unreachable, "office")
	}
	return nil
}

func (o *office) asked(what string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, c := range o.calls {
		if c == what {
			n++
		}
	}
	return n
}

func (o *office) Probe(context.Context) (session.Identity, error) {
	return session.Identity{Kind: session.Pleasant}, o.ask("probe")
}

func (o *office) SignIn(context.Context, session.Credentials) (session.Token, error) {
	return session.Token{Access: vault.SecretText("token"), Expires: time.Now().Add(time.Hour)}, o.ask("sign in")
}

func (o *office) UseToken(vault.Secret) {}

func (o *office) OfflineAvailable(context.Context) (bool, error) { return false, o.ask("offline") }

func (o *office) Tree(context.Context) (*wire.Stream, error) {
	if err := o.ask("tree"); err != nil {
		return nil, err
	}
	c := o.content()
	_ = c.Root.Walk(func(_ []string, g *vault.Group) error { // the function has no error
		g.Entries = slices.DeleteFunc(g.Entries, func(e *vault.Entry) bool { return o.gone[e.ID] })
		for _, e := range g.Entries {
			for i := range e.Fields {
				if e.Fields[i].Protected {
					e.Fields[i].Value = vault.Secret{}
				}
			}
		}
		return nil
	})
	return &wire.Stream{Head: wire.Head{At: time.Now()}, Content: c, Facts: map[vault.ID]*wire.Facts{}}, nil
}

func (o *office) find(id vault.ID) *vault.Entry {
	var found *vault.Entry
	_ = o.content().Root.Walk(func(_ []string, g *vault.Group) error { // the function has no error
		for _, e := range g.Entries {
			if e.ID == id {
				found = e
			}
		}
		return nil
	})
	return found
}

func (o *office) Reveal(_ context.Context, id vault.ID, comment string) (*vault.Entry, error) {
	if err := o.ask("reveal"); err != nil {
		return nil, err
	}
	if comment != o.comment {
		return nil, vault.CommentRequired
	}
	return o.find(id), nil
}

func (o *office) Attachment(_ context.Context, entry, id vault.ID, _ string) ([]byte, error) {
	for _, a := range o.find(entry).Attachments {
		if a.ID == id {
			return slices.Clone(a.Binary.Data), o.ask("attachment")
		}
	}
	return nil, vault.NotFound
}

func (o *office) DeleteEntry(_ context.Context, id vault.ID, _ string) error {
	o.gone[id] = true
	return o.ask("delete")
}

func entryID(n int) vault.ID {
	return vault.ID{6: 0x40, 8: 0x80, 12: byte(n >> 24), 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

// few are entries to look at one by one.
func few() *vault.Content {
	entry := func(n int, title, user string) *vault.Entry {
		e := &vault.Entry{ID: entryID(n)}
		e.Set(vault.FieldTitle, vault.SecretText(title), false)
		e.Set(vault.FieldUsername, vault.SecretText(user), false)
		e.Set(vault.FieldPassword, vault.SecretText("pass-"+title), true)
		return e
	}
	mail := entry(1, "Mail", "postmaster")
	mail.Set(vault.FieldURL, vault.SecretText("cmd://format c:"), false)
	mail.Set("Rack", vault.SecretText("B 12"), false)
	mail.Set("PIN", vault.SecretText("4711"), true)
	mail.Attachments = []vault.Attachment{{ID: entryID(90), Name: "../key.pem", Binary: &vault.Binary{Data: []byte("PEM")}}}
	old := entry(2, "Archive", "mailer")
	old.Times.Expires, old.Times.Expiry = true, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	return &vault.Content{Root: &vault.Group{ID: entryID(50), Name: "Root", Groups: []*vault.Group{
		{ID: entryID(51), Name: "Servers", Entries: []*vault.Entry{mail}, Groups: []*vault.Group{
			{ID: entryID(52), Name: "Old", Entries: []*vault.Entry{old}},
		}},
		{ID: entryID(53), Name: "Empty"},
	}}}
}

// many are n entries in a hundred groups.
func many(n int) *vault.Content {
	root := &vault.Group{ID: entryID(1 << 24), Name: "Root"}
	for g := range 100 {
		group := &vault.Group{ID: entryID(1<<24 + 1 + g), Name: fmt.Sprintf("Group %d", g)}
		for i := g; i < n; i += 100 {
			e := &vault.Entry{ID: entryID(i + 1)}
			e.Set(vault.FieldTitle, vault.SecretText(fmt.Sprintf("host-%06d.example", i)), false)
			e.Set(vault.FieldUsername, vault.SecretText(fmt.Sprintf("svc-%d", i%977)), false)
			e.Set(vault.FieldPassword, vault.Secret{}, true)
			e.Set(vault.FieldURL, vault.SecretText(fmt.Sprintf("https://host-%06d.example/login", i)), false)
			group.Entries = append(group.Entries, e)
		}
		root.Groups = append(root.Groups, group)
	}
	return &vault.Content{Root: root}
}

// desk is a window in which somebody signed in at the office.
type desk struct {
	*Desktop
	tb     testing.TB
	q      queue
	office *office
}

func newDesk(tb testing.TB, content func() *vault.Content) *desk {
	tb.Helper()
	k := &desk{tb: tb, q: newQueue(), office: &office{content: content, gone: map[vault.ID]bool{}}}
	home := filepath.Join(tb.TempDir(), "home")
	s := session.New(session.Config{
		Home: home, Dial: func(session.Target) (session.Remote, error) { return k.office, nil },
		Keeper: session.NewKeychain(&drawer{}), Clock: wall{}, Name: "desk", OS: "linux", Version: "test",
	})
	options := launch.Options{Home: home, Getenv: func(string) string { return "" }}
	window := test.NewTempWindow(tb, nil)
	k.Desktop = New(Config{
		App: test.NewTempApp(tb), Window: window, Client: &launch.Client{Session: s}, Target: options.Target,
		Home: home, Language: "en", Version: "test", Post: k.q.post, Quit: func() {},
	})
	tb.Cleanup(func() {
		over := make(chan struct{})
		k.tasks.end(s.Close, func() { close(over) })
		for {
			select {
			case paint := <-k.q:
				paint()
			case <-over:
				return
			}
		}
	})
	err := s.SignIn(tb.Context(), session.SignInRequest{
		Target:      session.Target{URL: "https://office.example"},
		Credentials: session.Credentials{User: "erika", Password: vault.SecretText("word")},
	})
	if err != nil {
		tb.Fatal(err)
	}
	window.Resize(fyne.NewSize(1100, 800))
	k.enter()
	k.until(func() bool { return k.here == place(k.main) && k.main.list != nil })
	k.settle()
	return k
}

// until paints what comes until something is so.
func (k *desk) until(so func() bool) {
	k.tb.Helper()
	for !so() {
		select {
		case paint := <-k.q:
			paint()
		case <-k.tb.Context().Done():
			k.tb.Fatal("the test ended")
		}
	}
}

// settle waits for everything that was begun.
func (k *desk) settle() {
	k.tb.Helper()
	p := k.main
	k.until(func() bool {
		return !k.reading && !p.loading.running() && !p.finding.running() && !p.describing.running() && !p.asking.running()
	})
}

// reads returns what can be read in the window, dialogs included.
func (k *desk) reads() string {
	return readable(append([]fyne.CanvasObject{k.host}, k.cfg.Window.Canvas().Overlays().List()...)...)
}

func (k *desk) want(texts ...string) {
	k.tb.Helper()
	got := k.reads()
	for _, text := range texts {
		if !strings.Contains(got, text) {
			k.tb.Errorf("%q is not in %q", text, got)
		}
	}
}

func (k *desk) wantNot(texts ...string) {
	k.tb.Helper()
	got := k.reads()
	for _, text := range texts {
		if strings.Contains(got, text) {
			k.tb.Errorf("%q is in %q", text, got)
		}
	}
}

// choose selects an entry by its number.
func (k *desk) choose(n int) {
	k.tb.Helper()
	if !k.main.screen.SelectEntry(entryID(n)) {
		k.tb.Fatalf("entry %d is not listed", n)
	}
	k.settle()
}

// shows returns how many rows are listed.
func (k *desk) shows() int { return len(k.main.view.Rows) }

func (k *desk) find(text string) {
	k.tb.Helper()
	k.main.screen.SetSearch(text, "")
	k.settle()
}

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

func TestHostileURLIsNotOpened(t *testing.T) {
	k := newDesk(t, few)
	k.choose(1)
	k.do(present.CmdOpenURL, "")
	k.settle()
	k.want("This address is not opened.", "“cmd:”")
}

func TestDelete(t *testing.T) {
	k := newDesk(t, few)
	k.choose(2)
	k.do(present.CmdDeleteEntry, "")
	k.want("Delete “Archive”?", "on the server")
	if k.office.asked("delete") != 0 {
		t.Fatal("deleted without a question")
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
