package kdbx

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// blockBytes is the size of the blocks that we write, as KeePass does.
const blockBytes = 1 << 20

// gokeepasslib up to v3.6.2 leaves this many zero bytes after the last block.
const strayZeros = 36

// blockReader gives out authenticated ciphertext.
type blockReader struct {
	src   io.Reader
	keys  *fileKeys
	max   int
	index uint64
	buf   []byte
	done  bool
}

// next returns the next block, which is valid until the call after, or io.EOF
// after the last one. The caller may change it.
func (r *blockReader) next() ([]byte, error) {
	if r.done {
		return nil, io.EOF
	}
	var head [sha256.Size + 4]byte
	if err := r.full(head[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(head[sha256.Size:])
	if uint64(size) > uint64(max(r.max, 0)) {
		return nil, hostile("block %d: %d bytes, limit %d", r.index, size, r.max)
	}
	// Grow with what is really there, not with what the length promises.
	for have := 0; have < int(size); {
		n := min(int(size), max(2*have, blockBytes))
		if n > len(r.buf) {
			bigger := make([]byte, n)
			copy(bigger, r.buf[:have])
			clear(r.buf)
			r.buf = bigger
		}
		if err := r.full(r.buf[have:n]); err != nil {
			return nil, err
		}
		have = n
	}
	block := r.buf[:size]
	var sum [sha256.Size]byte
	if !hmac.Equal(r.keys.blockMAC(sum[:0], r.index, block), head[:sha256.Size]) {
		return nil, damaged("block %d: checksum", r.index)
	}
	r.index++
	if size > 0 {
		return block, nil
	}
	if err := r.end(); err != nil {
		return nil, err
	}
	r.done = true
	return nil, io.EOF
}

// end makes sure that nothing follows the last block.
func (r *blockReader) end() error {
	var tail [strayZeros + 1]byte
	n, err := io.ReadFull(r.src, tail[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read file: %w", err)
	}
	if n == 0 || n == strayZeros && bytes.Equal(tail[:n], make([]byte, n)) {
		return nil
	}
	return damaged("bytes after the last block")
}

func (r *blockReader) full(b []byte) error {
	_, err := io.ReadFull(r.src, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("block %d: the file ends", r.index)
	}
	if err != nil {
		return fmt.Errorf("read file: %w", err)
	}
	return nil
}

// wipe clears the buffer, which the decryption below works in.
func (r *blockReader) wipe() { clear(r.buf) }

// blockWriter writes ciphertext in authenticated blocks. It asks stop, which is
// a context's Err, before each.
type blockWriter struct {
	stop  func() error
	dst   io.Writer
	keys  *fileKeys
	index uint64
	out   []byte // head and block
}

// blockHead is the room before a block for its HMAC and length.
const blockHead = sha256.Size + 4

// write writes one block, which stands in w.out after blockHead bytes.
func (w *blockWriter) write(block []byte) error {
	if err := w.stop(); err != nil {
		return err
	}
	head := w.out[:blockHead]
	w.keys.blockMAC(head[:0], w.index, block)
	binary.LittleEndian.PutUint32(head[sha256.Size:], uint32(len(block)))
	w.index++
	if _, err := w.dst.Write(w.out[:blockHead+len(block)]); err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}
