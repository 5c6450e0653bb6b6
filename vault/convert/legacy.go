package convert

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// MaxLegacyBytes bounds a KDBX 3.1 file: it is held twice, here and in the
// child. Attachments of KDBX 3.1 stand inside the XML, so real files stay
// small; KeePass warns above 100 MB.
const MaxLegacyBytes = 256 << 20

// legacyTime ends a child that spins: gokeepasslib loops for ever on malformed
// XML. A file of 100,000 entries takes it 7 s, key derivation 1–2 s more.
const legacyTime = 2 * time.Minute

// LegacyOpener decrypts the container of one KDBX 3.1 file. It must not run in
// this process: the library that does it panics and spins on hostile input.
type LegacyOpener func(ctx context.Context, in LegacyInput) (LegacyPayload, error)

// LegacyInput is the file and what opens it. PasswordHash is SHA-256 of the
// password; KeyHash is 32 bytes or nil.
type LegacyInput struct {
	File                  []byte
	PasswordHash, KeyHash []byte
}

// LegacyPayload is what was inside: the XML, the inner stream that protects
// values in it, and how many entries the library found, history left out.
type LegacyPayload struct {
	Stream    uint32 // InnerRandomStreamID: 2 Salsa20, 3 ChaCha20
	StreamKey []byte
	Entries   uint64
	XML       []byte
}

// Child exit codes; anything else means that the child died on the file.
const (
	childWrongKey = 3
	childDamaged  = 12
)

// Child returns an opener that runs the command given by start, which must end
// up in ServeLegacy, with the input on its standard input.
func Child(start func(ctx context.Context) *exec.Cmd) LegacyOpener {
	return func(ctx context.Context, in LegacyInput) (LegacyPayload, error) {
		ctx, cancel := context.WithTimeout(ctx, legacyTime)
		defer cancel()
		cmd := start(ctx)
		cmd.Stdin = io.MultiReader(
			bytes.NewReader(prefixed(in.PasswordHash)), bytes.NewReader(prefixed(in.KeyHash)), bytes.NewReader(in.File))
		var out bounded
		cmd.Stdout = &out
		err := cmd.Run()
		var exit *exec.ExitError
		switch {
		case ctx.Err() != nil:
			return LegacyPayload{}, vault.Fail(vault.Hostile, "the KDBX 3.1 file could not be read in %v", legacyTime)
		case errors.As(err, &exit) && exit.ExitCode() == childWrongKey:
			return LegacyPayload{}, vault.WrongPassword
		case err != nil && !errors.As(err, &exit):
			return LegacyPayload{}, fmt.Errorf("start the KDBX 3.1 reader: %w", err)
		case err != nil, out.over:
			return LegacyPayload{}, vault.Fail(vault.Damaged, "KDBX 3.1 file")
		}
		return parsePayload(out.Bytes())
	}
}

// bounded keeps what the child prints, up to what our own reader would decode.
type bounded struct {
	bytes.Buffer
	over bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > 4*MaxLegacyBytes {
		b.over = true
		return 0, errors.New("the child answers too much")
	}
	return b.Buffer.Write(p)
}

func prefixed(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

func parsePayload(b []byte) (LegacyPayload, error) {
	if len(b) < 16 || uint64(len(b)-16) < uint64(binary.BigEndian.Uint32(b[12:])) {
		return LegacyPayload{}, vault.Fail(vault.Damaged, "the KDBX 3.1 reader gave no whole answer")
	}
	n := int(binary.BigEndian.Uint32(b[12:]))
	return LegacyPayload{
		Stream:    binary.BigEndian.Uint32(b),
		Entries:   binary.BigEndian.Uint64(b[4:]),
		StreamKey: b[16 : 16+n],
		XML:       b[16+n:],
	}, nil
}

func openKDBX3(ctx context.Context, r io.Reader, opt Options) (*vault.Content, error) {
	if opt.Legacy == nil {
		return nil, vault.Fail(vault.Unsupported, "KDBX 3.1 here; save the file as KDBX 4")
	}
	file, err := io.ReadAll(io.LimitReader(r, MaxLegacyBytes+1))
	if err != nil {
		return nil, err
	}
	if len(file) > MaxLegacyBytes {
		return nil, vault.Fail(vault.Hostile, "the file is larger than %d MB", MaxLegacyBytes>>20)
	}
	if err := checkLegacyHeader(file); err != nil {
		return nil, err
	}
	in, err := legacyInput(file, opt)
	if err != nil {
		return nil, err
	}
	payload, err := opt.Legacy(ctx, in)
	if err != nil {
		return nil, err
	}
	defer clear(payload.XML)
	doc, err := readLegacyXML(ctx, payload)
	if err != nil {
		return nil, err
	}
	// Two readers, one truth: gokeepasslib drops entries without an error, so
	// a difference means that one of the two did not understand the file.
	if found := uint64(doc.Root.Count()); found != payload.Entries {
		return nil, vault.Fail(vault.Damaged, "two readers count %d and %d entries; save the file as KDBX 4 with KeePass or KeePassXC", found, payload.Entries)
	}
	return &vault.Content{Root: doc.Root, Icons: doc.Meta.CustomIcons}, nil
}

func readLegacyXML(ctx context.Context, p LegacyPayload) (*kdbx.Document, error) {
	opt := kdbx.XMLOptions{Stream: kdbx.InnerStream(p.Stream), StreamKey: p.StreamKey}
	return kdbx.ReadXML(ctx, bytes.NewReader(p.XML), opt, kdbx.DefaultLimits())
}
