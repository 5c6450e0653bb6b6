package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/convert"
	"github.com/tideover/tideover/vault/server/catalog"
)

const (
	// legacyChild is the hidden command that decrypts KDBX 3.1 in a process of
	// its own; see convert.Child.
	legacyChild = "read-kdbx3"
	// maxKeyFileBytes is far above every form of key file that is not just
	// hashed; those are hashed whole, and nobody uses a film as a key.
	maxKeyFileBytes = 16 << 20
)

type importFlags struct {
	into, keyFile string
	stdin         bool
}

func newImport(c *console) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Import a KDBX file, a Bitwarden export or a CSV file",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if f.into == "" {
				return vault.Fail(vault.Usage, "--into names the folder that takes the entries")
			}
			return c.do(cmd.Context(), "import", func(ctx context.Context, s *site, by *catalog.Caller) error {
				return c.importFile(ctx, s, by, args[0], f)
			})
		},
	}
	cmd.Flags().StringVar(&f.into, "into", "", "`path` of the folder, which is made if it is missing")
	cmd.Flags().StringVar(&f.keyFile, "key-file", "", "key `file` of a KDBX file")
	cmd.Flags().BoolVar(&f.stdin, "password-stdin", false, "read the file's password from standard input")
	cmd.AddCommand(&cobra.Command{
		Use: legacyChild, Hidden: true, Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			os.Exit(convert.ServeLegacy(os.Stdin, os.Stdout))
			return nil
		},
	})
	return cmd
}

// imported is the result in --json.
type imported struct {
	Format      string   `json:"format"`
	Into        string   `json:"into"`
	FolderID    vault.ID `json:"folder_id"`
	Folders     int      `json:"folders"`
	Entries     int      `json:"entries"`
	Versions    int      `json:"history_versions"`
	Attachments int      `json:"attachments"`
	Renumbered  int      `json:"renumbered"`
	Notes       []string `json:"notes"`
}

func (c *console) importFile(ctx context.Context, s *site, by *catalog.Caller, path string, f importFlags) error {
	content, report, err := c.readImport(ctx, path, f)
	if err != nil {
		return err
	}
	defer content.Wipe()
	if err := fillTimes(content.Root, time.Now().UTC().Truncate(time.Second)); err != nil {
		return err
	}
	done, err := s.catalog.Import(ctx, by, f.into, content)
	if err != nil {
		return err
	}
	shown := imported{
		Format: string(report.Format), Into: f.into, FolderID: done.Root, Folders: done.Folders, Entries: done.Entries,
		Versions: done.Versions, Attachments: done.Attachments, Renumbered: done.Renumbered, Notes: report.Notes,
	}
	if shown.Notes == nil {
		shown.Notes = []string{}
	}
	return c.print(shown, func(w io.Writer) {
		line(w, "%d entries and %d folders from %s into %s", shown.Entries, shown.Folders, shown.Format, f.into)
		line(w, "%d versions of the history, %d attachments", shown.Versions, shown.Attachments)
		for _, note := range shown.Notes {
			line(w, "%s", note)
		}
	})
}

// fillTimes dates what a CSV file has no dates for: clients of Pleasant's fail
// on entries without.
func fillTimes(root *vault.Group, now time.Time) error {
	fill := func(t *vault.Times) {
		if t.Modified.IsZero() {
			t.Modified = now
		}
		if t.Created.IsZero() {
			t.Created = t.Modified
		}
	}
	return root.Walk(func(_ []string, g *vault.Group) error {
		fill(&g.Times)
		for _, e := range g.Entries {
			fill(&e.Times)
		}
		return nil
	})
}

// readImport reads the file, and asks for a password only if it is a KDBX file.
func (c *console) readImport(ctx context.Context, path string, f importFlags) (*vault.Content, convert.Report, error) {
	var none convert.Report
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, none, vault.Fail(vault.NotFound, "%w", err)
	} else if err != nil {
		return nil, none, err
	}
	defer func() { _ = file.Close() }() // opened for reading: nothing to lose
	options := convert.Options{Legacy: convert.Child(startLegacy)}
	if options.KeyFile, err = readKeyFile(f.keyFile); err != nil {
		return nil, none, err
	}
	defer clear(options.KeyFile)
	in := bufio.NewReaderSize(file, 64<<10)
	if isKDBX(in) && (f.stdin || f.keyFile == "") {
		if options.Password, err = c.secret("Password of "+path, f.stdin, false); err != nil {
			return nil, none, err
		}
		defer options.Password.Wipe()
	}
	content, report, err := convert.Open(ctx, in, options)
	return content, report, importWords(err)
}

// isKDBX looks at the first signature of KeePass files
// (https://keepass.info/help/kb/kdbx.html, "Outer header").
func isKDBX(in *bufio.Reader) bool {
	head, err := in.Peek(4)
	return err == nil && bytes.Equal(head, []byte{0x03, 0xd9, 0xa2, 0x9a})
}

func readKeyFile(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, problemOf(err, "the key file cannot be read: %v", err)
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing to lose
	b, err := io.ReadAll(io.LimitReader(f, maxKeyFileBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read key file: %w", err)
	}
	if len(b) > maxKeyFileBytes {
		return nil, vault.Fail(vault.Usage, "the key file is larger than %d bytes", maxKeyFileBytes)
	}
	return b, nil
}

// startLegacy returns this program as the child that decrypts KDBX 3.1.
func startLegacy(ctx context.Context) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	return exec.CommandContext(ctx, program, "import", legacyChild)
}
