package tpm_test

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// The owner's authorisation is empty on most machines, so an intruder can
// delete the index that counts and put his own in its place, with a password
// that he knows. It opens nothing, whatever he makes of it.
func TestRecreatedPinFail(t *testing.T) {
	own := []byte("password of the intruder's own")
	for name, step := range map[string]struct {
		change  func(*tpm2.TPMSNVPublic)
		want    error
		blocked string
	}{
		"as it was":        {nil, binding.ErrNoIndices, binding.BlockedUnwritten},
		"writable by him":  {func(p *tpm2.TPMSNVPublic) { p.Attributes.OwnerWrite = true }, binding.ErrTampered, binding.BlockedForeign},
		"without a policy": {func(p *tpm2.TPMSNVPublic) { p.AuthPolicy.Buffer, p.Attributes.OwnerWrite = nil, true }, binding.ErrTampered, binding.BlockedForeign},
		"an ordinary one": {func(p *tpm2.TPMSNVPublic) {
			p.Attributes.NT, p.Attributes.OwnerWrite = tpm2.TPMNTOrdinary, true
		}, binding.ErrTampered, binding.BlockedForeign},
	} {
		t.Run(name, func(t *testing.T) {
			c := committed(t, false)
			i := c.intrude()
			i.recreate(binding.PinFail, own, step.change)
			pin := i.index(c.slots.Indices.PinFail)
			_, err := tpm2.NVWrite{
				AuthHandle: tpm2.TPMRHOwner, NVIndex: pin, Data: tpm2.TPM2BMaxNVBuffer{Buffer: []byte{0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}},
			}.Execute(i)
			if step.change == nil != is(err, tpm2.TPMRCNVAuthorization) {
				t.Errorf("write: %v", err)
			}
			if got, err := i.open(own); err == nil || got != nil {
				t.Errorf("the intruder's program opens: %q, %v", got, err)
			}
			i.leave()
			wants(t, "check", c.check(), step.want)
			_, err = c.unseal(rightAuth)
			wants(t, "unseal", err, step.want)
			c.level(binding.LevelB, step.blocked)
			nothingLoaded(t, c.machine)
		})
	}
}

// A counter that is deleted and made again has the same Name, and starts above
// every counter that the chip has had: an old generation stays dead.
func TestRecreatedCounter(t *testing.T) {
	c := committed(t, false)
	old := c.use
	c.renew()
	i := c.intrude()
	i.recreate(binding.Counter, c.slots.CounterAuth, nil)
	i.leave()
	wants(t, "check, not yet stepped", c.check(), binding.ErrNoIndices)
	i = c.intrude()
	counter := i.index(c.slots.Indices.Counter)
	if _, err := (tpm2.NVIncrement{AuthHandle: by(counter, c.slots.CounterAuth), NVIndex: counter}).Execute(i); err != nil {
		t.Fatal(err)
	}
	for _, use := range []binding.SealedUse{old, c.use} {
		present := c.use
		c.use = use
		if got, err := i.open(rightAuth); !is(err, tpm2.TPMRCPolicy) {
			t.Errorf("generation %d: %q, %v", use.Terms.Generation, got, err)
		}
		c.use = present
	}
	i.leave()
	if at := c.counter(); at <= c.highest {
		t.Errorf("the new counter is at %d, the old one was at %d", at, c.highest)
	}
	c.refused(binding.ErrSuperseded)

	i = c.intrude()
	i.recreate(binding.Counter, []byte("of the intruder's own"), nil)
	counter = i.index(c.slots.Indices.Counter)
	if _, err := (tpm2.NVIncrement{AuthHandle: by(counter, []byte("of the intruder's own")), NVIndex: counter}).Execute(i); err != nil {
		t.Fatal(err)
	}
	i.leave()
	c.refused(binding.ErrTampered)
	c.level(binding.LevelB, binding.BlockedForeign)
}

// Deleting is all that an intruder can do with the owner's authorisation, and
// the program says what is missing.
func TestDeletedIndices(t *testing.T) {
	for _, k := range []binding.IndexKind{binding.Counter, binding.PinFail, binding.PinPass} {
		c := committed(t, true)
		c.must(c.chip.Remove(t.Context(), []uint32{c.slots.Indices.Handle(k)}, nil))
		c.refused(binding.ErrNoIndices)
		c.level(binding.LevelB, binding.BlockedIndices)
		// A wipe needs the counter only; without it there is no receipt.
		at, err := c.x.Wipe(t.Context(), c.highest)
		if k == binding.Counter {
			wants(t, "wipe", err, binding.ErrNoIndices)
			_, err = c.certify(binding.Counter)
			wants(t, "receipt", err, binding.ErrNoIndices)
		} else if err != nil || at <= c.highest || c.certified(binding.Counter).Value != at {
			t.Errorf("without %s: wiped to %d of %d, %v", k, at, c.highest, err)
		}
		nothingLoaded(t, c.machine)
	}
}

