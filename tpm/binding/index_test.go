package binding_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm/binding"
)

// indices are the NV indices of the vectors in ../FORMAT.md.
func indices(t testing.TB) binding.Indices {
	return binding.Indices{
		Key: serverKey(t, vectorKey(t)), Device: id(0xd0), Cache: id(0xca),
		Counter: 0x01800700, PinFail: 0x01800701, PinPass: 0x01800702,
	}
}

// firstWrite is a request for the first write of PIN_FAIL.
func firstWrite(t testing.TB) binding.PermitRequest {
	return binding.PermitRequest{
		Indices: indices(t), Index: binding.PinFail, Kind: binding.PermitFirstWrite,
		Nonce: bytes.Repeat([]byte{0x5a}, 16), Limit: 10,
	}
}

// Whatever an index depends on changes its Name.
func TestIndexNames(t *testing.T) {
	seen := map[string]string{}
	note := func(what string, name []byte) {
		t.Helper()
		if len(name) != binding.NameSize {
			t.Errorf("%s: Name of %d bytes", what, len(name))
		}
		if other, ok := seen[string(name)]; ok {
			t.Errorf("same Name for %s and %s", what, other)
		}
		seen[string(name)] = what
	}
	x := indices(t)
	for _, k := range x.Kinds() {
		for _, written := range []bool{false, true} {
			note(fmt.Sprintf("%s, written %v", k, written), x.Name(k, written))
		}
	}
	other := serverKey(t, newKey(t))
	for what, f := range map[string]func(*binding.Indices){
		"key":    func(x *binding.Indices) { x.Key = other },
		"device": func(x *binding.Indices) { x.Device[3]++ },
		"cache":  func(x *binding.Indices) { x.Cache[3]++ },
		"handle": func(x *binding.Indices) { x.PinFail, x.PinPass = 0x01800801, 0x01800802 },
	} {
		changed := x
		f(&changed)
		note("pin_fail, "+what, changed.Name(binding.PinFail, true))
		note("pin_pass, "+what, changed.Name(binding.PinPass, true))
	}
	x.PinPass = 0
	if x.Name(binding.PinPass, true) != nil || x.Public("else", true) != nil || x.Terms(7).PinPass != nil {
		t.Error("an index that is not there has a Name")
	}
	if err := x.Terms(7).Validate(); err != nil {
		t.Error(err)
	}
}

func TestIndicesRefused(t *testing.T) {
	for what, f := range map[string]func(*binding.Indices){
		"no key":                func(x *binding.Indices) { x.Key = binding.ServerKey{} },
		"no counter":            func(x *binding.Indices) { x.Counter = 0 },
		"no pin_fail":           func(x *binding.Indices) { x.PinFail = 0 },
		"below our range":       func(x *binding.Indices) { x.Counter = 0x018005ff },
		"above our range":       func(x *binding.Indices) { x.PinPass = 0x01c00000 },
		"one handle, two kinds": func(x *binding.Indices) { x.PinPass = x.Counter },
	} {
		x := indices(t)
		f(&x)
		if err := x.Validate(); err == nil {
			t.Errorf("%s passes", what)
		}
	}
	if err := indices(t).Validate(); err != nil {
		t.Error(err)
	}
}

func TestSlotsKeepTheirValuesToThemselves(t *testing.T) {
	s := binding.Slots{Indices: indices(t), CounterAuth: []byte("COUNTERVALUE"), PinPassAuth: []byte("OPENSVALUE")}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if got := fmt.Sprintf(verb, s); got != "[slots 0x1800700 0x1800701 0x1800702]" {
			t.Errorf("%s prints %q", verb, got)
		}
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back binding.Slots
	if err := json.Unmarshal(text, &back); err != nil || !cmp.Equal(s, back, cmp.AllowUnexported(binding.ServerKey{})) {
		t.Errorf("from %s: %v", text, err)
	}
}

