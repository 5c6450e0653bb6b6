package tpm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// Guesses that go past our program, with sessions of the intruder's own, by
// password in clear, and in sessions that were started before the limit: the
// chip stops at the limit, for the right password as well, and no older copy
// of anything gives a try back. Only the server does.
func TestGuessingPastTheProgram(t *testing.T) {
	c := committed(t, false)
	i := c.intrude()
	early := i.session()
	c.must(i.lease(early, c.use.Terms, c.use.Approval, c.slots.CounterAuth))
	pin := i.index(c.slots.Indices.PinFail)
	for guess := range testTries {
		var err error
		s := i.session()
		if guess%2 == 0 {
			_, err = i.secret(s, c.slots.Indices.PinFail, wrongAuth, 0)
		} else {
			_, err = tpm2.PolicySecret{
				AuthHandle:    tpm2.AuthHandle{Handle: pin.Handle, Name: pin.Name, Auth: tpm2.PasswordAuth(wrongAuth)},
				PolicySession: s.Handle(), NonceTPM: s.NonceTPM(),
			}.Execute(i)
		}
		if !is(err, tpm2.TPMRCBadAuth) {
			t.Errorf("guess %d: %v", guess, err)
		}
		i.flush(s.Handle())
	}
	if _, err := i.secret(early, c.slots.Indices.PinFail, rightAuth, 0); !is(err, tpm2.TPMRCAuthUnavailable) {
		t.Errorf("the right password after the limit: %v", err)
	}
	i.flush(early.Handle())
	i.leave()

	wants(t, "check", c.check(), nil)
	_, err := c.unseal(rightAuth)
	wants(t, "unseal", err, binding.ErrLockedOut)
	c.machine.PowerCut()
	_, err = c.unseal(rightAuth)
	wants(t, "unseal after a power cut", err, binding.ErrLockedOut)
	tries, err := c.x.Tries(t.Context())
	if want := (binding.Tries{Known: true, Failed: testTries}); err != nil || tries != want {
		t.Errorf("tries: %+v, %v, want %+v", tries, err, want)
	}
	c.must(c.write(binding.PinFail, 0, testTries))
	c.opens()
}

// is reports whether err is that code of the chip.
func is(err error, code tpm2.TPMRC) bool { return errors.Is(err, code) }

// A session that is bound to the sealed object would test a guess at its
// authValue without anybody counting. The object has none.
func TestSessionBoundToTheObject(t *testing.T) {
	c := committed(t, false)
	i := c.intrude()
	defer i.leave()
	o := i.load()
	defer i.flush(o.Handle)
	guess := func(auth []byte) error {
		_, err := tpm2.NVRead{
			AuthHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: tpm2.HMAC(tpm2.TPMAlgSHA256, 16, tpm2.Bound(o.Handle, o.Name, auth))},
			NVIndex:    i.index(c.slots.Indices.PinFail), Size: 8,
		}.Execute(i)
		return err
	}
	if err := guess(nil); err != nil {
		t.Errorf("the object has an authValue: %v", err)
	}
	if right, wrong := guess(rightAuth), guess(wrongAuth); right == nil || wrong == nil || right.Error() != wrong.Error() {
		t.Errorf("the right password answers %v, a wrong one %v", right, wrong)
	}
	// Nor does the value alone open it.
	for _, s := range []tpm2.Session{tpm2.PasswordAuth(rightAuth), tpm2.PasswordAuth(nil), tpm2.HMAC(tpm2.TPMAlgSHA256, 16)} {
		if r, err := (tpm2.Unseal{ItemHandle: tpm2.AuthHandle{Handle: o.Handle, Name: o.Name, Auth: s}}).Execute(i); err == nil {
			t.Errorf("unsealed %q without a policy", r.OutData.Buffer)
		}
	}
}

