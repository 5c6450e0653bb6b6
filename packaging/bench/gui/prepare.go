package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/tideover/tideover/tpm/tpmtest"
	"github.com/tideover/tideover/vault/kdbx"
)

// Passwords of throw-away files.
const (
	filePassword   = "correct horse"
	masterPassword = "Ebbe und Flut 1729 am Kai"
	user           = "big"
)

// unreachable is the exit code of a client that found no server (vault.Unreachable).
const unreachable = 11

const signInTries = 20

// prepared is what both windows open: a cache, and the same entries as a file
// that costs as much to open.
type prepared struct {
	dir  string
	chip *tpmtest.Process

	Entries     int     `json:"entries"`
	ImportS     float64 `json:"import_s"`
	CacheS      float64 `json:"cache_s"`
	CacheMiB    float64 `json:"cache_mib"`
	FileMiB     float64 `json:"file_mib"`
	MemoryMiB   float64 `json:"kdf_memory_mib"`
	Passes      uint64  `json:"kdf_passes"`
	Parallelism uint32  `json:"kdf_parallelism"`
}

func (p *prepared) file() string { return filepath.Join(p.dir, "entries.kdbx") }
func (p *prepared) home() string { return filepath.Join(p.dir, "home") }
func (p *prepared) note() string { return filepath.Join(p.dir, "prepared.json") }
func (p *prepared) close() error { return p.chip.Stop() }

// prepare makes all that in dir, or takes what is there from before. A cache
// ends after some days, whoever kept it: remove the folder then.
func prepare(ctx context.Context, dir, bin string, entries int) (*prepared, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	p := &prepared{dir: dir}
	if p.chip, err = tpmtest.Launch(filepath.Join(dir, "tpm")); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(p.note())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.Entries = entries
		err = p.make(ctx, bin)
	case err == nil:
		err = json.Unmarshal(b, p)
	}
	if err == nil && p.Entries != entries {
		err = fmt.Errorf("%s holds %d entries", dir, p.Entries)
	}
	if err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *prepared) make(ctx context.Context, bin string) error {
	root := content(p.Entries)
	cheap := kdbx.KDFParams{Kind: kdbx.Argon2id, MemoryBytes: 64 << 10, Iterations: 1, Parallelism: 1}
	if err := writeFile(ctx, p.file(), root, cheap); err != nil {
		return err
	}
	if err := p.cache(ctx, bin); err != nil {
		return err
	}
	caches, err := filepath.Glob(filepath.Join(p.home(), "*", "*", "*.kdbx"))
	if err != nil || len(caches) != 1 {
		return fmt.Errorf("%d caches in %s, %w", len(caches), p.home(), err)
	}
	cost, err := costOf(caches[0])
	if err != nil {
		return err
	}
	if err := writeFile(ctx, p.file(), root, cost); err != nil {
		return err
	}
	p.CacheMiB, p.FileMiB = sizeMiB(caches[0]), sizeMiB(p.file())
	p.MemoryMiB, p.Passes, p.Parallelism = float64(cost.MemoryBytes)/(1<<20), cost.Iterations, cost.Parallelism
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(p.note(), b, 0o600)
}

// cache imports the file into a server of its own, and caches it from there.
func (p *prepared) cache(ctx context.Context, bin string) (err error) {
	data := filepath.Join(p.dir, "data")
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "tideover-server"), "demo", "--data", data, "--entries", "1", "--json")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { // the window finds no server: it is to open the cache
		err = errors.Join(err, cmd.Process.Signal(syscall.SIGTERM), cmd.Wait(), os.RemoveAll(data))
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return err
	}
	ready := struct{ URL, Pin string }{}
	if err := json.Unmarshal(line, &ready); err != nil {
		return err
	}
	server := func(stdin string, args ...string) (seconds float64) {
		if err == nil {
			seconds, err = run(ctx, stdin, filepath.Join(bin, "tideover-server"), append(args, "--data", data)...)
		}
		return seconds
	}
	client := func(stdin string, args ...string) (seconds float64) {
		if err == nil {
			args = append(args, "--home", p.home(), "--tpm", p.chip.Spec())
			seconds, err = run(ctx, stdin, filepath.Join(bin, "tideover-cli"), args...)
		}
		return seconds
	}
	p.ImportS = server(filePassword, "import", "--into", "/Big", "--password-stdin", p.file())
	server(masterPassword+user, "user", "add", user, "--password-stdin")
	server("", "grant", "add", "--path", "/Big", "--user", user, "--level", "Full + Offline")
	for range signInTries { // so many entries take it longer to come back from an import than a client waits
		client(masterPassword+user, "sign-in", "--server", ready.URL, "--pin", ready.Pin, "--user", user, "--password-stdin")
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != unreachable {
			break
		}
		err = nil
	}
	p.CacheS = client(masterPassword, "cache", "--master-password-stdin")
	return err
}

// run runs a program to its end.
func run(ctx context.Context, stdin, name string, args ...string) (seconds float64, err error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin + "\n")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, said.Bytes())
	}
	return time.Since(start).Seconds(), nil
}

func sizeMiB(name string) float64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return float64(info.Size()) / (1 << 20)
}
