package binding

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
)

// FoundIndex is an NV index in a chip that is made as ours are. Whose it is, it
// does not say: compare Name with Indices.Name.
type FoundIndex struct {
	Kind    IndexKind
	Handle  uint32
	Written bool
	Name    []byte // 34 bytes
}

// Recognise reads a TPMS_NV_PUBLIC and reports whether it is one of ours, by
// handle, attributes, size and kind of policy.
func Recognise(public []byte) (FoundIndex, bool) {
	const head = 4 + 2 + 4 + 2 // handle, algorithm, attributes, length of the policy
	if len(public) < head+2 {
		return FoundIndex{}, false
	}
	f := FoundIndex{Handle: binary.BigEndian.Uint32(public)}
	attributes := binary.BigEndian.Uint32(public[6:])
	f.Written = attributes&nvWritten != 0
	policySize := sha256.Size
	switch attributes &^ nvWritten {
	case counterAttributes:
		f.Kind, policySize = Counter, 0
	case pinFailAttributes:
		f.Kind = PinFail
	case pinPassAttributes:
		f.Kind = PinPass
	default:
		return FoundIndex{}, false
	}
	if f.Handle < FirstIndex || f.Handle > LastIndex || binary.BigEndian.Uint16(public[4:]) != algSHA256 ||
		int(binary.BigEndian.Uint16(public[10:])) != policySize || len(public) != head+policySize+2 ||
		!bytes.HasSuffix(public, []byte{0, IndexSize}) {
		return FoundIndex{}, false
	}
	sum := sha256.Sum256(public)
	f.Name = append(binary.BigEndian.AppendUint16(nil, algSHA256), sum[:]...)
	return f, true
}
