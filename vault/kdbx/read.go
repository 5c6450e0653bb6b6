package kdbx

import (
	"context"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/tideover/tideover/vault"
)

// Read reads a KDBX 4 file from r to its end. It returns vault.WrongPassword
// if key does not fit, vault.Damaged, vault.Hostile (beyond lim) or
// vault.Unsupported; what r or ctx return comes back as it is. The caller
// wipes the document after use. The Header comes back as soon as it has been
// read, with most errors too.
//
// The memory that it uses is, beside the key derivation's, about
// Limits.MemoryBytes and twice the larger of Limits.TextBytes and
// Limits.BlockBytes at worst.
func Read(ctx context.Context, r io.Reader, key Key, lim Limits) (*Document, *Header, error) {
	defer key.Wipe() // our copy
	h, err := ReadHeader(r, lim)
	if err != nil {
		return nil, h, err
	}
	keys, err := h.unlock(ctx, r, &key)
	if err != nil {
		return nil, h, err
	}
	defer keys.wipe()
	plain, err := newPlainReader(r, h, keys, lim)
	if err != nil {
		return nil, h, err
	}
	defer plain.wipe()
	payload, err := newPayloadReader(plain, h.Compression)
	if err != nil {
		return nil, h, err
	}
	defer payload.wipe()
	src := &meteredReader{src: payload, stop: ctx.Err, left: lim.DecodedBytes}
	mem := newArena(lim)
	doc, err := readPayload(src, mem, lim)
	if err != nil {
		mem.wipe()
		return nil, h, err
	}
	return doc, h, nil
}

// unlock derives the keys and authenticates the header with them.
func (h *Header) unlock(ctx context.Context, r io.Reader, key *Key) (*fileKeys, error) {
	// Read before working: a file that ends here costs no derivation.
	var sum [sha256.Size]byte
	if _, err := io.ReadFull(r, sum[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, damaged("header: the file ends")
	} else if err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	derived, err := h.derive(ctx, key)
	if err != nil {
		return nil, err
	}
	keys := newFileKeys(h.masterSeed, derived)
	clear(derived)
	if !hmac.Equal(keys.headerMAC(h.raw), sum[:]) {
		keys.wipe()
		return nil, &vault.Problem{Cause: vault.WrongPassword}
	}
	return keys, nil
}

// readPayload reads the inner header and the XML.
func readPayload(src io.Reader, mem *arena, lim Limits) (*Document, error) {
	stream, binaries, err := readInner(src, mem, lim)
	if err != nil {
		return nil, err
	}
	return readXML(src, mem, lim, func(d *decoder) {
		d.stream = stream
		d.binaries = binaries
	})
}

func readXML(src io.Reader, mem *arena, lim Limits, set func(*decoder)) (*Document, error) {
	s := newScanner(src, lim)
	defer s.wipe()
	d := newDecoder(s, mem)
	set(d)
	return d.document()
}

// XMLOptions say how protected values stand in XML.
type XMLOptions struct {
	// Stream and StreamKey are the inner cipher and its key from the header of
	// a KDBX 3.1 file. With StreamNone, protected values are plain text.
	Stream    InnerStream
	StreamKey []byte
}

// ReadXML reads the XML inside a KDBX 3.1 file, or an export of KeePass 2 or
// KeePassXC: binaries stand in Meta/Binaries, times are ISO 8601. The causes
// of its errors are those of Read but vault.WrongPassword. Where an export left
// an attachment's content out, as KeePassXC 2.7 does, its Binary is nil.
//
// Nothing authenticates XML. What decrypted it has to have seen its end before
// the document is believed.
func ReadXML(ctx context.Context, r io.Reader, opt XMLOptions, lim Limits) (*Document, error) {
	var stream cipher.Stream
	if opt.Stream != StreamNone {
		var err error
		if stream, err = newStream(opt.Stream, opt.StreamKey); err != nil {
			return nil, err
		}
	}
	src := &meteredReader{src: r, stop: ctx.Err, left: lim.DecodedBytes}
	mem := newArena(lim)
	doc, err := readXML(src, mem, lim, func(d *decoder) {
		d.stream = stream
		d.inMeta = map[int64]*vault.Binary{}
	})
	if err != nil {
		mem.wipe()
		return nil, err
	}
	return doc, nil
}
