package present

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"strings"
	"syscall"

	"github.com/tideover/tideover/vault"
)

// Worded is an error for which the words of its cause say too little: the
// catalogue has "topic.TOPIC.message" and ".remedy" for it. The cause decides
// on id and exit code as ever. Neither argument may be a secret.
type Worded struct {
	Cause vault.Cause
	Topic string
	Args  map[string]any
	Err   error // the error below, for logs; may be nil
}

// Key is an argument of Worded that is itself a wording of the catalogue.
type Key string

// reasons is an argument of Worded: reasons against a level, with ", " between.
type reasons string

// Error returns cause and topic, for logs.
func (w *Worded) Error() string {
	text := string(w.Cause) + ": " + w.Topic
	if w.Err != nil {
		text += ": " + w.Err.Error()
	}
	return text
}

// Unwrap returns the error below.
func (w *Worded) Unwrap() error { return w.Err }

// Is reports whether target is this error's Cause.
func (w *Worded) Is(target error) bool {
	c, ok := target.(vault.Cause)
	return ok && c == w.Cause
}

// words puts the topic's words in place of those of the cause.
func (w *Worded) words(c *Catalogue, e *Explanation) {
	e.ID, e.Exit = string(w.Cause), Exit(w.Cause)
	args := maps.Clone(w.Args)
	for name, arg := range args {
		switch arg := arg.(type) {
		case Key:
			args[name] = c.Text(string(arg), nil)
		case reasons:
			args[name] = c.Blocked(strings.Split(string(arg), ", "))
		}
	}
	e.Message = c.Text("topic."+w.Topic+".message", args)
	e.Remedy = c.Text("topic."+w.Topic+".remedy", args)
}

// ofFile returns what is the matter where the operating system refused a file
// or a folder, which is nobody's mistake in the program; nil if it did not.
func ofFile(err error) *Worded {
	var path, why string
	var one *fs.PathError
	var two *os.LinkError
	switch {
	case errors.As(err, &one):
		path, why = one.Path, one.Err.Error()
	case errors.As(err, &two):
		path, why = two.New, two.Err.Error()
	default:
		return nil
	}
	topic := "file"
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		topic = "file_refused"
	case errors.Is(err, syscall.ENOSPC):
		topic = "file_no_space"
	}
	return &Worded{Cause: vault.Internal, Topic: topic, Args: map[string]any{"Path": path, "Why": strings.TrimSpace(why)}, Err: err}
}

// ofDisk returns what is the matter where a disk takes nothing: the policy has
// nothing to do with it, and no server helps.
func ofDisk(err error, detail string) *Worded {
	topic := "unwritable"
	if errors.Is(err, syscall.ENOSPC) {
		topic = "unwritable_full"
	}
	return &Worded{Cause: vault.ReadOnly, Topic: topic, Args: map[string]any{"Detail": detail}, Err: err}
}
