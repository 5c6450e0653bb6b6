package policy

import "strings"

// Words returns the rights as Pleasant's access levels show them to people, with
// commas between them: "View Entry Password, View Entry Offline". A Grant twin is
// "Grant" and the action's words. None: "nothing".
func (r Rights) Words() string {
	names := r.Names()
	if len(names) == 0 {
		return "nothing"
	}
	for i, n := range names {
		names[i] = strings.Replace(spaced(n), "View Offline", "View Entry Offline", 1)
	}
	return strings.Join(names, ", ")
}

// spaced puts a space before each capital letter but the first.
func spaced(name string) string {
	var b strings.Builder
	for i, c := range name {
		if i > 0 && c >= 'A' && c <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}
