package kdbx

import (
	"crypto/aes"
	"crypto/cipher"
	"io"

	"golang.org/x/crypto/chacha20"
)

// plainReader decrypts authenticated blocks. It is sticky: after an error it
// returns the same one again.
type plainReader struct {
	blocks *blockReader
	stream *chacha20.Cipher // ChaCha20, or
	cbc    cipher.BlockMode // AES
	carry  []byte           // ciphertext of a block's incomplete last 16 bytes
	held   []byte           // last plain 16 bytes, which may hold the padding
	rest   []byte
	err    error
}

func newPlainReader(src io.Reader, h *Header, keys *fileKeys, lim Limits) (*plainReader, error) {
	r := &plainReader{blocks: &blockReader{src: src, keys: keys, max: lim.BlockBytes}}
	var err error
	if h.Cipher == ChaCha20 {
		r.stream, err = chacha20.NewUnauthenticatedCipher(keys.cipher[:], h.iv)
		return r, err
	}
	block, err := aes.NewCipher(keys.cipher[:])
	if err != nil {
		return nil, err
	}
	r.cbc = cipher.NewCBCDecrypter(block, h.iv)
	r.carry = make([]byte, 0, 2*aes.BlockSize)
	r.held = make([]byte, 0, aes.BlockSize)
	return r, nil
}

// Read implements io.Reader.
func (r *plainReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.rest, r.err = r.next()
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// next returns more plain text, or the error that ends it.
func (r *plainReader) next() ([]byte, error) {
	block, err := r.blocks.next()
	if r.stream != nil {
		if err == nil {
			r.stream.XORKeyStream(block, block)
		}
		return block, err
	}
	if err == io.EOF {
		return r.unpad()
	}
	if err != nil {
		return nil, err
	}
	return r.decryptCBC(block), nil
}

// decryptCBC decrypts in place where it can. The last 16 bytes are held back,
// as only the end of the file tells whether they are padding. Blocks of a
// length that 16 does not divide are allowed; no program known writes them.
func (r *plainReader) decryptCBC(block []byte) []byte {
	if len(r.carry) > 0 || len(block)%aes.BlockSize != 0 {
		joined := append(append([]byte(nil), r.carry...), block...)
		whole := len(joined) / aes.BlockSize * aes.BlockSize
		r.carry = append(r.carry[:0], joined[whole:]...)
		block = joined[:whole]
	}
	if len(block) == 0 {
		return nil
	}
	r.cbc.CryptBlocks(block, block)
	last := len(block) - aes.BlockSize
	if len(r.held) == 0 {
		r.held = append(r.held, block[last:]...)
		return block[:last]
	}
	// What was held comes first: shift by 16, the new last ones are held.
	var next [aes.BlockSize]byte
	copy(next[:], block[last:])
	copy(block[aes.BlockSize:], block[:last])
	copy(block, r.held)
	copy(r.held, next[:])
	return block
}

// unpad checks and removes the padding at the end of the payload.
func (r *plainReader) unpad() ([]byte, error) {
	if len(r.carry) != 0 || len(r.held) != aes.BlockSize {
		return nil, damaged("payload: not a multiple of the cipher's block")
	}
	pad := int(r.held[aes.BlockSize-1])
	if pad == 0 || pad > aes.BlockSize {
		return nil, damaged("payload: padding")
	}
	for _, b := range r.held[aes.BlockSize-pad:] {
		if int(b) != pad {
			return nil, damaged("payload: padding")
		}
	}
	return r.held[:aes.BlockSize-pad], io.EOF
}

func (r *plainReader) wipe() {
	r.blocks.wipe()
	clear(r.held[:cap(r.held)])
}

// plainWriter encrypts into blocks. Close writes what is left and the last,
// empty block; it does not close the destination.
type plainWriter struct {
	blocks blockWriter
	stream *chacha20.Cipher
	cbc    cipher.BlockMode
	n      int // plain bytes waiting in blocks.out
}

func newPlainWriter(stop func() error, dst io.Writer, h *Header, keys *fileKeys) (*plainWriter, error) {
	w := &plainWriter{blocks: blockWriter{
		stop: stop, dst: dst, keys: keys,
		out: make([]byte, blockHead+blockBytes+aes.BlockSize),
	}}
	var err error
	if h.Cipher == ChaCha20 {
		w.stream, err = chacha20.NewUnauthenticatedCipher(keys.cipher[:], h.iv)
		return w, err
	}
	block, err := aes.NewCipher(keys.cipher[:])
	if err != nil {
		return nil, err
	}
	w.cbc = cipher.NewCBCEncrypter(block, h.iv)
	return w, nil
}

// Write implements io.Writer.
func (w *plainWriter) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n := copy(w.blocks.out[blockHead+w.n:blockHead+blockBytes], p[done:])
		w.n += n
		done += n
		if w.n == blockBytes {
			if err := w.flush(); err != nil {
				return done, err
			}
		}
	}
	return done, nil
}

// flush encrypts and writes what waits.
func (w *plainWriter) flush() error {
	block := w.blocks.out[blockHead : blockHead+w.n]
	if w.stream != nil {
		w.stream.XORKeyStream(block, block)
	} else {
		w.cbc.CryptBlocks(block, block)
	}
	w.n = 0
	return w.blocks.write(block)
}

// Close ends the payload.
func (w *plainWriter) Close() error {
	if w.cbc != nil {
		pad := aes.BlockSize - w.n%aes.BlockSize
		for range pad {
			w.blocks.out[blockHead+w.n] = byte(pad)
			w.n++
		}
	}
	if w.n > 0 {
		if err := w.flush(); err != nil {
			return err
		}
	}
	return w.blocks.write(nil)
}

func (w *plainWriter) wipe() { clear(w.blocks.out) }
