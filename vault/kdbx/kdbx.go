package kdbx

import (
	"context"
	"errors"
	"io"

	"github.com/tideover/tideover/vault"
)

var errSkeleton = errors.New("kdbx: skeleton")

// Read reads a KDBX 4 file from r to its end. It returns vault.WrongPassword
// if key does not fit, vault.Damaged, vault.Hostile (beyond lim) or
// vault.Unsupported. The caller wipes the document after use. The Header comes
// back as soon as it has been read, with most errors too.
func Read(ctx context.Context, r io.Reader, key Key, lim Limits) (*Document, *Header, error) {
	return nil, nil, errSkeleton
}

// Write writes doc to w as KDBX 4.0 or 4.1, with a fresh master seed, IV, KDF
// salt and inner key. If it returns an error, what w holds is worthless:
// write to a temporary file first. What KDBX cannot carry is
// vault.Unsupported, with the entry in IDs.
func Write(ctx context.Context, w io.Writer, doc *Document, key Key, opt Options) error {
	return errSkeleton
}

// InnerStream is the cipher of protected values inside the XML. The numbers
// are those on disk.
type InnerStream uint32

// The inner ciphers; KDBX 4 writes ChaCha20.
const (
	StreamNone     InnerStream = 0
	StreamSalsa20  InnerStream = 2
	StreamChaCha20 InnerStream = 3
)

// XMLOptions say how protected values stand in XML.
type XMLOptions struct {
	// Stream and StreamKey are the inner cipher and its key from the header of
	// a KDBX 3.1 file. With StreamNone, protected values are plain text.
	Stream    InnerStream
	StreamKey []byte
}

// ReadXML reads the XML inside a KDBX 3.1 file, or an export of KeePass 2 or
// KeePassXC: binaries stand in Meta/Binaries, times are ISO 8601.
func ReadXML(ctx context.Context, r io.Reader, opt XMLOptions, lim Limits) (*Document, error) {
	return nil, errSkeleton
}

// WriteXML writes doc as KeePass 2 exports it, with all secrets in plain text.
func WriteXML(w io.Writer, doc *Document) error { return errSkeleton }

// Storable returns vault.Unsupported if KDBX cannot carry the entry exactly:
// text that is not UTF-8 or that XML 1.0 has no characters for, a tag with a
// separator in it, two fields or two attachments of one name, a time outside
// the years 1 to 9999.
func Storable(e *vault.Entry) error { return errSkeleton }

// ParseKeyFile returns the 32 bytes that a key file contributes to a
// composite key. It reads KeePass's XML versions 1 and 2, 32 raw bytes, 64
// hexadecimal digits, and takes SHA-256 of anything else.
func ParseKeyFile(r io.Reader) ([]byte, error) { return nil, errSkeleton }

// WriteKeyFile writes a key of 32 bytes as a KeePass key file (.keyx), version 2.0.
func WriteKeyFile(w io.Writer, key []byte) error { return errSkeleton }
