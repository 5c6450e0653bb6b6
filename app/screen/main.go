package screen

import (
	"reflect"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fw "fyne.io/fyne/v2/widget"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
)

// Sizes of the panes of a new window, in points.
const (
	treeWide    = 220
	detailsHigh = 210
	detailsWide = 340
)

// MainActions are what a person can do in the main place. All of them return
// at once, and none may be nil.
type MainActions struct {
	Do     func(id present.CommandID, choice string) // a command was given
	Key    func(*fyne.KeyEvent) bool                 // a plain key was pressed; true: it was a command
	Search func(text string)                         // the quick search holds another text
	Group  func(uid string)                          // a group was selected
	Select func(ids []vault.ID)                      // entries were, in the order of the list
	Sort   func(column present.Column, desc bool)
	Widths func(widths map[string]float32) // of columns, after the person dragged a border
	Sizes  func(Sizes)                     // of the panes, likewise
	Strip  func()                          // the button of the notice was pressed

	// Over is asked, while entries are dragged over a group, what a drop there
	// would do, or why it would do nothing; Drop is told of the drop.
	Over func(uid string) (what string, allowed bool)
	Drop func(uid string)

	// The menus are asked for as they open.
	EntryMenu func() []*fyne.MenuItem
	GroupMenu func() []*fyne.MenuItem

	Detail DetailActions
}

// Sizes are the sizes of the panes in points; 0: as in a new window.
type Sizes struct {
	Tree  float32 // width of the tree of groups
	Below float32 // height of the details below the list
	Right float32 // width of the details beside it
}

// Look is how the main place is arranged.
type Look struct {
	Toolbar  bool
	Details  string // present.DetailsBelow, DetailsRight or DetailsOff; empty: below
	Sizes    Sizes
	Columns  []present.Column // that are shown, in order
	Widths   map[string]float32
	Sort     present.Column // empty: the order of the tree
	SortDesc bool
}

// Main is the window as a person sees it most: groups, entries, the details of
// one, and how the client stands.
type Main struct {
	words   *present.Catalogue
	actions MainActions
	look    Look

	object  *fyne.Container
	search  *widget.SearchEntry
	toolbar *toolbar
	strip   *widget.Strip
	tree    *widget.GroupTree
	pane    *listPane
	details *detailPane
	status  *statusLine
	outer   *widget.Splitter
	inner   *widget.Splitter
	middle  *fyne.Container // what holds inner
}

// NewMain returns an empty main place.
func NewMain(words *present.Catalogue, actions MainActions) *Main {
	m := &Main{words: words, actions: actions, strip: widget.NewStrip(), tree: widget.NewGroupTree(), pane: newListPane(nil), middle: container.NewStack()}
	m.search = widget.NewSearchEntry(words.Text("main.search", nil))
	m.toolbar = newToolbar(m.search, words.Text("main.more", nil), actions.Do)
	m.details = newDetailPane(words, actions.Detail)
	m.status = newStatusLine(func() { actions.Do(present.CmdOfflineContents, "") })
	m.strip.OnAction = actions.Strip
	m.strip.OnClose = func() {}
	m.connect()
	m.outer = widget.NewSplitter(widget.Split{First: m.tree, Second: container.NewBorder(m.strip, nil, nil, nil, m.middle), Points: treeWide})
	m.outer.OnResized = func(points float32) {
		m.look.Sizes.Tree = points
		actions.Sizes(m.look.Sizes)
	}
	m.object = container.NewBorder(m.toolbar.object, m.status.object, nil, nil, m.outer)
	m.ShowLook(Look{Toolbar: true, Columns: present.DefaultColumns()})
	return m
}

