package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"math"
	"os"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20"
)

var errFile = errors.New("not a file of the benchmark")

// container is an open file: its header and its keys.
type container struct {
	header []byte
	seed   []byte
	iv     []byte
	key    [32]byte
	base   [64]byte
}

// open authenticates, decrypts and decompresses; data is overwritten.
func open(data, password []byte) (*container, []byte, error) {
	c := &container{}
	var salt []byte
	var memory, passes uint64
	var lanes byte
	o := 12
	for done := false; !done; {
		if len(data) < o+5 {
			return nil, nil, errFile
		}
		id, n := data[o], int(binary.LittleEndian.Uint32(data[o+1:]))
		if o += 5; len(data) < o+n+64 {
			return nil, nil, errFile
		}
		field := data[o : o+n]
		switch o += n; id {
		case 0:
			done = true
		case 4:
			c.seed = field
		case 7:
			c.iv = field
		case 11:
			salt, memory, passes, lanes = kdf(field)
		}
	}
	c.header = data[:o]
	once := sha256.Sum256(password)
	composite := sha256.Sum256(once[:])
	derived := argon2.IDKey(composite[:], salt, uint32(passes), uint32(memory>>10), lanes, 32)
	c.key = sha256.Sum256(append(append([]byte(nil), c.seed...), derived...))
	c.base = sha512.Sum512(append(append(append([]byte(nil), c.seed...), derived...), 1))
	if !bytes.Equal(c.sum(math.MaxUint64, c.header), data[o+32:o+64]) {
		return nil, nil, errFile
	}
	text, err := c.unblock(data[o+64:])
	if err != nil {
		return nil, nil, err
	}
	payload, err := c.decrypt(text)
	return c, payload, err
}

// kdf finds the values by their names, wherever they stand.
func kdf(m []byte) (salt []byte, memory, passes uint64, lanes byte) {
	for m = m[2:]; m[0] != 0; {
		n := int(binary.LittleEndian.Uint32(m[1:]))
		name := string(m[5 : 5+n])
		v := int(binary.LittleEndian.Uint32(m[5+n:]))
		value := m[9+n : 9+n+v]
		m = m[9+n+v:]
		switch name {
		case "S":
			salt = value
		case "M":
			memory = binary.LittleEndian.Uint64(value)
		case "I":
			passes = binary.LittleEndian.Uint64(value)
		case "P":
			lanes = value[0]
		}
	}
	return salt, memory, passes, lanes
}

func (c *container) sum(index uint64, parts ...[]byte) []byte {
	key := sha512.Sum512(append(binary.LittleEndian.AppendUint64(nil, index), c.base[:]...))
	m := hmac.New(sha256.New, key[:])
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

func (c *container) blockSum(index uint64, block []byte) []byte {
	var head [12]byte
	binary.LittleEndian.PutUint64(head[:], index)
	binary.LittleEndian.PutUint32(head[8:], uint32(len(block)))
	return c.sum(index, head[:], block)
}

// unblock authenticates the blocks and moves them together.
func (c *container) unblock(rest []byte) ([]byte, error) {
	text := rest[:0]
	for index := uint64(0); ; index++ {
		if len(rest) < 36 {
			return nil, errFile
		}
		n := int(binary.LittleEndian.Uint32(rest[32:]))
		if len(rest) < 36+n || !bytes.Equal(c.blockSum(index, rest[36:36+n]), rest[:32]) {
			return nil, errFile
		}
		if n == 0 {
			return text, nil
		}
		text = append(text, rest[36:36+n]...)
		rest = rest[36+n:]
	}
}

func (c *container) decrypt(text []byte) ([]byte, error) {
	if len(c.iv) == chacha20.NonceSize {
		s, err := chacha20.NewUnauthenticatedCipher(c.key[:], c.iv)
		if err != nil {
			return nil, err
		}
		s.XORKeyStream(text, text)
	} else {
		b, err := aes.NewCipher(c.key[:])
		if err != nil {
			return nil, err
		}
		cipher.NewCBCDecrypter(b, c.iv).CryptBlocks(text, text)
		text = text[:len(text)-int(text[len(text)-1])]
	}
	zip, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	// The size of the plain text stands at the end of a gzip member.
	out := bytes.NewBuffer(make([]byte, 0, int(binary.LittleEndian.Uint32(text[len(text)-4:]))+bytes.MinRead))
	_, err = out.ReadFrom(zip)
	return out.Bytes(), err
}

// skipInner returns what follows the inner header.
func skipInner(b []byte) ([]byte, error) {
	for {
		if len(b) < 5 || len(b) < 5+int(binary.LittleEndian.Uint32(b[1:])) {
			return nil, errFile
		}
		id := b[0]
		if b = b[5+binary.LittleEndian.Uint32(b[1:]):]; id == 0 {
			return b, nil
		}
	}
}

// save writes the payload again, under the same keys: fresh ones would cost
// the same.
func (c *container) save(name string, inner, xml []byte) error {
	plain := make([]byte, 0, len(inner)+len(xml))
	plain = append(plain, inner...)
	encoded, err := scanInto(xml, plain)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if _, err := zip.Write(encoded); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	text := packed.Bytes()
	if len(c.iv) == chacha20.NonceSize {
		s, err := chacha20.NewUnauthenticatedCipher(c.key[:], c.iv)
		if err != nil {
			return err
		}
		s.XORKeyStream(text, text)
	} else {
		pad := aes.BlockSize - len(text)%aes.BlockSize
		text = append(text, bytes.Repeat([]byte{byte(pad)}, pad)...)
		b, err := aes.NewCipher(c.key[:])
		if err != nil {
			return err
		}
		cipher.NewCBCEncrypter(b, c.iv).CryptBlocks(text, text)
	}
	sum := sha256.Sum256(c.header)
	out := append(append([]byte(nil), c.header...), sum[:]...)
	out = append(out, c.sum(math.MaxUint64, c.header)...)
	for index := uint64(0); ; index++ {
		n := min(len(text), 1<<20)
		out = append(out, c.blockSum(index, text[:n])...)
		out = append(binary.LittleEndian.AppendUint32(out, uint32(n)), text[:n]...)
		if n == 0 {
			return os.WriteFile(name, out, 0o600)
		}
		text = text[n:]
	}
}
