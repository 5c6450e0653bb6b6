package main

import (
	"errors"
	"os"

	"golang.org/x/text/language"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
)

// wordedError is an error of a command for which "cause.*" has the words of a
// client, which knows caches: topic names the server's own, "server.TOPIC.*".
type wordedError struct {
	topic string
	err   error
}

func (e *wordedError) Error() string { return e.err.Error() }
func (e *wordedError) Unwrap() error { return e.err }

// importWords gives the causes of a file that cannot be read the words of an
// import.
func importWords(err error) error {
	switch {
	case errors.Is(err, vault.WrongPassword):
		return &wordedError{"import_password", err}
	case errors.Is(err, vault.Damaged):
		return &wordedError{"import_damaged", err}
	}
	return err
}

// auditWords does the same for a chain that does not hold.
func auditWords(err error) error {
	if _, ok := errors.AsType[*catalog.AuditFaultError](err); ok {
		return &wordedError{"audit_changed", err}
	}
	return err
}

// explain puts an error into words of the server, or of all programs where it
// has none of its own.
func explain(err error) present.Explanation {
	words := present.Load(present.Locale(os.Getenv))
	e := words.Explain(err)
	var topic string
	switch vault.Cause(e.ID) { // in every command
	case vault.NotFound:
		topic = "not_found"
	case vault.Damaged:
		topic = "damaged"
	}
	if worded, ok := errors.AsType[*wordedError](err); ok {
		topic = worded.topic
	}
	if topic == "" {
		return e
	}
	args := map[string]any{"Detail": "", "Event": int64(0)}
	if p, ok := errors.AsType[*vault.Problem](err); ok {
		args["Detail"] = p.Detail
	}
	if fault, ok := errors.AsType[*catalog.AuditFaultError](err); ok {
		args["Event"] = fault.Seq
	}
	e.Message = words.Text("server."+topic+".message", args)
	e.Remedy = words.Text("server."+topic+".remedy", args)
	return e
}

// maxAcceptBytes is how much of an Accept-Language header is looked at; people
// have a few languages.
const maxAcceptBytes = 256

// pageWords returns the wording of pages for a browser: the best of our
// languages, English if none of its own is among them.
func pageWords(accept string) server.Words {
	tags := []language.Tag{language.English} // the first is the fallback
	for _, name := range present.Languages() {
		if tag := language.Make(name); tag != language.English {
			tags = append(tags, tag)
		}
	}
	_, best := language.MatchStrings(language.NewMatcher(tags), accept[:min(len(accept), maxAcceptBytes)])
	return present.Load(tags[best].String())
}
