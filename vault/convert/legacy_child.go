package convert

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"
	"strings"

	"github.com/tobischo/gokeepasslib/v3"
)

// ServeLegacy is the child's whole life: it reads a LegacyInput from in,
// decrypts, writes the payload to out and returns the exit code. It limits its
// own memory first. A panic ends the child, which the parent reads as damage.
func ServeLegacy(in io.Reader, out io.Writer) (exitCode int) {
	limitMemory()
	r := bufio.NewReader(in)
	password, err1 := readPrefixed(r)
	key, err2 := readPrefixed(r)
	if err1 != nil || err2 != nil {
		return childDamaged
	}
	file, err := io.ReadAll(io.LimitReader(r, MaxLegacyBytes+1))
	if err != nil {
		return childDamaged
	}
	db := gokeepasslib.NewDatabase()
	db.Credentials = &gokeepasslib.DBCredentials{Passphrase: password, Key: key}
	if err := gokeepasslib.NewDecoder(bytes.NewReader(file)).Decode(db); err != nil {
		// The library's error for a wrong key is not exported; its text is all
		// there is (decoder.go, errDatabaseIntegrityFailed).
		if strings.Contains(err.Error(), "Wrong password") {
			return childWrongKey
		}
		return childDamaged
	}
	h := db.Header.FileHeaders
	head := binary.BigEndian.AppendUint32(nil, h.InnerRandomStreamID)
	head = binary.BigEndian.AppendUint64(head, countEntries(db.Content.Root.Groups))
	head = append(head, prefixed(h.ProtectedStreamKey)...)
	if _, err := out.Write(append(head, db.Content.RawData...)); err != nil {
		return childDamaged
	}
	return 0
}

func countEntries(groups []gokeepasslib.Group) uint64 {
	var n uint64
	for _, g := range groups {
		n += uint64(len(g.Entries)) + countEntries(g.Groups)
	}
	return n
}

// readPrefixed returns nil for the empty value: no such part of the key.
func readPrefixed(r io.Reader) ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(n[:])
	if size == 0 {
		return nil, nil
	}
	if size > 64 { // hashes of 32 bytes
		return nil, io.ErrUnexpectedEOF
	}
	b := make([]byte, size)
	_, err := io.ReadFull(r, b)
	return b, err
}
