package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		"":                             nil,
		"  \t ":                        nil,
		"# ls":                         nil,
		"  # ls":                       nil,
		"ls /Team":                     {"ls", "/Team"},
		"  ls\t/Team  \r":              {"ls", "/Team"},
		`show "/Team/a b"`:             {"show", "/Team/a b"},
		`show '/Team/it'"'"s`:          {"show", "/Team/it's"},
		`show "/Web/Registrar \/ DNS"`: {"show", `/Web/Registrar \/ DNS`},
		`show '/Web/a\/b'`:             {"show", `/Web/a\/b`},
		`show a\ b`:                    {"show", "a b"},
		`show "a\"b\\c"`:               {"show", `a"b\c`},
		`edit x --notes ""`:            {"edit", "x", "--notes", ""},
		`show größe#1`:                 {"show", "größe#1"},
	} {
		got, err := split(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	for _, bad := range []string{`"a`, `'a`, `a\`} {
		if _, err := split(bad); !errors.Is(err, vault.Usage) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestReadCommandLeavesTheRest(t *testing.T) {
	in := strings.NewReader("ls\n\nlast")
	for _, want := range []string{"ls", "", "last"} {
		got, err := readCommand(in)
		if got != want || err != nil {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	if _, err := readCommand(in); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if _, err := readCommand(strings.NewReader(strings.Repeat("x", 1<<20))); !errors.Is(err, vault.Usage) {
		t.Error(err)
	}
}

// What somebody else typed into an entry must not drive the terminal.
func TestPlain(t *testing.T) {
	for text, want := range map[string]string{
		"Größe 日本":          "Größe 日本",
		"\x1b]0;owned\x07":  "\uFFFD]0;owned\uFFFD",
		"a\u202egnp.exe":    "a\uFFFDgnp.exe",
		"tab\tand\nline":    "tab\uFFFDand\uFFFDline",
		"\u009b31m":         "\uFFFD31m",
		"left\u2066right\r": "left\uFFFDright\uFFFD",
	} {
		if got := plain(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got, want := plainLines("a\tb\r\nc\x1b[2J"), "a    b\nc\uFFFD[2J"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
