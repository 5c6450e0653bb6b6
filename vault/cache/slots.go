package cache

import (
	"bytes"
	"errors"

	"golang.org/x/crypto/cryptobyte"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// maxSlotAuth is the longest value of an index, in bytes: that of an object
// with SHA-256. (TCG TPM 2.0 Library, Part 1, 13.)
const maxSlotAuth = 32

// slotState is what client.json keeps of the slots. FORMAT.md 2.5.
type slotState struct {
	Device vault.ID          `json:"device"`
	Key    binding.ServerKey `json:"key"`
	// Root is the Name of the storage root of the chip that has them, or is to have
	// them; empty: nobody noted it.
	Root        []byte `json:"root,omitempty"`
	Counter     uint32 `json:"counter"`
	PinFail     uint32 `json:"pin_fail"`
	PinPass     uint32 `json:"pin_pass"`
	CounterAuth []byte `json:"counter_auth"`
	PinPassAuth []byte `json:"pin_pass_auth"`
	// Kill: a wipe has begun, and the counter is not known to be past it.
	Kill bool `json:"kill"`
	// Receipt is the last generation of a wipe that the server has no word of
	// the chip about; 0: none is owed.
	Receipt uint64 `json:"receipt"`
}

// rootNameBytes is the length of the Name of a storage root: an algorithm and a
// SHA-256.
const rootNameBytes = 34

// keepSlots returns what client.json keeps of s, of the chip with that root.
func keepSlots(s binding.Slots, root []byte) *slotState {
	x := s.Indices
	return &slotState{
		Device: x.Device, Key: x.Key, Root: bytes.Clone(root), Counter: x.Counter, PinFail: x.PinFail, PinPass: x.PinPass,
		CounterAuth: bytes.Clone(s.CounterAuth), PinPassAuth: bytes.Clone(s.PinPassAuth),
	}
}

// slots returns what the chip takes, for a cache.
func (k *slotState) slots(cache vault.ID) binding.Slots {
	return binding.Slots{
		Indices: binding.Indices{
			Key: k.Key, Device: k.Device, Cache: cache, Counter: k.Counter, PinFail: k.PinFail, PinPass: k.PinPass,
		},
		CounterAuth: bytes.Clone(k.CounterAuth), PinPassAuth: bytes.Clone(k.PinPassAuth),
	}
}

// slots returns the slots of the cache; ok is false if it has none.
func (st *clientState) slots() (s binding.Slots, ok bool) {
	if st.Indices == nil {
		return s, false
	}
	return st.Indices.slots(st.Cache), true
}

// checkSlots reports slots that nobody plans.
func checkSlots(s binding.Slots) error {
	if err := s.Indices.Validate(); err != nil {
		return err
	}
	if n := len(s.CounterAuth); n == 0 || n > maxSlotAuth || bytes.IndexByte(s.CounterAuth, 0) >= 0 {
		return errors.New("slots: value of the counter")
	}
	if n := len(s.PinPassAuth); (n == 0) != (s.Indices.PinPass == 0) || n > maxSlotAuth || bytes.IndexByte(s.PinPassAuth, 0) >= 0 {
		return errors.New("slots: value of pin_pass")
	}
	return nil
}

// sameSlots reports whether a and b name the same indices with the same values.
func sameSlots(a, b binding.Slots) bool {
	return a.Indices == b.Indices && bytes.Equal(a.CounterAuth, b.CounterAuth) && bytes.Equal(a.PinPassAuth, b.PinPassAuth)
}

// version returns the version that r is written as.
func (r *record) version() uint64 {
	switch {
	case r.Factor != nil:
		return recordVersionKey
	case r.Slots != nil:
		return recordVersionA
	}
	return recordVersion
}

// checkSlots reports slots that are not those of the record's cache.
func (r *record) checkSlots() error {
	x := r.Slots.Indices
	if x.Key != r.Key || x.Device != r.Device || x.Cache != r.Cache {
		return errors.New("slots of another cache")
	}
	if err := checkSlots(*r.Slots); err != nil {
		return err
	}
	_, err := r.terms().AuthPolicy()
	return err
}

// addSlots writes the slots of level A.
func (r *record) addSlots(b *cryptobyte.Builder) {
	if r.Slots == nil {
		return
	}
	b.AddASN1(tagIndices, func(b *cryptobyte.Builder) {
		for _, handle := range []uint32{r.Slots.Indices.Counter, r.Slots.Indices.PinFail, r.Slots.Indices.PinPass} {
			b.AddASN1Uint64(uint64(handle))
		}
		b.AddASN1OctetString(r.Slots.CounterAuth)
		b.AddASN1OctetString(r.Slots.PinPassAuth)
	})
}

// slots reads what addSlots writes. Device, cache and key are those of r: the
// Names are computed, never read.
func (p *recordParser) slots(s *cryptobyte.String, r *record) *binding.Slots {
	var in cryptobyte.String
	p.ok = p.ok && s.ReadASN1(&in, tagIndices)
	slots := &binding.Slots{Indices: binding.Indices{
		Key: r.Key, Device: r.Device, Cache: r.Cache,
		Counter: p.number32(&in), PinFail: p.number32(&in), PinPass: p.number32(&in),
	}}
	slots.CounterAuth, slots.PinPassAuth = p.bytes(&in), p.bytes(&in)
	return slots
}
