package present

import (
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// ConnectFacts are what Connect… is made of.
type ConnectFacts struct {
	Status   session.Status
	Unlocked bool            // the cache is open: it can be renewed without its password
	Drafts   []session.Draft // that would be dropped
	Lost     bool            // there are some, and nobody can read any more which
	Code     bool            // a one-time code was asked for already
	Agreed   bool            // the person has agreed to that
	Err      error           // of the last attempt
	Busy     bool
}

// ConnectForm is the dialog of Connect….
type ConnectForm struct {
	User, Server string
	Password     bool // asked for; else there is a live session
	SecondFactor bool
	Master       bool // asked for, to renew the cache; may be left empty
	MasterHint   string
	Drop         *DropList // to be agreed to first; nil: nothing is lost
	Busy         bool
	Notice       *Notice
}

// DropList names what Connect drops.
type DropList struct {
	Title   string
	Warning string
	Confirm string // label of the button
	Items   []DropItem
}

// DropItem is one edit made offline.
type DropItem struct {
	ID     vault.ID
	Kind   DraftKind
	Op     string // in words
	Path   string
	Fields string // names, by commas; empty: none
}

// NewConnectForm returns the dialog for these facts.
func NewConnectForm(words *Catalogue, f ConnectFacts) ConnectForm {
	st := f.Status
	c := ConnectForm{
		User: st.User, Server: host(st.Server.URL), Password: !st.SignedIn, Busy: f.Busy,
		Master: st.AutoCache && !f.Unlocked && st.Cache != nil && st.Cache.State == "usable",
	}
	if c.Master {
		c.MasterHint = words.Text("connect.master_hint", nil)
	}
	switch {
	case f.Agreed:
	case f.Lost:
		c.Drop = &DropList{Title: words.Text("connect.lost.title", nil), Warning: words.Text("connect.lost.warning", nil), Confirm: words.Text("connect.lost.confirm", nil)}
	case len(f.Drafts) > 0:
		c.Drop = NewDropList(words, f.Drafts)
	}
	c.SecondFactor = f.Code
	switch err := f.Err; {
	case cause(err, vault.SecondFactor):
		c.SecondFactor = true
		c.Notice = &Notice{Severity: Info, Message: words.Text("login.second_factor", nil), ID: string(vault.SecondFactor)}
	case cause(err, vault.Unconfirmed) && c.Drop != nil: // the list says it
	case cause(err, vault.NotSignedIn):
		c.Password = true
		c.Notice = &Notice{Severity: Info, Message: words.Text("connect.session_over", nil), ID: string(vault.NotSignedIn)}
	default:
		c.Notice = words.Failure(err)
	}
	return c
}

// NewDropList returns the list of drafts that would be lost.
func NewDropList(words *Catalogue, drafts []session.Draft) *DropList {
	n := map[string]any{"Count": len(drafts)}
	d := &DropList{Title: words.Text("connect.drop.title", n), Warning: words.Text("connect.drop.warning", n), Confirm: words.Text("connect.drop.confirm", n)}
	for _, x := range drafts {
		kind := draftKind(string(x.Op))
		names := make([]string, len(x.Fields))
		for i, f := range x.Fields {
			names[i] = words.FieldName(f)
		}
		d.Items = append(d.Items, DropItem{ID: x.ID, Kind: kind, Op: words.Text("draft."+kind.String()+".short", nil), Path: x.Path, Fields: strings.Join(names, ", ")})
	}
	return d
}

// Connected returns what is told after Connect, never nothing.
func (c *Catalogue) Connected(done session.Connected) []Notice {
	list := []Notice{{Severity: Good, Message: c.Text("connect.done", map[string]any{"Renewed": done.Renewed})}}
	if n := len(done.Dropped); n > 0 {
		list = append(list, Notice{Severity: Info, Message: c.Text("connect.dropped", map[string]any{"Count": n})})
	}
	if f := c.Failure(done.Stale); f != nil {
		f.Severity, f.Message = Warning, c.Text("connect.stale", map[string]any{"Why": f.Message})
		list = append(list, *f)
	}
	if f := c.Failure(done.Journal); f != nil {
		f.Severity, f.Message = Warning, c.Text("connect.journal", map[string]any{"Why": f.Message})
		list = append(list, *f)
	}
	return list
}
