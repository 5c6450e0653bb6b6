package server

import (
	"context"
	"net/http"
	"strings"
)

// router finds routes by normalised path. net/http's own mux redirects paths
// that it would rather have written otherwise, which loses the body of a POST,
// and it answers in plain text.
type router struct {
	bySize map[int][]*route // by number of segments, in the table's order
}

func newRouter(table []route) *router {
	rt := &router{bySize: map[int][]*route{}}
	for i := range table {
		r := &table[i]
		r.segments = strings.Split(r.Path, "/")[1:]
		rt.bySize[len(r.segments)] = append(rt.bySize[len(r.segments)], r)
	}
	return rt
}

// find returns the route for the request and sets its path values. Without one
// it returns the methods that the path would take; none: no such path.
func (rt *router) find(r *http.Request, path string) (found *route, allowed []string) {
	segments := strings.Split(path, "/")[1:]
	for _, candidate := range rt.bySize[len(segments)] {
		if !candidate.matches(segments) {
			continue
		}
		if candidate.Method != r.Method {
			allowed = append(allowed, candidate.Method)
			continue
		}
		for i, want := range candidate.segments {
			if name, ok := wildcard(want); ok {
				r.SetPathValue(name, segments[i])
			}
		}
		return candidate, nil
	}
	return nil, allowed
}

func (r *route) matches(segments []string) bool {
	for i, want := range r.segments {
		name, wild := wildcard(want)
		switch {
		case !wild && want != segments[i]:
			return false
		case wild && !inAliases(name, segments[i]):
			return false
		}
	}
	return true
}

// wildcard returns the name of a segment in braces.
func wildcard(segment string) (name string, ok bool) {
	if strings.HasPrefix(segment, "{") && strings.HasSuffix(segment, "}") {
		return segment[1 : len(segment)-1], true
	}
	return "", false
}

// inAliases reports whether a wildcard of that name takes the segment. From
// version 5 on Pleasant has new nouns, and keeps the old ones as aliases.
// Version 7 is undocumented and answers as version 6 does. Version 4 has routes
// of its own, without wildcards for the nouns.
func inAliases(name, segment string) bool {
	switch name {
	case "pleasant":
		return segment == "v5" || segment == "v6" || segment == "v7"
	case "entries":
		return segment == "entries" || segment == "credential"
	case "folders":
		return segment == "folders" || segment == "credentialgroup"
	case "objects":
		return inAliases("entries", segment) || inAliases("folders", segment)
	case "about":
		return segment == "about" || segment == "getserverinfo"
	}
	return true
}

// sentPathKey is the context key of the path as the client wrote it, which is
// what device signatures cover.
type sentPathKey struct{}

func withSentPath(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), sentPathKey{}, r.URL.EscapedPath()))
}

func sentPath(r *http.Request) string {
	path, _ := r.Context().Value(sentPathKey{}).(string) // always set by the API handler
	return path
}
