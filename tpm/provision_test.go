package tpm_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// Provisioning again changes nothing, whatever has happened since.
func TestProvisionAgain(t *testing.T) {
	c := committed(t, true)
	at := c.counter()
	_, err := c.unseal(wrongAuth)
	wants(t, "wrong password", err, binding.ErrWrongAuth)
	for range 2 {
		c.must(c.chip.Provision(t.Context(), c.slots, nil))
	}
	if got := c.counter(); got != at {
		t.Errorf("counter at %d, was at %d", got, at)
	}
	if got := c.failed(); got != 1 {
		t.Errorf("%d tries counted, want 1", got)
	}
	c.opens()
	nothingLoaded(t, c.machine)
}

// Provisioning needs the owner, and nothing else does: with an owner's password
// that we are not given, only the tries are unknown.
func TestOwnersPassword(t *testing.T) {
	m := tpmtest.Start(t)
	provision(t, m, tpm2.ECCSRKTemplate) // as systems do that set a password: the root cannot be made any more
	early := planned(t, m, false)
	c := provisioned(t, m, false)
	c.renew()
	password := []byte("the owner's")
	m.SetOwnerPassword(password)

	got := measure(t, c.chip)
	if got.Level != binding.LevelB || !cmp.Equal(got.BlockedBy, []string{binding.BlockedIndices, binding.BlockedOwner}) {
		t.Errorf("measured %s, %q", got.Level, got.BlockedBy)
	}
	c.level(binding.LevelA)
	wants(t, "provision", early.chip.Provision(t.Context(), early.slots, nil), binding.ErrOwnerAuth)
	wants(t, "provision with another password", early.chip.Provision(t.Context(), early.slots, []byte("x")), binding.ErrOwnerAuth)
	wants(t, "remove", c.chip.Remove(t.Context(), c.slots.Indices.Handles(), nil), binding.ErrOwnerAuth)
	_, err := c.certify(binding.PinFail)
	wants(t, "certify pin_fail", err, binding.ErrOwnerAuth)
	if tries, err := c.x.Tries(t.Context()); err != nil || tries.Known {
		t.Errorf("tries: %+v, %v", tries, err)
	}
	if c.certified(binding.Counter).Value != c.highest {
		t.Error("the counter is certified with another value")
	}
	_, err = c.unseal(wrongAuth)
	wants(t, "wrong password", err, binding.ErrWrongAuth)
	c.opensUnread()
	c.must(c.write(binding.PinFail, 0, testTries))
	c.renew()
	c.opensUnread()

	c.must(early.chip.Provision(t.Context(), early.slots, password))
	c.must(c.chip.Remove(t.Context(), early.slots.Indices.Handles(), password))
	if _, err := c.x.Wipe(t.Context(), c.highest); err != nil {
		t.Error(err)
	}
	wants(t, "after the wipe", c.check(), binding.ErrSuperseded)
	if got := lockoutFailures(t, m); got != 0 {
		t.Errorf("the shared lockout has counted %d failures", got)
	}
	nothingLoaded(t, m)
}

// Windows does not let a standard user define indices, nor use the owner's
// authorisation; an administrator's program does it for him.
func TestBlockedBySystem(t *testing.T) {
	c := committed(t, false)
	p := c.behind()
	p.on(func(command []byte, _ func([]byte) []byte) []byte {
		byOwner := len(command) > 14 && bytes.Equal(command[10:14], []byte{0x40, 0, 0, 1})
		if cc := codeOf(command); byOwner && (cc == tpm2.TPMCCNVDefineSpace || cc == tpm2.TPMCCNVUndefineSpace || cc == tpm2.TPMCCNVRead) {
			return answerRC(0x80280400)
		}
		return nil
	}, nil)
	early := planned(t, c.machine, false)
	wants(t, "provision", c.chip.Provision(t.Context(), early.slots, nil), binding.ErrOwnerAuth)
	wants(t, "remove", c.chip.Remove(t.Context(), c.slots.Indices.Handles(), nil), binding.ErrOwnerAuth)
	if tries, err := c.x.Tries(t.Context()); err != nil || tries.Known {
		t.Errorf("tries: %+v, %v", tries, err)
	}
	c.level(binding.LevelA)
	c.opensUnread()
	p.on(nil, nil)
	nothingLoaded(t, c.machine)
}

