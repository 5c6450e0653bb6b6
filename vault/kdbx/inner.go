package kdbx

import (
	"crypto/cipher"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"io"

	"golang.org/x/crypto/chacha20"
	// Deprecated for new uses. KDBX 3.1 has one stream over all values, and the
	// package above it starts each call at block 0. (2026-11-21)
	//lint:ignore SA1019 nothing else in x/crypto continues a Salsa20 stream
	"golang.org/x/crypto/salsa20/salsa"

	"github.com/tideover/tideover/vault"
)

// Field numbers of the inner header, and the flag of a binary
// (https://keepass.info/help/kb/kdbx.html, "Inner header").
const (
	innerEnd    = 0
	innerStream = 1
	innerKey    = 2
	innerBinary = 3

	binaryProtected = 0x01
)

const (
	maxStreamKeyBytes = 1024 // KeePass and KeePassXC write 64
	newStreamKeyBytes = 64
)

// InnerStream is the cipher of protected values inside the XML. The numbers
// are those on disk.
type InnerStream uint32

// The inner ciphers; KDBX 4 writes ChaCha20.
const (
	StreamNone     InnerStream = 0
	StreamSalsa20  InnerStream = 2
	StreamChaCha20 InnerStream = 3
)

// newStream returns the cipher that runs through the protected values.
func newStream(kind InnerStream, key []byte) (cipher.Stream, error) {
	if len(key) == 0 || len(key) > maxStreamKeyBytes {
		return nil, damaged("inner header: stream key of %d bytes", len(key))
	}
	switch kind {
	case StreamChaCha20:
		sum := sha512.Sum512(key)
		defer clear(sum[:])
		return chacha20.NewUnauthenticatedCipher(sum[:32], sum[32:44])
	case StreamSalsa20:
		s := &salsaStream{key: sha256.Sum256(key)}
		copy(s.counter[:], salsaNonce[:])
		s.used = len(s.block)
		return s, nil
	}
	return nil, unsupported("inner stream %d", kind)
}

// salsaNonce is fixed (https://keepass.info/help/kb/kdbx.html).
var salsaNonce = [8]byte{0xe8, 0x30, 0x09, 0x4b, 0x97, 0x20, 0x5d, 0x2a}

// salsaStream makes a cipher.Stream of the Salsa20 core.
type salsaStream struct {
	key     [32]byte
	counter [16]byte // nonce, then the block number
	block   [64]byte
	used    int
}

// XORKeyStream implements cipher.Stream.
func (s *salsaStream) XORKeyStream(dst, src []byte) {
	for i, b := range src {
		if s.used == len(s.block) {
			var zero [64]byte
			salsa.XORKeyStream(s.block[:], zero[:], &s.counter, &s.key)
			binary.LittleEndian.PutUint64(s.counter[8:], binary.LittleEndian.Uint64(s.counter[8:])+1)
			s.used = 0
		}
		dst[i] = b ^ s.block[s.used]
		s.used++
	}
}

// readInner reads the inner header: the stream and the binaries.
func readInner(r io.Reader, mem *arena, lim Limits) (cipher.Stream, []*vault.Binary, error) {
	var kind, key []byte
	var binaries []*vault.Binary
	for {
		var head [5]byte
		if err := innerFull(r, head[:]); err != nil {
			return nil, nil, err
		}
		id, size := head[0], binary.LittleEndian.Uint32(head[1:])
		switch {
		case id == innerEnd:
			if size > maxStreamKeyBytes {
				return nil, nil, damaged("inner header: end of %d bytes", size)
			}
			if err := innerFull(r, make([]byte, size)); err != nil {
				return nil, nil, err
			}
			if kind == nil || key == nil {
				return nil, nil, damaged("inner header: no stream")
			}
			stream, err := newStream(InnerStream(binary.LittleEndian.Uint32(kind)), key)
			clear(key)
			return stream, binaries, err
		case id == innerStream && kind == nil && size == 4:
			kind = make([]byte, size)
			if err := innerFull(r, kind); err != nil {
				return nil, nil, err
			}
		case id == innerKey && key == nil && size <= maxStreamKeyBytes:
			key = make([]byte, size)
			if err := innerFull(r, key); err != nil {
				return nil, nil, err
			}
		case id == innerBinary && size > 0:
			if len(binaries) == lim.Attachments {
				return nil, nil, hostile("inner header: more than %d attachments", lim.Attachments)
			}
			b, err := readBinary(r, int64(size), mem)
			if err != nil {
				return nil, nil, err
			}
			binaries = append(binaries, b)
		case id <= innerBinary:
			return nil, nil, damaged("inner header: field %d of %d bytes", id, size)
		default:
			return nil, nil, unsupported("inner header: field %d", id)
		}
	}
}

// readBinary reads the flags and the data of one attachment. Memory grows with
// the bytes that are really there.
func readBinary(r io.Reader, size int64, mem *arena) (*vault.Binary, error) {
	var flags [1]byte
	if err := innerFull(r, flags[:]); err != nil {
		return nil, err
	}
	if flags[0]&^binaryProtected != 0 {
		return nil, unsupported("inner header: attachment flags %#02x", flags[0])
	}
	size--
	if err := mem.charge(size + binaryWeight); err != nil {
		return nil, err
	}
	data := []byte{}
	for int64(len(data)) < size {
		n := min(size, max(2*int64(len(data)), payloadBufferBytes))
		bigger := make([]byte, n)
		have := copy(bigger, data)
		clear(data)
		if err := innerFull(r, bigger[have:]); err != nil {
			clear(bigger)
			return nil, err
		}
		data = bigger
	}
	mem.adopt(data)
	return &vault.Binary{Data: data, Protected: flags[0]&binaryProtected != 0}, nil
}

func innerFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("inner header: the payload ends")
	}
	return err
}

// appendInner appends an inner header up to its binaries.
func appendInner(b []byte, key []byte) []byte {
	b = appendField(b, innerStream, binary.LittleEndian.AppendUint32(nil, uint32(StreamChaCha20)))
	return appendField(b, innerKey, key)
}
