package sqlstore

import (
	"strconv"
	"strings"
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

// addEither appends "(first $n second $n+1)".
func (w *where) addEither(first string, firstArg any, second string, secondArg any) {
	n := len(w.args)
	w.args = append(w.args, firstArg, secondArg)
	w.conditions = append(w.conditions,
		"("+first+" $"+strconv.Itoa(n+1)+" OR "+second+" $"+strconv.Itoa(n+2)+"))")
}

func (w *where) empty() bool { return len(w.conditions) == 0 }

// text returns " WHERE …", or nothing.
func (w *where) text() string {
	if w.empty() {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}