// permitted writes count ‖ limit with a signature of the server for r, in a
// session whose nonce it is for, whatever state the index is in.
func (i *intruder) permitted(r binding.PermitRequest, wrap func(tpm2.Session) tpm2.Session, options ...tpm2.AuthOption) error {
	i.t.Helper()
	s := i.session(options...)
	defer i.flush(s.Handle())
	r.Nonce = s.NonceTPM().Buffer
	signature, err := i.c.permit(i.t.Context(), r)
	if err != nil {
		i.t.Fatal(err)
	}
	if err := i.show(s, r, signature); err != nil {
		return err
	}
	if wrap != nil {
		s = wrap(s)
	}
	pin := i.index(i.c.slots.Indices.Handle(r.Index))
	_, err = tpm2.NVWrite{
		AuthHandle: tpm2.AuthHandle{Handle: pin.Handle, Name: pin.Name, Auth: s}, NVIndex: pin,
		Data: tpm2.TPM2BMaxNVBuffer{Buffer: r.Data()},
	}.Execute(i)
	return err
}

// show brings a permit before the chip.
func (i *intruder) show(s tpm2.Session, r binding.PermitRequest, signature []byte) error {
	return i.showUntil(s, r, signature, binding.PermitSeconds)
}

// showUntil is show with an expiration of so many seconds.
func (i *intruder) showUntil(s tpm2.Session, r binding.PermitRequest, signature []byte, expires int32) error {
	key := i.serverKey()
	defer i.flush(key.Handle)
	ref := r.Ref()
	if _, err := (tpm2.PolicySigned{
		AuthObject: key, PolicySession: s.Handle(), NonceTPM: tpm2.TPM2BNonce{Buffer: r.Nonce},
		CPHashA: tpm2.TPM2BDigest{Buffer: r.CPHash()}, PolicyRef: tpm2.TPM2BNonce{Buffer: ref[:]}, Auth: rsSignature(signature),
		Expiration: expires,
	}).Execute(i); err != nil {
		return err
	}
	if _, err := (tpm2.PolicyCommandCode{PolicySession: s.Handle(), Code: tpm2.TPMCCNVWrite}).Execute(i); err != nil {
		return err
	}
	var list tpm2.TPMLDigest
	for _, b := range i.c.slots.Indices.Branches(r.Index) {
		list.Digests = append(list.Digests, tpm2.TPM2BDigest{Buffer: b[:]})
	}
	_, err := tpm2.PolicyOr{PolicySession: s.Handle(), PHashList: list}.Execute(i)
	return err
}

// A permit is good for as long as was signed, by the chip's Time, and for no
// longer expiration than that. Nobody can keep one for later.
func TestPermitRunsOut(t *testing.T) {
	c := committed(t, false)
	r := binding.PermitRequest{Indices: c.slots.Indices, Index: binding.PinFail, Kind: binding.PermitRewrite, Limit: testTries}
	i := c.intrude()
	for name, expires := range map[string]int32{"a longer one": binding.PermitSeconds + 1, "none": 0, "a ticket": -binding.PermitSeconds} {
		s := i.session()
		r.Nonce = s.NonceTPM().Buffer
		signature, err := c.permit(t.Context(), r)
		c.must(err)
		if err := i.showUntil(s, r, signature, expires); !is(err, tpm2.TPMRCSignature) {
			t.Errorf("%s: %v", name, err)
		}
		i.flush(s.Handle())
	}

	s := i.session()
	r.Nonce = s.NonceTPM().Buffer
	ref := r.Ref()
	message := sha256.Sum256(slices.Concat(r.Nonce, []byte{0, 0, 0, 1}, r.CPHash(), ref[:])) // of a second
	x, y, err := ecdsa.Sign(rand.Reader, c.server, message[:])
	c.must(err)
	signature := make([]byte, 64)
	x.FillBytes(signature[:32])
	y.FillBytes(signature[32:])
	c.must(i.showUntil(s, r, signature, 1))
	now := func() uint64 {
		clock, err := tpm2.ReadClock{}.Execute(i)
		c.must(err)
		return clock.CurrentTime.Time
	}
	for end := now() + 1000; now() <= end; { // asking is what takes the time
	}
	pin := i.index(c.slots.Indices.PinFail)
	_, err = tpm2.NVWrite{
		AuthHandle: tpm2.AuthHandle{Handle: pin.Handle, Name: pin.Name, Auth: s}, NVIndex: pin, Data: tpm2.TPM2BMaxNVBuffer{Buffer: r.Data()},
	}.Execute(i)
	if !is(err, tpm2.TPMRCExpired) {
		t.Errorf("after its end: %v", err)
	}
	i.flush(s.Handle())
	i.leave()
}

