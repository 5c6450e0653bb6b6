package present

import (
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// fewTries is from how many wrong passwords left the prompt warns.
const fewTries = 3

// Unlock is the prompt for the master password of the cache.
type Unlock struct {
	Title    string // "Working Offline", or "Work Offline"
	User     string // of the cache; a person may type another form of it
	Server   string
	Made     string // "made 3 hours ago"
	Left     string // "2 days left"; empty: no end
	Urgency  Severity
	Level    string
	Entries  string // "118 entries"
	Tries    string // "5 tries left"; empty: not known, or no limit
	TriesLow bool   // few are left: warn
	Drafts   string
	NoFactor string // that the server's second factor is not asked for here

	Can     bool // the password may be typed; if not, Notice says why
	Connect bool // Connect… is offered too
	Back    bool // to the login; not while Offline, where nobody signs in
	Busy    bool
	Notice  *Notice   // why it does not open, else the last error; nil: nothing
	Again   time.Time // until when it takes no password, which Notice counts down; zero: it does not
}

// NewUnlock returns the prompt for a status; err is of the last attempt, or
// what Session.CacheProblem says.
func NewUnlock(words *Catalogue, st session.Status, now time.Time, err error, busy bool) Unlock {
	u := Unlock{
		Title: words.Text("unlock.title", nil), User: st.User, Server: host(st.Server.URL), Urgency: Info, Busy: busy,
		NoFactor: words.Text("unlock.no_factor", nil), Connect: st.User != "" && !(modeOf(st) == session.Online && st.SignedIn), Notice: words.Failure(err),
	}
	if u.Back = modeOf(st) != session.Offline; !u.Back {
		u.Title = words.Text("mode.offline", nil)
	}
	c := st.Cache
	if c == nil {
		if u.Notice == nil {
			u.Notice = words.Failure(vault.NoCache)
		}
		return u
	}
	u.Can = c.State == "usable"
	u.takeKeys(words, c.Keys)
	switch { // what is the matter with the cache says more than what was tried
	case u.Can:
	case c.State == "locked_out":
		u.Notice, u.Again = lockedOut(words, st, now, u.Connect), find(c.Problem).Until
	case c.Problem != nil:
		u.Notice = words.Failure(c.Problem)
	}
	if c.User != "" {
		u.User = c.User
	}
	if c.Server != "" {
		u.Server = host(c.Server)
	}
	if c.Readable {
		u.Made = words.Text("status.age", map[string]any{"Ago": words.Ago(now.Sub(c.Created))})
		u.Left, u.Urgency = timeLeft(words, st, now)
		if c.State != "usable" {
			u.Left = ""
		}
		u.Level = words.Binding(string(c.Level), c.Virtual, c.Governed).Name
		u.Entries = words.Text("count.entries", map[string]any{"Count": c.Entries})
	}
	left, known := c.Tries.Left, c.Tries.Known
	if err != nil {
		// Fresher than the status; but a PIN is counted by its security key.
		if p := find(err); p.TriesLeft != nil && p.Cause != vault.WrongPIN && p.Cause != vault.PINBlocked {
			left, known = *p.TriesLeft, true
		}
	}
	if known {
		u.Tries = words.Text("unlock.tries", map[string]any{"Count": left})
		u.TriesLow = left <= fewTries
	}
	u.Drafts = draftWords(words, st)
	return u
}
