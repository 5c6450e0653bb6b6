package present

import "github.com/tideover/tideover/vault/session"

// recovery says what a person has to know before a cache is made; empty:
// nothing.
func (c *Catalogue) recovery(r *session.Recovery) string {
	switch {
	case r == nil:
		return ""
	case r.Withheld:
		return c.Text("cache.review.recovery.withheld", nil)
	}
	return c.Text("cache.review.recovery", nil)
}

// recoveryFacts are what Offline contents… has of it.
func (c *Catalogue) recoveryFacts(r session.RecoveryStatus) []Fact {
	var facts []Fact
	if r.Escrowed {
		facts = append(facts, Fact{ID: "recovery", Value: c.Text("contents.recovery.value", nil), Severity: Info})
	}
	if r.Released != nil {
		severity := Info
		if r.Released.InPlace {
			severity = Warning
		}
		facts = append(facts, Fact{ID: "released", Value: c.Text("contents.released.value", c.releaseArgs(r.Released)), Severity: severity})
	}
	return facts
}

// Released tells that two administrators have released the machine secret.
func (c *Catalogue) Released(r *session.Release) *Notice {
	if r == nil {
		return nil
	}
	return &Notice{
		Severity: Warning, Message: c.Text("note.released", c.releaseArgs(r)), Remedy: c.Text("note.released.remedy", nil),
	}
}

func (c *Catalogue) releaseArgs(r *session.Release) map[string]any {
	return map[string]any{
		"At": c.Time(r.At), "Asked": r.AskedBy, "Approved": r.ApprovedBy, "Generation": r.Generation, "Reason": r.Reason,
	}
}
