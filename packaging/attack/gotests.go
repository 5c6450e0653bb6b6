//go:build linux && amd64

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// threatsPage names the tests of each attack; this program runs at the root of
// the project.
const threatsPage = "assets/docs/threats.md"

// test is one Go test that the page names.
type test struct{ folder, name string }

// threat is one attack of the page.
type threat struct {
	name   string
	tests  []test
	stands []string // what stands in the column of tests, without quotes
	taken  []string // what can be taken out, or why nothing can
}

// readPage returns the attacks of the page, below root, in its order.
func readPage(root string) ([]threat, error) {
	b, err := os.ReadFile(filepath.Join(root, threatsPage))
	if err != nil {
		return nil, err
	}
	var page []threat
	name := regexp.MustCompile("`([a-z/0-9-]+)\\.(Test[A-Za-z0-9]+)`")
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "| "), " |")
		cells := strings.Split(line, " | ")
		if len(cells) != 6 || cells[1] == "levels" {
			continue
		}
		t := threat{
			name:   fmt.Sprintf("Go tests: %s (%s)", cells[0], cells[1]),
			stands: strings.Split(strings.ReplaceAll(cells[3], "`", ""), " · "),
			taken:  strings.Split(cells[4], " · "),
		}
		for _, m := range name.FindAllStringSubmatch(cells[3], -1) {
			t.tests = append(t.tests, test{m[1], m[2]})
		}
		page = append(page, t)
	}
	return page, nil
}

// goTests runs the tests of the attacks that match, each once, and counts them
// in the row of every attack that names them: a test without subtests, and each
// innermost subtest, is a try; one that fails is a breach.
func goTests(ctx context.Context, only *regexp.Regexp, overlay string) (rows []*row, err error) {
	page, err := readPage(".")
	if err != nil {
		return nil, err
	}
	page = slices.DeleteFunc(page, func(t threat) bool { return len(t.tests) == 0 || !only.MatchString(t.name) })
	wanted := map[string]map[string]bool{} // folder → tests
	for _, a := range page {
		for _, t := range a.tests {
			if wanted[t.folder] == nil {
				wanted[t.folder] = map[string]bool{}
			}
			wanted[t.folder][t.name] = true
		}
	}
	ended := map[test]string{} // with subtests → pass, fail or skip
	for _, folder := range slices.Sorted(maps.Keys(wanted)) {
		names := slices.Sorted(maps.Keys(wanted[folder]))
		cmd := exec.CommandContext(ctx, "go", "test", "-json", "-count=1", "-tags", "ci", "-overlay", overlay, "-timeout", "30m", "-run", "^("+strings.Join(names, "|")+")$", "./"+folder)
		var out, errOut bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		runErr := cmd.Run() // failures are in the events
		found := 0
		for lines := bufio.NewScanner(&out); lines.Scan(); {
			var e struct{ Action, Test string }
			if json.Unmarshal(lines.Bytes(), &e) != nil || e.Test == "" {
				continue
			}
			if e.Action == "pass" || e.Action == "fail" || e.Action == "skip" {
				ended[test{folder, e.Test}] = e.Action
				found++
			}
		}
		fmt.Printf("         go test ./%s: %d tests and subtests\n", folder, found)
		if found == 0 {
			return nil, fmt.Errorf("no verdict: go test ./%s: %w: %s", folder, runErr, errOut.Bytes())
		}
	}
	parents := map[test]bool{}
	for t := range ended {
		if i := strings.LastIndexByte(t.name, '/'); i > 0 {
			parents[test{t.folder, t.name[:i]}] = true
		}
	}
	for _, a := range page {
		r := &row{name: a.name}
		rows = append(rows, r)
		for _, named := range a.tests {
			if _, ok := ended[named]; !ok {
				err = fmt.Errorf("no verdict: %s.%s did not run", named.folder, named.name)
			}
			for t, how := range ended {
				if t.folder != named.folder || t.name != named.name && !strings.HasPrefix(t.name, named.name+"/") || parents[t] && how == "pass" {
					continue
				}
				breach := ""
				if how != "pass" {
					breach = fmt.Sprintf("%s.%s: %s", t.folder, t.name, how)
				}
				r.try("", breach)
			}
		}
	}
	return rows, err
}
