package session

import (
	"strings"

	"github.com/tideover/tideover/vault"
)

// FormatPath writes names as a path: each after a slash, with "/" and "\" in a
// name escaped by a backslash. No names are the root, "/".
func FormatPath(names []string) string {
	if len(names) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, n := range names {
		b.WriteByte('/')
		for i := range len(n) {
			if n[i] == '/' || n[i] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(n[i])
		}
	}
	return b.String()
}

// ParsePath reads what FormatPath writes. The first slash may be missing and a
// last one may be there; a backslash before anything but "/" and "\" is a Usage
// problem. Empty names at the end are cut: "/Group/" is the group, as people
// type it, and an entry without a title is reached by its id.
func ParsePath(path string) ([]string, error) {
	var names []string
	var name strings.Builder
	rest := strings.TrimPrefix(path, "/")
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; c {
		case '\\':
			if i+1 >= len(rest) || rest[i+1] != '/' && rest[i+1] != '\\' {
				return nil, vault.Fail(vault.Usage, `in a path, "\" stands before "/" or "\" only: %s`, path)
			}
			i++
			name.WriteByte(rest[i])
		case '/':
			names = append(names, name.String())
			name.Reset()
		default:
			name.WriteByte(c)
		}
	}
	names = append(names, name.String())
	for len(names) > 0 && names[len(names)-1] == "" {
		names = names[:len(names)-1]
	}
	if len(names) == 0 {
		return nil, nil
	}
	return names, nil
}