func TestPermitsRefused(t *testing.T) {
	for what, f := range map[string]func(*binding.PermitRequest){
		"no nonce":                    func(r *binding.PermitRequest) { r.Nonce = nil },
		"nonce of 15 bytes":           func(r *binding.PermitRequest) { r.Nonce = r.Nonce[1:] },
		"nonce that holds more":       func(r *binding.PermitRequest) { r.Nonce = append(bytes.Clone(r.Nonce), make([]byte, 36)...) },
		"the counter":                 func(r *binding.PermitRequest) { r.Index = binding.Counter },
		"an index that is not there":  func(r *binding.PermitRequest) { r.Index, r.Indices.PinPass = binding.PinPass, 0 },
		"no tries":                    func(r *binding.PermitRequest) { r.Limit = 0 },
		"too many tries":              func(r *binding.PermitRequest) { r.Limit = binding.MaxTries + 1 },
		"tries with a count":          func(r *binding.PermitRequest) { r.Kind, r.Count = binding.PermitRewrite, 1 },
		"first budget with a count":   func(r *binding.PermitRequest) { r.Index, r.Count = binding.PinPass, 1 },
		"budget that is used up":      func(r *binding.PermitRequest) { r.Index, r.Kind, r.Count = binding.PinPass, binding.PermitRewrite, 10 },
		"budget without end":          func(r *binding.PermitRequest) { r.Index, r.Limit = binding.PinPass, binding.MaxBudget+1 },
		"rekey of pin_pass":           func(r *binding.PermitRequest) { r.Index, r.Kind, r.Limit = binding.PinPass, binding.PermitRekey, 0 },
		"rekey that writes":           func(r *binding.PermitRequest) { r.Kind = binding.PermitRekey },
		"unknown kind":                func(r *binding.PermitRequest) { r.Kind = "read" },
		"indices that are no indices": func(r *binding.PermitRequest) { r.Indices.Counter = 1 },
	} {
		r := firstWrite(t)
		f(&r)
		if _, err := binding.Permit(vectorKey(t), r); err == nil {
			t.Errorf("%s was signed", what)
		}
	}
	for what, key := range map[string]*ecdsa.PrivateKey{"another key": newKey(t), "no key": nil} {
		if _, err := binding.Permit(key, firstWrite(t)); err == nil {
			t.Errorf("%s signed", what)
		}
	}
}

// A permit is for one nonce, command, index and value; nothing that a server
// signs for a chip can be read as something else.
func TestEveryFieldOfAPermitCounts(t *testing.T) {
	seen := map[[32]byte]string{}
	for what, f := range map[string]func(*binding.PermitRequest){
		"nothing": func(*binding.PermitRequest) {},
		"nonce":   func(r *binding.PermitRequest) { r.Nonce = bytes.Repeat([]byte{1}, 16) },
		"limit":   func(r *binding.PermitRequest) { r.Limit++ },
		"rewrite": func(r *binding.PermitRequest) { r.Kind = binding.PermitRewrite },
		"opens":   func(r *binding.PermitRequest) { r.Index = binding.PinPass },
		"count":   func(r *binding.PermitRequest) { r.Index, r.Kind, r.Count = binding.PinPass, binding.PermitRewrite, 3 },
		"rekey":   func(r *binding.PermitRequest) { r.Kind, r.Limit = binding.PermitRekey, 0 },
		"device":  func(r *binding.PermitRequest) { r.Indices.Device[0]++ },
		"cache":   func(r *binding.PermitRequest) { r.Indices.Cache[0]++ },
		"handle":  func(r *binding.PermitRequest) { r.Indices.PinFail = 0x01800801 },
	} {
		r := firstWrite(t)
		f(&r)
		message, err := r.Message()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if other, ok := seen[message]; ok {
			t.Errorf("same message for %q and %q", what, other)
		}
		seen[message] = what
	}
}

