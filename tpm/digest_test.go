package tpm_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/google/go-tpm/tpm2"

	"github.com/tideover/tideover/tpm/binding"
)

// counterTimer is PolicyCounterTimer for go-tpm's calculator, which lacks it:
// the formula of Part 3, 23.10, written a second time.
type counterTimer struct {
	operand []byte
	offset  uint16
}

func (c counterTimer) Update(p *tpm2.PolicyCalculator) error {
	args := append([]byte{}, c.operand...)
	args = binary.BigEndian.AppendUint16(args, c.offset)
	args = binary.BigEndian.AppendUint16(args, uint16(tpm2.TPMEOUnsignedLT))
	sum := sha256.Sum256(args)
	return p.Update(tpm2.TPMCC(0x16d), sum[:])
}

// calculate is go-tpm's opinion.
func calculate(t *testing.T, commands ...tpm2.PolicyCommand) []byte {
	t.Helper()
	p, err := tpm2.NewPolicyCalculator(tpm2.TPMAlgSHA256)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commands {
		if err := c.Update(p); err != nil {
			t.Fatal(err)
		}
	}
	return p.Hash().Digest
}

// The digests of package binding are made by hand; go-tpm must agree, level A
// included. That a TPM agrees is proven by every unsealing in this package.
func TestDigestsAgreeWithGoTPM(t *testing.T) {
	indexName := func(b byte) []byte { return append([]byte{0, 0x0b}, bytes.Repeat([]byte{b}, 32)...) }
	key := keyOf(t, newKey(t))
	bounds := binding.Bounds{ClockMS: 604_800_000, Resets: 60}
	timers := []tpm2.PolicyCommand{
		counterTimer{bounds.ClockOperand(), 8}, counterTimer{bounds.ResetsOperand(), 16},
	}
	unseal := tpm2.PolicyCommandCode{Code: tpm2.TPMCCUnseal}
	governed := binding.Terms{
		Level: binding.LevelB, Governed: true, Key: key, Device: [16]byte{1}, Cache: [16]byte{2}, Generation: 1 << 40,
	}
	lease, use := governed.LeaseRef(), governed.UseRef()
	authorize := tpm2.PolicyAuthorize{KeySign: tpm2.TPM2BName{Buffer: key.Name()}, PolicyRef: tpm2.TPM2BDigest{Buffer: lease[:]}}
	secretOf := func(b byte) tpm2.PolicySecret {
		return tpm2.PolicySecret{
			AuthHandle: tpm2.NamedHandle{Name: tpm2.TPM2BName{Buffer: indexName(b)}}, PolicyRef: tpm2.TPM2BNonce{Buffer: use[:]},
		}
	}
	levelA := governed
	levelA.Level, levelA.Counter, levelA.PinFail = binding.LevelA, indexName(1), indexName(2)
	budget := levelA
	budget.PinPass = indexName(3)
	ungoverned := governed
	ungoverned.Governed, ungoverned.Key, ungoverned.Bounds = false, binding.ServerKey{}, bounds
	levelB0 := governed
	levelB0.Level = binding.LevelB0

	for _, c := range []struct {
		name string
		got  func() ([32]byte, error)
		want []byte
	}{
		{"B", governed.AuthPolicy, calculate(t, authorize, unseal, tpm2.PolicyAuthValue{})},
		{"B0", levelB0.AuthPolicy, calculate(t, authorize, unseal, tpm2.PolicyAuthValue{})},
		{"A", levelA.AuthPolicy, calculate(t, authorize, unseal, secretOf(2))},
		{"A with budget", budget.AuthPolicy, calculate(t, authorize, unseal, secretOf(2), secretOf(3))},
		{"ungoverned", ungoverned.AuthPolicy, calculate(t, timers[0], timers[1], unseal, tpm2.PolicyAuthValue{})},
		{"approved B", func() ([32]byte, error) { return governed.Approved(bounds) }, calculate(t, timers...)},
		{"approved A", func() ([32]byte, error) { return levelA.Approved(bounds) }, calculate(t, append([]tpm2.PolicyCommand{
			tpm2.PolicyNV{
				NVIndex: tpm2.NamedHandle{Name: tpm2.TPM2BName{Buffer: indexName(1)}}, Operation: tpm2.TPMEOEq,
				OperandB: tpm2.TPM2BOperand{Buffer: binary.BigEndian.AppendUint64(nil, governed.Generation)},
			},
		}, timers...)...)},
	} {
		got, err := c.got()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if !bytes.Equal(got[:], c.want) {
			t.Errorf("%s: got %x, go-tpm says %x", c.name, got, c.want)
		}
	}
}

// go-tpm reads the server key's public area as what it is meant to be, and
// gives it the same Name.
func TestServerKeyAgreesWithGoTPM(t *testing.T) {
	private := newKey(t)
	key := keyOf(t, private)
	public, err := tpm2.Unmarshal[tpm2.TPMTPublic](key.Public())
	if err != nil {
		t.Fatal(err)
	}
	if want := (tpm2.TPMAObject{SignEncrypt: true, UserWithAuth: true}); public.ObjectAttributes != want {
		t.Errorf("attributes: got %+v, want %+v", public.ObjectAttributes, want)
	}
	parms, err := public.Parameters.ECCDetail()
	if err != nil {
		t.Fatal(err)
	}
	point, err := public.Unique.ECC()
	if err != nil {
		t.Fatal(err)
	}
	pub, err := tpm2.ECDSAPub(parms, point)
	if err != nil || !pub.Equal(&private.PublicKey) {
		t.Errorf("point: %v, %v", pub, err)
	}
	if again := tpm2.Marshal(public); !bytes.Equal(again, key.Public()) {
		t.Errorf("go-tpm writes %x, we write %x", again, key.Public())
	}
	name, err := tpm2.ObjectName(public)
	if err != nil || !bytes.Equal(name.Buffer, key.Name()) {
		t.Errorf("Name: go-tpm %x, ours %x, %v", name.Buffer, key.Name(), err)
	}
}
