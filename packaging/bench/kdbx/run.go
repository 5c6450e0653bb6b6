package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// bench holds the programs and a directory for files.
type bench struct {
	dir, self, limit string
	runs             int
}

func newBench(ctx context.Context, runs int) (*bench, error) {
	for tool, pkg := range map[string]string{"keepassxc-cli": "keepassxc", "argon2": "argon2"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s is missing: apt-get install %s", tool, pkg)
		}
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tideover-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{dir: dir, self: self, limit: filepath.Join(dir, "limit"), runs: max(1, runs)}
	build := exec.CommandContext(ctx, "go", "build", "-o", b.limit, "github.com/tideover/tideover/packaging/bench/limit")
	if out, err := build.CombinedOutput(); err != nil {
		b.close()
		return nil, fmt.Errorf("build limit: %w\n%s", err, out)
	}
	return b, nil
}

func (b *bench) close() { _ = os.RemoveAll(b.dir) } // a temporary directory

// result is one run of a process.
type result struct {
	wallMS, peakMiB float64
	openMS, saveMS  float64 // as the process says itself
	output          string
}

// process runs a program to its end.
func process(ctx context.Context, stdin, name string, args ...string) (result, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	err := cmd.Run()
	r := result{wallMS: ms(time.Since(start)), output: strings.TrimSpace(out.String())}
	if err != nil {
		return r, fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, errs.Bytes())
	}
	r.peakMiB = peakMiB(cmd.ProcessState)
	// keepassxc-cli prints something else.
	if n, err := fmt.Sscanf(r.output, "%f %f", &r.openMS, &r.saveMS); err != nil || n != 2 {
		r.openMS, r.saveMS = 0, 0
	}
	return r, nil
}

// medians takes each column by itself.
func medians(list []result) result {
	column := func(of func(result) float64) float64 {
		v := make([]float64, len(list))
		for i, r := range list {
			v[i] = of(r)
		}
		slices.Sort(v)
		return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
	}
	return result{
		wallMS:  column(func(r result) float64 { return r.wallMS }),
		peakMiB: column(func(r result) float64 { return r.peakMiB }),
		openMS:  column(func(r result) float64 { return r.openMS }),
		saveMS:  column(func(r result) float64 { return r.saveMS }),
	}
}

// size measures one file.
func (b *bench) size(ctx context.Context, n int) ([]row, error) {
	file := filepath.Join(b.dir, strconv.Itoa(n)+".kdbx")
	if _, err := process(ctx, "", b.self, "work-generate", strconv.Itoa(n), file); err != nil {
		return nil, err
	}
	copied := filepath.Join(b.dir, "copy.kdbx")
	programs := []func() (result, error){
		func() (result, error) { return process(ctx, "", b.self, "work-open", file) },
		func() (result, error) { return process(ctx, password+"\n", "keepassxc-cli", "ls", "-q", file) },
		func() (result, error) { return process(ctx, "", b.limit, password, file) },
		func() (result, error) { return process(ctx, "", b.self, "work-save", file, copied) },
		func() (result, error) {
			if err := copyFile(copied, file); err != nil {
				return result{}, err
			}
			return process(ctx, password+"\n", "keepassxc-cli", "mkdir", "-q", copied, "one more")
		},
		func() (result, error) { return process(ctx, "", b.limit, password, file, copied) },
	}
	all := make([][]result, len(programs))
	for range b.runs {
		for i, p := range programs {
			r, err := p()
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], r)
		}
	}
	var m []result
	for _, list := range all {
		m = append(m, medians(list))
	}
	return []row{
		{n: n, work: "open", ours: m[0], keepassxc: m[1], limit: m[2], wallBudget: 0.2, limitBudget: 3, peakBudget: 0.6},
		{n: n, work: "open+save", ours: m[3], keepassxc: m[4], limit: m[5], wallBudget: 0.2, peakBudget: 1},
		{n: n, work: "save", ours: saveOnly(m[3]), limit: saveOnly(m[5]), limitBudget: 3},
	}, nil
}

func saveOnly(r result) result { return result{wallMS: r.saveMS} }

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}
