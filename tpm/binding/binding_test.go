package binding_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm/binding"
)

// vectorKey is the P-256 key of RFC 6979, A.2.5: a public test key.
func vectorKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	d, err := hex.DecodeString("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func serverKey(t testing.TB, key *ecdsa.PrivateKey) binding.ServerKey {
	t.Helper()
	k, err := binding.KeyOf(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// name makes the Name of an NV index out of one byte.
func name(b byte) []byte { return append([]byte{0x00, 0x0b}, bytes.Repeat([]byte{b}, 32)...) }

// id is 16 equal bytes.
func id(b byte) (id [16]byte) {
	for i := range id {
		id[i] = b
	}
	return id
}

// governed are the terms of the vectors in ../FORMAT.md.
func governed(t *testing.T, level binding.Level) binding.Terms {
	terms := binding.Terms{
		Level: level, Governed: true, Key: serverKey(t, vectorKey(t)),
		Device: id(0xd0), Cache: id(0xca), Generation: 7,
	}
	if level == binding.LevelA {
		terms.Counter, terms.PinFail = name(0xc1), name(0xf1)
	}
	return terms
}

func ungoverned() binding.Terms {
	return binding.Terms{
		Level: binding.LevelB, Device: id(0xd0), Cache: id(0xca), Generation: 7,
		Bounds: binding.Bounds{ClockMS: 86_400_000, Resets: 60},
	}
}

func TestLevels(t *testing.T) {
	order := []binding.Level{binding.LevelA, binding.LevelB, binding.LevelB0, binding.LevelC, binding.LevelNone}
	for i, l := range order {
		for j, least := range order {
			if got, want := l.AtLeast(least), i <= j; got != want {
				t.Errorf("%s.AtLeast(%s) = %v, want %v", l, least, got, want)
			}
		}
		if got, err := binding.ParseLevel(string(l)); got != l || err != nil {
			t.Errorf("ParseLevel(%q) = %q, %v", l, got, err)
		}
		if got, want := l.Sealed(), i <= 2; got != want {
			t.Errorf("%s.Sealed() = %v, want %v", l, got, want)
		}
	}
	for _, bad := range []string{"", "a", "B1", " A", "none"} {
		if got, err := binding.ParseLevel(bad); err == nil {
			t.Errorf("ParseLevel(%q) = %q, want an error", bad, got)
		}
		if binding.Level(bad).AtLeast(binding.LevelNone) || binding.LevelA.AtLeast(binding.Level(bad)) {
			t.Errorf("unknown level %q is comparable", bad)
		}
	}
}

func TestKeyForms(t *testing.T) {
	k := serverKey(t, newKey(t))
	text, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	var back binding.ServerKey
	if err := json.Unmarshal(text, &back); err != nil || back != k {
		t.Errorf("json round trip of %s: %v", text, err)
	}
	if back, err = binding.ParseKey(k.Public()); err != nil || back != k {
		t.Errorf("ParseKey(Public()): %v", err)
	}
	if len(k.Public()) != 86 || len(k.Name()) != binding.NameSize {
		t.Errorf("sizes: public %d, name %d", len(k.Public()), len(k.Name()))
	}
	pub, err := k.ECDSA()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := binding.KeyOf(pub); err != nil || again != k {
		t.Errorf("KeyOf(ECDSA()): %v", err)
	}
	var none binding.ServerKey
	if text, err := none.MarshalText(); len(text) != 0 || err != nil || !none.IsZero() {
		t.Errorf("zero key: %q, %v", text, err)
	}
}

// A change of any byte is another key or none: what is read is written back
// as it was, or refused.
func TestKeyIsStrict(t *testing.T) {
	public := serverKey(t, newKey(t)).Public()
	for i := range public {
		for _, bit := range []byte{1, 0x80} {
			changed := bytes.Clone(public)
			changed[i] ^= bit
			if k, err := binding.ParseKey(changed); err == nil {
				t.Errorf("byte %d changed: accepted as %x", i, k.Public())
			}
		}
	}
	for _, bad := range [][]byte{nil, public[:85], append(bytes.Clone(public), 0)} {
		if _, err := binding.ParseKey(bad); err == nil {
			t.Errorf("%d bytes accepted", len(bad))
		}
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := binding.KeyOf(&p384.PublicKey); err == nil {
		t.Error("a key on P-384 was accepted")
	}
	if _, err := binding.KeyOf(nil); err == nil {
		t.Error("no key was accepted")
	}
}

// No field may be left out of the digests: each of these differs from the rest.
func TestEveryFieldCounts(t *testing.T) {
	key := serverKey(t, newKey(t))
	change := map[string]func(*binding.Terms){
		"nothing":    func(*binding.Terms) {},
		"key":        func(t *binding.Terms) { t.Key = key },
		"device":     func(t *binding.Terms) { t.Device[15]++ },
		"cache":      func(t *binding.Terms) { t.Cache[0]++ },
		"swapped":    func(t *binding.Terms) { t.Device, t.Cache = t.Cache, t.Device },
		"generation": func(t *binding.Terms) { t.Generation++ },
		"pin":        func(t *binding.Terms) { t.PinFail = name(0xf2) },
		"pass":       func(t *binding.Terms) { t.PinPass = name(0xf3) },
	}
	seen := map[[32]byte]string{}
	for what, f := range change {
		terms := governed(t, binding.LevelA)
		f(&terms)
		digest, err := terms.AuthPolicy()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if other, ok := seen[digest]; ok {
			t.Errorf("same authPolicy for %q and %q", what, other)
		}
		seen[digest] = what
	}
	b := binding.Bounds{ClockMS: 1000, Resets: 5}
	approved := map[[32]byte]string{}
	for what, f := range map[string]func(*binding.Terms, *binding.Bounds){
		"nothing":    func(*binding.Terms, *binding.Bounds) {},
		"counter":    func(t *binding.Terms, _ *binding.Bounds) { t.Counter = name(0xc2) },
		"generation": func(t *binding.Terms, _ *binding.Bounds) { t.Generation++ },
		"clock":      func(_ *binding.Terms, b *binding.Bounds) { b.ClockMS++ },
		"resets":     func(_ *binding.Terms, b *binding.Bounds) { b.Resets++ },
	} {
		terms, bounds := governed(t, binding.LevelA), b
		f(&terms, &bounds)
		digest, err := terms.Approved(bounds)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if other, ok := approved[digest]; ok {
			t.Errorf("same approved policy for %q and %q", what, other)
		}
		approved[digest] = what
	}
}

func TestTermsRefused(t *testing.T) {
	for what, f := range map[string]func(*binding.Terms){
		"level C":                func(t *binding.Terms) { t.Level = binding.LevelC },
		"no level":               func(t *binding.Terms) { t.Level = "" },
		"generation 0":           func(t *binding.Terms) { t.Generation = 0 },
		"no key":                 func(t *binding.Terms) { t.Key = binding.ServerKey{} },
		"bounds in the object":   func(t *binding.Terms) { t.Bounds = binding.Bounds{ClockMS: 1, Resets: 1} },
		"level A without names":  func(t *binding.Terms) { t.Level = binding.LevelA },
		"names at level B":       func(t *binding.Terms) { t.Counter = name(1) },
		"key, but not governed":  func(t *binding.Terms) { t.Governed = false },
		"half a Name at level A": func(t *binding.Terms) { t.Level, t.Counter, t.PinFail = binding.LevelA, name(1), name(2)[:33] },
	} {
		terms := governed(t, binding.LevelB)
		f(&terms)
		if _, err := terms.AuthPolicy(); err == nil {
			t.Errorf("%s: AuthPolicy gave a digest", what)
		}
		if _, err := terms.Approved(binding.Bounds{ClockMS: 1, Resets: 1}); err == nil {
			t.Errorf("%s: Approved gave a digest", what)
		}
	}
	for what, f := range map[string]func(*binding.Terms){
		"no clock":  func(t *binding.Terms) { t.Bounds.ClockMS = 0 },
		"no resets": func(t *binding.Terms) { t.Bounds.Resets = 0 },
		"level A":   func(t *binding.Terms) { t.Level, t.Counter, t.PinFail = binding.LevelA, name(1), name(2) },
	} {
		terms := ungoverned()
		f(&terms)
		if _, err := terms.AuthPolicy(); err == nil {
			t.Errorf("ungoverned, %s: AuthPolicy gave a digest", what)
		}
	}
	if _, err := ungoverned().Approved(binding.Bounds{ClockMS: 1, Resets: 1}); err == nil {
		t.Error("ungoverned terms can be approved")
	}
}

func TestApproval(t *testing.T) {
	key, terms := vectorKey(t), governed(t, binding.LevelB)
	good, err := binding.Approve(key, terms, binding.Bounds{ClockMS: 1000, Resets: 5})
	if err != nil {
		t.Fatal(err)
	}
	if err := good.Verify(terms); err != nil {
		t.Errorf("a good approval: %v", err)
	}
	foreign := newKey(t)
	forgedTerms := terms
	forgedTerms.Key = serverKey(t, foreign)
	forged, err := binding.Approve(foreign, forgedTerms, good.Bounds)
	if err != nil {
		t.Fatal(err)
	}
	next := terms
	next.Generation++
	nextApproval, err := binding.Approve(key, next, good.Bounds)
	if err != nil {
		t.Fatal(err)
	}
	for what, a := range map[string]binding.Approval{
		"longer bounds":      {Bounds: binding.Bounds{ClockMS: 2000, Resets: 5}, Digest: good.Digest, Signature: good.Signature},
		"flipped signature":  {Bounds: good.Bounds, Digest: good.Digest, Signature: flip(good.Signature, 40)},
		"short signature":    {Bounds: good.Bounds, Digest: good.Digest, Signature: good.Signature[:63]},
		"no signature":       {Bounds: good.Bounds, Digest: good.Digest},
		"signature of zeros": {Bounds: good.Bounds, Digest: good.Digest, Signature: make([]byte, 64)},
		"another key":        forged,
		"another generation": nextApproval,
	} {
		if err := a.Verify(terms); !errors.Is(err, binding.ErrTampered) {
			t.Errorf("%s: %v, want ErrTampered", what, err)
		}
	}
	if _, err := binding.Approve(foreign, terms, good.Bounds); err == nil {
		t.Error("a key that is not in the terms approved them")
	}
	if _, err := binding.Approve(key, terms, binding.Bounds{}); err == nil {
		t.Error("empty bounds were approved")
	}
	if _, err := binding.Approve(nil, terms, good.Bounds); err == nil {
		t.Error("no key approved")
	}
}

func TestSealedUseDoesNotPrint(t *testing.T) {
	use := binding.SealedUse{Auth: []byte("made-from-the-password")}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(verb, use); got != "[sealed use]" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func flip(b []byte, i int) []byte {
	b = bytes.Clone(b)
	b[i] ^= 1
	return b
}

// The vectors of ../FORMAT.md. Package tpm compares the same formulas with a
// TPM; this test keeps the bytes from ever changing.
func TestVectors(t *testing.T) {
	hexOf := func(d [32]byte, err error) string {
		if err != nil {
			t.Error(err)
		}
		return hex.EncodeToString(d[:])
	}
	b := binding.Bounds{ClockMS: 86_400_000, Resets: 60}
	levelB, levelA := governed(t, binding.LevelB), governed(t, binding.LevelA)
	withPass := levelA
	withPass.PinPass = name(0xf2)
	got := map[string]string{
		"key.public":             hex.EncodeToString(levelB.Key.Public()),
		"key.name":               hex.EncodeToString(levelB.Key.Name()),
		"lease_ref":              hexOf(levelB.LeaseRef(), nil),
		"use_ref":                hexOf(levelB.UseRef(), nil),
		"auth_policy.B":          hexOf(levelB.AuthPolicy()),
		"auth_policy.A":          hexOf(levelA.AuthPolicy()),
		"auth_policy.A.budget":   hexOf(withPass.AuthPolicy()),
		"auth_policy.ungoverned": hexOf(ungoverned().AuthPolicy()),
		"approved.B":             hexOf(levelB.Approved(b)),
		"approved.A":             hexOf(levelA.Approved(b)),
	}
	maps.Copy(got, indexVectors(t))
	if diff := cmp.Diff(vectors, got); diff != "" {
		t.Errorf("vectors (-want +got):\n%s", diff)
	}
	format, err := os.ReadFile("../FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range vectors {
		if !bytes.Contains(format, []byte("| "+name+" | `"+value+"`")) {
			t.Errorf("FORMAT.md has another %s", name)
		}
	}
}
