// Package convert reads what other password programs export and returns it as
// vault.Content: KDBX 4 and 3.1, Bitwarden JSON, and the CSV files of KeePass,
// KeePassXC, Bitwarden and 1Password.
//
// It recognises the form by its content, never by the file's name. It writes
// nothing and knows no server; the import command takes what it returns.
//
// The invariant it keeps: nothing is dropped in silence. What a form holds and
// an entry cannot, is counted and named in the Report.
package convert

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// MaxTextBytes bounds CSV and JSON files, which have to be held as a whole
// while they are read. The largest export in the field's public threads, 20,000
// items, is about 30 MB.
const MaxTextBytes = 256 << 20

// Format names what was recognised.
type Format string

// The formats. The text is printed in the report.
const (
	KDBX4       Format = "kdbx4"
	KDBX3       Format = "kdbx3"
	Bitwarden   Format = "bitwarden-json"
	KeePassCSV  Format = "keepass-csv"
	XCCSV       Format = "keepassxc-csv"
	BitwardenCS Format = "bitwarden-csv"
	OnePassword Format = "1password-csv"
)

// Options say how to open the file. Password and KeyFile (the bytes of a key
// file as it lies on disk) are for KDBX; Legacy decrypts KDBX 3.1 and is nil
// where that is not offered.
type Options struct {
	Password vault.Secret
	KeyFile  []byte
	Legacy   LegacyOpener
}

// Report says what was read. Notes name what could not be carried over, one
// sentence each, without secrets.
type Report struct {
	Format                       Format
	Groups, Entries, Attachments int
	Notes                        []string
}

// Open reads the whole of r. The caller owns the content and wipes it.
// It returns vault.WrongPassword, vault.Damaged, vault.Hostile or
// vault.Unsupported, and then no content.
func Open(ctx context.Context, r io.Reader, opt Options) (*vault.Content, Report, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	head, err := in.Peek(12)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, Report{}, err
	}
	var content *vault.Content
	report := Report{}
	switch {
	case isKDBX(head) && head[10] == 4:
		report.Format = KDBX4
		content, err = openKDBX4(ctx, in, opt)
	case isKDBX(head) && head[10] == 3:
		report.Format = KDBX3
		content, err = openKDBX3(ctx, in, opt)
	case isKDBX(head):
		return nil, report, vault.Fail(vault.Unsupported, "KDBX version %d", head[10])
	case bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, utf8BOM), " \t\r\n"), []byte("{")):
		report.Format = Bitwarden
		content, err = readText(in, &report, readBitwarden)
	default:
		content, err = readText(in, &report, readCSV)
	}
	if err != nil {
		return nil, report, err
	}
	report.count(content.Root)
	return content, report, nil
}

var utf8BOM = []byte{0xef, 0xbb, 0xbf} // Excel and 1Password put one before CSV

// isKDBX checks the two signatures of KeePass 2 files
// (https://keepass.info/help/kb/kdbx.html, "Outer header").
func isKDBX(head []byte) bool {
	return len(head) == 12 && bytes.Equal(head[:8], []byte{0x03, 0xd9, 0xa2, 0x9a, 0x67, 0xfb, 0x4b, 0xb5})
}

func openKDBX4(ctx context.Context, r io.Reader, opt Options) (*vault.Content, error) {
	key, err := compositeKey(opt)
	if err != nil {
		return nil, err
	}
	doc, _, err := kdbx.Read(ctx, r, key, kdbx.DefaultLimits())
	if err != nil {
		return nil, err
	}
	return &vault.Content{Root: doc.Root, Icons: doc.Meta.CustomIcons}, nil
}

func compositeKey(opt Options) (kdbx.Key, error) {
	var keyFile []byte
	if opt.KeyFile != nil {
		k, err := parseKeyFile(opt.KeyFile)
		if err != nil {
			return kdbx.Key{}, err
		}
		keyFile = k
	}
	password := opt.Password.Bytes()
	if len(password) == 0 {
		// No password typed: with a key file the file has none, without one it
		// is the empty password.
		password = nil
		if keyFile == nil {
			password = []byte{}
		}
	}
	return kdbx.CompositeKey(password, keyFile), nil
}

func parseKeyFile(b []byte) ([]byte, error) { return kdbx.ParseKeyFile(bytes.NewReader(b)) }

// readText gives a reader of a whole text file its bytes, bounded.
func readText(r io.Reader, report *Report, read func([]byte, *Report) (*vault.Content, error)) (*vault.Content, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxTextBytes+1))
	defer clear(text)
	if err != nil {
		return nil, err
	}
	if len(text) > MaxTextBytes {
		return nil, vault.Fail(vault.Hostile, "the file is larger than %d MB", MaxTextBytes>>20)
	}
	return read(bytes.TrimPrefix(text, utf8BOM), report)
}

func (r *Report) count(root *vault.Group) {
	_ = root.Walk(func(_ []string, g *vault.Group) error { // the visitor never fails
		r.Groups++
		r.Entries += len(g.Entries)
		for _, e := range g.Entries {
			r.Attachments += len(e.Attachments)
		}
		return nil
	})
	r.Groups-- // the root is no folder of the user's
}
