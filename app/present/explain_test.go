package present_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// causes reads the identifiers of all causes from the source of package vault,
// so that a new cause without words fails here and not on somebody's screen.
func causes(t *testing.T) []vault.Cause {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../vault/problem.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var found []vault.Cause
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); ok && typ.Name == "Cause" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, vault.Cause(text))
		}
		return true
	})
	if len(found) < 30 {
		t.Fatalf("found %d causes in vault/problem.go, want all of them", len(found))
	}
	return found
}

func TestEveryCauseHasWordsAndAnExitCode(t *testing.T) {
	tries := 7
	for _, lang := range present.Languages() {
		for _, cause := range causes(t) {
			for name, err := range map[string]error{
				"bare": cause,
				"full": &vault.Problem{
					Cause: cause, Detail: "DETAIL", TriesLeft: &tries,
					Until: time.Date(2026, 11, 21, 9, 0, 0, 0, time.UTC),
				},
			} {
				got := present.Explain(err, lang)
				if got.ID != string(cause) {
					t.Errorf("%s %s %s: id %q", lang, cause, name, got.ID)
				}
				if got.Exit < 1 || got.Exit > 19 || (got.Exit == 1) != (cause == vault.Internal) {
					t.Errorf("%s: exit %d", cause, got.Exit)
				}
				for part, text := range map[string]string{"message": got.Message, "remedy": got.Remedy} {
					if strings.HasPrefix(text, "cause.") || strings.ContainsAny(text, "{}<>") {
						t.Errorf("%s %s %s %s: no words: %q", lang, cause, name, part, text)
					}
					if !strings.HasSuffix(text, ".") || strings.Contains(text, "  ") {
						t.Errorf("%s %s %s %s: not a sentence: %q", lang, cause, name, part, text)
					}
				}
			}
		}
	}
}

func TestCataloguesHaveTheSameKeysAndArguments(t *testing.T) {
	if want := []string{"de", "en"}; !cmp.Equal(present.Languages(), want) {
		t.Fatalf("languages %v, want %v", present.Languages(), want)
	}
	argument := regexp.MustCompile(`\.[A-Z]\w*`)
	arguments := func(wording string) []string {
		if !strings.Contains(wording, "{{") {
			return nil
		}
		found := argument.FindAllString(wording, -1)
		slices.Sort(found)
		return slices.Compact(found)
	}
	english := present.Load("en").Keys()
	for _, lang := range present.Languages() {
		words := present.Load(lang).Keys()
		for key, wording := range english {
			other, ok := words[key]
			if !ok || other == "" {
				t.Errorf("%s: no words for %s", lang, key)
				continue
			}
			if diff := cmp.Diff(arguments(wording), arguments(other)); diff != "" {
				t.Errorf("%s: arguments of %s differ (-en +%s):\n%s", lang, key, lang, diff)
			}
		}
		for key := range words {
			if _, ok := english[key]; !ok {
				t.Errorf("%s: %s is not an English key", lang, key)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	three := 3
	until := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	tests := []struct {
		name     string
		err      error
		lang     string
		id       string
		exit     int
		contains []string
	}{
		{
			"tries are told", &vault.Problem{Cause: vault.WrongPassword, TriesLeft: &three},
			"en", "wrong_password", 3,
			[]string{"3 tries left"},
		},
		{"unknown tries are not invented", vault.WrongPassword, "en", "wrong_password", 3, []string{"password is wrong."}},
		{
			"wrapped problem", fmt.Errorf("open cache: %w", &vault.Problem{Cause: vault.Expired, Until: until}),
			"en", "expired", 5,
			[]string{"2026"},
		},
		{"wrapped cause", fmt.Errorf("open cache: %w", vault.NoCache), "en", "no_cache", 10, []string{"Disconnect/Cache"}},
		{"German", vault.Fail(vault.SomeoneOffline, "erika"), "de_AT.UTF-8", "someone_offline", 9, []string{"erika arbeitet"}},
		{
			"online only", fmt.Errorf("rename: %w", &vault.Problem{Cause: vault.ReadOnly, Err: session.ErrOnlineOnly}),
			"en", "read_only", present.Exit(vault.ReadOnly),
			[]string{"changed online only", "Connect"},
		},
		{
			"ended before its day", &vault.Problem{Cause: vault.Expired, Until: until, Detail: "tpm_clock"},
			"en", "expired", present.Exit(vault.Expired),
			[]string{"has ended: the computer was on for as long as it may be."},
		},
		{
			"no file", fmt.Errorf("import: %w", &vault.Problem{Cause: vault.NotFound, Detail: "/usb/x.kdbx", Err: session.ErrNoFile}),
			"en", "not_found", 15,
			[]string{"no file /usb/x.kdbx", "Check the name"},
		},
		{
			"last key", fmt.Errorf("remove: %w", &vault.Problem{Cause: vault.KeyRequired, Detail: "blue", Err: session.ErrLastKey}),
			"de_DE", "key_required", present.Exit(vault.KeyRequired),
			[]string{"„blue“ ist der letzte", "zuerst einen anderen"},
		},
		{
			"conflict", vault.Fail(vault.Conflict, "Notes, Owner, tags"),
			"de", "conflict", 18,
			[]string{"denselben Teil", "(Notizen, Owner, Schlagwörter)", "Laden Sie neu"},
		},
		{"unknown language", vault.Busy, "tlh", "busy", 18, []string{"Another process"}},
		{"unknown error", errors.New("disk on fire"), "en", "internal", 1, []string{"disk on fire"}},
		{"unknown cause", vault.Cause("teapot"), "en", "internal", 1, []string{"teapot"}},
		{"detail", vault.Fail(vault.NotFound, "/Servers/web"), "en", "not_found", 15, []string{"/Servers/web"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := present.Explain(tt.err, tt.lang)
			if got.ID != tt.id || got.Exit != tt.exit {
				t.Errorf("got %s/%d, want %s/%d", got.ID, got.Exit, tt.id, tt.exit)
			}
			for _, want := range tt.contains {
				if !strings.Contains(got.Sentence(), want) {
					t.Errorf("%q does not contain %q", got.Sentence(), want)
				}
			}
		})
	}
}

func TestExplainAmbiguousNamesTheCandidates(t *testing.T) {
	a, b := vault.NewID(), vault.NewID()
	got := present.Explain(&vault.Problem{Cause: vault.Ambiguous, IDs: []vault.ID{a, b}}, "en")
	if diff := cmp.Diff([]string{a.String(), b.String()}, got.Candidates); diff != "" {
		t.Error(diff)
	}
}