// connect joins search, tree and list to each other and to the actions.
func (m *Main) connect() {
	list, a := m.pane.list, m.actions
	m.search.OnSearch = a.Search
	m.search.OnDown = list.Focus
	m.search.OnLeave = func() {
		m.toolbar.ask(false)
		list.Focus()
	}
	list.OnSelect = func() { a.Select(m.Selected()) }
	list.OnOpen = func(widget.RowID) { a.Do(present.CmdEditEntry, "") }
	list.OnDelete = func() { a.Do(present.CmdDeleteEntry, "") }
	list.OnMenu = func(at fyne.Position) { m.popUp(a.EntryMenu(), at) }
	list.OnSort = func(s widget.Sorting) {
		m.look.Sort, m.look.SortDesc = present.Column(s.Column), s.Descending
		list.SetSorting(s)
		a.Sort(m.look.Sort, s.Descending)
	}
	list.OnWidths = func(widths map[string]float32) {
		m.look.Widths = widths
		a.Widths(widths)
	}
	list.OnKey = a.Key
	list.Target, m.tree.OnOver, m.tree.OnDrop = m.tree, a.Over, a.Drop
	m.tree.OnKey = func(e *fyne.KeyEvent) bool {
		switch e.Name {
		case fyne.KeyDelete, fyne.KeyReturn, fyne.KeyEnter: // would mean entries that the person does not look at
			return false
		}
		return a.Key(e)
	}
	m.tree.OnSelect = a.Group
	m.tree.OnMenu = func(uid string, at fyne.Position) {
		if m.tree.Selected() != uid {
			m.tree.Select(uid)
			a.Group(uid)
		}
		m.popUp(a.GroupMenu(), at)
	}
}

func (m *Main) popUp(items []*fyne.MenuItem, at fyne.Position) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(m.object); c != nil && len(items) > 0 {
		fw.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), c, at)
	}
}

// Object returns what is drawn.
func (m *Main) Object() fyne.CanvasObject { return m.object }

// ShowToolbar shows the commands that present.Toolbar returned.
func (m *Main) ShowToolbar(items []present.MenuItem) { m.toolbar.show(items) }

// ShowStatus shows the line at the lower edge.
func (m *Main) ShowStatus(b present.StatusBar) { m.status.show(b) }

// ShowCountdown shows how much of its time something on the clipboard has left,
// from 1 to 0: it is gone.
func (m *Main) ShowCountdown(left float64, words string) { m.status.countdown(left, words) }

// ShowNotice shows a notice above the list, with a button if label is not
// empty; nil takes it away.
func (m *Main) ShowNotice(n *present.Notice, label string) {
	message := noticeMessage(n)
	message.Action = label
	if m.strip.Message() == message {
		return
	}
	m.strip.Set(message)
	m.object.Refresh()
}

// ShowLook arranges the panes. What was dragged since stays where it is, as it
// went out through the actions.
func (m *Main) ShowLook(l Look) {
	if m.inner != nil && reflect.DeepEqual(l, m.look) {
		return
	}
	m.toolbar.hide(!l.Toolbar)
	m.outer.SetPoints(or(l.Sizes.Tree, treeWide))
	if m.inner == nil || l.Details != m.look.Details {
		m.arrange(l)
	}
	list := m.pane.list
	if columns := columnsOf(m.words, l.Columns, l.Widths); !sameColumns(columns, list.Columns()) {
		list.SetColumns(columns)
	}
	list.SetSorting(widget.Sorting{Column: string(l.Sort), Descending: l.SortDesc})
	m.look = l
	m.object.Refresh()
}

// arrange puts the details where they are wanted.
func (m *Main) arrange(l Look) {
	split := widget.Split{First: m.pane.object, Second: m.details.object, KeepSecond: true}
	switch l.Details {
	case present.DetailsRight:
		split.Points = or(l.Sizes.Right, detailsWide)
	default:
		split.Vertical = true
		split.Points = or(l.Sizes.Below, detailsHigh)
	}
	show(m.details.object, l.Details != present.DetailsOff)
	m.inner = widget.NewSplitter(split)
	m.inner.OnResized = func(points float32) {
		if split.Vertical {
			m.look.Sizes.Below = points
		} else {
			m.look.Sizes.Right = points
		}
		m.actions.Sizes(m.look.Sizes)
	}
	m.middle.Objects = []fyne.CanvasObject{m.inner}
	m.middle.Refresh()
}

