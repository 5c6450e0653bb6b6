package kdbx

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Signatures and header field numbers of KDBX
// (https://keepass.info/help/kb/kdbx.html, "Outer header").
const (
	signature1        = 0x9aa2d903
	signature2        = 0xb54bfb67
	signature2KeePass = 0xb54bfb65 // KDB, KeePass 1

	fieldEnd              = 0
	fieldCipher           = 2
	fieldCompression      = 3
	fieldMasterSeed       = 4
	fieldIV               = 7
	fieldKDF              = 11
	fieldPublicCustomData = 12
)

const (
	majorVersion    = 4
	maxMinorVersion = 1
	masterSeedBytes = 32
)

// Identifiers of the outer ciphers, same source.
var (
	uuidAES256   = [16]byte{0x31, 0xc1, 0xf2, 0xe6, 0xbf, 0x71, 0x43, 0x50, 0xbe, 0x58, 0x05, 0x21, 0x6a, 0xfc, 0x5a, 0xff}
	uuidChaCha20 = [16]byte{0xd6, 0x03, 0x8a, 0x2b, 0x8b, 0x6f, 0x4c, 0xb5, 0xa5, 0x24, 0x33, 0x9a, 0x31, 0xdb, 0xb5, 0x9a}
	uuidTwofish  = [16]byte{0xad, 0x68, 0xf2, 0x9f, 0x57, 0x6f, 0x4b, 0xb9, 0xa3, 0x6a, 0xd4, 0x7a, 0xf9, 0x65, 0x34, 0x6c}
)

// uuid returns the cipher's identifier; ok is false for an unknown cipher.
func (c Cipher) uuid() (id [16]byte, ok bool) {
	switch c {
	case AES256:
		return uuidAES256, true
	case ChaCha20:
		return uuidChaCha20, true
	}
	return id, false
}

// ivBytes is the length of the cipher's initialisation vector.
func (c Cipher) ivBytes() int {
	if c == ChaCha20 {
		return 12
	}
	return 16
}

// Header is the outer header: what a file says before any key is known. Only
// its SHA-256 has been checked, which anyone can compute; Read checks that the
// key authenticates it.
type Header struct {
	Major, Minor     uint16
	Cipher           Cipher
	Compression      Compression
	KDF              KDFParams
	PublicCustomData VariantMap

	raw        []byte // everything from the signature to the end field
	masterSeed []byte
	iv         []byte
	salt       []byte
}

// Options returns the options that write a file like the one with this header.
func (h *Header) Options() Options {
	return Options{
		Cipher:           h.Cipher,
		Compression:      h.Compression,
		KDF:              h.KDF,
		PublicCustomData: h.PublicCustomData,
	}
}

// ReadHeader reads the outer header and its SHA-256 from r, and no byte more.
// It needs no key and little memory.
//
// The key derivation is held against lim, so a header that it returns is one
// that Read would work on. For a KDBX version that this package does not know,
// it returns vault.Unsupported and a Header with Major and Minor only.
func ReadHeader(r io.Reader, lim Limits) (*Header, error) {
	hr := headerReader{src: r, left: lim.HeaderBytes}
	start, err := hr.take(12)
	if err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(start) != signature1 {
		return nil, damaged("not a KDBX file")
	}
	h := &Header{
		Minor: binary.LittleEndian.Uint16(start[8:]),
		Major: binary.LittleEndian.Uint16(start[10:]),
	}
	switch sig := binary.LittleEndian.Uint32(start[4:]); {
	case sig == signature2KeePass:
		return nil, unsupported("KDB file of KeePass 1")
	case sig != signature2:
		return nil, damaged("not a KDBX file")
	case h.Major != majorVersion || h.Minor > maxMinorVersion:
		return h, unsupported("KDBX version %d.%d", h.Major, h.Minor)
	}
	if err := h.readFields(&hr, lim); err != nil {
		return nil, err
	}
	var sum [sha256.Size]byte
	if err := hr.full(sum[:]); err != nil {
		return nil, err
	}
	if sha256.Sum256(hr.raw) != sum {
		return nil, damaged("header: checksum")
	}
	h.raw = hr.raw
	if err := h.KDF.check(lim); err != nil {
		return nil, err
	}
	return h, nil
}

