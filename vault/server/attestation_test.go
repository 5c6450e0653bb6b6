package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// Makers as they stand in certificates.
const (
	makerOfChips    = "id:494E5443"
	makerOfSoftware = "id:00001014"
)

// refuses fails the test unless err has the cause.
func refuses(t testing.TB, what string, err error, want vault.Cause) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %s", what, err, want)
	}
}

// TestProvenAndVirtual: the two flags are the server's, whatever the client says.
func TestProvenAndVirtual(t *testing.T) {
	f := newChipFixture(t)
	for _, tt := range []struct {
		name   string
		change func(*laptop)
		want   wire.Proven
	}{
		{"a chip of a known maker", func(*laptop) {}, wire.Proven{Proven: true}},
		{"software of a known maker", func(l *laptop) {
			l.ek.Certificates = [][]byte{f.maker.certify(t, l.ek.Public, makerOfSoftware)}
		}, wire.Proven{Proven: true, Virtual: true}},
		{"of an unknown maker", func(l *laptop) {
			l.ek.Certificates = [][]byte{newMaker(t).certify(t, l.ek.Public, makerOfChips)}
		}, wire.Proven{Why: "unknown_root"}},
		{"without a certificate", func(l *laptop) { l.ek.Certificates = nil }, wire.Proven{Virtual: true, Why: "no_certificate"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := f.newLaptop(makerOfChips)
			tt.change(l)
			if diff := cmp.Diff(tt.want, l.attested()); diff != "" {
				t.Error(diff)
			}
			chips, err := f.catalog.Chips(t.Context(), f.op)
			must(t, err)
			if got := chips[l.ID]; got.Proven != tt.want.Proven || got.Virtual != tt.want.Virtual || got.Why != tt.want.Why || len(got.EKName) != 34 {
				t.Errorf("on record: %+v", got)
			}
		})
	}
	if n := f.actions()[catalog.ActionAttest+" ok"]; n != 4 {
		t.Errorf("the audit has %d attestations", n)
	}
}

// TestForgedAnswers: who has not the chip of the certificate does not get its
// name, and the real one has to ask anew after a false answer.
func TestForgedAnswers(t *testing.T) {
	f := newChipFixture(t)
	genuine, forger := f.newLaptop(makerOfChips), f.newLaptop(makerOfChips)
	ctx := t.Context()

	// The genuine chip's certificate before the forger's own keys.
	forged := forger.enrolment()
	forged.EK, forged.Certificates = genuine.ek.Public, genuine.ek.Certificates
	challenge, err := forger.client.Enrol(ctx, forger.ID, forged, forger)
	must(t, err)
	if _, err := forger.chip.Activate(ctx, tpm.Activation{
		Key: forger.ak.Blob, Endorsement: forger.ek.Public, Credential: challenge.Credential, Secret: challenge.Secret,
	}); err == nil {
		t.Fatal("another chip has solved the challenge")
	}
	public, err := tpm.SigningKeyPublic(forger.key)
	must(t, err)
	said, err := forger.chip.CertifySigningKey(ctx, forger.key, tpm.Certifying{
		Key: forger.ak.Blob, Creation: forger.made, Qualifying: binding.Qualify(binding.SubjectDevice, challenge.Nonce, [32]byte{1}),
	})
	must(t, err)
	_, err = forger.client.Attest(ctx, forger.ID, wire.Answer{Secret: make([]byte, 32), Key: public, Creation: forger.made.Data, Statement: said}, forger)
	refuses(t, "a guessed secret", err, vault.NotPermitted)

	// A certificate of another key is a lie at once.
	forged = forger.enrolment()
	forged.Certificates = genuine.ek.Certificates
	_, err = forger.client.Enrol(ctx, forger.ID, forged, forger)
	refuses(t, "a certificate of another key", err, vault.NotPermitted)

	// A chip in software: keys that were made outside, in the right form.
	software, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	forged = forger.enrolment()
	point, err := software.PublicKey.Bytes()
	must(t, err)
	forged.EK = slices.Concat(forged.EK[:len(forged.EK)-68], []byte{0, 32}, point[1:33], []byte{0, 32}, point[33:])
	forged.Certificates = nil
	challenge, err = forger.client.Enrol(ctx, forger.ID, forged, forger)
	must(t, err)
	_, err = forger.client.Attest(ctx, forger.ID, wire.Answer{Secret: make([]byte, 32), Key: public, Creation: forger.made.Data, Statement: said}, forger)
	refuses(t, "keys in software", err, vault.NotPermitted)

	// One answer a challenge: a false one uses it up, and so does time.
	challenge, err = genuine.client.Enrol(ctx, genuine.ID, genuine.enrolment(), genuine)
	must(t, err)
	right := genuine.solve(challenge)
	wrong := right
	wrong.Secret = make([]byte, 32)
	_, err = genuine.client.Attest(ctx, genuine.ID, wrong, genuine)
	refuses(t, "a false answer", err, vault.NotPermitted)
	_, err = genuine.client.Attest(ctx, genuine.ID, right, genuine)
	refuses(t, "the right answer after it", err, vault.NotPermitted)
	challenge, err = genuine.client.Enrol(ctx, genuine.ID, genuine.enrolment(), genuine)
	must(t, err)
	right = genuine.solve(challenge)
	f.wait(11 * time.Minute)
	_, err = genuine.client.Attest(ctx, genuine.ID, right, genuine)
	refuses(t, "an answer too late", err, vault.NotPermitted)

	challenge, err = genuine.client.Enrol(ctx, genuine.ID, genuine.enrolment(), genuine)
	must(t, err)
	right = genuine.solve(challenge)
	_, err = genuine.client.Attest(ctx, genuine.ID, right, genuine)
	must(t, err)
	_, err = genuine.client.Attest(ctx, genuine.ID, right, genuine)
	refuses(t, "the same answer again", err, vault.NotPermitted)

	// From now on the device is this chip, and no other.
	_, err = genuine.client.Enrol(ctx, genuine.ID, forger.enrolment(), genuine)
	refuses(t, "another chip in its place", err, vault.NotPermitted)
	genuine.attested() // the same chip may say it again
	chips, err := f.catalog.Chips(ctx, f.op)
	must(t, err)
	if len(chips) != 1 {
		t.Errorf("%d chips are known", len(chips))
	}
	if got := genuine.alarms(); len(got) < 3 {
		t.Errorf("alarms: %q", got)
	}
}

