package cmd_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestThreatsNameTheirTests holds the threat model to the sources: every test
// and every row of `make attack` that it names must exist, every row of the
// attack program must be named, and no attack goes without one of them. What
// can be taken out is held to the sources in packaging/attack.
func TestThreatsNameTheirTests(t *testing.T) {
	page, err := os.ReadFile("../assets/docs/threats.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("../packaging/attack/main.go")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{} // of make attack → whether the page has it
	for _, m := range regexp.MustCompile(`\{name: "([^"]+)"`).FindAllSubmatch(program, -1) {
		rows[string(m[1])] = false
	}
	if len(rows) == 0 {
		t.Fatal("the attack program has no rows")
	}
	name := regexp.MustCompile("`([a-z/0-9-]+)\\.(Test[A-Za-z0-9]+)`")
	attacks := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 6 || cells[1] == "levels" {
			if strings.HasPrefix(line, "| ") && len(cells) != 6 {
				t.Errorf("not six columns: %s", line)
			}
			continue
		}
		attacks++
		found := false
		for _, m := range name.FindAllStringSubmatch(line, -1) {
			found = true
			if !hasTest(t, m[1], m[2]) {
				t.Errorf("%s.%s does not exist", m[1], m[2])
			}
		}
		for _, ref := range strings.Split(cells[3], " · ") {
			row, ok := strings.CutPrefix(ref, "attack: ")
			if !ok {
				continue
			}
			found = true
			row = strings.TrimSuffix(row, " (succeeds)")
			if _, ok := rows[row]; !ok {
				t.Errorf("make attack has no row %q", row)
			}
			rows[row] = true
		}
		if !found {
			t.Errorf("no test: %s", line)
		}
	}
	if attacks == 0 {
		t.Error("the page has no attacks")
	}
	for row, named := range rows {
		if !named {
			t.Errorf("the page does not name %q of make attack", row)
		}
	}
}

// hasTest reports whether a folder's test files declare a test.
func hasTest(t *testing.T, dir, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains("\n"+string(b), "\nfunc "+test+"(") {
			return true
		}
	}
	return false
}
