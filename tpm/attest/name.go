package attest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/tideover/tideover/tpm/binding"
)

// Permanent handles of the two hierarchies that matter here; a hierarchy's
// Name is its handle. (TCG TPM 2.0 Library, Part 2, 7.4; Part 1, 16.)
const (
	rhOwner       uint32 = 0x40000001
	rhEndorsement uint32 = 0x4000000b
)

// Name returns the Name of a public area (TPMT_PUBLIC) with nameAlg SHA-256,
// 34 bytes. It does not check that public is one.
func Name(public []byte) []byte { return nameOf(public) }

// nameOf hashes parts into a Name or a qualified Name.
func nameOf(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(binary.BigEndian.AppendUint16(nil, algSHA256))
}

// isName reports whether b is the Name of an object with SHA-256.
func isName(b []byte) bool {
	return len(b) == binding.NameSize && bytes.HasPrefix(b, []byte{0x00, 0x0b})
}

// qualified returns the qualified Name of the object of that Name at the top of
// a hierarchy. (Part 1, 16.3.)
func qualified(hierarchy uint32, name []byte) []byte {
	return nameOf(binary.BigEndian.AppendUint32(nil, hierarchy), name)
}

// qualifiedUnder is qualified for a child of the storage root.
func qualifiedUnder(root, name []byte) []byte { return nameOf(qualified(rhOwner, root), name) }
