package tpm

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// Indexed is a Chip together with the NV indices of one cache: what level A is
// made of. It has the methods of a Chip that a cache needs, at level A and no
// other; a cache of level B takes the Chip itself. Safe for concurrent use.
//
// The order of a cache's calls, each line durable before the next:
//
//	PlanSlots · slots into the client's state · Provision
//	WritePin (first write, permit) · Rekey (permit) · Certify for the server
//	NextGeneration(Counter, highest sealed) · that number as highest sealed
//	Seal · the server's lease · .new on disk · Rehearse · orders · Commit
//	Unseal of .new · rename
//	later: Check · Tries · ask for the password · Unseal
//	at the end: wipe marker · Wipe · delete files · Certify · Remove
//
// FORMAT.md, sections 7 to 13, says what each step costs and what a power cut
// between two of them leaves.
type Indexed struct {
	chip  *Chip
	slots binding.Slots
}

// WithIndices returns the chip with the indices of s, which the caller has from
// PlanSlots or from its own state. It asks the chip nothing.
func (c *Chip) WithIndices(s binding.Slots) (*Indexed, error) {
	if err := s.Indices.Validate(); err != nil {
		return nil, err
	}
	if err := checkAuth(s.CounterAuth); err != nil {
		return nil, fmt.Errorf("slots: counter: %w", err)
	}
	if s.Indices.PinPass != 0 {
		if err := checkAuth(s.PinPassAuth); err != nil {
			return nil, fmt.Errorf("slots: pin_pass: %w", err)
		}
	}
	s.CounterAuth, s.PinPassAuth = slices.Clone(s.CounterAuth), slices.Clone(s.PinPassAuth)
	return &Indexed{chip: c, slots: s}, nil
}

// Pin is Chip.Pin.
func (x *Indexed) Pin(rootName []byte) error { return x.chip.Pin(rootName) }

// HasRoot is Chip.HasRoot.
func (x *Indexed) HasRoot(ctx context.Context, name []byte) (bool, error) {
	return x.chip.HasRoot(ctx, name)
}

// Clock is Chip.Clock.
func (x *Indexed) Clock(ctx context.Context) (binding.Clock, error) { return x.chip.Clock(ctx) }

// Machine is Chip.Machine, measured with these indices: level A if the chip has
// them whole and written, and lets us use them. Else the level is the one that
// the chip bears without them, and BlockedBy starts with what is wrong.
func (x *Indexed) Machine(ctx context.Context) (binding.Machine, error) {
	return x.chip.machine(ctx, x.measure)
}

// commandsOfA are what level A needs beside the commands of level B.
func commandsOfA() []tpm2.TPMCC {
	return []tpm2.TPMCC{
		tpm2.TPMCCNVReadPublic, tpm2.TPMCCNVRead, tpm2.TPMCCNVIncrement, tpm2.TPMCCNVWrite, tpm2.TPMCCNVChangeAuth,
		tpm2.TPMCCNVCertify, tpm2.TPMCCPolicyNV, tpm2.TPMCCPolicySecret, tpm2.TPMCCPolicySigned, tpm2.TPMCCPolicyOR,
	}
}

// measure raises m to level A, or says what is in the way.
func (x *Indexed) measure(o *operation, m *binding.Machine) error {
	if m.Level == binding.LevelNone {
		return nil
	}
	m.BlockedBy = slices.DeleteFunc(m.BlockedBy, func(s string) bool {
		return s == binding.BlockedIndices || s == binding.BlockedOwner
	})
	blocked, err := x.blocked(o)
	if err != nil {
		return err
	}
	if len(blocked) > 0 {
		m.BlockedBy = append(blocked, m.BlockedBy...)
		return nil
	}
	m.Level, m.BlockedBy = binding.LevelA, nil
	return nil
}

// blocked are the Blocked… words of what keeps these indices from being used.
func (x *Indexed) blocked(o *operation) ([]string, error) {
	missing, err := o.missingCommands(commandsOfA())
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return blockedCommands(missing), nil
	}
	for _, k := range x.slots.Indices.Kinds() {
		state, err := o.indexState(x.slots.Indices, k)
		switch {
		case err != nil:
			return nil, err
		case state == indexAbsent:
			return []string{binding.BlockedIndices}, nil
		case state == indexForeign:
			return []string{binding.BlockedForeign}, nil
		case state == indexUnwritten:
			return []string{binding.BlockedUnwritten}, nil
		}
	}
	if _, err := x.counter(o); isDenied(err) {
		return []string{binding.BlockedForeign}, nil
	} else if err != nil {
		return nil, err
	}
	binds, err := o.binds(x.slots.Indices.PinFail)
	if err != nil || !binds {
		return nil, err
	}
	return []string{binding.BlockedBinding}, nil
}

