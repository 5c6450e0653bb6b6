package tpm_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"math/big"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/tpm/tpmtest"
)

func TestProtect(t *testing.T) {
	m := tpmtest.Start(t)
	chip := m.Open(t)
	for _, n := range []int{0, 1, 128, 129, 100_000} {
		want := bytes.Repeat([]byte{0x5a}, n)
		blob, err := chip.Protect(t.Context(), want)
		if err != nil {
			t.Errorf("%d bytes: %v", n, err)
			continue
		}
		got, err := m.Open(t).Unprotect(t.Context(), blob)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", n, len(got), err)
		}
		again, err := chip.Protect(t.Context(), want)
		if err != nil || bytes.Equal(again, blob) {
			t.Errorf("%d bytes: the same blob twice, %v", n, err)
		}
	}
	nothingLoaded(t, m)
}

func TestUnprotectRefuses(t *testing.T) {
	m := tpmtest.Start(t)
	chip := m.Open(t)
	blob, err := chip.Protect(t.Context(), []byte("token"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = tpmtest.Start(t).Open(t).Unprotect(t.Context(), blob)
	wants(t, "another machine", err, binding.ErrOtherMachine)
	for i := range blob {
		got, err := chip.Unprotect(t.Context(), flip(blob, i))
		wants(t, "flipped", err, flipped(i))
		if got != nil {
			t.Errorf("byte %d flipped: got %q", i, got)
		}
	}
	for n := range blob {
		_, err := chip.Unprotect(t.Context(), blob[:n])
		wants(t, "cut", err, binding.ErrTampered)
	}
	_, err = chip.Unprotect(t.Context(), append(bytes.Clone(blob), 0))
	wants(t, "longer", err, binding.ErrTampered)
	nothingLoaded(t, m)
}

// flipped is the answer to a blob with byte i changed: one that names another
// root is another machine's, anything else is damage.
func flipped(i int) error {
	if i >= 8 && i < 8+binding.NameSize {
		return binding.ErrOtherMachine
	}
	return binding.ErrTampered
}

// A file of another machine pins the chip to a root that it does not have;
// what belongs to this machine goes on working, so that one can sign in.
func TestPinToForeignRootLeavesLocalSecretsAlone(t *testing.T) {
	m := tpmtest.Start(t)
	chip := m.Open(t)
	before := rootName(t, chip)
	blob, err := chip.Protect(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := chip.NewSigningKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := chip.Pin(rootName(t, tpmtest.Start(t).Open(t))); err != nil {
		t.Fatal(err)
	}
	if got, err := chip.Unprotect(t.Context(), blob); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("unprotect: %q, %v", got, err)
	}
	if _, err := chip.Sign(t.Context(), key, [32]byte{1}); err != nil {
		t.Errorf("sign: %v", err)
	}
	if _, err := chip.Protect(t.Context(), secret); err != nil {
		t.Errorf("protect: %v", err)
	}
	if after := rootName(t, chip); !bytes.Equal(after, before) {
		t.Errorf("root: before %x, after %x", before, after)
	}
}

// The root that a blob was made under is found again after the system has
// provisioned another one.
func TestLocalSecretsSurviveProvisioning(t *testing.T) {
	m := tpmtest.Start(t)
	blob, err := m.Open(t).Protect(t.Context(), secret)
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := m.Open(t).NewSigningKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	provision(t, m, tpm2.RSASRKTemplate)
	chip := m.Open(t)
	if got, err := chip.Unprotect(t.Context(), blob); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("unprotect: %q, %v", got, err)
	}
	if _, err := chip.Sign(t.Context(), key, [32]byte{1}); err != nil {
		t.Errorf("sign: %v", err)
	}
	nothingLoaded(t, m)
}

func TestSigningKey(t *testing.T) {
	m := tpmtest.Start(t)
	chip := m.Open(t)
	blob, pub, err := chip.NewSigningKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if pub.Curve != elliptic.P256() {
		t.Errorf("curve %s", pub.Curve.Params().Name)
	}
	digest := sha256.Sum256([]byte("a request"))
	m.Reboot()
	// Short r or s happen once in 128 signatures; they must keep their places.
	for range 300 {
		sig, err := chip.Sign(t.Context(), blob, digest)
		if err != nil || len(sig) != 64 {
			t.Fatalf("%d bytes, %v", len(sig), err)
		}
		if !ecdsa.Verify(pub, digest[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
			t.Fatalf("signature %x does not verify", sig)
		}
	}
	_, other, err := chip.NewSigningKey(t.Context())
	if err != nil || other.Equal(pub) {
		t.Errorf("a second key is the same: %v", err)
	}
	nothingLoaded(t, m)
}

func TestSignRefuses(t *testing.T) {
	m := tpmtest.Start(t)
	chip := m.Open(t)
	blob, _, err := chip.NewSigningKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	protected, err := chip.Protect(t.Context(), []byte("token"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = tpmtest.Start(t).Open(t).Sign(t.Context(), blob, [32]byte{1})
	wants(t, "another machine", err, binding.ErrOtherMachine)
	for i := range blob {
		_, err := chip.Sign(t.Context(), flip(blob, i), [32]byte{1})
		wants(t, "flipped", err, flipped(i))
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "longer": append(bytes.Clone(blob), 0), "cut": blob[:len(blob)-1],
		"a protected secret": protected, "one with the key's mark": append(bytes.Clone(blob[:8]), protected[8:]...),
	} {
		_, err := chip.Sign(t.Context(), bad, [32]byte{1})
		wants(t, name, err, binding.ErrTampered)
	}
	nothingLoaded(t, m)
}

// A sealed object of a cache must not come out as a protected secret, nor the
// other way round.
func TestKindsAreNotMixed(t *testing.T) {
	s := seal(t, binding.LevelB0)
	protected, err := s.chip.Protect(t.Context(), []byte("token"))
	if err != nil {
		t.Fatal(err)
	}
	const head = 8 + binding.NameSize
	as := bytes.Clone(protected[:head])
	as = append(as, 0, byte(len(s.use.Object.Public)))
	as = append(as, s.use.Object.Public...)
	as = append(as, 0, byte(len(s.use.Object.Private)))
	as = append(as, s.use.Object.Private...)
	_, err = s.chip.Unprotect(t.Context(), append(as, make([]byte, 16)...))
	wants(t, "a cache's object as a protected secret", err, binding.ErrTampered)
	public, n := protected[head+2:], int(protected[head+1])
	s.use.Object.Public = public[:n]
	s.use.Object.Private = public[n+2 : n+2+int(public[n+1])]
	s.refused(binding.ErrTampered)
}
