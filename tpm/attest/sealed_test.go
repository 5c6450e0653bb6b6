package attest_test

import (
	"bytes"
	"testing"

	"github.com/tideover/tideover/tpm"
	"github.com/tideover/tideover/tpm/attest"
	"github.com/tideover/tideover/tpm/binding"
)

// sealing is a cache's sealed object in a chip, and its proof.
type sealing struct {
	terms  binding.Terms
	object binding.Object
	made   binding.Creation
}

func (c *client) seal(terms binding.Terms) sealing {
	c.t.Helper()
	object, made, err := c.chip.SealForProof(c.t.Context(), terms, []byte("a-password"), []byte("a machine secret"))
	if err != nil {
		c.t.Fatal(err)
	}
	return sealing{terms, object, made}
}

// prove states the making for a nonce.
func (c *client) prove(s sealing, nonce []byte) attest.Sealed {
	c.t.Helper()
	said, err := c.chip.CertifySealed(c.t.Context(), s.object, tpm.Certifying{
		Key: c.ak.Blob, Creation: s.made, Qualifying: binding.Qualify(binding.SubjectCache, nonce, s.terms.LeaseRef()),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return attest.Sealed{Public: s.object.Public, Creation: s.made.Data, Statement: said}
}

func governed(t testing.TB, l binding.Level) binding.Terms {
	t.Helper()
	key, err := binding.KeyOf(&newKey(t).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return binding.Terms{Level: l, Governed: true, Key: key, Device: [16]byte{1}, Cache: [16]byte{2}, Generation: 7}
}

func TestSealed(t *testing.T) {
	c := newClient(t, ship(t))
	id, first := c.enrol(believing(t))
	nonce := []byte("of today")
	for _, level := range []binding.Level{binding.LevelB, binding.LevelB0} {
		terms := governed(t, level)
		s := c.seal(terms)
		good := c.prove(s, nonce)
		seen, err := id.Sealed(good, terms, nonce)
		if err != nil || seen.Clock.MS < first.Clock.MS {
			t.Fatalf("%s: %+v, %v", level, seen, err)
		}

		change := func(f func(*binding.Terms)) binding.Terms {
			other := terms
			f(&other)
			return other
		}
		for what, other := range map[string]binding.Terms{
			"device":     change(func(t *binding.Terms) { t.Device[0]++ }),
			"cache":      change(func(t *binding.Terms) { t.Cache[0]++ }),
			"generation": change(func(t *binding.Terms) { t.Generation++ }),
			"no terms":   {},
			"server":     change(func(x *binding.Terms) { x.Key = governed(t, level).Key }),
			"level": change(func(t *binding.Terms) {
				t.Level = map[binding.Level]binding.Level{binding.LevelB: binding.LevelB0, binding.LevelB0: binding.LevelB}[level]
			}),
			"bounds in the object": change(func(t *binding.Terms) {
				t.Governed, t.Key, t.Bounds = false, binding.ServerKey{}, binding.Bounds{ClockMS: 1 << 40, Resets: 1000}
			}),
		} {
			_, err := id.Sealed(good, other, nonce)
			wants(t, string(level)+": other "+what, err, attest.ErrTerms)
		}

		twin := c.seal(terms)
		twinProof := c.prove(twin, nonce)
		swap := func(f func(*attest.Sealed)) attest.Sealed {
			bad := good
			f(&bad)
			return bad
		}
		for what, test := range map[string]struct {
			proof attest.Sealed
			want  error
		}{
			"another object":          {swap(func(s *attest.Sealed) { s.Public = twin.object.Public }), attest.ErrOtherObject},
			"its statement":           {swap(func(s *attest.Sealed) { s.Statement = twinProof.Statement }), attest.ErrOtherObject},
			"other creation data":     {swap(func(s *attest.Sealed) { s.Creation = append(bytes.Clone(s.Creation), 0) }), attest.ErrCreation},
			"a key's creation data":   {swap(func(s *attest.Sealed) { s.Creation = nil }), attest.ErrCreation},
			"object and more":         {swap(func(s *attest.Sealed) { s.Public = append(bytes.Clone(s.Public), 0) }), attest.ErrTerms},
			"no object":               {swap(func(s *attest.Sealed) { s.Public = nil }), attest.ErrTerms},
			"a statement of an old N": {c.prove(c.seal(change(func(t *binding.Terms) { t.Generation-- })), nonce), attest.ErrTerms},
		} {
			_, err := id.Sealed(test.proof, terms, nonce)
			wants(t, string(level)+": "+what, err, test.want)
		}
		_, err = id.Sealed(good, terms, []byte("of tomorrow"))
		wants(t, "an old nonce", err, attest.ErrStale)

		for what, bad := range damaged(good.Statement.Attested) {
			d := good
			d.Statement.Attested = bad
			if _, err := id.Sealed(d, terms, nonce); !oneOf(err, []error{attest.ErrSignature, attest.ErrMalformed}) {
				t.Errorf("%s: %s: %v", level, what, err)
			}
		}
	}

	// An object of another chip, which that chip proves to be its own.
	stranger := newClient(t, ship(t)) // the same chip in software, with another AK
	terms := governed(t, binding.LevelB)
	_, err := id.Sealed(stranger.prove(stranger.seal(terms), nonce), terms, nonce)
	wants(t, "another key's statement", err, attest.ErrSignature)
}
