package present

import (
	"errors"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// Hardware is the question of Prepare for a hardware change….
type Hardware struct {
	When    string   // to do it: before what
	Does    []string // one line each
	Drafts  string   // edits that are lost; empty: none
	After   []string // what is to be done afterwards, one line each
	Confirm string   // label of the button
}

// NewHardware returns the question for a status.
func NewHardware(words *Catalogue, st session.Status) Hardware {
	h := Hardware{
		When:    words.Text("hardware.when", nil),
		Does:    []string{words.Text("hardware.journal", nil)},
		After:   []string{words.Text("hardware.after.sign_in", nil), words.Text("hardware.after.cache", nil)},
		Confirm: words.Text("hardware.confirm", nil),
	}
	if st.Cache != nil {
		h.Does = append(h.Does, words.Text("hardware.cache", nil))
	}
	h.Does = append(h.Does, words.Text("hardware.chip", nil))
	if st.Drafts {
		h.Drafts = words.Text("clear.drafts.unknown", nil)
	}
	return h
}

// HardwareReady returns what is told after it: what is left to do, if anything,
// and what comes next.
func (c *Catalogue) HardwareReady(ready session.HardwareReady) Notice {
	n := Notice{Severity: Good, Message: c.Text("hardware.done", nil), Remedy: c.Text("hardware.next", nil)}
	var left []string
	if ready.Journal != nil {
		left = append(left, c.Text("cli.journal_refused", map[string]any{"Why": c.Explain(ready.Journal).Message}))
	}
	switch {
	case ready.Kept == nil:
	case errors.Is(ready.Kept, vault.LevelTooLow):
		left = append(left, c.Text("hardware.kept_owner", nil))
	default:
		left = append(left, c.Text("cli.release.kept", map[string]any{"Why": c.Explain(ready.Kept).Message}))
	}
	n.Message = strings.Join(append([]string{n.Message}, left...), " ")
	if len(left) > 0 {
		n.Severity = Warning
	}
	if ready.Untold != nil { // the hardware has to wait
		n.Severity, n.Remedy = Warning, c.Text("hardware.untold", map[string]any{"Why": c.Explain(ready.Untold).Message})
	}
	return n
}
