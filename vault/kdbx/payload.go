package kdbx

import (
	"bufio"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

const (
	// One read of the decompressor gives at most 32 KiB.
	payloadBufferBytes = 64 << 10
	// gokeepasslib pads ChaCha20 payloads after the gzip member.
	maxAfterGzip = 16
	// Level 1: a cache is written more often than sent. Level 6 makes files a
	// tenth smaller and takes twice as long (packaging/bench/kdbx).
	gzipLevel = gzip.BestSpeed
)

// payloadReader gives out the decompressed payload. io.EOF means that the
// whole file is authentic.
type payloadReader struct {
	plain *plainReader
	buf   *bufio.Reader
	zip   *gzip.Reader // nil: not compressed
}

func newPayloadReader(plain *plainReader, c Compression) (*payloadReader, error) {
	r := &payloadReader{plain: plain, buf: bufio.NewReaderSize(plain, payloadBufferBytes)}
	if c == CompressionNone {
		return r, nil
	}
	zip, err := gzip.NewReader(r.buf)
	if err != nil {
		return nil, r.fault(err)
	}
	zip.Multistream(false)
	r.zip = zip
	return r, nil
}

// Read implements io.Reader.
func (r *payloadReader) Read(p []byte) (int, error) {
	if r.zip == nil {
		return r.buf.Read(p)
	}
	n, err := r.zip.Read(p)
	if err == io.EOF {
		return n, r.drain()
	}
	if err != nil {
		err = r.fault(err)
	}
	return n, err
}

// drain reads to the end of the file behind the gzip member.
func (r *payloadReader) drain() error {
	_, err := io.CopyN(io.Discard, r.buf, maxAfterGzip+1)
	if err == nil {
		return damaged("payload: bytes after the compressed data")
	}
	return err // io.EOF, or what ended the plain text
}

// fault prefers the error that ended the plain text over what the
// decompressor made of it.
func (r *payloadReader) fault(err error) error {
	if below := r.plain.err; below != nil && !errors.Is(below, io.EOF) {
		return below
	}
	return damaged("payload: %w", err)
}

// wipe overwrites the buffer, which is not ours to clear.
func (r *payloadReader) wipe() {
	r.buf.Reset(zeros{})
	_, _ = r.buf.Peek(r.buf.Size()) // zeros never fail
}

// zeros is an endless source of them.
type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// meteredReader lets a limited number of bytes through, and asks stop, which
// is a context's Err, before each read.
type meteredReader struct {
	src  io.Reader
	stop func() error
	left int64
}

// Read implements io.Reader.
func (r *meteredReader) Read(p []byte) (int, error) {
	if err := r.stop(); err != nil {
		return 0, err
	}
	if r.left <= 0 {
		// Only the end may follow.
		var one [1]byte
		n, err := r.src.Read(one[:])
		if n > 0 {
			return 0, hostile("payload: too large when decompressed")
		}
		return 0, err
	}
	n, err := r.src.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}
