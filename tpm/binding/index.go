package binding

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// IndexKind is one of the NV indices that level A gives a cache. The text
// reaches disk and wire.
type IndexKind string

// The kinds. Together they cost a chip about 250 bytes of NV memory.
const (
	Counter IndexKind = "counter"  // holds the one generation that opens; it only goes up
	PinFail IndexKind = "pin_fail" // counts wrong passwords since the last right one
	PinPass IndexKind = "pin_pass" // counts opens against a budget; optional
)

// The handles that our indices may have. TCG leaves 01800000 to 01BFFFFF to the
// owner; systemd uses 01800400 to 018005FF by convention. (TCG Registry of
// Reserved TPM 2.0 Handles and Localities 1.1, 2.2.2; systemd,
// TPM2_NVINDEX_ASSIGNMENTS.)
const (
	FirstIndex uint32 = 0x01800600
	LastIndex  uint32 = 0x01bfffff
)

// IndexSize is what each index holds, in bytes: the counter's value, or count
// and limit of four bytes each, big-endian.
const IndexSize = 8

// TPMA_NV of the three kinds, before the first write. No bit may be added:
// AUTHWRITE or OWNERWRITE would let the user reset his own tries, ORDERLY a
// power cut, POLICYREAD on PIN_FAIL would make it an oracle for guesses. (TCG
// TPM 2.0 Library, Part 2, 13.4.)
const (
	counterAttributes uint32 = 0x02040014 // NO_DA, AUTHREAD, TPM_NT_COUNTER, AUTHWRITE
	pinFailAttributes uint32 = 0x02020088 // NO_DA, OWNERREAD, TPM_NT_PIN_FAIL, POLICYWRITE
	pinPassAttributes uint32 = 0x02080098 // NO_DA, POLICYREAD, TPM_NT_PIN_PASS, POLICYWRITE
	nvWritten         uint32 = 1 << 29
)

// Indices are the NV indices of one cache on one chip: everything that their
// Names depend on. Client and server each compute the Names from it, so a
// client cannot pass off an index with another policy.
type Indices struct {
	Key     ServerKey `json:"key"`
	Device  [16]byte  `json:"device"`
	Cache   [16]byte  `json:"cache"`
	Counter uint32    `json:"counter"` // handles, FirstIndex to LastIndex, all different
	PinFail uint32    `json:"pin_fail"`
	PinPass uint32    `json:"pin_pass"` // 0: no budget of opens
}

// Slots are Indices and the two random values that use them. They belong into
// the client's state, private to the user, so that a wipe works when the file is
// gone; the cache's record may repeat them. Whoever holds CounterAuth, and may
// use the chip, can wipe the cache; with PinPassAuth he can use up its opens.
// Neither opens anything.
type Slots struct {
	Indices     Indices `json:"indices"`
	CounterAuth []byte  `json:"counter_auth"`
	PinPassAuth []byte  `json:"pin_pass_auth,omitempty"` // none without a budget of opens
}

// Format prints no authorisation value whatever the verb.
func (s Slots) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "[slots %#x %#x %#x]", s.Indices.Counter, s.Indices.PinFail, s.Indices.PinPass)
}

// Validate reports handles that are out of range or used twice, and a missing key.
func (x Indices) Validate() error {
	if x.Key.IsZero() {
		return errors.New("indices: no server key")
	}
	handles := x.Handles()
	for i, h := range handles {
		if h < FirstIndex || h > LastIndex {
			return fmt.Errorf("indices: handle %#x is not in the range of ours", h)
		}
		for _, other := range handles[:i] {
			if h == other {
				return fmt.Errorf("indices: handle %#x is used twice", h)
			}
		}
	}
	return nil
}

// Kinds returns the kinds that the cache has: counter, PIN_FAIL, and PIN_PASS
// where there is a budget of opens.
func (x Indices) Kinds() []IndexKind {
	if x.PinPass == 0 {
		return []IndexKind{Counter, PinFail}
	}
	return []IndexKind{Counter, PinFail, PinPass}
}

// Handles returns the handles in the order of Kinds.
func (x Indices) Handles() []uint32 {
	var handles []uint32
	for _, k := range x.Kinds() {
		handles = append(handles, x.Handle(k))
	}
	return handles
}

