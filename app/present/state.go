package present

import (
	"github.com/tideover/tideover/vault/session"
)

// State is what the commands are judged by: plain facts about the client and
// about what is selected. The zero State is a client that nobody ever used.
type State struct {
	Mode        session.Mode
	SignedIn    bool   // a session is live
	User        string // of the current account; empty: nobody ever signed in
	Locked      bool   // the window is locked, or the cache that it works with is
	HasCache    bool
	CacheUsable bool // the master password would open it
	Offline     bool // the server says that the user has entries permitted for offline use
	Drafts      int  // edits that Connect would drop
	DialogOpen  bool
	Busy        bool // a command is under way that others have to wait for

	NoEdit   string // key of the reason why nothing may be changed; empty: it may
	NoReveal bool   // the policy of the cache forbids to show secrets
	NoCopy   bool   // and to copy them

	Selected    int // entries
	HasUser     bool
	HasPassword bool
	HasURL      bool
	HasOTP      bool
	Fields      int  // further fields of the selected entry
	Attachments int  // of the selected entry
	Group       bool // a group is selected that can be renamed or deleted: not the root

	GroupEdits bool // groups can be changed through this client
	Moves      bool // entries can be moved through this client

	Searching bool // a search narrows the list
	Only      Only // what else narrows it

	Theme     string // ThemeSystem, ThemeLight, ThemeDark
	Toolbar   bool   // shown
	Details   string // DetailsBelow, DetailsRight, DetailsOff
	Subgroups bool   // entries of subgroups are shown too
}

// The values of State.Theme and State.Details, which settings keep.
const (
	ThemeSystem = "system"
	ThemeLight  = "light"
	ThemeDark   = "dark"

	DetailsBelow = "below"
	DetailsRight = "right"
	DetailsOff   = "off"
)

// StateOf returns the facts that a status knows. unlocked says whether the
// window is, and while Offline the cache too. What is selected and how the
// window looks is for the caller to add.
func StateOf(st session.Status, unlocked bool) State {
	s := State{Mode: st.Mode, SignedIn: st.SignedIn, User: st.User, Locked: !unlocked}
	if s.Mode == "" {
		s.Mode = session.Disconnected
	}
	if st.Drafts {
		s.Drafts = 1
	}
	c := st.Cache
	if c == nil {
		return s
	}
	s.HasCache, s.CacheUsable = true, c.State == "usable"
	s.Drafts = max(s.Drafts, c.OverlayEdits)
	if s.Mode == session.Offline && c.Readable {
		s.NoReveal, s.NoCopy = !c.Policy.Reveal, !c.Policy.Copy
		if c.Policy.OfflineEdits == "off" {
			s.NoEdit = ReasonEditsOff
		}
	}
	return s
}

// open reports whether there are entries to work with.
func (s *State) open() bool {
	return !s.Locked && (s.Mode == session.Offline || s.Mode == session.Online && s.SignedIn)
}

// Why returns the words of a reason that Enabled gave.
func (s *State) Why(words *Catalogue, reasonKey string) string {
	if reasonKey == "" {
		return ""
	}
	return words.Text(reasonKey, map[string]any{"User": s.User})
}
