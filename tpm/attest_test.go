package tpm_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

// What a server makes of a chip's statements is tested in package attest; here
// is what a chip of another machine, a changed blob and a closed hierarchy do.

// challenge makes a secret that only the chip with ek and ak can read, as
// MakeCredential does.
func challenge(t testing.TB, ek tpm.Endorsement, ak tpm.AttestationKey, secret []byte) tpm.Activation {
	t.Helper()
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic](ek.Public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := tpm2.ImportEncapsulationKey(public)
	if err != nil {
		t.Fatal(err)
	}
	credential, wrapped, err := tpm2.CreateCredential(rand.Reader, key, nameOf(t, ak.Public), secret)
	if err != nil {
		t.Fatal(err)
	}
	return tpm.Activation{Key: ak.Blob, Endorsement: ek.Public, Credential: credential, Secret: wrapped}
}

func nameOf(t testing.TB, public []byte) []byte {
	t.Helper()
	p, err := tpm2.Unmarshal[tpm2.TPMTPublic](public)
	if err != nil {
		t.Fatal(err)
	}
	name, err := tpm2.ObjectName(p)
	if err != nil {
		t.Fatal(err)
	}
	return name.Buffer
}

func attester(t testing.TB, chip *tpm.Chip) (tpm.Endorsement, tpm.AttestationKey) {
	t.Helper()
	ek, err := chip.Endorsement(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ak, err := chip.NewAttestationKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return ek, ak
}

// closeEndorsement gives the endorsement hierarchy a password, as an
// administrator may.
func closeEndorsement(t testing.TB, m *tpmtest.Machine) {
	t.Helper()
	change := tpm2.HierarchyChangeAuth{
		AuthHandle: tpm2.AuthHandle{Handle: tpm2.TPMRHEndorsement, Auth: tpm2.PasswordAuth(nil)},
		NewAuth:    tpm2.TPM2BAuth{Buffer: []byte("closed")},
	}
	chip := rawTPM(t, m)
	defer chip.close()
	if _, err := change.Execute(chip); err != nil {
		t.Fatal(err)
	}
}

func TestActivate(t *testing.T) {
	m := tpmtest.Start(t)
	chip := m.Open(t)
	ek, ak := attester(t, chip)
	if len(ek.Certificates) != 0 {
		t.Errorf("a chip without certificates gave %d", len(ek.Certificates))
	}
	secret := bytes.Repeat([]byte{7}, 32)
	good := challenge(t, ek, ak, secret)
	got, err := chip.Activate(t.Context(), good)
	if err != nil || !bytes.Equal(got, secret) {
		t.Fatalf("activate: %x, %v", got, err)
	}
	m.Reboot()
	if got, err := chip.Activate(t.Context(), good); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("after a reboot: %x, %v", got, err)
	}

	_, other := attester(t, chip)
	if bytes.Equal(other.Public, ak.Public) {
		t.Error("two attestation keys of one chip are the same")
	}
	swapped := good
	swapped.Key = other.Blob
	_, err = chip.Activate(t.Context(), swapped)
	wants(t, "with another key of the chip", err, binding.ErrOtherMachine)

	stranger := tpmtest.Start(t)
	_, err = stranger.Open(t).Activate(t.Context(), good)
	wants(t, "on another chip", err, binding.ErrOtherMachine)

	for name, change := range map[string]func(*tpm.Activation){
		"short secret":     func(a *tpm.Activation) { a.Secret = a.Secret[:len(a.Secret)-1] },
		"empty secret":     func(a *tpm.Activation) { a.Secret = nil },
		"empty credential": func(a *tpm.Activation) { a.Credential = nil },
		"long credential":  func(a *tpm.Activation) { a.Credential = make([]byte, 4000) },
		"no key":           func(a *tpm.Activation) { a.Key = nil },
		"key and more":     func(a *tpm.Activation) { a.Key = append(bytes.Clone(a.Key), 0) },
		"no endorsement":   func(a *tpm.Activation) { a.Endorsement = nil },
		"AK as EK":         func(a *tpm.Activation) { a.Endorsement = ak.Public },
	} {
		a := good
		change(&a)
		_, err := chip.Activate(t.Context(), a)
		wants(t, name, err, binding.ErrTampered)
	}
	own, _ := attester(t, stranger.Open(t))
	foreign := challenge(t, own, ak, secret)
	foreign.Endorsement = ek.Public
	_, err = chip.Activate(t.Context(), foreign)
	wants(t, "made for another endorsement key", err, binding.ErrOtherMachine)
	foreign.Endorsement = own.Public
	_, err = chip.Activate(t.Context(), foreign)
	wants(t, "that names another endorsement key", err, binding.ErrOtherMachine)
	nothingLoaded(t, m)
	nothingLoaded(t, stranger)
}

