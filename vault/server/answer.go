package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// Content types, as Pleasant's server writes them.
const (
	jsonType  = "application/json; charset=utf-8"
	tokenType = "application/json;charset=UTF-8"
	zipType   = "application/zip"
)

// writeBody sends a whole answer. An error of the write is the client's
// hanging up, which the log of the request shows as a short answer.
func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	head := w.Header()
	head.Set("Content-Type", contentType)
	head.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // see above
}

// writeJSON sends v without HTML escaping and without a newline at the end:
// other people's clients cut off first and last character.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	body, err := wire.Marshal(v)
	if err != nil {
		return err
	}
	writeBody(w, status, jsonType, body)
	return nil
}

// writeShape sends JSON that was written by hand. A value that is not UTF-8,
// which an import may have brought, is mended rather than sent: strict clients
// would lose the whole answer.
func writeShape(w http.ResponseWriter, body []byte) {
	if !utf8.Valid(body) {
		body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	writeBody(w, http.StatusOK, jsonType, body)
}

// writeString sends a bare JSON string, such as an identifier.
func writeString(w http.ResponseWriter, value string) {
	writeBody(w, http.StatusOK, jsonType, wire.AppendString(nil, value))
}

// writeSecret sends a bare JSON string and clears the buffer afterwards.
func writeSecret(w http.ResponseWriter, value vault.Secret) {
	body := wire.AppendString(make([]byte, 0, value.Len()+2), value.Bytes())
	writeShape(w, body)
	clear(body)
}

// writeNothing sends 204. Clients compare the number.
func writeNothing(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }

// readJSON reads the body into v, with unknown members ignored and names in
// any case. An empty body leaves v as it is if empty is true.
func readJSON(r *http.Request, v any, emptyAllowed bool) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err // http.MaxBytesError, or the client hung up
	}
	defer clear(body)
	if emptyAllowed && isBlank(body) {
		return nil
	}
	if err := json.Unmarshal(body, v); err != nil {
		return badJSON(err)
	}
	return nil
}

// badJSON tells where the body is wrong and never quotes it: it may hold a
// password.
func badJSON(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return vault.Fail(vault.Usage, "the body is not JSON (byte %d)", syntax.Offset)
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return vault.Fail(vault.Usage, "the member %q has the wrong type", wrong.Field)
	}
	return vault.Fail(vault.Usage, "the body does not have the expected form")
}

func isBlank(body []byte) bool {
	for _, b := range body {
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			return false
		}
	}
	return true
}

// pathID returns an identifier of the path. What is no identifier names
// nothing: the answer is "not found", as Pleasant gives it.
func pathID(r *http.Request, name string) (vault.ID, error) {
	id, err := vault.ParseID(r.PathValue(name))
	if err != nil {
		return vault.ID{}, vault.Fail(vault.NotFound, "no such %s", name)
	}
	return id, nil
}
