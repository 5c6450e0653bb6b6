// Package scripttest holds the commands that the scripts of more than one of
// our programs use beside testscript's own. Tests import it and nothing else
// does; it knows no program of ours.
//
// The invariant: a command that looks at an output fails the script when that
// is not exactly one JSON object.
package scripttest

import (
	"encoding/json"
	"errors"
	"io"
	"maps"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// Prepare completes the environment of a script. Under the race detector a program
// rests for a second before it ends, so that what still runs may race: a script
// that starts fifty would do little else.
func Prepare(env *testscript.Env) {
	env.Setenv("GORACE", "atexit_sleep_ms=10")
}

// Commands returns the shared commands and those of one program:
//
//	json PATH WANT      compares a member of the last output; a.b.0.c, len for a length; ~ for "not null"
//	jsonenv NAME PATH   puts a member into the environment
func Commands(own map[string]func(*testscript.TestScript, bool, []string)) map[string]func(*testscript.TestScript, bool, []string) {
	all := maps.Clone(own)
	all["json"], all["jsonenv"] = compare, keep
	return all
}

// member returns a member of the last output as text.
func member(ts *testscript.TestScript, path string) string {
	out := ts.ReadFile("stdout")
	dec := json.NewDecoder(strings.NewReader(out))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		ts.Fatalf("not JSON: %v: %s", err, out)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("more than one object: %s", out)
	}
	for _, name := range strings.Split(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			next, ok := v[name]
			if !ok && name == "len" {
				return strconv.Itoa(len(v))
			}
			if !ok {
				ts.Fatalf("no member %s of %s in %s", name, path, out)
			}
			value = next
		case []any:
			if name == "len" {
				return strconv.Itoa(len(v))
			}
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(v) {
				ts.Fatalf("no element %s of %s in %s", name, path, out)
			}
			value = v[i]
		default:
			ts.Fatalf("%s goes nowhere in %s", path, out)
		}
	}
	if text, ok := value.(string); ok {
		return text
	}
	raw, err := json.Marshal(value)
	ts.Check(err)
	return string(raw)
}

func compare(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json PATH WANT")
	}
	got := member(ts, args[0])
	equal := got == args[1] || args[1] == "~" && got != "null" && got != ""
	if equal == neg {
		ts.Fatalf("%s is %q, want %q (not: %v) in %s", args[0], got, args[1], neg, ts.ReadFile("stdout"))
	}
}

func keep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: jsonenv NAME PATH")
	}
	ts.Setenv(args[0], member(ts, args[1]))
}
