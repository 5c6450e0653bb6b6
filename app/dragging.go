package app

import (
	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// Dragging entries onto a group of the tree is Move to group… with the group
// named by the hand: it may be done when the command may, and is done alike.

// over says what a drop of the selected entries on a group would do, or why it
// would do nothing.
func (p *mainPlace) over(uid string) (what string, allowed bool) {
	d := p.d
	s := d.state()
	if ok, reason := present.FindCommand(d.commands, present.CmdMoveEntry).Enabled(s); !ok {
		return s.Why(d.words, reason), false
	}
	n, items := p.index.Tree().Node(uid), p.strangers(uid)
	if n == nil || len(items) == 0 {
		return "", false
	}
	return d.words.Text("main.move.drop", map[string]any{
		"Count": len(items), "Title": p.titleOf(items[0].Entry.ID), "Group": present.Shown(n.Name),
	}), true
}

// dropped moves the selected entries to a group. The dialog says how far it is, and
// what went wrong; it closes by itself.
func (p *mainPlace) dropped(uid string) {
	d := p.d
	d.clip.used()
	why, allowed := p.over(uid)
	switch {
	case allowed:
		to := p.index.Tree().Node(uid).ID
		q := p.move(p.strangers(uid), func() vault.ID { return to })
		q.ask = why
		p.question(q).OnPrimary()
	case why != "":
		d.tell(&present.Notice{Severity: present.Warning, Message: why})
	}
}

// strangers are the selected entries that are not in a group already.
func (p *mainPlace) strangers(uid string) []*session.Item {
	if p.index == nil {
		return nil
	}
	n := p.index.Tree().Node(uid)
	if n == nil {
		return nil
	}
	var items []*session.Item
	for _, item := range p.selected() {
		if item.Group != n.ID {
			items = append(items, item)
		}
	}
	return items
}