// binds reports whether the chip lets a session be bound to a PIN index. The
// reference code refuses; a chip that does not makes a key of the password for
// anyone who asks, to test guesses with that nobody counts.
func (o *operation) binds(handle uint32) (bool, error) {
	r, err := run(o, stepBind, tpm2.StartAuthSession{
		TPMKey: tpm2.TPMRHNull, Bind: tpm2.TPMHandle(handle), NonceCaller: tpm2.TPM2BNonce{Buffer: make([]byte, nonceSize)},
		SessionType: tpm2.TPMSEHMAC, Symmetric: tpm2.TPMTSymDef{Algorithm: tpm2.TPMAlgNull}, AuthHash: tpm2.TPMAlgSHA256,
	})
	if isAny(err, tpm2.TPMRCHandle) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	o.flush(r.SessionHandle)
	return true, nil
}

// present refuses to go on unless every index is there, ours and written. A
// password never goes to an index that was not looked at before: the chip would
// count a try for a Name that does not fit.
func (x *Indexed) present(o *operation) error {
	for _, k := range x.slots.Indices.Kinds() {
		if err := x.presentOne(o, k); err != nil {
			return err
		}
	}
	return nil
}

// presentOne is present for one index.
func (x *Indexed) presentOne(o *operation, k binding.IndexKind) error {
	handle := x.slots.Indices.Handle(k)
	if handle == 0 {
		return fmt.Errorf("%w: the cache has no %s", binding.ErrNoIndices, k)
	}
	state, err := o.indexState(x.slots.Indices, k)
	if err != nil {
		return err
	}
	return x.refusal(k, state)
}

// refusal is why an index in that state cannot be used; nil if it can.
func (x *Indexed) refusal(k binding.IndexKind, state indexState) error {
	handle := x.slots.Indices.Handle(k)
	switch state {
	case indexAbsent:
		return fmt.Errorf("%w: no %s at %#x", binding.ErrNoIndices, k, handle)
	case indexUnwritten:
		return fmt.Errorf("%w: %s at %#x was never written", binding.ErrNoIndices, k, handle)
	case indexForeign:
		return fmt.Errorf("%w: another index stands in the place of %s at %#x", binding.ErrTampered, k, handle)
	case indexWritten:
	}
	return nil
}

// Counter returns the generation that opens now. Errors: ErrNoIndices, and
// ErrTampered if the counter was made by somebody else.
func (x *Indexed) Counter(ctx context.Context) (uint64, error) {
	var n uint64
	err := x.chip.do(ctx, job{"read counter", &x.chip.cache, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		if err := x.presentOne(o, binding.Counter); err != nil {
			return err
		}
		var err error
		n, err = x.counter(o)
		return err
	}})
	return n, err
}

// counter reads the counter, with the root open.
func (x *Indexed) counter(o *operation) (uint64, error) {
	n := indexOf(x.slots.Indices, binding.Counter, true)
	return o.nvRead(stepReadCounter, n, n.auth(o.proving(x.slots.CounterAuth)))
}

// nvRead reads the eight bytes of an index, authorised by by.
func (o *operation) nvRead(s step, n nvIndex, by tpm2.AuthHandle) (uint64, error) {
	r, err := run(o, s, tpm2.NVRead{AuthHandle: by, NVIndex: n.named(), Size: binding.IndexSize})
	if err != nil {
		return 0, err
	}
	if len(r.Data.Buffer) != binding.IndexSize {
		return 0, &failure{s, errors.New("answer of another length than asked for")}
	}
	return binary.BigEndian.Uint64(r.Data.Buffer), nil
}

// Tries says how many wrong passwords the chip will still take for this cache,
// and how many it has counted since the last right one. Reading them needs the
// owner's authorisation and costs no try; where an owner's password is set they
// are not Known. With none Left only the server helps: RetryAfter is 0.
func (x *Indexed) Tries(ctx context.Context) (binding.Tries, error) {
	var tries binding.Tries
	err := x.chip.do(ctx, job{"read tries", &x.chip.cache, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		if err := x.presentOne(o, binding.PinFail); err != nil {
			return err
		}
		value, err := o.nvRead(stepReadPin, indexOf(x.slots.Indices, binding.PinFail, true), o.owner(nil, false, true))
		if notOwner(err) {
			tries = binding.Tries{}
			return nil
		}
		if err != nil {
			return err
		}
		count, limit := uint32(value>>32), uint32(value)
		left := int(limit - min(count, limit))
		tries = binding.Tries{Known: true, Left: left, Sitting: min(left, maxSitting), Failed: int(count)}
		return nil
	}})
	return tries, err
}

// Opens returns how many opens the chip has counted, and its budget. A cache
// without a budget of opens has none: ErrNoIndices.
func (x *Indexed) Opens(ctx context.Context) (binding.Opens, error) {
	var opens binding.Opens
	err := x.chip.do(ctx, job{"read opens", &x.chip.cache, func(o *operation) error {
		if err := o.openRoot(); err != nil {
			return err
		}
		if err := x.presentOne(o, binding.PinPass); err != nil {
			return err
		}
		session, err := x.byBranch(o, binding.PinPass, tpm2.TPMCCNVRead)
		if err != nil {
			return err
		}
		defer o.flush(session.Handle())
		n := indexOf(x.slots.Indices, binding.PinPass, true)
		value, err := o.nvRead(stepReadOpens, n, n.auth(session))
		opens = binding.Opens{Used: uint32(value >> 32), Limit: uint32(value)}
		return err
	}})
	return opens, err
}
