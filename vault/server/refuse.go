package server

import (
	"net/http"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// isAPI reports whether a normalised path is of our own API.
func isAPI(path string) bool { return strings.HasPrefix(path, wire.APIRoot+"/") }

// refuseAPI renders an error of our own API.
func refuseAPI(w http.ResponseWriter, problem *vault.Problem) {
	o := outcomeOf(problem.Cause)
	shown := wire.NewError(problem)
	if shown.Error.Message == "" {
		shown.Error.Message = o.message
	}
	if o.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if err := writeJSON(w, o.status, shown); err != nil {
		w.WriteHeader(http.StatusInternalServerError) // only for a Detail that is no text
	}
}

// refusePleasant renders an error as Pleasant's server does: about an entry
// with error_message, about the route or the token with Message.
func refusePleasant(w http.ResponseWriter, problem *vault.Problem) {
	o := outcomeOf(problem.Cause)
	w.Header().Set(wire.HeaderCause, string(problem.Cause))
	var body any
	switch o.status {
	case http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", "Bearer")
		body = wire.RouteError{Message: "Authorization has been denied for this request."}
	case http.StatusInternalServerError:
		body = wire.RouteError{Message: "An error has occurred."}
	case http.StatusNotFound:
		body = wire.ErrorMessage{Message: "Cannot find the requested " + missingNoun(problem) + "."}
	default:
		message := o.message
		if problem.Detail != "" {
			message += " (" + problem.Detail + ")"
		}
		body = wire.ErrorMessage{Message: message}
	}
	if err := writeJSON(w, o.status, body); err != nil {
		w.WriteHeader(http.StatusInternalServerError) // only for a Detail that is no text
	}
}

// missingNoun says what was not found. Clients print the sentence.
func missingNoun(problem *vault.Problem) string {
	for _, noun := range [...]string{"attachment", "folder", "user access"} {
		if strings.Contains(problem.Detail, noun) {
			return noun
		}
	}
	return "entry"
}

// noRoute answers a request that no route takes. Pleasant's clients try a
// method, and on 404 or 405 another one.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request, allowed []string) error {
	status := http.StatusNotFound
	message := "No HTTP resource was found that matches the request URI '" + r.URL.EscapedPath() + "'."
	if len(allowed) > 0 {
		status = http.StatusMethodNotAllowed
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		message = "The requested resource does not support http method '" + knownMethod(r.Method) + "'."
	}
	if isAPI(normalPath(r.URL.Path)) {
		return writeJSON(w, status, wire.ErrorBody{Error: wire.Error{ID: vault.NotFound, Message: message}})
	}
	return writeJSON(w, status, wire.RouteError{Message: message})
}
