package vault

import "strings"

// JoinPath returns the path that names write: "/Group/Sub/Title", with "/" and
// "\" in names written "\/" and "\\". No names: "/", the root.
func JoinPath(names ...string) string {
	if len(names) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, name := range names {
		b.WriteByte('/')
		for i := range len(name) {
			if name[i] == '/' || name[i] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(name[i])
		}
	}
	return b.String()
}

// SplitPath is the inverse of JoinPath. The slash at the start may be missing;
// one at the end is not a name. An empty name, and a "\" before anything but
// "/" and "\", are Usage problems.
func SplitPath(path string) ([]string, error) {
	rest := strings.TrimPrefix(path, "/")
	if rest == "" {
		return nil, nil
	}
	var names []string
	var name strings.Builder
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '\\' && i+1 < len(rest) && (rest[i+1] == '/' || rest[i+1] == '\\'):
			i++
			name.WriteByte(rest[i])
		case c == '\\':
			return nil, Fail(Usage, `path %q: "\" stands before neither "/" nor "\"`, path)
		case c == '/':
			if name.Len() == 0 {
				return nil, Fail(Usage, "path %q has an empty name", path)
			}
			names = append(names, name.String())
			name.Reset()
		default:
			name.WriteByte(c)
		}
	}
	if name.Len() > 0 {
		names = append(names, name.String())
	}
	return names, nil
}
