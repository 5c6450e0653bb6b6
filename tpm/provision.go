package tpm

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// Plan is for whom NV indices are planned.
type Plan = binding.IndexPlan

// maxDraws is how many handles are tried before one is free. The range has
// four million; a chip holds some dozen.
const maxDraws = 100

// PlanSlots chooses free handles and random values for a cache's NV indices.
// It changes nothing in the chip. The caller makes the slots durable, then
// calls Provision with them.
func (c *Chip) PlanSlots(ctx context.Context, p Plan) (binding.Slots, error) {
	s := binding.Slots{
		Indices:     binding.Indices{Key: p.Key, Device: p.Device, Cache: p.Cache},
		CounterAuth: []byte(rand.Text()),
	}
	planned := []*uint32{&s.Indices.Counter, &s.Indices.PinFail}
	if p.Opens {
		s.PinPassAuth = []byte(rand.Text())
		planned = append(planned, &s.Indices.PinPass)
	}
	err := c.do(ctx, job{"plan NV indices", nil, func(o *operation) error {
		taken := map[uint32]bool{}
		for _, handle := range planned {
			free, err := o.freeHandle(taken)
			if err != nil {
				return err
			}
			taken[free], *handle = true, free
		}
		return nil
	}})
	if err != nil {
		return binding.Slots{}, err
	}
	if err := s.Indices.Validate(); err != nil {
		return binding.Slots{}, fmt.Errorf("plan NV indices: %w", err)
	}
	return s, nil
}

// freeHandle draws a handle at which nothing stands.
func (o *operation) freeHandle(taken map[uint32]bool) (uint32, error) {
	for range maxDraws {
		var b [4]byte
		rand.Read(b[:]) //nolint:errcheck // crypto/rand.Read never returns an error (Go 1.24)
		handle := binding.FirstIndex + binary.BigEndian.Uint32(b[:])%(binding.LastIndex-binding.FirstIndex+1)
		if taken[handle] {
			continue
		}
		public, err := o.nvPublic(handle)
		if err != nil {
			return 0, err
		}
		if public == nil {
			return handle, nil
		}
	}
	return 0, fmt.Errorf("%w: none of %d handles is free", binding.ErrIndexTaken, maxDraws)
}

// Provision defines the NV indices of s that are not there yet and takes the
// counter's first step. It is the only call besides Remove that needs the
// owner: owner is his password, nil if he has none. Root, an administrator or
// a member of the group that may use the chip can do it, for another user too.
//
// It may be repeated after any failure, and changes nothing that is whole.
// Errors: ErrOwnerAuth; ErrNoSpace and ErrIndexTaken (plan anew: what this call
// defined is gone again, and what one defined that was cut off before).
func (c *Chip) Provision(ctx context.Context, s binding.Slots, owner []byte) error {
	x, err := c.WithIndices(s)
	if err != nil {
		return fmt.Errorf("provision: %w", err)
	}
	return c.do(ctx, job{"provision", &c.local, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		defined, err := x.defineAll(o, owner)
		if err == nil {
			return x.start(o)
		}
		if plansAnew(err) { // and nobody remembers these
			if left := x.unused(o); len(left) > len(defined) {
				defined = left
			}
		}
		for _, n := range defined {
			_ = o.undefine(n, owner) // the failure above is the one to tell; a left-over is found again by its slots
		}
		return err
	}})
}

// defineAll makes what is missing, and returns it, the failing one left out.
func (x *Indexed) defineAll(o *operation, owner []byte) ([]nvIndex, error) {
	if err := x.mineOrNone(o); err != nil {
		return nil, err
	}
	var defined []nvIndex
	for _, k := range x.slots.Indices.Kinds() {
		made, err := x.define(o, k, owner)
		if err != nil {
			return defined, err
		}
		if made {
			defined = append(defined, indexOf(x.slots.Indices, k, false))
		}
	}
	return defined, nil
}

// plansAnew reports whether the caller is to plan other indices after err.
func plansAnew(err error) bool {
	if f := (*failure)(nil); errors.As(err, &f) {
		err = f.kind()
	}
	return errors.Is(err, binding.ErrNoSpace) || errors.Is(err, binding.ErrIndexTaken)
}

// unused returns the indices that were defined and never used; none, if one was.
// The counter takes its first step when all are there.
func (x *Indexed) unused(o *operation) []nvIndex {
	var unused []nvIndex
	for _, k := range x.slots.Indices.Kinds() {
		switch state, err := o.indexState(x.slots.Indices, k); {
		case err != nil, state == indexWritten:
			return nil
		case state == indexUnwritten:
			unused = append(unused, indexOf(x.slots.Indices, k, false))
		}
	}
	return unused
}

