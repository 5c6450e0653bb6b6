//go:build linux && amd64

package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// root is where the sources lie, seen from here.
const root = "../.."

// Each mutation fits the sources as they are, and is Go afterwards: so that a
// change of a defence is not first noticed when somebody takes it out.
func TestMutationsFit(t *testing.T) {
	rows := map[string]bool{}
	for _, a := range attacks() {
		rows[a.name] = a.remains == ""
	}
	seen := map[string]bool{}
	for _, m := range mutations() {
		if seen[m.defence] {
			t.Errorf("%s: there are two", m.defence)
		}
		seen[m.defence] = true
		texts, err := edited(root, nil, m.edits)
		if err != nil {
			t.Errorf("%s: %v", m.defence, err)
		}
		if len(texts) == 0 {
			t.Errorf("%s: it changes nothing", m.defence)
		}
		for path, text := range texts {
			if _, err := parser.ParseFile(token.NewFileSet(), path, text, parser.SkipObjectResolution); err != nil {
				t.Errorf("%s: %v", m.defence, err)
			}
		}
		switch {
		case (m.row == "") == (m.test == test{}), (m.row == "") != (m.says != ""), m.row == "" && m.more != nil:
			t.Errorf("%s: either a row, or a test and what it says", m.defence)
		case m.row != "" && !rows[m.row]:
			t.Errorf("%s: there is no row %q, or it succeeds anyway", m.defence, m.row)
		case m.row == "" && !declared(t, m.test):
			t.Errorf("%s: there is no test %s", m.defence, m.attack())
		}
	}
}

// declared reports whether a folder's tests have this one.
func declared(t *testing.T, want test) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, want.folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.ContainsFunc(files, func(f string) bool {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(b), "\nfunc "+want.name+"(")
	})
}

// The threat model has each mutation at an attack whose tests it is for, and
// says at every other attack why nothing can be taken out.
func TestThreatsNameWhatIsTakenOut(t *testing.T) {
	page, err := readPage(root)
	if err != nil {
		t.Fatal(err)
	}
	by := map[string]mutation{}
	for _, m := range mutations() {
		by[m.defence] = m
	}
	named := map[string]bool{}
	for _, threat := range page {
		for _, item := range threat.taken {
			if why, ok := strings.CutPrefix(item, "none: "); ok && why != "" {
				continue
			}
			m, ok := by[item]
			if !ok {
				t.Errorf("%s: %q cannot be taken out", threat.name, item)
				continue
			}
			named[item] = true
			if !slices.Contains(threat.stands, m.attack()) {
				t.Errorf("%s: without %s it is %s that succeeds, which the row does not name", threat.name, item, m.attack())
			}
		}
	}
	if len(page) == 0 {
		t.Error("the page has no attacks")
	}
	for defence := range by {
		if !named[defence] {
			t.Errorf("no attack of the page names %q", defence)
		}
	}
}
