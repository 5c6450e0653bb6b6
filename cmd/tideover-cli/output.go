package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// outputVersion is the "v" of every JSON object.
const outputVersion = 1

// header is the first member of every JSON object; results embed it.
type header struct {
	Version int `json:"v"`
}

// head is the header of this version.
func head() header { return header{outputVersion} }

// errorBody is what --json prints in place of a result.
type errorBody struct {
	header

	Error errorObject `json:"error"`
}

type errorObject struct {
	ID        string  `json:"id"`
	Exit      int     `json:"exit"`
	Message   string  `json:"message"`
	Remedy    string  `json:"remedy"`
	TriesLeft *int    `json:"tries_left"`
	Until     *string `json:"until"`
}

// printJSON writes one object and a line feed.
func printJSON(w io.Writer, object any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(object); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// moment is a time as --json prints it: RFC 3339 in UTC, null if unknown.
func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.UTC().Truncate(time.Second).Format(time.RFC3339)
	return &s
}

// wholeSeconds is a duration as --json prints it.
func wholeSeconds(d time.Duration) int64 { return int64(d / time.Second) }

// known returns a pointer to v, or nil for the zero value, which --json prints
// as null.
func known[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// reported is an error whose result the command has printed already, in its
// own form: only the exit code is left to give.
type reported struct{ err error }

func (r reported) Error() string { return r.err.Error() }
func (r reported) Unwrap() error { return r.err }

// fail tells an error and returns the exit code. With --json the object goes to
// standard output; the sentence, and the ids of an ambiguous path, always go to
// standard error.
func (p *program) fail(err error) int {
	var code told
	if errors.As(err, &code) {
		return int(code)
	}
	e := p.words().Explain(err)
	_, _ = fmt.Fprintln(p.stderr, e.Sentence()) // nowhere left to tell
	for _, id := range e.Candidates {
		_, _ = fmt.Fprintln(p.stderr, id)
	}
	var done reported
	if p.json && !errors.As(err, &done) {
		_ = printJSON(p.stdout, errorBody{head(), errorObject{
			ID: e.ID, Exit: e.Exit, Message: e.Message, Remedy: e.Remedy,
			TriesLeft: e.TriesLeft, Until: moment(e.Until),
		}})
	}
	return e.Exit
}
