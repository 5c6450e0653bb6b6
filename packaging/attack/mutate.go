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
		against := m.row
		if m.row == "" {
			against = m.test.folder + "." + m.test.name
		}
		verdict, err := s.without(ctx, fmt.Sprint("mutation-", i), m)
		if err != nil {
			verdict = "NO VERDICT: " + err.Error()
		}
		if verdict != succeeded {
			failed++
		}
		fmt.Printf("%6.1fs  without %s: %s: %s\n", time.Since(start).Seconds(), m.defence, against, verdict)
	}
	if failed > 0 {
		return fmt.Errorf("%d attacks did not succeed with their defence taken out", failed)
	}
	return nil
}

const succeeded = "succeeds"

// without runs the attack on the programs without the defence.
func (s *stage) without(ctx context.Context, name string, m mutation) (verdict string, err error) {
	overlay, err := s.overlayOf(name, m.edits)
	if err != nil {
		return "", err
	}
	if m.row == "" {
		out, err := exec.CommandContext(ctx, "go", "test", "-tags", "ci", "-overlay", overlay, "-count=1", "-run", "^"+m.test.name+"$", "./"+m.test.folder).CombinedOutput()
		switch {
		case bytes.Contains(out, []byte("--- FAIL: "+m.test.name)):
			return succeeded, nil
		case err != nil:
			return "", fmt.Errorf("go test: %w: %s", err, out)
		}
		return "IT STILL FAILS", nil
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
	sum := sumLine.FindSubmatch(out)
	switch {
	case sum == nil:
		return "", fmt.Errorf("no table: %s", out)
	case string(sum[1]) != "0":
		return succeeded, os.RemoveAll(s.file(name))
	case strings.Contains(string(out), "no verdict"):
		return "", fmt.Errorf("%s", out)
	}
	return "IT STILL FAILS", nil
}

// edit is a change of one place in a source file.
type edit struct{ file, old, now string }

// overlayOf writes a file for go build's -overlay that makes the edits. Each
// must fit one place.
func (s *stage) overlayOf(name string, edits []edit) (string, error) {
	dir := s.file(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	texts := map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(e.file)
		if err != nil {
			return "", err
		}
		if _, ok := texts[path]; !ok {
			b, err := os.ReadFile(path)
			if err != nil {
				return "", err
			}
			texts[path] = string(b)
		}
		if n := strings.Count(texts[path], e.old); n != 1 {
			return "", fmt.Errorf("%s has %d places like %q", e.file, n, e.old)
		}
		texts[path] = strings.Replace(texts[path], e.old, e.now, 1)
	}
	replace := map[string]string{}
	for path, text := range texts {
		to := filepath.Join(dir, strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "-"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[path] = to
	}
	b, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay := filepath.Join(dir, "overlay.json")
	return overlay, os.WriteFile(overlay, b, 0o600)
}
