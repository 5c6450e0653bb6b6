package kdbx

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/klauspost/compress/gzip"

	"github.com/tideover/tideover/vault"
)

// Write writes doc to w as KDBX 4.0 or 4.1, with a fresh master seed, IV, KDF
// salt and inner key. If it returns an error, what w holds is worthless:
// write to a temporary file first. What KDBX cannot carry is
// vault.Unsupported, with the entry or group in IDs.
func Write(ctx context.Context, w io.Writer, doc *Document, key Key, opt Options) error {
	defer key.Wipe() // our copy
	s, err := newSurvey(doc)
	if err != nil {
		return err
	}
	h, err := newHeader(opt, s.minor)
	if err != nil {
		return err
	}
	derived, err := h.derive(ctx, &key)
	if err != nil {
		return err
	}
	keys := newFileKeys(h.masterSeed, derived)
	clear(derived)
	defer keys.wipe()

	start := append([]byte(nil), h.raw...)
	sum := sha256.Sum256(h.raw)
	start = append(start, sum[:]...)
	start = append(start, keys.headerMAC(h.raw)...)
	if _, err := w.Write(start); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	plain, err := newPlainWriter(ctx.Err, w, h, keys)
	if err != nil {
		return err
	}
	defer plain.wipe()
	if err := writeCompressed(plain, opt.Compression, doc, s); err != nil {
		return err
	}
	return plain.Close()
}

// newHeader makes a header with everything in it that has to be fresh.
func newHeader(opt Options, minor uint16) (*Header, error) {
	if _, ok := opt.Cipher.uuid(); !ok {
		return nil, unsupported("%s", opt.Cipher)
	}
	if opt.Compression > CompressionGzip {
		return nil, unsupported("compression %d", opt.Compression)
	}
	// What cannot be computed at all is refused; how much is the caller's wish.
	if err := opt.KDF.check(Limits{
		KDFMemoryBytes: math.MaxUint64, KDFIterations: math.MaxUint64, KDFWorkBytes: math.MaxUint64,
		KDFParallelism: math.MaxUint32, AESRounds: math.MaxUint64,
	}); err != nil {
		return nil, err
	}
	h := &Header{
		Major: majorVersion, Minor: minor,
		Cipher: opt.Cipher, Compression: opt.Compression, KDF: opt.KDF, PublicCustomData: opt.PublicCustomData,
		masterSeed: random(masterSeedBytes),
		iv:         random(opt.Cipher.ivBytes()),
		salt:       random(newSaltBytes),
	}
	var err error
	h.raw, err = h.append(nil)
	return h, err
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) //nolint:errcheck // crypto/rand.Read never returns an error (Go 1.24)
	return b
}

// writeCompressed writes the payload through the compressor, if any.
func writeCompressed(plain io.Writer, c Compression, doc *Document, s *survey) error {
	if c == CompressionNone {
		return writePayload(plain, doc, s)
	}
	zip, err := gzip.NewWriterLevel(plain, gzipLevel)
	if err != nil {
		return err
	}
	if err := writePayload(zip, doc, s); err != nil {
		return err
	}
	return zip.Close()
}

// writePayload writes the inner header and the XML.
func writePayload(w io.Writer, doc *Document, s *survey) error {
	key := random(newStreamKeyBytes)
	defer clear(key)
	stream, err := newStream(StreamChaCha20, key)
	if err != nil {
		return err
	}
	if _, err := w.Write(appendInner(nil, key)); err != nil {
		return err
	}
	var total int64
	for _, b := range s.order {
		if err := writeBinary(w, b); err != nil {
			return err
		}
		total += int64(len(b.Data))
	}
	if _, err := w.Write(appendField(nil, innerEnd, nil)); err != nil {
		return err
	}
	e := newEncoder(w)
	defer e.wipe()
	e.total = total
	e.stream = stream
	e.binaries = s.binaries
	e.document(doc)
	return e.err
}

// writeBinary writes one attachment.
func writeBinary(w io.Writer, b *vault.Binary) error {
	if uint64(len(b.Data)) >= math.MaxUint32 {
		return unsupported("attachment of %d bytes", len(b.Data))
	}
	head := binary.LittleEndian.AppendUint32([]byte{innerBinary}, uint32(len(b.Data)+1))
	var flags byte
	if b.Protected {
		flags = binaryProtected
	}
	if _, err := w.Write(append(head, flags)); err != nil {
		return err
	}
	_, err := w.Write(b.Data)
	return err
}

// WriteXML writes doc as KeePass 2 exports it, with all secrets in plain text.
func WriteXML(w io.Writer, doc *Document) error {
	s, err := newSurvey(doc)
	if err != nil {
		return err
	}
	e := newEncoder(w)
	defer e.wipe()
	e.export = true
	e.binaries = s.binaries
	e.order = s.order
	e.document(doc)
	return e.err
}

// Storable returns vault.Unsupported if KDBX cannot carry the entry exactly:
// text that is not UTF-8 or that XML 1.0 has no characters for, a tag with a
// separator in it, two fields or two attachments of one name, a time outside
// the years 1 to 9999. Write refuses just the same.
func Storable(entry *vault.Entry) error {
	return check(func(e *encoder) {
		e.entry(entry, false)
		for _, v := range append([]*vault.Entry{entry}, entry.History...) {
			for _, a := range v.Attachments {
				if a.Binary == nil {
					e.fail("attachment without content", a.Name)
				}
			}
		}
	})
}

// StorableGroup is Storable for what a group says of itself, without what is
// below it.
func StorableGroup(group *vault.Group) error {
	return check(func(e *encoder) {
		e.where = group.ID
		e.groupProperties(group)
	})
}

// check writes to nowhere.
func check(write func(*encoder)) error {
	// A small buffer: this runs once an entry, and most entries are small.
	e := &encoder{dst: io.Discard, stream: noStream{}, unnumbered: true, buf: make([]byte, 0, 1024)}
	defer e.wipe()
	write(e)
	var p *vault.Problem
	if errors.As(e.err, &p) {
		return p
	}
	return e.err
}

// noStream leaves protected values as they are.
type noStream struct{}

// XORKeyStream implements cipher.Stream.
func (noStream) XORKeyStream(dst, src []byte) { copy(dst, src) }
