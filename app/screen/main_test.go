package screen_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// told is what a main place said that a person did.
type told []string

func (s *told) say(format string, args ...any) { *s = append(*s, fmt.Sprintf(format, args...)) }

func newMain(t *testing.T, width float32) (*screen.Main, *told, fyne.Window) {
	t.Helper()
	test.NewTempApp(t).Settings().SetTheme(theme.New(theme.Light))
	said := &told{}
	m := screen.NewMain(present.Load("en"), screen.MainActions{
		Do:     func(id present.CommandID, choice string) { said.say("%s%s", id, choice) },
		Key:    func(*fyne.KeyEvent) bool { return false },
		Search: func(text string) { said.say("search %s", text) },
		Group:  func(uid string) { said.say("group %s", uid) },
		Select: func(ids []vault.ID) { said.say("%d selected", len(ids)) },
		Sort:   func(c present.Column, desc bool) { said.say("sort %s %v", c, desc) },
		Widths: func(map[string]float32) {}, Sizes: func(screen.Sizes) {}, Strip: func() {},
		EntryMenu: func() []*fyne.MenuItem { return nil }, GroupMenu: func() []*fyne.MenuItem { return nil },
		Detail: screen.DetailActions{
			Reveal: func(_ vault.ID, field string) { said.say("reveal %s", field) },
			Hide:   func(_ vault.ID, field string) { said.say("hide %s", field) },
			Code:   func(vault.ID) { said.say("code") },
			Copy:   func(_ vault.ID, field string) { said.say("copy %s", field) },
			Save:   func(_ vault.ID, name string) { said.say("save %s", name) },
			OpenURL: func() {
				said.say("open")
			},
		},
	})
	w := test.NewTempWindow(t, widget.NewTipHost(m.Object()))
	w.SetPadded(false)
	w.Resize(fyne.NewSize(width, 700))
	return m, said, w
}

// painted returns the texts that lie within an object, by where they stand.
func painted(o fyne.CanvasObject) []string {
	var out []string
	for _, c := range test.LaidOutObjects(o) {
		if t, ok := c.(*canvas.Text); ok && t.Text != "" && t.Visible() {
			if at := fyne.CurrentApp().Driver().AbsolutePositionForObject(t); at.X >= 0 && at.Y >= 0 {
				out = append(out, t.Text)
			}
		}
	}
	return out
}

func detail() *present.Detail {
	return &present.Detail{
		ID: vault.ID{1}, Title: "Mail", Path: "/Servers", Tags: []string{"prod"}, Expires: "expired 2 days ago", Urgency: present.Alarm,
		Offline: "Not kept offline", OfflineWhy: "Your access to it is limited in time.",
		Fields: []present.DetailField{
			{Name: vault.FieldUsername, Label: "User name", Kind: present.KindUser, Value: "postmaster"},
			{Name: vault.FieldPassword, Label: "Password", Kind: present.KindPassword, Protected: true},
			{Name: vault.FieldNotes, Label: "Notes", Kind: present.KindNotes, Value: "first line\nsecond line"},
			{Name: vault.FieldOTP, Label: "One-time code", Kind: present.KindCode, Protected: true, Code: "6 digits, every 30 seconds"},
			{Name: "PIN", Label: "PIN", Kind: present.KindText, Protected: true},
		},
		Attachments: []present.DetailAttachment{{Name: "key.pem", Size: "3 B"}},
	}
}

