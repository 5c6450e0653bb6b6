package present

import (
	"net/url"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// LoginFacts are what the login is made of.
type LoginFacts struct {
	Status  session.Status
	Offline bool   // the server says that the user has entries permitted for offline use
	Server  string // as typed so far; empty: that of the account
	User    string // likewise
	Err     error  // of the last attempt
	Busy    bool   // an attempt is under way
	Back    bool   // there is something to go back to: another user is online
	Now     time.Time
}

// Login is the screen for signing in.
type Login struct {
	Server, User string // to be filled in beforehand
	FocusOn      string // the field to type in first: "server", "user", "password" or "code"
	SignIn       bool   // the button can be pressed
	SecondFactor bool   // the field for a one-time code is shown
	Busy         bool
	Back         bool // a way back to what was shown before
	Locked       bool // the session goes on behind it: whoever signs in gets back to the work

	WorkOffline    bool   // the button is there (PPS-22, PPS-23)
	WorkOfflineCan bool   // and can be pressed
	WorkOfflineWhy string // if not

	Identity *Identity // the server has to be confirmed first; nil: it has not
	Notice   *Notice   // the last error, or who is offline; nil: nothing
	Recent   string    // of a cache that may be opened: "made 3 hours ago, 2 days left"; else empty
}

// Identity is a server that this computer has not met, to be compared with what
// an administrator gave out. Nothing was sent to it.
type Identity struct {
	Server string
	Pin    string   // 64 hex digits, for Target.Pin
	Groups []string // the same by four digits
	Title  string
	Ask    string // what to compare with what
	Accept string // label of the button; empty: it must not be accepted
}

// NewLogin returns the screen for these facts.
func NewLogin(words *Catalogue, f LoginFacts) Login {
	st := f.Status
	l := Login{Server: f.Server, User: f.User, Busy: f.Busy, Back: f.Back, Recent: recent(words, st, f.Now)}
	if l.Server == "" {
		l.Server = st.Server.URL
	}
	if l.User == "" {
		l.User = st.User
	}
	s := StateOf(st, false)
	s.Busy, s.Offline = f.Busy, f.Offline
	l.WorkOffline = mayWorkOffline(&s)
	var reason string
	if reason = workOfflineReason(&s); reason == reasonBusy {
		reason = "" // usable at once: it ends the attempt
	}
	l.WorkOfflineCan, l.WorkOfflineWhy = reason == "", s.Why(words, reason)
	if reason == reasonUnusable && st.Cache.Problem != nil {
		l.WorkOfflineWhy = words.Failure(st.Cache.Problem).Message
	}
	l.Locked = s.SignedIn && s.Mode == session.Online && !l.Back
	refused := signInReason(&s)
	l.SignIn = refused == ""
	switch {
	case l.Server == "":
		l.FocusOn = "server"
	case l.User == "", l.Back: // who is back may well be somebody else
		l.FocusOn = "user"
	default:
		l.FocusOn = "password"
	}
	if refused == reasonSomeone {
		l.Notice = &Notice{Severity: Warning, Message: s.Why(words, refused), Remedy: words.Text("reason.someone_offline.remedy", nil), ID: string(vault.SomeoneOffline)}
		return l
	}
	switch err := f.Err; {
	case err == nil:
	case cause(err, vault.SecondFactor):
		l.SecondFactor, l.FocusOn = true, "code"
		l.Notice = &Notice{Severity: Info, Message: words.Text("login.second_factor", nil), ID: string(vault.SecondFactor)}
	case cause(err, vault.IdentityUnknown):
		l.Identity = NewIdentity(words, l.Server, find(err).Detail)
	case cause(err, vault.IdentityChanged):
		l.Identity = &Identity{Server: l.Server, Title: words.Text("login.identity.changed", nil), Ask: words.Text("login.identity.changed.ask", map[string]any{"Server": host(l.Server)})}
		l.Notice = words.Failure(err)
	default:
		l.Notice = words.Failure(err)
		if cause(err, vault.Unreachable) && !l.WorkOfflineCan {
			l.Notice.Remedy = words.Text("login.unreachable.remedy", nil) // no cache to go on with
		}
	}
	return l
}

// recent returns how fresh the cache is that may be opened; empty: there is none.
func recent(words *Catalogue, st session.Status, now time.Time) string {
	c := st.Cache
	if c == nil || c.State != "usable" || !c.Readable {
		return ""
	}
	text := words.Text("status.age", map[string]any{"Ago": words.Ago(now.Sub(c.Created))})
	if left, _ := timeLeft(words, st, now); left != "" {
		text += ", " + left
	}
	return text
}

// NewIdentity returns the question whether a pin is the server's. Without a pin
// there is nothing that could be compared, and so nothing to accept.
func NewIdentity(words *Catalogue, server, pin string) *Identity {
	if pin == "" {
		return &Identity{
			Server: server, Title: words.Text("login.identity.unknown", nil),
			Ask: words.Text("login.identity.unproved", map[string]any{"Server": host(server)}),
		}
	}
	return &Identity{
		Server: server, Pin: pin, Groups: PinGroups(pin), Title: words.Text("login.identity.unknown", nil),
		Ask:    words.Text("login.identity.unknown.ask", map[string]any{"Server": host(server)}),
		Accept: words.Text("login.identity.accept", nil),
	}
}

// PinGroups cuts a pin into groups of four digits, which people can compare.
func PinGroups(pin string) []string {
	var groups []string
	for len(pin) > 4 {
		groups, pin = append(groups, pin[:4]), pin[4:]
	}
	if pin != "" {
		groups = append(groups, pin)
	}
	return groups
}

// host returns the host of an address, or all of it where there is none.
func host(address string) string {
	if u, err := url.Parse(address); err == nil && u.Host != "" {
		return u.Host
	}
	return strings.TrimSpace(address)
}
