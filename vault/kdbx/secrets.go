package kdbx

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"hash"
	"math"
)

// fileKeys are the keys of one file, made from its master seed and derived key
// (FORMAT.md, section 4).
type fileKeys struct {
	cipher [sha256.Size]byte
	base   [sha512.Size]byte
}

// headerIndex is the block number that stands for the header.
const headerIndex = math.MaxUint64

func newFileKeys(masterSeed, derived []byte) *fileKeys {
	k := &fileKeys{}
	short := sha256.New()
	short.Write(masterSeed)
	short.Write(derived)
	short.Sum(k.cipher[:0])
	long := sha512.New()
	long.Write(masterSeed)
	long.Write(derived)
	long.Write([]byte{1})
	long.Sum(k.base[:0])
	return k
}

// mac returns the HMAC for the block with that number.
func (k *fileKeys) mac(index uint64) hash.Hash {
	var b [8 + sha512.Size]byte
	binary.LittleEndian.PutUint64(b[:], index)
	copy(b[8:], k.base[:])
	key := sha512.Sum512(b[:])
	m := hmac.New(sha256.New, key[:])
	clear(b[:])
	clear(key[:])
	return m
}

// headerMAC authenticates the header.
func (k *fileKeys) headerMAC(header []byte) []byte {
	m := k.mac(headerIndex)
	m.Write(header)
	return m.Sum(nil)
}

// blockMAC appends the HMAC of a block to dst.
func (k *fileKeys) blockMAC(dst []byte, index uint64, ciphertext []byte) []byte {
	var head [12]byte
	binary.LittleEndian.PutUint64(head[:], index)
	binary.LittleEndian.PutUint32(head[8:], uint32(len(ciphertext)))
	m := k.mac(index)
	m.Write(head[:])
	m.Write(ciphertext)
	return m.Sum(dst)
}

func (k *fileKeys) wipe() {
	clear(k.cipher[:])
	clear(k.base[:])
}
