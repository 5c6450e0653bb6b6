package sqlstore

import (
	"strconv"
	"strings"

	"github.com/tideover/tideover/vault"
)

// where collects the conditions of a query whose fields are optional. Its
// parameters are numbered in the order in which they are added, so they appear
// in ascending order.
type where struct {
	conditions []string
	args       []any
}

// add appends "condition $n".
func (w *where) add(condition string, arg any) {
	w.args = append(w.args, arg)
	w.conditions = append(w.conditions, condition+" $"+strconv.Itoa(len(w.args)))
}

// addConcerns appends that an audit event concerns an entry.
func (w *where) addConcerns(entry vault.ID) {
	n := len(w.args)
	w.args = append(w.args, entry[:], packBucket(entry), packPattern(entry))
	id, bucket, pattern := "$"+strconv.Itoa(n+1), "$"+strconv.Itoa(n+2), "$"+strconv.Itoa(n+3)
	w.conditions = append(w.conditions, "(target = "+id+
		" OR id IN (SELECT event FROM audit_object WHERE entry = "+id+")"+
		" OR id IN (SELECT event FROM audit_pack WHERE bucket = "+bucket+" AND objects LIKE "+pattern+"))")
}

func (w *where) empty() bool { return len(w.conditions) == 0 }

// text returns " WHERE …", or nothing.
func (w *where) text() string {
	if w.empty() {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}