// mineOrNone refuses a counter that another one's value goes with.
func (x *Indexed) mineOrNone(o *operation) error {
	state, err := o.indexState(x.slots.Indices, binding.Counter)
	if err != nil || state != indexWritten {
		return err
	}
	_, err = x.counter(o)
	if isDenied(err) {
		return fmt.Errorf("%w: the counter at %#x is another cache's", binding.ErrIndexTaken, x.slots.Indices.Counter)
	}
	return err
}

// define makes the index of kind k, and reports whether it was missing.
func (x *Indexed) define(o *operation, k binding.IndexKind, owner []byte) (bool, error) {
	state, err := o.indexState(x.slots.Indices, k)
	switch {
	case err != nil:
		return false, err
	case state == indexForeign:
		return false, fmt.Errorf("%w: something else stands at %#x", binding.ErrIndexTaken, x.slots.Indices.Handle(k))
	case state != indexAbsent:
		return false, nil
	}
	auth := []byte(rand.Text()) // of PIN_FAIL: nobody knows it until the server lets it be changed
	switch k {
	case binding.Counter:
		auth = x.slots.CounterAuth
	case binding.PinPass:
		auth = x.slots.PinPassAuth
	}
	_, err = run(o, stepDefine, tpm2.NVDefineSpace{
		AuthHandle: o.owner(owner, true, false),
		Auth:       tpm2.TPM2BAuth{Buffer: auth},
		PublicInfo: tpm2.BytesAs2B[tpm2.TPMSNVPublic](x.slots.Indices.Public(k, false)),
	})
	return err == nil, err
}

// start takes the counter's first step, before which it cannot be read.
func (x *Indexed) start(o *operation) error {
	state, err := o.indexState(x.slots.Indices, binding.Counter)
	if err != nil || state == indexWritten {
		return err
	}
	return x.increment(o, false)
}

// undefine deletes an index.
func (o *operation) undefine(n nvIndex, owner []byte) error {
	_, err := run(o, stepUndefine, tpm2.NVUndefineSpace{AuthHandle: o.owner(owner, false, false), NVIndex: n.named()})
	return err
}

// Indices lists the NV indices of the chip that are made as ours are, for
// whatever cache, so that forgotten ones can be found: those in nobody's slots.
// It needs no authorisation.
func (c *Chip) Indices(ctx context.Context) ([]binding.FoundIndex, error) {
	var found []binding.FoundIndex
	err := c.do(ctx, job{"list NV indices", nil, func(o *operation) error {
		found = nil
		handles, err := o.nvHandles(binding.FirstIndex)
		if err != nil {
			return err
		}
		for _, h := range handles {
			public, err := o.nvPublic(h)
			if err != nil {
				return err
			}
			if f, ours := binding.Recognise(public); ours {
				found = append(found, f)
			}
		}
		return nil
	}})
	return found, err
}

// nvHandles lists the NV handles from first on that may be ours.
func (o *operation) nvHandles(first uint32) ([]uint32, error) {
	var handles []uint32
	for {
		r, err := run(o, stepCapability, tpm2.GetCapability{
			Capability: tpm2.TPMCapHandles, Property: first, PropertyCount: 64,
		})
		if err != nil {
			return nil, err
		}
		list, err := r.CapabilityData.Data.Handles()
		if err != nil {
			return nil, &failure{stepCapability, err}
		}
		for _, h := range list.Handle {
			if uint32(h) < first || uint32(h) > binding.LastIndex {
				return handles, nil
			}
			handles = append(handles, uint32(h))
			first = uint32(h) + 1
		}
		// A chip that says "more" and sends none would never end this.
		if !r.MoreData || len(list.Handle) == 0 {
			return handles, nil
		}
	}
}

// Remove deletes the NV indices at handles, with the owner's password, nil if
// he has none. What is gone already is no error; what is not made as ours are
// stays and is ErrIndexTaken, when the rest is gone. With the counter the receipt of a wipe goes: the
// server must have it before.
func (c *Chip) Remove(ctx context.Context, handles []uint32, owner []byte) error {
	return c.do(ctx, job{"remove NV indices", &c.local, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		var taken error // told when all that are ours are gone
		for _, h := range handles {
			public, err := o.nvPublic(h)
			if err != nil {
				return err
			}
			if public == nil {
				continue
			}
			f, ours := binding.Recognise(public)
			if !ours || f.Handle != h {
				taken = fmt.Errorf("%w: %#x is not one of ours", binding.ErrIndexTaken, h)
				continue
			}
			if err := o.undefine(nvIndex{tpm2.TPMHandle(h), tpm2.TPM2BName{Buffer: f.Name}}, owner); err != nil {
				return err
			}
		}
		return taken
	}})
}