func TestDetails(t *testing.T) {
	m, _, w := newMain(t, 1100)
	d := m.Details()
	has := func(text string) bool { return strings.Contains(strings.Join(painted(w.Content()), "\n"), text) }
	d.Show(screen.Selection{Count: 3})
	if !has("3 entries selected") {
		t.Errorf("several read %q", painted(w.Content()))
	}
	d.Show(screen.Selection{Count: 1, Detail: detail()})
	for _, text := range []string{"Mail", "postmaster", "first line", "second line", "prod", "expired 2 days ago", "limited in time", "key.pem  (3 B)"} {
		if !has(text) {
			t.Errorf("%q is not in %q", text, painted(w.Content()))
		}
	}
	id := vault.ID{1}
	d.ShowSecret(vault.ID{2}, "PIN", []byte("9999"))
	d.ShowSecret(id, "PIN", []byte("4711"))
	if has("9999") || !has("4711") || !d.Shows(id, "PIN") {
		t.Errorf("secrets read %q", painted(w.Content()))
	}
	d.ShowCode(id, []byte("123 456"), 0.5, "15 s")
	if !has("123") || !has("15 s") {
		t.Errorf("the code reads %q", painted(w.Content()))
	}
	d.HideSecret(id, vault.FieldOTP)
	if has("123") || has("15 s") {
		t.Error("the code stays")
	}
	d.Show(screen.Selection{Count: 1, Detail: detail()}) // the same: what is shown stays
	if !d.Shows(id, "PIN") {
		t.Error("painting the same again hides a secret")
	}
	d.Show(screen.Selection{})
	if has("4711") || has("Mail") || !has("No entry selected") {
		t.Errorf("nothing selected reads %q", painted(w.Content()))
	}
}

// What may be a megabyte is laid out a line at a time, and only when asked for.
func TestLongNotes(t *testing.T) {
	m, _, w := newMain(t, 1100)
	x := detail()
	x.Fields[2].Value = "the beginning…"
	x.Fields[2].Full = strings.Repeat("some words that go on ", 50_000) + "the end"
	m.Details().Show(screen.Selection{Count: 1, Detail: x})
	for _, o := range test.LaidOutObjects(w.Content()) {
		if b, ok := o.(*widget.Button); ok && b.Text == "Show all" {
			test.Tap(b)
			break
		}
	}
	all := painted(w.Content())
	if n := len(all); n > 200 || !slices.ContainsFunc(all, func(s string) bool { return strings.HasPrefix(s, "some words that go on") }) {
		t.Errorf("%d texts are painted: %q", n, all[:min(n, 30)])
	}
}

func TestToolbar(t *testing.T) {
	m, said, w := newMain(t, 1100)
	items := []present.MenuItem{
		{ID: present.CmdConnect, Label: "Connect…", Icon: "connect", Enabled: true},
		{Separator: true},
		{ID: present.CmdDeleteEntry, Label: "Delete", Icon: "delete", Shortcut: present.Shortcut{Key: "Delete"}, Why: "Select an entry."},
	}
	m.ShowToolbar(items)
	buttons := func() (list []*widget.ToolbarButton) {
		for _, o := range test.LaidOutObjects(w.Content()) {
			if b, ok := o.(*widget.ToolbarButton); ok && b.Visible() {
				list = append(list, b)
			}
		}
		return list
	}
	first := buttons()
	if len(first) != 2 || first[1].Tip() != "Delete (Delete) – Select an entry." {
		t.Fatalf("buttons %d", len(first))
	}
	test.Tap(first[0])
	test.Tap(first[1])
	if !slices.Equal(*said, told{"server.connect"}) {
		t.Errorf("told %q", *said)
	}
	items = slices.Clone(items)
	items[2].Enabled, items[2].Why = true, ""
	m.ShowToolbar(items)
	if again := buttons(); again[1] != first[1] || !again[1].Enabled() {
		t.Error("the buttons are made anew")
	}
	m.ShowLook(screen.Look{Columns: present.DefaultColumns()})
	if n := len(buttons()); n != 0 {
		t.Errorf("the hidden toolbar shows %d buttons", n)
	}
	search := m.ForSearch("Search here")
	w.Canvas().Focus(search)
	if w.Canvas().Focused() != search {
		t.Error("the search of a hidden toolbar does not get the keyboard")
	}
	search.TypedRune('x')
	if !slices.Contains(*said, "search x") {
		t.Errorf("told %q", *said)
	}
}

