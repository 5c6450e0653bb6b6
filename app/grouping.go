package app

import (
	"context"
	"strings"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/app/theme"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// moveEntries asks for a group and moves the selected entries there.
func (p *mainPlace) moveEntries(string) {
	d, items := p.d, p.selected()
	if len(items) == 0 || p.index == nil {
		return
	}
	tree, from := p.index.Tree(), items[0].Group
	pick := screen.NewGroupPicker(d.words, tree)
	if n := tree.ByID(from); n != nil {
		pick.Select(n.UID, tree.Above(n.UID)...)
	}
	var to vault.ID
	q := p.move(items, func() vault.ID { return to })
	q.body, q.first = pick.Object(), pick.Focusable()
	q.ready = func() bool { n := tree.Node(pick.Selected()); return n != nil && (len(items) > 1 || n.ID != from) }
	q.begin = func() { to = tree.Node(pick.Selected()).ID }
	dialog := p.question(q)
	pick.OnSelect(func() { dialog.SetPrimaryEnabled(q.ready()) })
}

// move is how entries get to a group, whoever named it.
func (p *mainPlace) move(items []*session.Item, to func() vault.ID) *question {
	d := p.d
	return &question{
		title: d.words.Text("main.move.title", nil), do: d.words.Text("main.move.do", nil), icon: theme.IconFolder, total: len(items),
		each: func(ctx context.Context, c session.Changes, i int) error { return c.MoveEntry(ctx, items[i], to()) },
		said: func(done int) string {
			return d.words.Text("main.moving", map[string]any{"Done": done, "Total": len(items)})
		},
		then: func() { p.reselect(items[0].Entry.ID) },
	}
}

// node is the selected group, the root if none is; nil: nothing is listed.
func (p *mainPlace) node() *present.Node {
	if p.index == nil {
		return nil
	}
	if n := p.index.Tree().Node(p.at); n != nil {
		return n
	}
	return &p.index.Tree().Nodes[0]
}

func (p *mainPlace) addGroup(string) {
	if n := p.node(); n != nil {
		parent := n.ID
		p.name("main.group.add", "", func(ctx context.Context, c session.Changes, name string) error {
			_, err := c.AddGroup(ctx, parent, name)
			return err
		})
	}
}

func (p *mainPlace) renameGroup(string) {
	if n := p.node(); n != nil {
		group := n.ID
		p.name("main.group.rename", present.Typable(n.Name), func(ctx context.Context, c session.Changes, name string) error {
			return c.RenameGroup(ctx, group, name)
		})
	}
}

// name asks for the name of a group and changes it on the server.
func (p *mainPlace) name(key, before string, change func(ctx context.Context, c session.Changes, name string) error) {
	d := p.d
	entry := widget.NewTextEntry()
	entry.SetText(before)
	var name string
	typed := func() string { return strings.TrimSpace(entry.Text) }
	q := &question{
		title: d.words.Text(key, nil), do: d.words.Text(key+".do", nil), icon: theme.IconFolder, total: 1,
		body:  widget.NewForm(widget.FormRow{Label: d.words.Text("main.group.name", nil), Field: entry}),
		first: entry,
		ready: func() bool { return typed() != "" && typed() != before },
		begin: func() { name = typed() },
		each:  func(ctx context.Context, c session.Changes, _ int) error { return change(ctx, c, name) },
		said:  func(int) string { return d.words.Text("main.group.saving", nil) },
	}
	dialog := p.question(q)
	entry.OnChanged = func(string) { dialog.SetPrimaryEnabled(q.ready()) }
}

// deleteGroup asks whether the selected group is to go with all that it holds.
func (p *mainPlace) deleteGroup(string) {
	n, d := p.node(), p.d
	if n == nil {
		return
	}
	group, all := n.ID, n.Total > 0 || len(n.Children) > 0
	p.question(&question{
		title: d.words.Text("main.group.delete", map[string]any{"Group": present.Shown(n.Name)}), icon: theme.IconDelete, dangerous: true, total: 1,
		ask: d.words.Text("main.group.delete.ask", map[string]any{"Count": n.Total, "Groups": len(n.Children) > 0}),
		do:  d.words.Text("main.delete.do", nil),
		each: func(ctx context.Context, c session.Changes, _ int) error {
			return c.RemoveGroup(ctx, group, all)
		},
		said: func(int) string { return d.words.Text("main.group.saving", nil) },
	})
}