// Whoever gets the chip to encrypt something with the password, or to make a
// key of it, could guess in peace on another machine. Every way there is
// refused before it gives anything out, or costs a try.
func TestNoOracleForThePassword(t *testing.T) {
	c := committed(t, false)
	i := c.intrude()
	pin := i.index(c.slots.Indices.PinFail)
	encrypting := tpm2.AESEncryption(128, tpm2.EncryptOut)
	read := func(name string, s tpm2.Session) {
		t.Helper()
		r, err := tpm2.NVRead{AuthHandle: tpm2.AuthHandle{Handle: pin.Handle, Name: pin.Name, Auth: s}, NVIndex: pin, Size: 8}.Execute(i)
		var code tpm2.TPMRC
		if err == nil || !errors.As(err, &code) { // no code: it answered, encrypted with another key than ours
			t.Errorf("read by %s: %+v, %v", name, r, err)
		}
	}
	read("an encrypting session with a guess", tpm2.HMAC(tpm2.TPMAlgSHA256, 16, tpm2.Auth(wrongAuth), encrypting))
	var list tpm2.TPMLDigest
	for _, b := range c.slots.Indices.Branches(binding.PinFail) {
		list.Digests = append(list.Digests, tpm2.TPM2BDigest{Buffer: b[:]})
	}
	for name, steps := range map[string]func(h tpm2.TPMHandle) error{
		"nothing proven": func(tpm2.TPMHandle) error { return nil },
		"the command": func(h tpm2.TPMHandle) error {
			_, err := tpm2.PolicyCommandCode{PolicySession: h, Code: tpm2.TPMCCNVRead}.Execute(i)
			return err
		},
		"a guess": func(h tpm2.TPMHandle) error { _, err := tpm2.PolicyAuthValue{PolicySession: h}.Execute(i); return err },
	} {
		for _, guess := range [][]byte{nil, wrongAuth} {
			s := i.session(encrypting, tpm2.Auth(guess))
			c.must(steps(s.Handle()))
			// If what is proven is a branch, take it.
			_, _ = tpm2.PolicyOr{PolicySession: s.Handle(), PHashList: list}.Execute(i)
			read("a policy session with "+name, s)
			i.flush(s.Handle())
		}
	}
	// A session bound to the index would have a key made of the password.
	bound := tpm2.HMAC(tpm2.TPMAlgSHA256, 16, tpm2.Bound(pin.Handle, pin.Name, wrongAuth))
	if _, err := (tpm2.NVRead{AuthHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHOwner, Auth: bound}, NVIndex: pin, Size: 8}).Execute(i); !is(err, tpm2.TPMRCHandle) {
		t.Errorf("a session bound to pin_fail: %v", err)
	}
	i.leave()
	// The guess in an HMAC session was looked at, so it has cost a try or was
	// refused for its kind; what is left is what the chip counts.
	if got := c.failed(); got > 1 {
		t.Errorf("%d tries used", got)
	}
	c.opens()
}

// ticket is what PolicySecret gives to a client that asks for one.
func (i *intruder) ticket() (*tpm2.PolicySecretResponse, error) {
	s := i.session()
	defer i.flush(s.Handle())
	return i.secret(s, i.c.slots.Indices.PinFail, rightAuth, -3600)
}