func or(points, otherwise float32) float32 {
	if points > 0 {
		return points
	}
	return otherwise
}

func sameColumns(a, b []widget.Column) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// ShowGroups shows the groups; nil: none. counts says whether a group counts the
// entries of those below it.
func (m *Main) ShowGroups(t *present.Tree, below bool) {
	if t == nil {
		m.tree.SetGroups(nil)
		return
	}
	first := m.tree.Selected() == ""
	m.tree.SetGroups(groups{t, below, m.words.Text("main.all", nil)})
	if first && len(t.Nodes) > 0 {
		m.tree.Select(t.Nodes[0].UID, t.Nodes[0].UID)
	}
}

// SelectGroup selects a group in the tree without telling the action; above are
// those that have to be open for it.
func (m *Main) SelectGroup(uid string, above ...string) { m.tree.Select(uid, above...) }

// ShowEntries shows the rows of the list, and blank where there are none. nil
// are no rows at all. What is still there stays selected.
func (m *Main) ShowEntries(e *Entries, blank Blank) { m.pane.show(e, blank) }

// ScrollToTop shows the first row.
func (m *Main) ScrollToTop() { m.pane.list.ScrollToTop() }

// Selected returns the selected entries in the order of the list.
func (m *Main) Selected() []vault.ID {
	rows := m.pane.list.Selected()
	ids := make([]vault.ID, len(rows))
	for i, r := range rows {
		ids[i] = vault.ID(r)
	}
	return ids
}

// SelectEntry selects an entry and scrolls to it; false: it is not in the list.
func (m *Main) SelectEntry(id vault.ID) bool { return m.pane.list.Select(widget.RowID(id)) }

// SelectAll selects every entry of the list.
func (m *Main) SelectAll() { m.pane.list.SelectAll() }

// SelectNone selects nothing.
func (m *Main) SelectNone() { m.pane.list.SelectNone() }

// ForList prepares the list for the keyboard, with an entry selected, and returns
// what to give it to. What has never been painted does not know its canvas, so
// the caller does that.
func (m *Main) ForList() fyne.Focusable {
	m.pane.list.Focus()
	return m.pane.list.Focusable()
}

// ForSearch shows the quick search, with a hint of where it searches, and
// returns it to be given the keyboard.
func (m *Main) ForSearch(hint string) fyne.Focusable {
	m.search.SetPlaceHolder(hint)
	m.toolbar.ask(true)
	return m.search
}

// SetSearch puts a text into the quick search, with a hint for when it is empty.
func (m *Main) SetSearch(text, hint string) {
	m.search.SetPlaceHolder(hint)
	m.search.SetText(text)
	if text == "" {
		m.toolbar.ask(false)
	}
}

// Details returns the pane of the details.
func (m *Main) Details() *Details { return m.details }

// groups are the groups of a Tree as the widget asks for them.
type groups struct {
	tree  *present.Tree
	below bool
	all   string // name of a root that has none
}

// Children are the groups below one.
func (g groups) Children(uid string) []string {
	if uid == "" {
		if len(g.tree.Nodes) == 0 {
			return nil
		}
		return []string{g.tree.Nodes[0].UID}
	}
	n := g.tree.Node(uid)
	if n == nil {
		return nil
	}
	uids := make([]string, len(n.Children))
	for i, at := range n.Children {
		uids[i] = g.tree.Nodes[at].UID
	}
	return uids
}

// Group is one line.
func (g groups) Group(uid string) widget.Group {
	n := g.tree.Node(uid)
	if n == nil {
		return widget.Group{Leaf: true}
	}
	line := widget.Group{Title: n.Name, Count: n.Own, Leaf: len(n.Children) == 0}
	if g.below || n.Depth == 0 {
		line.Count = n.Total
	}
	if n.Depth == 0 {
		line.Icon = theme.IconServer
		if line.Title == "" {
			line.Title = g.all
		}
	}
	return line
}
