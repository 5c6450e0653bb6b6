package present

import "github.com/tideover/tideover/vault/session"

// Clear is the question of Clear offline cache….
type Clear struct {
	Title    string
	Destroys []string // what is gone for good, one line each
	Remains  string   // what is not, at the level of this cache; always said
	Drafts   string   // edits that are lost; empty: none
	Journal  string   // that the journal stays until the server has it; empty: it is empty
	Confirm  string   // label of the button
}

// NewClear returns the question for the cache of a status, which must have one.
func NewClear(words *Catalogue, st session.Status) Clear {
	c := Clear{Title: words.Text("menu."+string(CmdClearCache), nil), Confirm: words.Text("clear.confirm", nil)}
	cached := st.Cache
	if cached == nil {
		return c
	}
	user := cached.User
	if user == "" {
		user = st.User
	}
	c.Destroys = []string{words.Text("clear.file", map[string]any{"Known": cached.Readable, "Count": cached.Entries, "User": user}), words.Text("clear.key", nil)}
	if modeOf(st) == session.Offline {
		c.Destroys = append(c.Destroys, words.Text("clear.offline", nil))
	}
	level := "unknown"
	if cached.Readable {
		level = words.Binding(string(cached.Level), cached.Virtual, cached.Governed).ID
	}
	c.Remains = words.Text("clear.remains."+level, nil)
	switch n := cached.OverlayEdits; {
	case n > 0:
		c.Drafts = words.Text("clear.drafts", map[string]any{"Count": n})
	case st.Drafts:
		c.Drafts = words.Text("clear.drafts.unknown", nil)
	}
	if n := cached.JournalEvents; n > 0 {
		c.Journal = words.Text("clear.journal", map[string]any{"Count": n})
	}
	return c
}
