package present

import (
	"strings"
	"time"

	"github.com/tideover/tideover/vault/session"
)

// Fact is a line of a summary.
type Fact struct {
	ID, Label, Value string
	Severity         Severity
}

// Contents is the page of Offline contents….
type Contents struct {
	Facts  []Fact
	Level  LevelWords
	Escrow string  // about the key file for an escrow, by what the policy allows
	Export bool    // that may be written
	Notice *Notice // why the cache does not open; nil: it does
}

// NewContents returns what there is to say about the cache of a status.
func NewContents(words *Catalogue, st session.Status, now time.Time) Contents {
	var p Contents
	c := st.Cache
	if c == nil {
		p.Notice = &Notice{Severity: Info, Message: words.Text("contents.none", nil)}
		return p
	}
	add := func(id, value string, severity Severity) {
		if value != "" {
			p.Facts = append(p.Facts, Fact{ID: id, Label: words.Text("contents."+id, nil), Value: value, Severity: severity})
		}
	}
	state := Good
	if c.State != "usable" {
		state = Alarm
		p.Notice = words.Failure(c.Problem)
	}
	add("state", words.Text("status.cache."+string(c.State), nil), state)
	add("user", c.User, Info)
	add("server", c.Server, Info)
	if c.Readable {
		p.Level = words.Binding(string(c.Level), c.Virtual, c.Governed)
		add("entries", words.Text("contents.entries.value", map[string]any{"Entries": c.Entries, "Attachments": c.Attachments}), Info)
		add("made", words.Text("contents.made.value", map[string]any{"At": words.Time(c.Created), "Ago": words.Ago(now.Sub(c.Created))}), Info)
		ends, severity := endsWords(words, st, now)
		add("expires", ends, severity)
		severity = Info
		if p.Level.Weak {
			severity = Warning
		}
		add("level", p.Level.Name, severity)
		governed := "contents.governed.server"
		if !c.Governed {
			governed = "contents.governed.local"
		}
		add("governed", words.Text(governed, nil), Info)
		p.Export = c.Policy.Export
		escrow := "contents.escrow.off"
		if p.Export {
			escrow = "contents.escrow.on"
		}
		p.Escrow = words.Text(escrow, nil)
	}
	add("keys", strings.Join(c.Keys, ", "), Info)
	for _, f := range words.recoveryFacts(st.Recovery) {
		add(f.ID, f.Value, f.Severity)
	}
	if left := c.Verdict.OpensLeft; c.Judged && left != nil {
		add("opens", words.Text("contents.opens.value", map[string]any{"Count": *left}), Info)
	}
	add("drafts", draftWords(words, st), Warning)
	if c.JournalEvents > 0 {
		add("journal", words.Text("contents.journal.value", map[string]any{"Count": c.JournalEvents}), Info)
	}
	if c.SizeBytes > 0 {
		add("size", words.Size(c.SizeBytes), Info)
	}
	add("path", c.Path, Info)
	return p
}

func endsWords(words *Catalogue, st session.Status, now time.Time) (string, Severity) {
	c := st.Cache
	switch {
	case !c.Judged:
		return "", Info
	case c.Verdict.EndedBy != "":
		return words.Text("contents.ended."+string(c.Verdict.EndedBy), nil), Alarm
	case c.Verdict.Unlimited:
		return words.Text("contents.expires.never", nil), Info
	}
	left, severity := timeLeft(words, st, now)
	return words.Text("contents.expires.value", map[string]any{"At": words.Time(c.Verdict.Until), "Left": left}), severity
}