// reading is a statement on an index as a chip would make it.
func reading(t testing.TB, key *ecdsa.PrivateKey, qualified [32]byte, name []byte, value []byte) binding.Statement {
	t.Helper()
	two := func(b []byte) []byte { return append([]byte{byte(len(b) >> 8), byte(len(b))}, b...) }
	attested := bytes.Join([][]byte{
		{0xff, 0x54, 0x43, 0x47, 0x80, 0x14},
		two(name), two(qualified[:]),
		{0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 3, 1},
		make([]byte, 8), two(name),
		{0, 0},
		two(value),
	}, nil)
	hash := sha256.Sum256(attested)
	r, s, err := ecdsa.Sign(nil, key, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := bytes.Join([][]byte{{0, 0x18, 0, 0x0b}, two(r.Bytes()), two(s.Bytes())}, nil)
	return binding.Statement{Attested: attested, Signature: signature}
}

func TestReading(t *testing.T) {
	key, x := newKey(t), indices(t)
	want := binding.ReadingWant{Key: &key.PublicKey, Qualified: [32]byte{9}, Name: x.Name(binding.PinFail, true)}
	value := []byte{0, 0, 0, 2, 0, 0, 0, 10}
	good := reading(t, key, want.Qualified, want.Name, value)
	got, err := good.Reading(want)
	if err != nil || got.Count() != 2 || got.Limit() != 10 || got.Clock != (binding.Clock{MS: 256, Resets: 2, Restarts: 3, Safe: true}) {
		t.Errorf("%+v, %v", got, err)
	}
	for range 300 { // short r or s happen once in 128 signatures
		if _, err := reading(t, key, want.Qualified, want.Name, value).Reading(want); err != nil {
			t.Fatal(err)
		}
	}
	for what, s := range map[string]binding.Statement{
		"nothing":              {},
		"another key":          reading(t, newKey(t), want.Qualified, want.Name, value),
		"another nonce":        reading(t, key, [32]byte{8}, want.Name, value),
		"another index":        reading(t, key, want.Qualified, x.Name(binding.PinPass, true), value),
		"an unwritten one":     reading(t, key, want.Qualified, x.Name(binding.PinFail, false), value),
		"half of it":           reading(t, key, want.Qualified, want.Name, value[:4]),
		"more than it":         reading(t, key, want.Qualified, want.Name, append(bytes.Clone(value), 0)),
		"another signature":    {Attested: good.Attested, Signature: flip(good.Signature, 20)},
		"a longer signature":   {Attested: good.Attested, Signature: append(bytes.Clone(good.Signature), 0)},
		"a shorter signature":  {Attested: good.Attested, Signature: good.Signature[:60]},
		"another scheme":       {Attested: good.Attested, Signature: flip(good.Signature, 1)},
		"changed after signed": {Attested: flip(good.Attested, len(good.Attested)-1), Signature: good.Signature},
	} {
		if _, err := s.Reading(want); !errors.Is(err, binding.ErrTampered) {
			t.Errorf("%s: %v, want ErrTampered", what, err)
		}
	}
}

// Whatever is signed, reading it never panics.
func FuzzReading(f *testing.F) {
	key, x := newKey(f), indices(f)
	want := binding.ReadingWant{Key: &key.PublicKey, Name: x.Name(binding.PinFail, true)}
	good := reading(f, key, want.Qualified, want.Name, make([]byte, 8))
	f.Add(good.Attested)
	f.Add(good.Attested[:40])
	f.Fuzz(func(t *testing.T, attested []byte) {
		hash := sha256.Sum256(attested)
		r, s, err := ecdsa.Sign(nil, key, hash[:])
		if err != nil {
			t.Fatal(err)
		}
		rs := append(r.FillBytes(make([]byte, 32)), append([]byte{0, 32}, s.FillBytes(make([]byte, 32))...)...)
		statement := binding.Statement{Attested: attested, Signature: append([]byte{0, 0x18, 0, 0x0b, 0, 32}, rs...)}
		if got, err := statement.Reading(want); err == nil && len(attested) != len(good.Attested) {
			t.Errorf("%x read as %+v", attested, got)
		}
	})
}

func TestNextGeneration(t *testing.T) {
	for _, c := range [][3]uint64{{0, 0, 1}, {7, 7, 8}, {7, 9, 10}, {12, 9, 13}} {
		if got := binding.NextGeneration(c[0], c[1]); got != c[2] {
			t.Errorf("counter %d, sealed %d: got %d", c[0], c[1], got)
		}
	}
}

// Ours are recognised whatever their cache, and nothing that differs in kind.
func TestRecognise(t *testing.T) {
	x := indices(t)
	for _, k := range x.Kinds() {
		for _, written := range []bool{false, true} {
			public := x.Public(k, written)
			want := binding.FoundIndex{Kind: k, Handle: x.Handle(k), Written: written, Name: x.Name(k, written)}
			if got, ours := binding.Recognise(public); !ours || !cmp.Equal(got, want) {
				t.Errorf("%s, written %v: %+v, %v", k, written, got, ours)
			}
			for at := range public {
				got, ours := binding.Recognise(flip(public, at))
				other := at > 0 && at < 4 || at >= 12 && at < len(public)-2 // handle in our range, policy
				if ours != other || ours && (got.Kind != k || bytes.Equal(got.Name, want.Name)) {
					t.Errorf("%s, written %v, byte %d changed: %+v, %v", k, written, at, got, ours)
				}
			}
			for n := range public {
				if got, ours := binding.Recognise(public[:n]); ours {
					t.Errorf("%s cut to %d bytes: %+v", k, n, got)
				}
			}
			if got, ours := binding.Recognise(append(bytes.Clone(public), 0)); ours {
				t.Errorf("%s and a byte: %+v", k, got)
			}
		}
	}
}

// indexVectors are what the vectors of ../FORMAT.md say of indices and permits.
func indexVectors(t testing.TB) map[string]string {
	x, r := indices(t), firstWrite(t)
	message := func(r binding.PermitRequest) string {
		m, err := r.Message()
		if err != nil {
			t.Error(err)
		}
		return hex.EncodeToString(m[:])
	}
	rekey := r
	rekey.Kind, rekey.Limit = binding.PermitRekey, 0
	return map[string]string{
		"counter.public":       hex.EncodeToString(x.Public(binding.Counter, true)),
		"pin_fail.public":      hex.EncodeToString(x.Public(binding.PinFail, false)),
		"pin_pass.public":      hex.EncodeToString(x.Public(binding.PinPass, false)),
		"counter.name":         hex.EncodeToString(x.Name(binding.Counter, true)),
		"pin_fail.name":        hex.EncodeToString(x.Name(binding.PinFail, true)),
		"pin_pass.name":        hex.EncodeToString(x.Name(binding.PinPass, true)),
		"permit.write.cphash":  hex.EncodeToString(r.CPHash()),
		"permit.write.message": message(r),
		"permit.rekey.message": message(rekey),
	}
}
