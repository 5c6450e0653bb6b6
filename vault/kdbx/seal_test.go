package kdbx_test

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/chacha20"
)

// The second implementation: it shares no code with the first, makes no
// checks, and so makes files that the first would never write.

// sealed says what a file is to look like. Zero values mean an ordinary one:
// ChaCha20, no compression, Argon2id at the least cost.
type sealed struct {
	aes     bool
	gzip    bool
	raw     []byte      // payload as it is to be encrypted, instead of inner and xml
	inner   []byte      // inner header, instead of an ordinary one
	xml     string      // after the inner header
	fields  []headField // replace the ordinary header fields of the same id
	without byte        // leave out this header field
	minor   uint16
	block   int    // bytes in a block, 0: 1 MiB
	tail    []byte // after the last block
}

type headField struct {
	id   byte
	data []byte
}

func u32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

func appendHead(b []byte, f headField) []byte {
	b = append(b, f.id)
	b = append(b, u32(uint32(len(f.data)))...)
	return append(b, f.data...)
}

type variant struct {
	kind byte
	name string
	data []byte
}

func variants(items ...variant) []byte {
	b := []byte{0, 1}
	for _, v := range items {
		b = append(append(append(b, v.kind), u32(uint32(len(v.name)))...), v.name...)
		b = append(append(b, u32(uint32(len(v.data)))...), v.data...)
	}
	return append(b, 0)
}

var (
	sealSalt    = bytes.Repeat([]byte{7}, 32)
	sealSeed    = bytes.Repeat([]byte{8}, 32)
	sealKey     = bytes.Repeat([]byte{9}, 64)
	argon2idID  = []byte{0x9e, 0x29, 0x8b, 0x19, 0x56, 0xdb, 0x47, 0x73, 0xb2, 0x3d, 0xfc, 0x3e, 0xc6, 0xf0, 0xa1, 0xe6}
	aesCipherID = []byte{0x31, 0xc1, 0xf2, 0xe6, 0xbf, 0x71, 0x43, 0x50, 0xbe, 0x58, 0x05, 0x21, 0x6a, 0xfc, 0x5a, 0xff}
	chachaID    = []byte{0xd6, 0x03, 0x8a, 0x2b, 0x8b, 0x6f, 0x4c, 0xb5, 0xa5, 0x24, 0x33, 0x9a, 0x31, 0xdb, 0xb5, 0x9a}
)

func argon2Map(memory, passes uint64, lanes, version uint32, more ...variant) []byte {
	return variants(append([]variant{
		{0x42, "$UUID", argon2idID},
		{0x05, "I", u64(passes)},
		{0x05, "M", u64(memory)},
		{0x04, "P", u32(lanes)},
		{0x42, "S", sealSalt},
		{0x04, "V", u32(version)},
	}, more...)...)
}

func ordinaryInner(binaries ...[]byte) []byte {
	b := appendHead(nil, headField{1, u32(3)})
	b = appendHead(b, headField{2, sealKey})
	for _, data := range binaries {
		b = appendHead(b, headField{3, append([]byte{0}, data...)})
	}
	return appendHead(b, headField{0, nil})
}

func (s sealed) header() []byte {
	id, iv := chachaID, 12
	if s.aes {
		id, iv = aesCipherID, 16
	}
	compression := uint32(0)
	if s.gzip {
		compression = 1
	}
	fields := []headField{
		{2, id},
		{3, u32(compression)},
		{4, sealSeed},
		{7, make([]byte, iv)},
		{11, argon2Map(8<<10, 1, 1, 0x13)},
		{0, []byte("\r\n\r\n")},
	}
	b := []byte{0x03, 0xd9, 0xa2, 0x9a, 0x67, 0xfb, 0x4b, 0xb5, byte(s.minor), byte(s.minor >> 8), 4, 0}
	extra := s.fields
	for _, f := range fields {
		if f.id == s.without && f.id != 0 {
			continue
		}
		if i := slices.IndexFunc(extra, func(e headField) bool { return e.id == f.id }); i >= 0 {
			f = extra[i]
			extra = slices.Delete(slices.Clone(extra), i, i+1)
		}
		if f.id == 0 {
			for _, e := range extra {
				b = appendHead(b, e)
			}
		}
		b = appendHead(b, f)
	}
	return b
}