// A changed client could keep a ticket from one opening, and need no password
// for the next. With the generation in the policyRef it is of no use to the
// next generation.
func TestStrayTickets(t *testing.T) {
	c := committed(t, false)
	i := c.intrude()
	got, err := i.ticket()
	c.must(err)
	pin := i.index(c.slots.Indices.PinFail)
	ref := c.use.Terms.UseRef() // of the generation that the ticket was made for
	use := func() ([]byte, error) {
		s := i.session()
		defer i.flush(s.Handle())
		if err := i.lease(s, c.use.Terms, c.use.Approval, c.slots.CounterAuth); err != nil {
			return nil, err
		}
		two := func(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
		if _, err := i.plain(0x172, bytes.Join([][]byte{ // PolicyTicket
			binary.BigEndian.AppendUint32(nil, uint32(s.Handle())), two(got.Timeout.Buffer), two(nil), two(ref[:]), two(pin.Name.Buffer),
			tpm2.Marshal(got.PolicyTicket),
		}, nil)); err != nil {
			return nil, err
		}
		return i.unseal(s)
	}
	if len(got.PolicyTicket.Digest.Buffer) != 0 {
		if opened, err := use(); err != nil || !bytes.Equal(opened, secret) {
			t.Errorf("the ticket does not even open its own generation, so the test shows nothing: %q, %v", opened, err)
		}
	} else {
		t.Log("this chip makes no tickets of PIN indices")
	}
	i.leave()
	c.renew()
	i = c.intrude()
	defer i.leave()
	if opened, err := use(); err == nil {
		t.Errorf("a ticket of generation %d opens %d: %q", c.highest-1, c.highest, opened)
	}
}

// An approval fits the generation that it was made for, whatever the counter
// says, also in the intruder's own program.
func TestApprovalOfAnotherGeneration(t *testing.T) {
	c := committed(t, false)
	present := c.use
	c.seal()
	pending := c.use
	try := func(name string, object, lease binding.SealedUse) {
		t.Helper()
		i := c.intrude()
		defer i.leave()
		c.use = object
		s := i.session()
		defer i.flush(s.Handle())
		err := i.lease(s, lease.Terms, lease.Approval, c.slots.CounterAuth)
		if err == nil {
			if _, err = i.secret(s, c.slots.Indices.PinFail, rightAuth, 0); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			var got []byte
			if got, err = i.unseal(s); err == nil {
				t.Errorf("%s: opened %q", name, got)
			}
		}
	}
	mixed := func(terms, approval binding.SealedUse) binding.SealedUse {
		return binding.SealedUse{Terms: terms.Terms, Approval: approval.Approval}
	}
	for range 2 {
		try("present object, pending lease", present, pending)
		try("pending object, present lease", pending, present)
		try("present object, pending approval", present, mixed(present, pending))
		try("pending object, present approval", pending, mixed(pending, present))
		c.use = pending
		c.must(c.x.Commit(t.Context(), pending.Terms.Generation))
	}
	try("old object, old lease", present, present)
	c.use = pending
	c.opens()
}

// Anybody who may use the chip can use up the tries of a cache: it costs its
// owner a sign-in and nobody else anything. Neither the shared lockout nor
// another cache notices.
func TestAnotherUserBurnsTries(t *testing.T) {
	c := committed(t, false)
	neighbour := provisioned(t, c.machine, false)
	neighbour.renew()
	i := &intruder{rawChip: rawTPM(t, c.machine), c: c}
	for range 20 {
		s := i.session()
		if _, err := i.secret(s, c.slots.Indices.PinFail, wrongAuth, 0); err == nil {
			t.Error("a guess was right")
		}
		counter := i.index(c.slots.Indices.Counter)
		if _, err := (tpm2.NVIncrement{AuthHandle: by(counter, wrongAuth), NVIndex: counter}).Execute(i); !is(err, tpm2.TPMRCBadAuth) {
			t.Errorf("a step without the counter's value: %v", err)
		}
		i.flush(s.Handle())
	}
	i.close()
	wants(t, "check", c.check(), nil)
	_, err := c.unseal(rightAuth)
	wants(t, "unseal", err, binding.ErrLockedOut)
	neighbour.opens()
	if got := lockoutFailures(t, c.machine); got != 0 {
		t.Errorf("the shared lockout has counted %d failures", got)
	}
	c.must(c.write(binding.PinFail, 0, testTries))
	c.opens()
}

// On a chip that locks the whole machine after 3 failures, level A is level A
// all the same: nothing of it counts there, and it opens while the chip is
// locked by another program.
func TestLevelALeavesTheSharedLockoutAlone(t *testing.T) {
	m := tpmtest.StartDefault(t)
	c := provisioned(t, m, true)
	c.renew()
	c.level(binding.LevelA)
	for range 3 {
		for range testTries {
			_, err := c.unseal(wrongAuth)
			wants(t, "wrong password", err, binding.ErrWrongAuth)
			m.PowerCut()
		}
		_, err := c.unseal(rightAuth)
		wants(t, "no try left", err, binding.ErrLockedOut)
		c.must(c.write(binding.PinFail, 0, testTries))
		c.approve(hour, 9)
		c.opens()
	}
	m.PowerCut()
	if got := lockoutFailures(t, m); got != 0 {
		t.Errorf("the shared lockout has counted %d failures", got)
	}
	other := sealOn(t, m, m.Open(t), binding.LevelB)
	p := sealBehind(t, other)
	p.on(nil, func(cc tpm2.TPMCC, answer []byte) []byte { // hides the count, as another program would not look
		if at := bytes.Index(answer, []byte{0, 0, 0x02, 0x0e}); cc == tpm2.TPMCCGetCapability && at >= 0 {
			clear(answer[at+4 : at+8])
		}
		return answer
	})
	for range 4 {
		_, _ = other.unseal(wrongAuth) // three wrong ones, then locked
	}
	if got := lockoutFailures(t, m); got != 3 {
		t.Fatalf("the other program made %d failures, want 3", got)
	}
	c.opens()
	c.renew()
	c.opens()
}

// Cutting the power between tries, or before the chip's answer, gives no try
// back; every cut is a reset, and those end as well.
func TestResetLoop(t *testing.T) {
	c := committed(t, false)
	c.approve(hour, 4)
	p := newProxy(t, c.machine)
	c.attach(open(t, p.spec))
	for cut := range 3 {
		p.on(func(command []byte, ask func([]byte) []byte) []byte {
			if codeOf(command) != tpm2.TPMCCPolicySecret {
				return nil
			}
			ask(command) // done, but nobody hears the answer
			c.machine.PowerCut()
			return []byte{}
		}, nil)
		_, err := c.unseal(wrongAuth)
		wants(t, "cut off", err, binding.ErrUnavailable)
		p.on(nil, nil)
		if got := c.failed(); got != cut+1 {
			t.Errorf("%d tries counted after %d", got, cut+1)
		}
	}
	c.machine.PowerCut()
	c.refused(binding.ErrBootsEnded)
	c.approve(hour, 4)
	_, err := c.unseal(wrongAuth)
	wants(t, "fourth", err, binding.ErrWrongAuth)
	_, err = c.unseal(rightAuth)
	wants(t, "no try left", err, binding.ErrLockedOut)
}

// A snapshot of a virtual machine brings back counter and count: why virtual
// chips are named so. The file of the newest generation tells.
func TestSnapshotOfLevelA(t *testing.T) {
	c := committed(t, false)
	old := c.use
	snapshot := c.machine.Snapshot()
	c.renew()
	c.machine.Restore(snapshot)
	c.refused(binding.ErrSuperseded)
	if at := c.counter(); at >= c.highest {
		t.Errorf("counter at %d, the file says %d", at, c.highest)
	}
	c.use = old
	c.opens()
}

// A chip that binds sessions to PIN indices would test passwords for anyone,
// uncounted; it does not bear level A.
func TestChipThatBindsToPinIndices(t *testing.T) {
	c := committed(t, false)
	p := c.behind()
	p.on(func(command []byte, ask func([]byte) []byte) []byte {
		pin := binary.BigEndian.AppendUint32(nil, c.slots.Indices.PinFail)
		if codeOf(command) == tpm2.TPMCCStartAuthSession && bytes.Equal(command[14:18], pin) {
			return ask(bytes.Replace(command, pin, []byte{0x40, 0, 0, 0x07}, 1)) // bound to nothing, so that it starts
		}
		return nil
	}, nil)
	c.level(binding.LevelB, binding.BlockedBinding)
	p.on(nil, nil)
	c.level(binding.LevelA)
	nothingLoaded(t, c.machine)
}
