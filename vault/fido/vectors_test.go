package fido_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
)

// canned is a platform whose key always gives the same output.
type canned struct{ output []byte }

func (*canned) Register(context.Context, fido.Registration, fido.Asker) (fido.Registered, error) {
	return fido.Registered{Credential: []byte("credential"), Verified: true}, nil
}

func (c *canned) Evaluate(context.Context, []fido.Key, fido.Asker) (int, vault.Secret, error) {
	return 0, vault.NewSecret(bytes.Clone(c.output)), nil
}

// The file is what an earlier version wrote: it must open for ever. vectors.py
// beside it opens it without a line of ours.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ Output, Record, Factor, Machine, Mixed string }
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	der := unhex(t, v.Record)
	record, err := fido.ParseRecord(der)
	if err != nil {
		t.Fatal(err)
	}
	if record.Binding != binding || record.Slots[0].Label != "blue" || !record.Slots[0].Verified {
		t.Errorf("read as %+v", record)
	}
	factor, _, err := fido.Unlock(t.Context(), &canned{output: unhex(t, v.Output)}, record, &person{})
	if err != nil || hex.EncodeToString(factor.Bytes()) != v.Factor {
		t.Fatalf("factor %v, %v", err, hex.EncodeToString(factor.Bytes()) == v.Factor)
	}
	mixed, err := fido.Mix(record.Binding, vault.NewSecret(unhex(t, v.Machine)), factor)
	if err != nil || hex.EncodeToString(mixed.Bytes()) != v.Mixed {
		t.Errorf("mixed: %v", err)
	}
}

// Key agreement and encryption, held against others' numbers.
//
// Protocol one: Yubico's python-fido2, tests/test_ctap2.py, which Mozilla's
// authenticator-rs uses as well; the PIN is "1234". Protocol two: the same keys,
// worked out by testdata/vectors.py.
func TestPINProtocolVectors(t *testing.T) {
	const (
		private = "7452E599FEE739D8A653F6A507343D12D382249108A651402520B72F24FE7684"
		x       = "44D78D7989B97E62EA993496C9EF6E8FD58B8B00715F9A89153DDD9C4657E47F"
		y       = "EC802EE7D22BD4E100F12E48537EB4E7E96ED3A47A0A3BD5F5EEAB65001664F9"
		peerX   = "0501D5BC78DA9252560A26CB08FCC60CBE0B6D3B8E1D1FCEE514FAC0AF675168"
		peerY   = "D551B3ED46F665731F95B4532939C25D91DB7EB844BD96D4ABD4083785F8DF47"
		one     = "c42a039d548100dfba521e487debcbbb8b66bb7496f8b1862a7a395ed83e1a1c"
	)
	s, err := fido.Agree(1, unhex(t, private), unhex(t, peerX), unhex(t, peerY))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(s.X, unhex(t, x)) || !bytes.Equal(s.Y, unhex(t, y)) || !bytes.Equal(s.AES, unhex(t, one)) || !bytes.Equal(s.HMAC, unhex(t, one)) {
		t.Errorf("protocol one agreed on %x", s.AES)
	}
	if got, err := s.Encrypt(fido.PINDigest([]byte("1234"))); err != nil || !bytes.Equal(got, unhex(t, "afe8327ce416da8ee3d057589c2ce1a9")) {
		t.Errorf("PIN hash: %x, %v", got, err)
	}
	if got, err := s.Decrypt(unhex(t, "7A9F98E31B77BE90F9C64D12E9635040")); err != nil || !bytes.Equal(got, unhex(t, "aff12c6dcfbf9df52f7a09211e8865cd")) {
		t.Errorf("token: %x, %v", got, err)
	}
	s, err = fido.Agree(2, unhex(t, private), unhex(t, peerX), unhex(t, peerY))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(s.HMAC, unhex(t, "65ef955dd8cfcacab489ad582d64b872299cec1970aeffb10c90b9d9f4b4f1a7")) || !bytes.Equal(s.AES, unhex(t, "46cc03964825ccbaf159fde1958b2063871bd5b66ecf28972eaac583214a22d8")) {
		t.Errorf("protocol two agreed on %x and %x", s.HMAC, s.AES)
	}
	if got, err := s.Decrypt(unhex(t, "000102030405060708090a0b0c0d0e0fca9838a6ee01cfd6ce2aa9e2e12bca534377232267363c407a15beb7bbdfd2b3")); err != nil || string(got) != "0123456789abcdef0123456789abcdef" {
		t.Errorf("protocol two decrypts %q, %v", got, err)
	}
	if _, err := fido.Agree(2, unhex(t, private), unhex(t, peerX), unhex(t, peerX)); err == nil {
		t.Error("a point off the curve was accepted")
	}
}

// Half of a PIN's digest travels. The other half must not lie behind it, where
// clearing what travels does not reach.
func TestPINDigestLeavesNothing(t *testing.T) {
	digest := fido.PINDigest([]byte("1234"))
	clear(digest)
	if all := digest[:cap(digest)]; !bytes.Equal(all, make([]byte, len(all))) {
		t.Errorf("left: %x", all)
	}
}
