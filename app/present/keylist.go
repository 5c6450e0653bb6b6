package present

import "github.com/tideover/tideover/vault/session"

// A cache has so many security keys at most, and so long are their names, in
// bytes: fido/FORMAT.md 3.
const (
	mostKeys   = 8
	keyNameMax = 64
)

// KeyList is the list of Security keys…: those of the cache in place.
type KeyList struct {
	Intro    string // what one of them is needed for, or that none is
	Keys     []KeyLine
	NoAdd    string  // why none can be added; empty: one can
	NoRemove string  // why none can be removed; empty: each can, if there is one
	Notice   *Notice // what is the matter with the cache; nil: nothing
}

// KeyLine is one security key.
type KeyLine struct {
	Name  string
	Added string // when; empty: it is not known
}

// NewKeyList returns the list for a status. The session has the last word on each
// change: it asks the server for the policy of now.
func NewKeyList(words *Catalogue, st session.Status) KeyList {
	var l KeyList
	c := st.Cache
	if c == nil {
		l.Intro = words.Text("contents.none", nil)
		l.NoAdd = l.Intro
		return l
	}
	for _, k := range st.Keys {
		line := KeyLine{Name: k.Name}
		if !k.Added.IsZero() {
			line.Added = words.Text("keys.added", map[string]any{"At": words.Time(k.Added)})
		}
		l.Keys = append(l.Keys, line)
	}
	if c.Readable {
		l.Intro = words.Text("keys.intro", map[string]any{"Count": len(l.Keys)})
	}
	never := ""
	switch {
	case c.State != "usable":
		l.Notice = words.Failure(c.Problem)
		never = words.Text("keys.unusable", nil)
	case modeOf(st) == session.Offline:
		never = words.Text("keys.online_only", nil)
	}
	l.NoAdd, l.NoRemove = never, never
	switch {
	case never != "":
	case c.Policy.SecurityKey == "" && c.Governed:
		l.NoAdd = words.Text("keys.off", nil)
	case len(l.Keys) >= mostKeys:
		l.NoAdd = words.Text("keys.full", map[string]any{"Count": mostKeys})
	}
	if never == "" && len(l.Keys) == 1 && c.Policy.SecurityKey == "required" {
		l.NoRemove = words.Text("keys.last", nil)
	}
	return l
}