// TestActivationOnTheBus: whoever listens does not learn the secret, and what
// he changes is noticed.
func TestActivationOnTheBus(t *testing.T) {
	m := tpmtest.Start(t)
	bus := newProxy(t, m)
	chip := open(t, bus.spec)
	ek, ak := attester(t, chip)
	secret := []byte("what only this chip shall ever read"[:32])
	a := challenge(t, ek, ak, secret)
	bus.on(nil, nil)
	if got, err := chip.Activate(t.Context(), a); err != nil || !bytes.Equal(got, secret) {
		t.Fatalf("activate: %x, %v", got, err)
	}
	if bus.count(tpm2.TPMCCActivateCredential) != 1 {
		t.Error("no TPM2_ActivateCredential was seen")
	}
	for i, frame := range bus.seen() {
		if bytes.Contains(frame, secret) {
			t.Errorf("frame %d has the secret in clear", i)
		}
	}
	bus.on(nil, func(cc tpm2.TPMCC, answer []byte) []byte {
		if cc == tpm2.TPMCCActivateCredential {
			answer[20] ^= 1 // within the secret
		}
		return answer
	})
	_, err := chip.Activate(t.Context(), a)
	wants(t, "a changed answer", err, binding.ErrUnavailable)
	bus.on(nil, nil)
	nothingLoaded(t, m)
}

func TestClosedEndorsement(t *testing.T) {
	m := tpmtest.Start(t)
	chip := m.Open(t)
	ek, before := attester(t, chip)
	secret := bytes.Repeat([]byte{7}, 32)
	closeEndorsement(t, m)

	closed := func(what string, err error) {
		t.Helper()
		wants(t, what, err, binding.ErrUnavailable)
		if !errors.Is(err, tpm.ErrEndorsement) {
			t.Errorf("%s: %v, want ErrEndorsement", what, err)
		}
	}
	_, err := chip.Endorsement(t.Context())
	closed("endorsement", err)
	_, err = chip.Present(t.Context(), before.Blob, [32]byte{1})
	closed("present with an endorsed key", err)

	// A key under the storage root is made instead, and signs.
	owned, err := chip.NewAttestationKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chip.Present(t.Context(), owned.Blob, [32]byte{1}); err != nil {
		t.Error(err)
	}
	_, err = chip.Activate(t.Context(), challenge(t, ek, owned, secret))
	closed("activate", err)
	nothingLoaded(t, m)
}

func TestCertifyNeedsItsOwnCreation(t *testing.T) {
	m := tpmtest.Start(t)
	chip := m.Open(t)
	_, ak := attester(t, chip)
	blob, _, made, err := chip.NewSigningKeyForProof(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	otherBlob, _, otherMade, err := chip.NewSigningKeyForProof(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	with := tpm.Certifying{Key: ak.Blob, Creation: made, Qualifying: [32]byte{1}}
	if _, err := chip.CertifySigningKey(t.Context(), blob, with); err != nil {
		t.Fatal(err)
	}
	m.Reboot()
	if _, err := chip.CertifySigningKey(t.Context(), blob, with); err != nil {
		t.Errorf("after a reboot: %v", err)
	}
	_, err = chip.CertifySigningKey(t.Context(), otherBlob, with)
	wants(t, "creation of another key", err, binding.ErrTampered)
	mixed := with
	mixed.Creation.Ticket = otherMade.Ticket
	_, err = chip.CertifySigningKey(t.Context(), blob, mixed)
	wants(t, "ticket of another key", err, binding.ErrTampered)
	mixed.Creation.Ticket = mixed.Creation.Ticket[:10]
	_, err = chip.CertifySigningKey(t.Context(), blob, mixed)
	wants(t, "short ticket", err, binding.ErrTampered)

	_, err = tpmtest.Start(t).Open(t).CertifySigningKey(t.Context(), blob, with)
	wants(t, "on another chip", err, binding.ErrOtherMachine)

	// A key under the root needs three places in the chip, and there are three.
	closeEndorsement(t, m)
	owned, err := chip.NewAttestationKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	with.Key = owned.Blob
	if _, err := chip.CertifySigningKey(t.Context(), blob, with); err != nil {
		t.Errorf("with a key under the root: %v", err)
	}
	nothingLoaded(t, m)
}

func BenchmarkPresent(b *testing.B) {
	chip := tpmtest.Start(b).Open(b)
	_, ak := attester(b, chip)
	for b.Loop() {
		if _, err := chip.Present(b.Context(), ak.Blob, [32]byte{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkActivate(b *testing.B) {
	chip := tpmtest.Start(b).Open(b)
	ek, ak := attester(b, chip)
	a := challenge(b, ek, ak, make([]byte, 32))
	for b.Loop() {
		if _, err := chip.Activate(b.Context(), a); err != nil {
			b.Fatal(err)
		}
	}
}
