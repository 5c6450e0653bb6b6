package present

import (
	"errors"

	"github.com/tideover/tideover/vault"
)

// Severity says how loudly something is told.
type Severity string

// The severities, which the theme has colours for.
const (
	Info    Severity = "info"
	Good    Severity = "good"
	Warning Severity = "warning"
	Alarm   Severity = "alarm"
)

// Notice is something told in place, as a strip in a dialog or on a screen.
type Notice struct {
	Severity Severity
	Message  string
	Remedy   string // the way out; empty: none is needed
	ID       string // the vault.Cause of an error, else empty
}

// Failure returns the notice for an error, nil for none. The remedies are the
// window's: they name no flags of the command line.
func (c *Catalogue) Failure(err error) *Notice {
	if err == nil {
		return nil
	}
	e := c.Explain(err)
	n := &Notice{Severity: Alarm, Message: e.Message, Remedy: e.Remedy, ID: e.ID}
	key := "window.cause." + e.ID + ".remedy"
	if w := worded(err, find(err)); w != nil { // it has a remedy of its own
		key = "window.topic." + w.Topic + ".remedy"
	}
	if _, own := c.words[key]; own {
		until := ""
		if !e.Until.IsZero() {
			until = c.Time(e.Until)
		}
		n.Remedy = c.Text(key, map[string]any{"Until": until})
	}
	switch vault.Cause(e.ID) {
	case vault.Unreachable, vault.ApprovalPending, vault.SecondFactor, vault.Busy, vault.Conflict, vault.CommentRequired, vault.Unconfirmed:
		n.Severity = Warning
	}
	return n
}

// cause reports whether err is, or wraps, the cause.
func cause(err error, c vault.Cause) bool { return errors.Is(err, c) }
