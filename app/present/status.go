package present

import (
	"time"

	"github.com/tideover/tideover/vault/session"
)

// Limits under which the time that is left is shown as a warning, and as an
// alarm: a day is enough to come by the office, an hour to save what one needs.
const (
	warnBelow  = 24 * time.Hour
	alarmBelow = time.Hour
)

// StatusBar is the line at the lower edge of the window, and its title.
type StatusBar struct {
	Title  string // of the window
	Mode   string // "Working Offline"
	Colour string // of the mode, by the theme's name: "online", "offline", "disconnected"
	Who    string // user and server; empty: nobody ever signed in

	Age     string   // of what is shown, "made 3 hours ago"; empty while it is not the cache
	Left    string   // "2 days left"; empty: no cache, or no end
	Urgency Severity // Info, Warning, Alarm: of Left
	Level   string   // by name; empty: no cache
	Local   string   // "not governed by the server"; empty where it is
	Drafts  string   // "2 drafts"; empty: none
	Counts  string   // "1 of 123 selected"
}

// NewStatusBar returns the line for a status. selected and shown count entries.
func NewStatusBar(words *Catalogue, st session.Status, now time.Time, unlocked bool, selected, shown int) StatusBar {
	mode := string(modeOf(st))
	b := StatusBar{
		Mode: words.Text("mode."+mode, nil), Colour: mode, Urgency: Info,
		Counts: words.Text("status.counts", map[string]any{"Selected": selected, "Shown": shown}),
	}
	if st.User != "" {
		b.Who = words.Text("status.who", map[string]any{"User": st.User, "Server": host(st.Server.URL)})
	}
	b.Title = title(words, st, unlocked)
	c := st.Cache
	if c == nil {
		return b
	}
	if c.State == "usable" && c.Readable {
		b.Left, b.Urgency = timeLeft(words, st, now)
		if modeOf(st) == session.Offline {
			b.Age = words.Text("status.age", map[string]any{"Ago": words.Ago(now.Sub(c.Created))})
		}
		b.Level = words.Binding(string(c.Level), c.Virtual, c.Governed).Name
		if !c.Governed {
			b.Local = words.Text("status.local", nil)
		}
	} else if c.State != "usable" {
		b.Left, b.Urgency = words.Text("status.cache."+string(c.State), nil), Alarm
	}
	b.Drafts = draftWords(words, st)
	return b
}

// timeLeft returns until when the cache opens, from a status that may be some
// minutes old by now. A cache without an end has no words.
func timeLeft(words *Catalogue, st session.Status, now time.Time) (string, Severity) {
	c := st.Cache
	if !c.Judged || c.Verdict.Unlimited {
		return "", Info
	}
	left := c.Verdict.Remaining
	if !c.Now.IsZero() {
		left -= max(now.Sub(c.Now), 0)
	}
	text := words.Left(left)
	switch {
	case left < alarmBelow:
		return text, Alarm
	case left < warnBelow:
		return text, Warning
	}
	return text, Info
}

// draftWords returns how many edits Connect would drop; empty: none. That there
// are some may be known without their number.
func draftWords(words *Catalogue, st session.Status) string {
	switch {
	case st.Cache != nil && st.Cache.OverlayEdits > 0:
		return words.Text("status.drafts", map[string]any{"Count": st.Cache.OverlayEdits})
	case st.Drafts:
		return words.Text("status.drafts.unknown", nil)
	}
	return ""
}

func title(words *Catalogue, st session.Status, unlocked bool) string {
	args := map[string]any{"User": st.User, "Server": host(st.Server.URL), "Mode": words.Text("mode."+string(modeOf(st)), nil)}
	switch {
	case modeOf(st) == session.Disconnected || st.User == "":
		return words.Text("window.title", nil)
	case !unlocked:
		return words.Text("status.title.locked", args)
	}
	return words.Text("status.title", args)
}

func modeOf(st session.Status) session.Mode {
	if st.Mode == "" {
		return session.Disconnected
	}
	return st.Mode
}

// Tray is the icon in the tray of the desktop.
type Tray struct {
	Icon    string // in assets/icons/app
	Tooltip string
	Items   []MenuItem
}

// NewTray returns the icon, which goes by the mode and by nothing else, and the
// menu for a state.
func NewTray(words *Catalogue, commands []Command, st session.Status, s State, now time.Time) Tray {
	b := NewStatusBar(words, st, now, !s.Locked, 0, 0)
	t := Tray{Icon: "tray-" + string(modeOf(st)), Tooltip: words.Text("window.title", nil) + " – " + b.Mode, Items: TrayMenu(words, commands, s)}
	if b.Who != "" {
		t.Tooltip += " – " + b.Who
	}
	if b.Left != "" && modeOf(st) == session.Offline {
		t.Tooltip += " – " + b.Left
	}
	return t
}