// What a narrow window has no room for is in a menu, and Lock stays at hand.
func TestToolbarInNarrowWindow(t *testing.T) {
	m, said, w := newMain(t, 420)
	items := present.Toolbar(present.Load("de"), present.Commands(), present.State{Mode: session.Online, SignedIn: true})
	m.ShowToolbar(items)
	var seen []*widget.ToolbarButton
	for _, o := range test.LaidOutObjects(w.Content()) {
		if b, ok := o.(*widget.ToolbarButton); ok && b.Visible() && b.Position().X >= 0 {
			if b.Position().X+b.Size().Width > 420-170 {
				t.Errorf("%q is over the search", b.Tip())
			}
			seen = append(seen, b)
		}
	}
	slices.SortFunc(seen, func(a, b *widget.ToolbarButton) int { return int(a.Position().X - b.Position().X) })
	if len(seen) < 3 || !strings.HasPrefix(seen[len(seen)-1].Tip(), items[len(items)-1].Label) {
		t.Fatalf("%d buttons, the last is %q", len(seen), seen[len(seen)-1].Tip())
	}
	test.Tap(seen[len(seen)-2])
	menu := w.Canvas().Overlays().Top()
	if menu == nil {
		t.Fatal("the rest is nowhere")
	}
	buttons := 0
	for _, m := range items {
		if !m.Separator {
			buttons++
		}
	}
	lines := 0
	for _, o := range test.LaidOutObjects(menu) {
		if text, ok := o.(*canvas.Text); ok && text.Text != "" {
			lines++
		}
	}
	if lines+len(seen)-1 != buttons || len(*said) != 0 {
		t.Errorf("%d in the menu and %d buttons of %d, told %q", lines, len(seen)-1, buttons, *said)
	}
}

// A narrow window loses what matters least, and nothing runs over anything.
func TestStatusLineInNarrowWindow(t *testing.T) {
	for _, width := range []float32{1100, 700, 420} {
		m, _, w := newMain(t, width)
		m.ShowStatus(present.StatusBar{
			Mode: "Working Offline", Colour: "offline", Who: "erika.mustermann at vault.example.org", Age: "made 3 hours ago",
			Left: "2 days left", Urgency: present.Warning, Level: "hardware", Local: "not governed by the server", Drafts: "2 drafts", Counts: "1 of 123 selected",
		})
		m.ShowCountdown(0.5, "Password copied")
		all := painted(w.Content())
		for _, text := range []string{"Working Offline", "2 days left", "Password copied"} {
			if !slices.Contains(all, text) {
				t.Errorf("at %v points %q is not in %q", width, text, all)
			}
		}
		if width == 420 && slices.Contains(all, "made 3 hours ago") {
			t.Error("the age is shown where there is no room for it")
		}
		type span struct {
			text     string
			from, to float32
		}
		var line []span
		for _, o := range test.LaidOutObjects(w.Content()) {
			if x, ok := o.(*canvas.Text); ok && x.Visible() {
				at := fyne.CurrentApp().Driver().AbsolutePositionForObject(x)
				if at.Y > 670 && at.X >= 0 {
					line = append(line, span{x.Text, at.X, at.X + x.MinSize().Width})
				}
			}
		}
		slices.SortFunc(line, func(a, b span) int { return int(a.from - b.from) })
		for i := 1; i < len(line); i++ {
			if line[i].from < line[i-1].to {
				t.Errorf("at %v points %q runs over %q", width, line[i-1].text, line[i].text)
			}
		}
	}
}

func TestNotice(t *testing.T) {
	m, _, w := newMain(t, 1100)
	m.ShowNotice(&present.Notice{Severity: present.Alarm, Message: "It failed.", Remedy: "Try again."}, "")
	if all := painted(w.Content()); !slices.Contains(all, "It failed.") || !slices.Contains(all, "Try again.") {
		t.Errorf("painted %q", all)
	}
	m.ShowNotice(nil, "")
	if all := painted(w.Content()); slices.Contains(all, "It failed.") {
		t.Errorf("painted %q", all)
	}
}
