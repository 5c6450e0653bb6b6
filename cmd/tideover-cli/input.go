package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"
	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
)

// maxLineBytes bounds one secret line on standard input (the contract's 64 KiB),
// the end of the line left out.
const maxLineBytes = 64 << 10

// secretFlags are the …-stdin flags of one command. Lines are read in the
// order of the fields below, whatever the order of the flags.
type secretFlags struct {
	password bool     // --password-stdin: of the account
	master   bool     // --master-password-stdin: of the cache
	otp      bool     // --otp-stdin: one-time code of the account
	pin      bool     // --key-pin-stdin: of the security key
	named    []string // --secret-stdin NAME: values of fields
}

func (f *secretFlags) addPassword(fs *pflag.FlagSet) {
	fs.BoolVar(&f.password, "password-stdin", false, "read the account password from standard input")
}

func (f *secretFlags) addMaster(fs *pflag.FlagSet) {
	fs.BoolVar(&f.master, "master-password-stdin", false, "read the master password of the cache from standard input")
	fs.BoolVar(&f.pin, "key-pin-stdin", false, "read the PIN of the security key from standard input")
}

func (f *secretFlags) addOTP(fs *pflag.FlagSet) {
	fs.BoolVar(&f.otp, "otp-stdin", false, "read the one-time code from standard input")
}

func (f *secretFlags) addNamed(fs *pflag.FlagSet) {
	fs.StringArrayVar(&f.named, "secret-stdin", nil, "read the value of field `NAME` from standard input; may be repeated")
}

// secrets are what a command was given. Absent ones are empty.
type secrets struct {
	password, master, otp, pin vault.Secret

	named []vault.Secret // in the order of secretFlags.named
}

func (s *secrets) wipe() {
	s.password.Wipe()
	s.master.Wipe()
	s.otp.Wipe()
	s.pin.Wipe()
	for i := range s.named {
		s.named[i].Wipe()
	}
}

// reading returns a command's body that has its secrets, which are wiped after
// it.
func (p *program) reading(flags *secretFlags, body func(ctx context.Context, s secrets, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s, err := readSecrets(p.in, *flags)
		defer s.wipe()
		if err != nil {
			return err
		}
		return body(cmd.Context(), s, args)
	}
}

// readSecrets reads the lines that the flags ask for, each at once and no byte
// further: what follows belongs to somebody else, such as a shell's commands.
func readSecrets(in io.Reader, f secretFlags) (secrets, error) {
	var s secrets
	read := func(wanted bool, what any, password bool) (vault.Secret, error) {
		if !wanted {
			return vault.Secret{}, nil
		}
		line, err := readLine(in, what)
		if err != nil || !password {
			return line, err
		}
		return normalise(line), nil
	}
	var err error
	if s.password, err = read(f.password, present.Key("cli.line.password"), true); err != nil {
		return s, err
	}
	if s.master, err = read(f.master, present.Key("cli.line.master"), true); err != nil {
		return s, err
	}
	if s.otp, err = read(f.otp, present.Key("cli.line.otp"), false); err != nil {
		return s, err
	}
	if s.pin, err = read(f.pin, present.Key("cli.line.pin"), false); err != nil {
		return s, err
	}
	for _, name := range f.named {
		value, err := read(true, plain(name), false)
		if err != nil {
			return s, err
		}
		s.named = append(s.named, value)
	}
	return s, nil
}

// readLine reads one line, of what the messages say. It reads a byte a call: nothing is left behind in a buffer,
// and there is no buffer to hold secrets after us.
func readLine(in io.Reader, what any) (vault.Secret, error) {
	buf := make([]byte, 0, maxLineBytes+2)
	defer func() { clear(buf[:cap(buf)]) }()
	var one [1]byte
	ended := false // by a line feed
	for !ended {
		n, err := in.Read(one[:])
		if n == 1 {
			if one[0] == '\n' {
				ended = true
				continue
			}
			if len(buf) == cap(buf) {
				return vault.Secret{}, about("line_long", what)
			}
			buf = append(buf, one[0])
			one[0] = 0
		}
		if errors.Is(err, io.EOF) {
			if len(buf) == 0 {
				return vault.Secret{}, about("line_missing", what)
			}
			break
		}
		if err != nil {
			return vault.Secret{}, fmt.Errorf("read standard input: %w", err)
		}
	}
	line := buf
	if n := len(line); ended && n > 0 && line[n-1] == '\r' { // part of a CRLF only
		line = line[:n-1]
	}
	switch {
	case len(line) == 0:
		return vault.Secret{}, about("line_empty", what)
	case len(line) > maxLineBytes:
		return vault.Secret{}, about("line_long", what)
	case !utf8.Valid(line):
		return vault.Secret{}, about("line_not_text", what)
	}
	return vault.NewSecret(line).Clone(), nil
}

// about is a usage problem of one line; what is its name, or the key of it.
func about(topic string, what any) error { return usage(topic, map[string]any{"What": what}) }

// normalise brings a password into Unicode normal form C, so that it is the
// same one on every keyboard and system. It wipes the form that it was given.
func normalise(s vault.Secret) vault.Secret {
	if norm.NFC.IsNormal(s.Bytes()) {
		return s
	}
	composed := vault.NewSecret(norm.NFC.Bytes(s.Bytes()))
	s.Wipe()
	return composed
}

// console is the person at the terminal, if there is one.
type console struct {
	in  *os.File
	out io.Writer // prompts; never standard output, which may be a file
}

// interactive reports whether somebody can answer.
func (c console) interactive() bool { return c.in != nil && term.IsTerminal(int(c.in.Fd())) }

// askSecret prompts without echo. Without a terminal it is a Usage problem
// that names the flag to use.
func (c console) askSecret(ctx context.Context, prompt, flag string) (vault.Secret, error) {
	if !c.interactive() {
		return vault.Secret{}, usage("no_terminal", map[string]any{"Flag": flag})
	}
	if err := ctx.Err(); err != nil {
		return vault.Secret{}, err
	}
	_, _ = fmt.Fprintf(c.out, "%s: ", prompt) // a prompt that is lost is seen
	line, err := term.ReadPassword(int(c.in.Fd()))
	_, _ = fmt.Fprintln(c.out)
	if err != nil {
		return vault.Secret{}, fmt.Errorf("read from the terminal: %w", err)
	}
	if len(line) == 0 {
		return vault.Secret{}, usage("typed_nothing", nil)
	}
	if !utf8.Valid(line) {
		return vault.Secret{}, usage("typed_not_text", nil)
	}
	return normalise(vault.NewSecret(line)), nil
}

// confirm asks a question of the catalogue, whose answer must be the word yes, in
// English or in the person's language. Without a terminal nobody has said it.
func (p *program) confirm(key string, args map[string]any) bool {
	c, w := p.person, p.words()
	if !c.interactive() {
		return false
	}
	yes := w.Text("cli.confirm.yes", nil)
	_, _ = fmt.Fprintf(c.out, "%s %s ", w.Text(key, args), w.Text("cli.confirm.how", map[string]any{"Yes": yes})) // a prompt that is lost is seen
	line, err := readLine(c.in, present.Key("cli.line.answer"))
	answer := strings.TrimSpace(line.Text())
	return err == nil && (strings.EqualFold(answer, "yes") || strings.EqualFold(answer, yes))
}