// opensUnread is opens, for a machine on which counts cannot be read.
func (c *copyproof) opensUnread() {
	c.t.Helper()
	wants(c.t, "check", c.check(), nil)
	if got, err := c.unseal(rightAuth); err != nil || !bytes.Equal(got, secret) {
		c.t.Errorf("unseal: %q, %v", got, err)
	}
}

// A chip that is full says so, keeps nothing of the attempt, and is no worse
// for level B.
func TestNoSpace(t *testing.T) {
	m := tpmtest.Start(t)
	c := planned(t, m, true)
	r := rawTPM(t, m)
	var filled []tpm2.NamedHandle
	fill := func(size uint16) {
		t.Helper()
		for {
			handle := tpm2.TPMHandle(0x01c00000 + len(filled))
			_, err := tpm2.NVDefineSpace{AuthHandle: tpm2.TPMRHOwner, PublicInfo: tpm2.New2B(tpm2.TPMSNVPublic{
				NVIndex: handle, NameAlg: tpm2.TPMAlgSHA256, DataSize: size, Attributes: tpm2.TPMANV{OwnerRead: true, OwnerWrite: true},
			})}.Execute(r)
			if is(err, tpm2.TPMRCNVSpace) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			filled = append(filled, r.index(uint32(handle)))
		}
	}
	free := func(n int) {
		t.Helper()
		for range n {
			last := filled[len(filled)-1]
			filled = filled[:len(filled)-1]
			if _, err := (tpm2.NVUndefineSpace{AuthHandle: tpm2.TPMRHOwner, NVIndex: last}).Execute(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill(2048)
	free(1)
	fill(8) // so that the last ones are as small as ours
	for room := range 2 {
		r.close()
		wants(t, "provision", c.chip.Provision(t.Context(), c.slots, nil), binding.ErrNoSpace)
		if found, err := c.chip.Indices(t.Context()); err != nil || len(found) != 0 {
			t.Errorf("with room for %d, left: %+v, %v", room, found, err)
		}
		r = rawTPM(t, m)
		free(1)
	}
	// A run that died when it had defined the first leaves nothing, either: whoever
	// is told so plans anew, and nobody remembers these.
	_, err := tpm2.NVDefineSpace{
		AuthHandle: tpm2.TPMRHOwner, Auth: tpm2.TPM2BAuth{Buffer: c.slots.CounterAuth},
		PublicInfo: tpm2.BytesAs2B[tpm2.TPMSNVPublic](c.slots.Indices.Public(binding.Counter, false)),
	}.Execute(r)
	if err != nil {
		t.Fatal(err)
	}
	fill(8)
	r.close()
	wants(t, "provision again", c.chip.Provision(t.Context(), c.slots, nil), binding.ErrNoSpace)
	if found, err := c.chip.Indices(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("left of a run that died: %+v, %v", found, err)
	}
	c.level(binding.LevelB, binding.BlockedIndices)
	r = rawTPM(t, m)
	free(len(filled))
	r.close()
	c.must(c.chip.Provision(t.Context(), c.slots, nil))
	c.level(binding.LevelB, binding.BlockedUnwritten)
	nothingLoaded(t, m)
}

// What somebody else has at a planned handle stays as it is, ours beside it
// are not left behind, and another plan works.
func TestTakenHandle(t *testing.T) {
	m := tpmtest.Start(t)
	c, other := planned(t, m, true), planned(t, m, true)
	other.slots.Indices.PinPass = c.slots.Indices.PinPass
	other.attach(other.chip)
	c.must(c.chip.Provision(t.Context(), c.slots, nil))
	wants(t, "provision over another cache's", other.chip.Provision(t.Context(), other.slots, nil), binding.ErrIndexTaken)
	other.level(binding.LevelB, binding.BlockedIndices)
	if found, err := c.chip.Indices(t.Context()); err != nil || len(found) != 3 {
		t.Errorf("found %+v, %v, want three", found, err)
	}

	r := rawTPM(t, m)
	foreign := c.slots.Indices.Counter + 1
	if foreign == c.slots.Indices.PinFail || foreign == c.slots.Indices.PinPass {
		foreign = c.slots.Indices.Counter - 1
	}
	if _, err := (tpm2.NVDefineSpace{AuthHandle: tpm2.TPMRHOwner, PublicInfo: tpm2.New2B(tpm2.TPMSNVPublic{
		NVIndex: tpm2.TPMHandle(foreign), NameAlg: tpm2.TPMAlgSHA256, DataSize: 8, Attributes: tpm2.TPMANV{OwnerRead: true, OwnerWrite: true},
	})}).Execute(r); err != nil {
		t.Fatal(err)
	}
	r.close()
	wants(t, "remove somebody's", c.chip.Remove(t.Context(), []uint32{foreign}, nil), binding.ErrIndexTaken)
	wants(t, "remove nobody's", c.chip.Remove(t.Context(), []uint32{0x01900000}, nil), nil)
	c.level(binding.LevelB, binding.BlockedUnwritten)

	// A counter of ours that somebody made before us has another value to it.
	stolen := planned(t, m, false)
	stolen.slots.Indices.Counter = c.slots.Indices.Counter
	wants(t, "a counter with another value", stolen.chip.Provision(t.Context(), stolen.slots, nil), binding.ErrIndexTaken)
	nothingLoaded(t, m)
}

// What stands in the place of one of ours does not keep the others in the chip.
func TestRemoveGoesOn(t *testing.T) {
	c := provisioned(t, tpmtest.Start(t), true)
	i := c.intrude()
	i.recreate(binding.Counter, nil, func(p *tpm2.TPMSNVPublic) { p.Attributes.OwnerRead = true })
	i.leave()
	wants(t, "remove", c.chip.Remove(t.Context(), c.slots.Indices.Handles(), nil), binding.ErrIndexTaken)
	if found, err := c.chip.Indices(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("left: %+v, %v", found, err)
	}
	nothingLoaded(t, c.machine)
}

// Forgotten indices are found and told apart by their Names.
func TestFindIndices(t *testing.T) {
	m := tpmtest.Start(t)
	c, other := provisioned(t, m, true), planned(t, m, false)
	c.must(other.chip.Provision(t.Context(), other.slots, nil))
	found, err := c.chip.Indices(t.Context())
	c.must(err)
	got := map[string]binding.IndexKind{}
	for _, f := range found {
		got[string(f.Name)] = f.Kind
	}
	want := map[string]binding.IndexKind{}
	for _, k := range []binding.IndexKind{binding.Counter, binding.PinFail, binding.PinPass} {
		want[string(c.slots.Indices.Name(k, true))] = k
	}
	want[string(other.slots.Indices.Name(binding.Counter, true))] = binding.Counter
	want[string(other.slots.Indices.Name(binding.PinFail, false))] = binding.PinFail
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestSlotsRefused(t *testing.T) {
	m := tpmtest.Start(t)
	c := planned(t, m, true)
	for name, f := range map[string]func(*binding.Slots){
		"no counter's value":  func(s *binding.Slots) { s.CounterAuth = nil },
		"a value with a zero": func(s *binding.Slots) { s.PinPassAuth = []byte{1, 0, 1} },
		"no key":              func(s *binding.Slots) { s.Indices.Key = binding.ServerKey{} },
		"somebody's handle":   func(s *binding.Slots) { s.Indices.Counter = 0x01800500 },
	} {
		s := c.slots
		f(&s)
		if _, err := c.chip.WithIndices(s); err == nil {
			t.Errorf("%s passes", name)
		}
		if err := c.chip.Provision(t.Context(), s, nil); err == nil {
			t.Errorf("%s: provisioned", name)
		}
	}
	if _, err := c.chip.PlanSlots(t.Context(), tpm.Plan{}); err == nil {
		t.Error("planned without a server's key")
	}
}

// A server that signs something else, nothing, or not at all, and a caller
// that gives up.
func TestPermitsThatFail(t *testing.T) {
	c := committed(t, false)
	refuse := errors.New("the server refuses")
	for name, f := range map[string]struct {
		permit tpm.Permit
		want   error
	}{
		"nothing": {func(context.Context, binding.PermitRequest) ([]byte, error) { return nil, nil }, binding.ErrTampered},
		"zeros":   {func(context.Context, binding.PermitRequest) ([]byte, error) { return make([]byte, 64), nil }, binding.ErrTampered},
		"another nonce": {func(ctx context.Context, r binding.PermitRequest) ([]byte, error) {
			r.Nonce = flip(r.Nonce, 0)
			return c.permit(ctx, r)
		}, binding.ErrTampered},
		"another limit": {func(ctx context.Context, r binding.PermitRequest) ([]byte, error) {
			if r.Kind == binding.PermitRekey {
				r.Kind = binding.PermitRewrite
			}
			r.Limit = 7
			return c.permit(ctx, r)
		}, binding.ErrTampered},
		"a refusal": {func(context.Context, binding.PermitRequest) ([]byte, error) { return nil, refuse }, refuse},
	} {
		for what, err := range map[string]error{
			"write": c.x.WritePin(t.Context(), tpm.PinWrite{Index: binding.PinFail, Limit: testTries, Permit: f.permit}),
			"rekey": c.x.Rekey(t.Context(), wrongAuth, f.permit),
		} {
			if !errors.Is(err, f.want) {
				t.Errorf("%s, %s: %v, want %v", name, what, err, f.want)
			}
		}
	}
	if err := c.x.WritePin(t.Context(), tpm.PinWrite{Index: binding.PinFail, Limit: testTries}); err == nil {
		t.Error("written without a permit")
	}
	for limit, count := range map[uint32]uint32{0: 0, binding.MaxTries + 1: 0, 5: 1} {
		if err := c.write(binding.PinFail, count, limit); err == nil {
			t.Errorf("wrote %d of %d", count, limit)
		}
	}
	c.opens()
	nothingLoaded(t, c.machine)
}

// A first write is permitted once, so a chip that puts a command off after the
// permit is asked for that command again, and no second permit is.
func TestPermitIsAskedOnce(t *testing.T) {
	c := planned(t, tpmtest.Start(t), false)
	c.must(c.chip.Provision(t.Context(), c.slots, nil))
	direct := c.chip
	p := c.behind()
	putOff := map[tpm2.TPMCC]int{}
	p.on(func(command []byte, _ func([]byte) []byte) []byte {
		cc := codeOf(command)
		switch cc {
		case tpm2.TPMCCPolicySigned, tpm2.TPMCCPolicyCommandCode, tpm2.TPMCCPolicyOR, tpm2.TPMCCNVWrite, tpm2.TPMCCNVChangeAuth:
			if putOff[cc]++; putOff[cc]%2 == 1 {
				return answerRC(0x920) // NV_RATE
			}
		}
		return nil
	}, nil)
	c.must(c.write(binding.PinFail, 0, testTries))
	c.must(c.x.Rekey(t.Context(), rightAuth, c.permit))
	if len(c.signed) != 2 {
		t.Errorf("%d permits for a write and a rekey", len(c.signed))
	}
	p.on(func(command []byte, _ func([]byte) []byte) []byte {
		if codeOf(command) == tpm2.TPMCCNVWrite {
			return answerRC(0x920)
		}
		return nil
	}, nil)
	wants(t, "put off for good", c.write(binding.PinFail, 0, testTries), binding.ErrBusy)
	if len(c.signed) != 3 {
		t.Errorf("%d permits after another write", len(c.signed))
	}
	p.on(nil, nil)
	c.attach(direct)
	c.renew()
	c.opens()
	nothingLoaded(t, c.machine)
}

// Calls from many places of a program run one after the other.
func TestSideBySide(t *testing.T) {
	c := committed(t, false)
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			if err := c.check(); err != nil {
				t.Error(err)
			}
			if got, err := c.unseal(rightAuth); err != nil || !bytes.Equal(got, secret) {
				t.Errorf("%q, %v", got, err)
			}
			if _, err := c.x.Tries(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	nothingLoaded(t, c.machine)
}