func (s sealed) payload(t testing.TB) []byte {
	t.Helper()
	if s.raw != nil {
		return s.raw
	}
	inner := s.inner
	if inner == nil {
		inner = ordinaryInner()
	}
	plain := append(slices.Clone(inner), s.xml...)
	if !s.gzip {
		return plain
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func blockSum(index uint64, base [64]byte, data ...[]byte) []byte {
	key := sha512.Sum512(append(u64(index), base[:]...))
	m := hmac.New(sha256.New, key[:])
	for _, d := range data {
		m.Write(d)
	}
	return m.Sum(nil)
}

// file returns the bytes, under the key that testKey returns.
func (s sealed) file(t testing.TB) []byte {
	t.Helper()
	head := s.header()
	once := sha256.Sum256([]byte(password))
	composite := sha256.Sum256(once[:])
	derived := argon2.IDKey(composite[:], sealSalt, 1, 8, 1, 32)
	key := sha256.Sum256(append(slices.Clone(sealSeed), derived...))
	base := sha512.Sum512(append(append(slices.Clone(sealSeed), derived...), 1))

	text := slices.Clone(s.payload(t))
	if s.aes {
		pad := 16 - len(text)%16
		text = append(text, bytes.Repeat([]byte{byte(pad)}, pad)...)
		block, err := aes.NewCipher(key[:])
		if err != nil {
			t.Fatal(err)
		}
		cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(text, text)
	} else {
		c, err := chacha20.NewUnauthenticatedCipher(key[:], make([]byte, 12))
		if err != nil {
			t.Fatal(err)
		}
		c.XORKeyStream(text, text)
	}
	sum := sha256.Sum256(head)
	out := append(slices.Clone(head), sum[:]...)
	out = append(out, blockSum(math.MaxUint64, base, head)...)
	size := s.block
	if size == 0 {
		size = 1 << 20
	}
	for index := uint64(0); ; index++ {
		n := min(size, len(text))
		out = append(out, blockSum(index, base, u64(index), u32(uint32(n)), text[:n])...)
		out = append(append(out, u32(uint32(n))...), text[:n]...)
		if n == 0 {
			return append(out, s.tail...)
		}
		text = text[n:]
	}
}

// headerFields returns the fields of the outer header.
func headerFields(file []byte) (list []headField) {
	for b := file[12:]; ; {
		n := binary.LittleEndian.Uint32(b[1:])
		list = append(list, headField{b[0], b[5 : 5+n]})
		if b[0] == 0 {
			return list
		}
		b = b[5+n:]
	}
}

// unseal returns the payload of an uncompressed ChaCha20 file with the key
// that testKey returns and the least Argon2id.
func unseal(t testing.TB, file []byte) []byte {
	t.Helper()
	var seed, iv, salt []byte
	size := 12
	for _, f := range headerFields(file) {
		size += 5 + len(f.data)
		switch f.id {
		case 4:
			seed = f.data
		case 7:
			iv = f.data
		case 11:
			at := bytes.Index(f.data, []byte("\x42\x01\x00\x00\x00S\x20\x00\x00\x00")) + 10
			salt = f.data[at : at+32]
		}
	}
	once := sha256.Sum256([]byte(password))
	composite := sha256.Sum256(once[:])
	key := sha256.Sum256(append(slices.Clone(seed), argon2.IDKey(composite[:], salt, 1, 8, 1, 32)...))
	c, err := chacha20.NewUnauthenticatedCipher(key[:], iv)
	if err != nil {
		t.Fatal(err)
	}
	var text []byte
	for b := file[size+64:]; ; {
		n := binary.LittleEndian.Uint32(b[32:])
		if n == 0 {
			c.XORKeyStream(text, text)
			return text
		}
		text = append(text, b[36:36+n]...)
		b = b[36+n:]
	}
}