// sealed is a cache of level B, as the client makes it.
type sealed struct {
	request wire.CacheRequest
	terms   binding.Terms
	object  binding.Object
	made    binding.Creation
}

func (l *laptop) seal(cache vault.ID, generation uint64) sealed {
	l.t.Helper()
	terms := binding.Terms{
		Level: binding.LevelB, Governed: true, Key: l.f.policyKey(), Device: l.ID, Cache: cache, Generation: generation,
	}
	object, made, err := l.chip.SealForProof(l.t.Context(), terms, []byte("from-the-password"), []byte("machine secret"))
	must(l.t, err)
	return sealed{wire.CacheRequest{
		Cache: cache, Generation: generation, RecordSHA256: wire.Digest{1}, RootName: l.ak.Root, Level: binding.LevelB,
		ClockMS: 1, Resets: 1, UserName: "alice", Comment: "travel",
	}, terms, object, made}
}

// proving states the making of a sealed object.
func (l *laptop) proving(s sealed) stating {
	return stating{l, func(ctx context.Context, nonce []byte, _ [32]byte) (*wire.Attestation, error) {
		said, err := l.chip.CertifySealed(ctx, s.object, tpm.Certifying{
			Key: l.ak.Blob, Creation: s.made, Qualifying: binding.Qualify(binding.SubjectCache, nonce, s.terms.LeaseRef()),
		})
		return &wire.Attestation{Sealed: &wire.Sealed{Public: s.object.Public, Creation: s.made.Data, Statement: said}}, err
	}}
}

// cache asks for a cache and returns its lease.
func (l *laptop) cache(r wire.CacheRequest, signer wire.Signer) (*lease.Lease, error) {
	l.t.Helper()
	content, token, err := l.client.Cache(l.t.Context(), l.ID, r, signer, nil)
	if err != nil {
		return nil, err
	}
	content.Wipe()
	return lease.Verify(token, l.f.keys())
}

