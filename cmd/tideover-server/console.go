package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"
)

// console is where a command reads and writes, and the flags that every
// command has.
type console struct {
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	buffered *bufio.Reader // over stdin, made at the first secret

	dataDir string // --data
	dbURL   string // --db
	json    bool   // --json

	rootsFile string // --tpm-roots, of serve
}

// print writes the one JSON object of --json, whose first member is "v":1, or
// calls text for people. fields is a struct; it must not have a member v.
func (c *console) print(fields any, text func(w io.Writer)) error {
	if c.json {
		return writeJSON(c.stdout, fields)
	}
	table := tabwriter.NewWriter(c.stdout, 0, 4, 2, ' ', 0)
	text(table)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// writeJSON writes one line: the object with "v":1 before its own members.
func writeJSON(w io.Writer, fields any) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	line := append([]byte(`{"v":1`), ',')
	if len(body) <= len("{}") {
		line = line[:len(line)-1]
	}
	line = append(append(line, body[1:]...), '\n')
	if _, err := w.Write(line); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// log returns the logger of the process: text on standard error.
func (c *console) log() *slog.Logger {
	return slog.New(slog.NewTextHandler(c.stderr, nil))
}
