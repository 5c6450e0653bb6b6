package server

import "strings"

// normalPath returns the path as the routes are written: lower case, no
// doubled slash, no trailing slash. Pleasant's own server takes them all, and
// real clients send /oauth2/token, /api/v5/rest/entries/ and
// /api/v4/rest/credentialgroup//<id>; a redirect would turn their POST into a
// GET. Names never stand in our paths, only identifiers, so that case carries
// nothing. It keeps "." and ".." as they are: no route has them.
func normalPath(path string) string {
	var b strings.Builder
	b.Grow(len(path) + 1)
	for segment := range strings.SplitSeq(path, "/") {
		if segment != "" {
			b.WriteByte('/')
			b.WriteString(lowerASCII(segment))
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// lowerASCII lowers A–Z only: Unicode folding would let other characters
// (U+212A KELVIN SIGN) reach a route.
func lowerASCII(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if 'A' <= b[j] && b[j] <= 'Z' {
					b[j] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
