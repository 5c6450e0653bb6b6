//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// mutation takes a defence out of the sources. Then the attack must succeed:
// else its refusals say nothing about that defence.
type mutation struct {
	defence string
	edits   []edit
	row     string   // of the table, which must have breaches then
	more    []string // flags for it
	test    test     // or a Go test, which must fail then
	says    string   // in its words, so that it fails for this and nothing else
}

// attack is what the defence stands against, as the threat model names it.
func (m mutation) attack() string {
	if m.row == "" {
		return m.test.folder + "." + m.test.name
	}
	return "attack: " + m.row
}

// sumLine is the last of the table.
var sumLine = regexp.MustCompile(`(?m)^all +\d+ +(\d+)$`)

// mutate takes out each defence whose words match, by itself, builds the
// programs without it, and lets the attack on it run. It returns an error if one
// did not succeed.
func mutate(ctx context.Context, s *stage, only *regexp.Regexp) error {
	failed := 0
	for i, m := range mutations() {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !only.MatchString(m.defence) {
			continue
		}
		start := time.Now()
		seen, err := s.without(ctx, fmt.Sprint("mutation-", i), m)
		verdict := "succeeds: " + seen
		switch {
		case err != nil:
			verdict = "NO VERDICT: " + err.Error()
		case seen == "":
			verdict = "IT STILL FAILS"
		}
		if err != nil || seen == "" {
			failed++
		}
		fmt.Printf("%6.1fs  without %s: %s: %s\n", time.Since(start).Seconds(), m.defence, m.attack(), verdict)
	}
	if failed > 0 {
		return fmt.Errorf("%d attacks did not succeed with their defence taken out", failed)
	}
	return nil
}

// breachLine is what the table says of a breach.
var breachLine = regexp.MustCompile(`(?m)breach: (.*)$`)

// testLife bounds a Go test without a defence: one that waits for what was to
// happen waits for ever.
const testLife = 4 * time.Minute

// without runs the attack on the programs without the defence, and returns what
// was seen of its success; empty: it did not succeed.
func (s *stage) without(ctx context.Context, name string, m mutation) (seen string, err error) {
	overlay, err := s.overlayOf(name, m.edits)
	if err != nil {
		return "", err
	}
	if m.row == "" {
		return m.inTest(ctx, overlay)
	}
	bin := filepath.Join(s.file(name), "bin")
	build := exec.CommandContext(ctx, "go", "build", "-overlay", overlay, "-o", bin+"/", "./cmd/tideover-cli", "./cmd/tideover-server")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build: %w: %s", err, out)
	}
	args := append([]string{"-bin", bin, "-brief", "-overlay", overlay, "-seed", fmt.Sprint(s.seed), "-only", "^" + regexp.QuoteMeta(m.row) + "$"}, m.more...)
	attack := exec.CommandContext(ctx, s.self, args...)
	attack.Cancel = func() error { return attack.Process.Signal(os.Interrupt) } // it has servers to end
	out, err := attack.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", err
	}
	sum, breach := sumLine.FindSubmatch(out), breachLine.FindSubmatch(out)
	switch {
	case sum == nil:
		return "", fmt.Errorf("no table: %s", out)
	case string(sum[1]) != "0" && breach != nil:
		return string(sum[1]) + " breaches, the first: " + string(breach[1]), os.RemoveAll(s.file(name))
	case strings.Contains(string(out), "no verdict"):
		return "", fmt.Errorf("%s", out)
	}
	return "", nil
}

// inTest is without for an attack that is a Go test.
func (m mutation) inTest(ctx context.Context, overlay string) (seen string, err error) {
	out, err := exec.CommandContext(ctx, "go", "test", "-tags", "ci", "-overlay", overlay, "-count=1", "-timeout", testLife.String(), "-run", "^"+m.test.name+"$", "./"+m.test.folder).CombinedOutput()
	if err == nil {
		return "", nil
	}
	if !bytes.Contains(out, []byte("--- FAIL: "+m.test.name)) {
		return "", fmt.Errorf("go test: %w: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, m.says) {
			return strings.TrimSpace(line), nil
		}
	}
	return "", fmt.Errorf("it fails, and not with %q: %s", m.says, out)
}

// edit is a change of one place in a source file.
type edit struct{ file, old, now string }

// edited makes the edits in the sources below root, each of which must fit one
// place, and returns the changed files by their absolute path. Where a file is
// replaced already, by absolute path, what takes its place is changed.
func edited(root string, replaced map[string]string, edits []edit) (map[string]string, error) {
	texts := map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(filepath.Join(root, e.file))
		if err != nil {
			return nil, err
		}
		if _, ok := texts[path]; !ok {
			from := path
			if other, ok := replaced[path]; ok {
				from = other
			}
			b, err := os.ReadFile(from)
			if err != nil {
				return nil, err
			}
			texts[path] = string(b)
		}
		if n := strings.Count(texts[path], e.old); n != 1 {
			return nil, fmt.Errorf("%s has %d places like %q", e.file, n, e.old)
		}
		texts[path] = strings.Replace(texts[path], e.old, e.now, 1)
	}
	return texts, nil
}

// replacements is the content of a file for go build's -overlay.
type replacements struct{ Replace map[string]string }

// overlayOf writes a file for go build's -overlay that makes the edits, on top
// of those that the stage builds with.
func (s *stage) overlayOf(name string, edits []edit) (string, error) {
	all := replacements{map[string]string{}}
	if s.overlay != "" {
		b, err := os.ReadFile(s.overlay)
		if err != nil {
			return "", err
		}
		if err := json.Unmarshal(b, &all); err != nil {
			return "", err
		}
	}
	texts, err := edited(".", all.Replace, edits)
	if err != nil {
		return "", err
	}
	dir := s.file(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	for path, text := range texts {
		to := filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "-"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		all.Replace[path] = to
	}
	b, err := json.Marshal(all)
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}
