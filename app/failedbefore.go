package app

import (
	"strings"

	"github.com/tideover/tideover/app/present"
)

// failedBefore adds to a notice, or makes one of, what the person must hear who
// has opened the cache, for whatever command: that somebody typed wrong passwords
// before. nil: nobody did.
func (d *Desktop) failedBefore(n *present.Notice) *present.Notice {
	count := d.session.FailedBefore()
	if count == 0 {
		return n
	}
	warning := d.words.Text("failed_before", map[string]any{"Count": count})
	if n == nil {
		return &present.Notice{Severity: present.Warning, Message: warning}
	}
	n.Severity, n.Remedy = present.Warning, strings.TrimSpace(n.Remedy+" "+warning)
	return n
}
