package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/tideover/tideover/tpm/tpmtest"
)

// Passwords of throw-away files: the first is that of the generated ones.
const (
	filePassword   = "correct horse"
	masterPassword = "Ebbe und Flut 1729 am Kai"
)

// place is a server with one big and one small user, and a client.
type place struct {
	ctx      context.Context // of the whole run
	dir, bin string
	spec     string // of the chip
	url, pin string
	tools    string // where the generator and the ruler lie
	file     string // the entries as KDBX
	entries  int
}

// one measures n entries and returns medians in milliseconds.
func one(ctx context.Context, bin string, runs, n int) (ours, limit, xc float64, err error) {
	dir, err := os.MkdirTemp("", "tideover-bench-")
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	chip, err := tpmtest.Launch(filepath.Join(dir, "tpm"))
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, chip.Stop()) }()
	p := &place{ctx: ctx, dir: dir, bin: bin, spec: chip.Spec(), tools: dir, file: filepath.Join(dir, "entries.kdbx")}
	p.entries = n
	stop, err := p.furnish(n)
	if err != nil {
		return 0, 0, 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	var big, small, ruler, other []float64
	for i := range runs {
		home := strconv.Itoa(i)
		b, err1 := p.cache(home+"b", "big")
		s, err2 := p.cache(home+"s", "small")
		r, err3 := p.rule()
		x, err4 := p.keepassxc()
		if err := errors.Join(err1, err2, err3, err4); err != nil {
			return 0, 0, 0, err
		}
		big, small, ruler, other = append(big, b), append(small, s), append(ruler, r), append(other, x)
	}
	return median(big) - median(small), median(ruler), median(other), nil
}

// furnish builds the tools, generates the file, imports it and starts a server.
func (p *place) furnish(n int) (stop func() error, err error) {
	for _, tool := range []string{"kdbx", "limit", "rows"} {
		if _, _, err := p.run("", "go", "build", "-o", filepath.Join(p.tools, tool), "github.com/tideover/tideover/packaging/bench/"+tool); err != nil {
			return nil, err
		}
	}
	if _, _, err := p.run("", filepath.Join(p.tools, "kdbx"), "work-generate", strconv.Itoa(n), p.file); err != nil {
		return nil, err
	}
	data := filepath.Join(p.dir, "data")
	cmd := exec.CommandContext(p.ctx, filepath.Join(p.bin, "tideover-server"), "demo", "--data", data, "--entries", "1", "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	stop = func() error { return errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()) }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	ready := struct{ URL, Pin string }{}
	if err := json.Unmarshal(line, &ready); err != nil {
		return nil, errors.Join(err, stop())
	}
	p.url, p.pin = ready.URL, ready.Pin
	server := func(stdin string, args ...string) {
		if err == nil {
			_, _, err = p.run(stdin, filepath.Join(p.bin, "tideover-server"), append(args, "--data", data)...)
		}
	}
	server(filePassword, "import", "--into", "/Big", "--password-stdin", p.file)
	for _, u := range []string{"big", "small"} {
		server(u+masterPassword, "user", "add", u, "--password-stdin")
	}
	server("", "grant", "add", "--path", "/Big", "--user", "big", "--level", "Full + Offline")
	server("", "grant", "add", "--path", "/Team", "--user", "small", "--level", "Full + Offline")
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return stop, nil
}

// cache signs a user in at a new client and returns how long caching takes.
func (p *place) cache(home, user string) (float64, error) {
	cli := func(stdin string, args ...string) (float64, error) {
		args = append(args, "--home", filepath.Join(p.dir, home), "--tpm", p.spec)
		t, _, err := p.run(stdin, filepath.Join(p.bin, "tideover-cli"), args...)
		return t, err
	}
	if _, err := cli(user+masterPassword, "sign-in", "--server", p.url, "--pin", p.pin, "--user", user, "--password-stdin"); err != nil {
		return 0, err
	}
	t, err := cli(masterPassword, "cache", "--master-password-stdin")
	return t, errors.Join(err, os.RemoveAll(filepath.Join(p.dir, home)))
}

// rule returns what the rulers take: the server's half, saving the entries, and
// opening them.
func (p *place) rule() (float64, error) {
	_, out, err := p.run("", filepath.Join(p.tools, "limit"), filePassword, p.file, filepath.Join(p.dir, "copy.kdbx"))
	var opened, saved float64
	if err == nil {
		_, err = fmt.Sscanf(out, "%f %f", &opened, &saved)
	}
	if err != nil {
		return 0, err
	}
	var served float64
	if _, out, err = p.run("", filepath.Join(p.tools, "rows"), strconv.Itoa(p.entries)); err == nil {
		_, err = fmt.Sscanf(out, "%f", &served)
	}
	return served + opened + saved, err
}

// keepassxc returns what keepassxc-cli takes to open and save the entries.
func (p *place) keepassxc() (float64, error) {
	file := filepath.Join(p.dir, "xc.kdbx")
	data, err := os.ReadFile(p.file)
	if err == nil {
		err = os.WriteFile(file, data, 0o600)
	}
	if err != nil {
		return 0, err
	}
	t, _, err := p.run(filePassword, "keepassxc-cli", "mkdir", "-q", file, "one more")
	return t, err
}

// run runs a program to its end and returns its wall time in milliseconds.
func (p *place) run(stdin, name string, args ...string) (float64, string, error) {
	cmd := exec.CommandContext(p.ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin + "\n")
	cmd.Env = append(os.Environ(), "QT_QPA_PLATFORM=offscreen")
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	start := time.Now()
	err := cmd.Run()
	t := float64(time.Since(start)) / float64(time.Millisecond)
	if err != nil {
		return t, "", fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, errOut.Bytes())
	}
	return t, out.String(), nil
}

func median(v []float64) float64 {
	slices.Sort(v)
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}