// Handle returns the handle of kind k; 0 if there is none.
func (x Indices) Handle(k IndexKind) uint32 {
	switch k {
	case Counter:
		return x.Counter
	case PinFail:
		return x.PinFail
	case PinPass:
		return x.PinPass
	}
	return 0
}

// Public returns the TPMS_NV_PUBLIC of the index of kind k, before or after its
// first write; nil if the cache has no such index. (Part 2, 13.5.)
func (x Indices) Public(k IndexKind, written bool) []byte {
	handle := x.Handle(k)
	if handle == 0 {
		return nil
	}
	attributes := map[IndexKind]uint32{Counter: counterAttributes, PinFail: pinFailAttributes, PinPass: pinPassAttributes}[k]
	if written {
		attributes |= nvWritten
	}
	policy := x.indexPolicy(k)
	b := binary.BigEndian.AppendUint32(nil, handle)
	b = binary.BigEndian.AppendUint16(b, algSHA256)
	b = binary.BigEndian.AppendUint32(b, attributes)
	b = binary.BigEndian.AppendUint16(b, uint16(len(policy)))
	b = append(b, policy...)
	return binary.BigEndian.AppendUint16(b, IndexSize)
}

// Name returns the Name of the index of kind k, 34 bytes; nil if the cache has
// no such index. It changes with the first write, which is why an index that
// was deleted and made again is another one.
func (x Indices) Name(k IndexKind, written bool) []byte {
	public := x.Public(k, written)
	if public == nil {
		return nil
	}
	sum := sha256.Sum256(public)
	return append(binary.BigEndian.AppendUint16(nil, algSHA256), sum[:]...)
}

// Terms returns the terms of level A for generation n with these indices.
func (x Indices) Terms(n uint64) Terms {
	return Terms{
		Level: LevelA, Governed: true, Key: x.Key, Device: x.Device, Cache: x.Cache, Generation: n,
		Counter: x.Name(Counter, true), PinFail: x.Name(PinFail, true), PinPass: x.Name(PinPass, true),
	}
}

// Branches returns the digests of the ways to use the index by policy, in the
// order in which PolicyOR takes them; none for the counter. Every branch of
// PIN_FAIL needs the server: one with the old password would not look at the
// limit, one that reads would be an oracle for guesses.
func (x Indices) Branches(k IndexKind) [][32]byte {
	switch k {
	case PinFail:
		return [][32]byte{
			x.signedBranch(x.writeRef(PinFail), ccNVWrite),
			x.signedBranch(x.rekeyRef(), ccNVChangeAuth),
		}
	case PinPass:
		return [][32]byte{
			x.signedBranch(x.writeRef(PinPass), ccNVWrite),
			commandBranch(ccNVRead),
			commandBranch(ccNVCertify),
		}
	}
	return nil
}

// indexPolicy is the authPolicy of the index: empty for the counter, else the
// PolicyOR of its branches.
func (x Indices) indexPolicy(k IndexKind) []byte {
	branches := x.Branches(k)
	if branches == nil {
		return nil
	}
	var p policy
	p.or(branches)
	return p[:]
}

func (x Indices) signedBranch(ref [32]byte, command uint32) [32]byte {
	var p policy
	p.signed(x.Key.Name(), ref)
	p.commandCode(command)
	return p
}

func commandBranch(command uint32) [32]byte {
	var p policy
	p.commandCode(command)
	return p
}

// ref makes the policyRef of a permit: as those of Terms, with generation 0,
// which no Terms has.
func (x Indices) ref(tag string) [32]byte { return Terms{Device: x.Device, Cache: x.Cache}.ref(tag) }

func (x Indices) writeRef(k IndexKind) [32]byte {
	if k == PinPass {
		return x.ref("tideover/opens-write")
	}
	return x.ref("tideover/pin-write")
}

func (x Indices) rekeyRef() [32]byte { return x.ref("tideover/pin-rekey") }

// NextGeneration returns the number for the next sealing: no number is sealed
// twice, not even one that was given up. The caller notes it as the highest
// sealed, durably, before it seals.
func NextGeneration(counter, highestSealed uint64) uint64 { return max(counter, highestSealed) + 1 }