// The permit for a first write fits no index that was written, and the one for
// a rewrite none that was made anew: neither resets a used index, neither arms
// the intruder's own.
func TestFirstWriteIsOnce(t *testing.T) {
	c := committed(t, false)
	r := binding.PermitRequest{Indices: c.slots.Indices, Index: binding.PinFail, Kind: binding.PermitFirstWrite, Limit: 99}
	i := c.intrude()
	if err := i.permitted(r, nil); !is(err, tpm2.TPMRCPolicyFail) {
		t.Errorf("first write of a written index: %v", err)
	}
	i.recreate(binding.PinFail, wrongAuth, nil)
	r.Kind = binding.PermitRewrite
	if err := i.permitted(r, nil); !is(err, tpm2.TPMRCPolicyFail) {
		t.Errorf("rewrite of an index that was made anew: %v", err)
	}
	i.leave()
	c.refused(binding.ErrNoIndices)
}

// A permit is of use in the session that it was made for, with the value that
// was signed, and not a second time.
func TestPermitIsForOneSession(t *testing.T) {
	c := committed(t, false)
	r := binding.PermitRequest{Indices: c.slots.Indices, Index: binding.PinFail, Kind: binding.PermitRewrite, Limit: testTries}
	i := c.intrude()
	first, second := i.session(), i.session()
	r.Nonce = first.NonceTPM().Buffer
	signature, err := c.permit(t.Context(), r)
	c.must(err)
	for name, try := range map[string]struct {
		in     tpm2.Session
		change func(*binding.PermitRequest)
	}{
		"of another session": {second, func(r *binding.PermitRequest) { r.Nonce = second.NonceTPM().Buffer }},
		"without a nonce":    {second, func(r *binding.PermitRequest) { r.Nonce = nil }},
		"with more tries":    {first, func(r *binding.PermitRequest) { r.Limit = 99 }},
		"for a first write":  {first, func(r *binding.PermitRequest) { r.Kind = binding.PermitFirstWrite }},
		"of another cache":   {first, func(r *binding.PermitRequest) { r.Indices.Cache[0]++ }},
		"of another device":  {first, func(r *binding.PermitRequest) { r.Indices.Device[0]++ }},
		"for a rekey":        {first, func(r *binding.PermitRequest) { r.Kind = binding.PermitRekey }},
	} {
		changed := r
		try.change(&changed)
		if err := i.show(try.in, changed, signature); !is(err, tpm2.TPMRCSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := i.show(second, r, signature); !is(err, tpm2.TPMRCNonce) {
		t.Errorf("with its nonce, in another session: %v", err)
	}
	i.flush(second.Handle())
	c.must(i.show(first, r, signature))
	write := func() error {
		pin := i.index(c.slots.Indices.PinFail)
		_, err := tpm2.NVWrite{
			AuthHandle: tpm2.AuthHandle{Handle: pin.Handle, Name: pin.Name, Auth: first}, NVIndex: pin, Data: tpm2.TPM2BMaxNVBuffer{Buffer: r.Data()},
		}.Execute(i)
		return err
	}
	c.must(write())
	if err := write(); !is(err, tpm2.TPMRCPolicyFail) {
		t.Errorf("a second write in the same session: %v", err)
	}
	if err := i.show(first, r, signature); err == nil {
		t.Error("the permit was taken a second time")
	}
	i.flush(first.Handle())
	i.leave()
	c.opens()
}

// liar says that a parameter is encrypted, and sends it as it is.
type liar struct{ tpm2.Session }

func (liar) Encrypt([]byte) error { return nil }

// The hash in a permit covers the bytes on the bus. Sent in a session that
// marks them as encrypted, the chip decrypts them to something else: a limit
// that nobody signed. The reading that the server takes after each write shows
// it.
func TestPermitWithAnotherSessionAttribute(t *testing.T) {
	c := provisioned(t, tpmtest.Start(t), false)
	r := binding.PermitRequest{Indices: c.slots.Indices, Index: binding.PinFail, Kind: binding.PermitRewrite, Limit: testTries}
	c.must(c.write(binding.PinFail, 0, testTries))
	if err := c.certified(binding.PinFail).Shows(r); err != nil {
		t.Errorf("an honest write: %v", err)
	}
	i := c.intrude()
	err := i.permitted(r, func(s tpm2.Session) tpm2.Session { return liar{s} }, tpm2.AESEncryption(128, tpm2.EncryptIn))
	i.leave()
	if err != nil {
		t.Fatalf("the chip refuses it, so that the reading has nothing to find: %v", err)
	}
	reading := c.certified(binding.PinFail)
	if reading.Count() == 0 && reading.Limit() == testTries {
		t.Fatal("the chip wrote what was signed")
	}
	wants(t, "the server's look", reading.Shows(r), binding.ErrTampered)
}