// readFields reads up to and including the end field.
func (h *Header) readFields(hr *headerReader, lim Limits) error {
	var seen [fieldPublicCustomData + 1]bool
	for {
		head, err := hr.take(5)
		if err != nil {
			return err
		}
		id := head[0]
		data, err := hr.take(binary.LittleEndian.Uint32(head[1:]))
		if err != nil {
			return err
		}
		if int(id) >= len(seen) {
			return unsupported("header: field %d", id)
		}
		if seen[id] {
			return damaged("header: field %d twice", id)
		}
		seen[id] = true
		if id == fieldEnd {
			break
		}
		if err := h.readField(id, data, lim); err != nil {
			return err
		}
	}
	for _, id := range []byte{fieldCipher, fieldCompression, fieldMasterSeed, fieldIV, fieldKDF} {
		if !seen[id] {
			return damaged("header: field %d is missing", id)
		}
	}
	if len(h.iv) != h.Cipher.ivBytes() {
		return damaged("header: initialisation vector of %d bytes for %s", len(h.iv), h.Cipher)
	}
	return nil
}

func (h *Header) readField(id byte, data []byte, lim Limits) error {
	switch id {
	case fieldCipher:
		switch {
		case bytes.Equal(data, uuidAES256[:]):
			h.Cipher = AES256
		case bytes.Equal(data, uuidChaCha20[:]):
			h.Cipher = ChaCha20
		case bytes.Equal(data, uuidTwofish[:]):
			return unsupported("cipher Twofish")
		default:
			return unsupported("cipher %x", data[:min(len(data), 16)])
		}
	case fieldCompression:
		if len(data) != 4 {
			return damaged("header: compression of %d bytes", len(data))
		}
		h.Compression = Compression(binary.LittleEndian.Uint32(data))
		if h.Compression > CompressionGzip {
			return unsupported("compression %d", h.Compression)
		}
	case fieldMasterSeed:
		if len(data) != masterSeedBytes {
			return damaged("header: master seed of %d bytes", len(data))
		}
		h.masterSeed = data
	case fieldIV:
		h.iv = data
	case fieldKDF:
		m, err := parseVariantMap(data, lim.VariantItems)
		if err != nil {
			return err
		}
		return h.readKDF(m)
	case fieldPublicCustomData:
		m, err := parseVariantMap(data, lim.VariantItems)
		if err != nil {
			return err
		}
		h.PublicCustomData = m
	default:
		return unsupported("header: field %d", id)
	}
	return nil
}

// headerReader collects what it reads, within a budget.
type headerReader struct {
	src  io.Reader
	raw  []byte
	left int
}

// take reads n bytes into raw and returns them.
func (r *headerReader) take(n uint32) ([]byte, error) {
	if uint64(n) > uint64(max(r.left, 0)) {
		return nil, hostile("header: more than %d bytes", len(r.raw)+r.left)
	}
	r.left -= int(n)
	b := make([]byte, n)
	if err := r.full(b); err != nil {
		return nil, err
	}
	r.raw = append(r.raw, b...)
	return b, nil
}

// full fills b; the end of the file is damage.
func (r *headerReader) full(b []byte) error {
	_, err := io.ReadFull(r.src, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("header: the file ends")
	}
	if err != nil {
		return fmt.Errorf("read header: %w", err)
	}
	return nil
}

// append appends the header as on disk.
func (h *Header) append(b []byte) ([]byte, error) {
	cipher, ok := h.Cipher.uuid()
	if !ok {
		return nil, unsupported("%s", h.Cipher)
	}
	kdf, err := h.kdfMap().append(nil)
	if err != nil {
		return nil, err
	}
	b = binary.LittleEndian.AppendUint32(b, signature1)
	b = binary.LittleEndian.AppendUint32(b, signature2)
	b = binary.LittleEndian.AppendUint16(b, h.Minor)
	b = binary.LittleEndian.AppendUint16(b, h.Major)
	b = appendField(b, fieldCipher, cipher[:])
	b = appendField(b, fieldCompression, binary.LittleEndian.AppendUint32(nil, uint32(h.Compression)))
	b = appendField(b, fieldMasterSeed, h.masterSeed)
	b = appendField(b, fieldIV, h.iv)
	b = appendField(b, fieldKDF, kdf)
	if len(h.PublicCustomData) > 0 {
		public, err := h.PublicCustomData.append(nil)
		if err != nil {
			return nil, err
		}
		b = appendField(b, fieldPublicCustomData, public)
	}
	return appendField(b, fieldEnd, []byte("\r\n\r\n")), nil // KeePass's filler
}

// appendField appends a field of the outer or the inner header.
func appendField(b []byte, id byte, data []byte) []byte {
	b = append(b, id)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(data)))
	return append(b, data...)
}
