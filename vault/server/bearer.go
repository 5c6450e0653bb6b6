package server

import (
	"net/http"
	"strings"
)

// maxTokenBytes bounds what is looked up as a token. Ours are shorter.
const maxTokenBytes = 4 << 10

// bearer returns the access token of a request. Pleasant takes three
// spellings, and its own PowerShell example uses the third: "Bearer T",
// "bearer T" and the bare T.
func bearer(r *http.Request) (token string, ok bool) {
	value := strings.TrimSpace(r.Header.Get("Authorization"))
	if scheme, rest, found := strings.Cut(value, " "); found {
		if !strings.EqualFold(scheme, "Bearer") {
			return "", false
		}
		value = strings.TrimSpace(rest)
	}
	if value == "" || len(value) > maxTokenBytes || strings.ContainsAny(value, " \t") {
		return "", false
	}
	return value, true
}
