package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"unicode/utf8"

	"golang.org/x/term"
	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/vault"
)

// maxSecretBytes is the longest line that is taken as a secret (cli.md).
const maxSecretBytes = 64 << 10

// secret reads one password: a line of standard input if fromStdin, else what
// is typed at the terminal, asked for twice if it is a new one. The result is
// in normal form C; the caller wipes it.
func (c *console) secret(prompt string, fromStdin, isNew bool) (vault.Secret, error) {
	if fromStdin {
		line, err := readLine(c.lines())
		if err != nil {
			return vault.Secret{}, vault.Fail(vault.Usage, "standard input: %w", err)
		}
		return normalSecret(line)
	}
	terminal, ok := c.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		return vault.Secret{}, vault.Fail(vault.Usage,
			"no terminal to ask for the password at: give --password-stdin")
	}
	first, err := c.ask(terminal, prompt)
	if err != nil || !isNew {
		return first, err
	}
	again, err := c.ask(terminal, "Once more")
	if err != nil {
		first.Wipe()
		return vault.Secret{}, err
	}
	defer again.Wipe()
	if !first.Equal(again) {
		first.Wipe()
		return vault.Secret{}, vault.Fail(vault.Usage, "the two passwords differ")
	}
	return first, nil
}

func (c *console) ask(terminal *os.File, prompt string) (vault.Secret, error) {
	_, _ = fmt.Fprintf(c.stderr, "%s: ", prompt) // a prompt that cannot be shown ends in the read
	typed, err := term.ReadPassword(int(terminal.Fd()))
	_, _ = fmt.Fprintln(c.stderr)
	if err != nil {
		return vault.Secret{}, fmt.Errorf("read the password: %w", err)
	}
	return normalSecret(typed)
}

// lines returns the one reader of standard input: a second one would lose what
// the first has buffered.
func (c *console) lines() *bufio.Reader {
	if c.buffered == nil {
		c.buffered = bufio.NewReader(c.stdin)
	}
	return c.buffered
}

// readLine returns the next line without its LF or CRLF. An empty line, the
// end of input and a line beyond maxSecretBytes are errors.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		b, err := r.ReadByte()
		if err == nil && b == '\n' {
			line = bytes.TrimSuffix(line, []byte("\r"))
			break
		}
		if errors.Is(err, io.EOF) && len(line) > 0 {
			break
		}
		if errors.Is(err, io.EOF) {
			return nil, errors.New("it ended before the password")
		}
		if err != nil {
			clear(line)
			return nil, err
		}
		if len(line) > maxSecretBytes {
			clear(line)
			return nil, fmt.Errorf("the line is longer than %d bytes", maxSecretBytes)
		}
		line = append(line, b)
	}
	if len(line) == 0 {
		return nil, errors.New("the line is empty")
	}
	return line, nil
}

// normalSecret takes ownership of b.
func normalSecret(b []byte) (vault.Secret, error) {
	if len(b) == 0 {
		return vault.Secret{}, vault.Fail(vault.Usage, "the password is empty")
	}
	if !utf8.Valid(b) {
		clear(b)
		return vault.Secret{}, vault.Fail(vault.Usage, "the password is not UTF-8")
	}
	if norm.NFC.IsNormal(b) {
		return vault.NewSecret(b), nil
	}
	normal := norm.NFC.Bytes(b)
	clear(b)
	return vault.NewSecret(normal), nil
}