// TestStatements: a device that has proved its chip brings a statement with each
// request, fresh, of that chip, and about that request.
func TestStatements(t *testing.T) {
	f := newChipFixture(t)
	l := f.newLaptop(makerOfChips)
	ctx := t.Context()
	cache := vault.NewID()
	first := l.seal(cache, 1)
	got, err := l.cache(first.request, l) // not proved yet: its own word
	must(t, err)
	if got.Proven || got.Chip.ClockMS != 1 {
		t.Errorf("proven %v, clock %d before anything was proved", got.Proven, got.Chip.ClockMS)
	}
	l.attested()

	s := l.seal(cache, 2)
	_, err = l.cache(s.request, l)
	refuses(t, "cache without a statement", err, vault.NotPermitted)
	_, err = l.cache(s.request, l.present())
	refuses(t, "cache with a contact alone", err, vault.NotPermitted)
	other := s
	other.request.RootName = rootName()
	_, err = l.cache(other.request, l.proving(other))
	refuses(t, "cache under another root", err, vault.NotPermitted)
	_, err = l.cache(s.request, l.proving(first))
	refuses(t, "another generation's object", err, vault.NotPermitted)

	before, err := l.chip.Clock(ctx)
	must(t, err)
	got, err = l.cache(s.request, l.proving(s))
	must(t, err)
	if !got.Proven || got.Chip.ClockMS < before.MS {
		t.Errorf("proven %v, clock %d, the chip's was %d: the client's word was taken", got.Proven, got.Chip.ClockMS, before.MS)
	}
	if want := got.Chip.ClockMS + uint64(got.Policy.PoweredOn)*1000; got.Chip.Bounds.ClockMS != want {
		t.Errorf("bound %d, want %d", got.Chip.Bounds.ClockMS, want)
	}
	must(t, got.Chip.Approval().Verify(s.terms))

	renewal := wire.LeaseRequest{Cache: cache, Generation: 2}
	refuses(t, "proof without a statement", l.client.Proof(ctx, l.ID, 2, l), vault.NotPermitted)
	must(t, l.client.Proof(ctx, l.ID, 2, l.present()))
	_, err = l.client.RenewLease(ctx, l.ID, renewal, l)
	refuses(t, "renewal without a statement", err, vault.NotPermitted)
	token, err := l.client.RenewLease(ctx, l.ID, renewal, l.present())
	must(t, err)
	renewed, err := lease.Verify(token, f.keys())
	must(t, err)
	if !renewed.Proven || renewed.Chip.ClockMS < got.Chip.ClockMS {
		t.Errorf("renewed: proven %v, clock %d", renewed.Proven, renewed.Chip.ClockMS)
	}

	// A statement that was made once, for another request or another nonce.
	var once *wire.Attestation
	keep := stating{l, func(ctx context.Context, nonce []byte, about [32]byte) (*wire.Attestation, error) {
		var err error
		once, err = l.present().Attest(ctx, nonce, about)
		return once, err
	}}
	must(t, l.client.Proof(ctx, l.ID, 2, keep))
	again := stating{l, func(context.Context, []byte, [32]byte) (*wire.Attestation, error) { return once, nil }}
	refuses(t, "a statement of before", l.client.Proof(ctx, l.ID, 2, again), vault.NotPermitted)
	elsewhere := stating{l, func(ctx context.Context, nonce []byte, _ [32]byte) (*wire.Attestation, error) {
		return l.present().Attest(ctx, nonce, [32]byte{1})
	}}
	refuses(t, "a statement about another request", l.client.Proof(ctx, l.ID, 2, elsewhere), vault.NotPermitted)
	stranger := f.newLaptop(makerOfChips)
	foreign := stating{l, stranger.present().what}
	refuses(t, "a statement of another chip", l.client.Proof(ctx, l.ID, 2, foreign), vault.NotPermitted)

	refuses(t, "cleared without a statement", l.client.Cleared(ctx, l.ID, 2, l), vault.NotPermitted)
	must(t, l.client.Cleared(ctx, l.ID, 2, l.present()))
	if !slices.Contains(l.alarms(), "statement") {
		t.Errorf("alarms: %q", l.alarms())
	}
}

// TestCloned: a snapshot that is put back is a copy of the chip. The device is
// suspended, the administrators hear of it, and the device is told.
func TestCloned(t *testing.T) { cloned(t, newChipFixture(t)) }

func cloned(t *testing.T, f *chipFixture) {
	l := f.newLaptop(makerOfChips)
	ctx := t.Context()
	l.attested()
	s := l.seal(vault.NewID(), 1)
	_, err := l.cache(s.request, l.proving(s))
	must(t, err)
	state := l.machine.Snapshot()
	l.machine.Reboot()
	must(t, l.client.Proof(ctx, l.ID, 1, l.present()))

	l.machine.Restore(state)
	refuses(t, "a copy", l.client.Proof(ctx, l.ID, 1, l.present()), vault.Suspended)
	d, err := l.client.DeviceState(ctx, l.ID, l)
	must(t, err)
	if d.State != wire.DeviceSuspended {
		t.Errorf("the device is %s", d.State)
	}
	if got := l.alarms(); !slices.Contains(got, "cloned") {
		t.Errorf("alarms: %q", got)
	}
	orders, err := l.client.Orders(ctx, l.ID, lease.Mark{}, l)
	must(t, err)
	if len(orders.Orders) != 1 {
		t.Fatalf("%d orders", len(orders.Orders))
	}
	order, err := lease.VerifyOrder(orders.Orders[0], f.keys())
	must(t, err)
	if order.Kind != lease.OrderSuspend || order.Device != l.ID {
		t.Errorf("order %+v", order)
	}
	_, err = l.client.RenewLease(ctx, l.ID, wire.LeaseRequest{Cache: s.request.Cache, Generation: 1}, l.present())
	refuses(t, "a lease for the copy", err, vault.Suspended)
}
