package binding

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Bounds end a lease by the chip's own time: the object opens while the clock
// is below ClockMS milliseconds and resetCount below Resets.
type Bounds struct {
	ClockMS uint64 `json:"clock_ms"`
	Resets  uint32 `json:"resets"`
}

// ClockOperand returns ClockMS as TPM2_PolicyCounterTimer compares it: 8 bytes,
// big-endian, at OffsetClock.
func (b Bounds) ClockOperand() []byte { return binary.BigEndian.AppendUint64(nil, b.ClockMS) }

// ResetsOperand returns Resets: 4 bytes, big-endian, at OffsetResets.
func (b Bounds) ResetsOperand() []byte { return binary.BigEndian.AppendUint32(nil, b.Resets) }

// validate refuses bounds that no chip can be below: an object made with them
// could never be opened.
func (b Bounds) validate() error {
	if b.ClockMS == 0 || b.Resets == 0 {
		return errors.New("bounds: clock and resets must be above zero")
	}
	return nil
}

// Terms are everything that the policy of one sealed object depends on. Client
// and server build them each for itself and must agree in every field.
type Terms struct {
	Level      Level
	Governed   bool      // a server approves the bounds; false: they stand in the object for good
	Key        ServerKey // of the server; zero if not Governed
	Device     [16]byte
	Cache      [16]byte
	Generation uint64 // never 0
	Bounds     Bounds // of an object that is not Governed, else zero

	// Names of the three NV indices, 34 bytes each, written; level A only.
	// PinPass is nil without a budget of opens.
	Counter, PinFail, PinPass []byte
}

// Validate reports what is missing, or present where it has no meaning. Every
// other method calls it.
func (t Terms) Validate() error {
	switch {
	case !t.Level.Sealed():
		return fmt.Errorf("terms: level %q has no sealed object", t.Level)
	case t.Generation == 0:
		return errors.New("terms: generation 0")
	case t.Governed && t.Key.IsZero():
		return errors.New("terms: governed without the server's key")
	case t.Governed && t.Bounds != Bounds{}:
		return errors.New("terms: a governed object has its bounds in the approval")
	case !t.Governed && !t.Key.IsZero():
		return errors.New("terms: a server's key without governing")
	case !t.Governed && t.Level == LevelA:
		return errors.New("terms: level A needs a governing server")
	}
	if !t.Governed {
		if err := t.Bounds.validate(); err != nil {
			return fmt.Errorf("terms: %w", err)
		}
	}
	if t.Level != LevelA {
		if t.Counter != nil || t.PinFail != nil || t.PinPass != nil {
			return errors.New("terms: NV indices below level A")
		}
		return nil
	}
	for _, name := range [][]byte{t.Counter, t.PinFail} {
		if err := checkName(name); err != nil {
			return err
		}
	}
	if t.PinPass != nil {
		return checkName(t.PinPass)
	}
	return nil
}

// checkName wants the Name of an NV index: TPM_ALG_SHA256 and 32 bytes.
func checkName(name []byte) error {
	if len(name) != NameSize || !bytes.HasPrefix(name, []byte{0x00, 0x0b}) {
		return errors.New("terms: the Name of an NV index has 34 bytes and SHA-256")
	}
	return nil
}

// ref makes a policyRef: SHA-256(len16 ‖ tag ‖ device ‖ cache ‖ n). The tag
// carries its length and everything after it has a fixed one, so no two uses
// can meet in one value.
func (t Terms) ref(tag string) [32]byte {
	b := binary.BigEndian.AppendUint16(nil, uint16(len(tag)))
	b = append(b, tag...)
	b = append(b, t.Device[:]...)
	b = append(b, t.Cache[:]...)
	b = binary.BigEndian.AppendUint64(b, t.Generation)
	return sha256.Sum256(b)
}

// LeaseRef returns the policyRef under which the server approves bounds for
// this device, cache and generation, and for no other.
func (t Terms) LeaseRef() [32]byte { return t.ref("tideover/lease") }

// UseRef returns the policyRef of PolicySecret on the PIN indices at level A.
// With the generation in it a stray ticket dies with its generation.
func (t Terms) UseRef() [32]byte { return t.ref("tideover/use") }

// AuthPolicy returns the authPolicy of the sealed object, or the error of
// Validate.
func (t Terms) AuthPolicy() ([32]byte, error) {
	if err := t.Validate(); err != nil {
		return [32]byte{}, err
	}
	var p policy
	if t.Governed {
		p.authorize(t.Key.Name(), t.LeaseRef())
	} else {
		p.bounds(t.Bounds)
	}
	p.commandCode(ccUnseal)
	if t.Level != LevelA {
		p.authValue()
		return p, nil
	}
	p.secret(t.PinFail, t.UseRef())
	if t.PinPass != nil {
		p.secret(t.PinPass, t.UseRef())
	}
	return p, nil
}

// Approved returns the digest of the policy that the server signs for bounds
// b. An object that is not Governed has none: error.
func (t Terms) Approved(b Bounds) ([32]byte, error) {
	if err := t.Validate(); err != nil {
		return [32]byte{}, err
	}
	if !t.Governed {
		return [32]byte{}, errors.New("terms: nobody approves an object that is not governed")
	}
	if err := b.validate(); err != nil {
		return [32]byte{}, err
	}
	var p policy
	if t.Level == LevelA {
		p.counter(t.Counter, t.Generation)
	}
	p.bounds(b)
	return p, nil
}
