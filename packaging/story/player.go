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
	"strings"
	"time"
)

// step is one command of the story and how it must end.
type step struct {
	title   string
	program string // tideover-cli or tideover-server
	args    []string
	secrets []string // lines for standard input, never shown
	exit    int
	want    []string // each must be in what was printed
	alone   bool     // in a network namespace without any interface
}

// record is a line of the transcript.
type record struct {
	Title  string   `json:"title"`
	Argv   []string `json:"argv"`
	Stdin  int      `json:"stdin_lines"`
	Stdout string   `json:"stdout"`
	Stderr string   `json:"stderr"`
	Exit   int      `json:"exit"`
	Want   int      `json:"expected_exit"`
	OK     bool     `json:"ok"`
}

// player runs steps and keeps the books.
type player struct {
	bin, dir   string
	tpm        string // value of --tpm
	transcript *os.File
	number     int
	stops      []func() error
}

func newPlayer(bin, dir, transcript string) (*player, error) {
	p := &player{bin: bin, dir: dir}
	if transcript != "" {
		f, err := os.OpenFile(transcript, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		p.transcript = f
	}
	return p, nil
}

// close stops what still runs, the last started first.
func (p *player) close() error {
	var errs []error
	for i := len(p.stops) - 1; i >= 0; i-- {
		errs = append(errs, p.stops[i]())
	}
	if p.transcript != nil {
		errs = append(errs, p.transcript.Close())
	}
	return errors.Join(errs...)
}

// do runs one step, shows it, and returns what it printed on standard output.
func (p *player) do(ctx context.Context, s step) (string, error) {
	p.number++
	fmt.Printf("\n%2d. %s\n", p.number, s.title)
	argv := append([]string{filepath.Join(p.bin, s.program)}, s.args...)
	if s.alone {
		argv = append([]string{"unshare", "-rn"}, argv...)
		fmt.Println("    (in a network namespace without any interface)")
	}
	fmt.Println("    $", shown(s))
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute) // a step that hangs is a broken step
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "TIDEOVER_HOME="+filepath.Join(p.dir, "home"), "TIDEOVER_TPM="+p.tpm)
	if len(s.secrets) > 0 {
		cmd.Stdin = strings.NewReader(strings.Join(s.secrets, "\n") + "\n")
	}
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return "", fmt.Errorf("step %d, %s: %w", p.number, s.title, err)
	}
	code := cmd.ProcessState.ExitCode()
	show(out.String())
	show(errOut.String())
	fmt.Println("    exit", code)
	ok := code == s.exit
	problem := ""
	if !ok {
		problem = fmt.Sprintf("exit %d, expected %d", code, s.exit)
	}
	for _, w := range s.want {
		if !strings.Contains(out.String()+errOut.String(), w) {
			ok, problem = false, fmt.Sprintf("nothing printed says %q", w)
		}
	}
	if err := p.note(record{s.title, append([]string{s.program}, s.args...), len(s.secrets), out.String(), errOut.String(), code, s.exit, ok}); err != nil {
		return "", err
	}
	if !ok {
		return "", fmt.Errorf("step %d, %s: %s", p.number, s.title, problem)
	}
	return out.String(), nil
}

func (p *player) note(r record) error {
	if p.transcript == nil {
		return nil
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = p.transcript.Write(append(line, '\n'))
	return err
}

// shown is the command as a person would type it; secrets come by a pipe.
func shown(s step) string {
	parts := []string{s.program}
	for _, a := range s.args {
		if strings.ContainsAny(a, " ;*{}") {
			a = "'" + a + "'"
		}
		parts = append(parts, a)
	}
	line := strings.Join(parts, " ")
	if n := len(s.secrets); n > 0 {
		line = fmt.Sprintf("… | %s   # %d secret line(s) on standard input", line, n)
	}
	return line
}

// show prints up to 20 lines, indented.
func show(text string) {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		if i == 20 {
			fmt.Printf("      … %d more lines\n", len(lines)-i)
			return
		}
		if line != "" {
			if len(line) > 400 {
				line = line[:400] + "…"
			}
			fmt.Println("     ", line)
		}
	}
}
