package fidotest

import (
	"bytes"
	"crypto/ecdh"
	"encoding/hex"
	"testing"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The published numbers that package fido is held to, too: Yubico's python-fido2,
// tests/test_ctap2.py. Two programs that share a mistake would agree.
func TestPublishedVectors(t *testing.T) {
	own, err := ecdh.P256().NewPrivateKey(unhex(t, "7452E599FEE739D8A653F6A507343D12D382249108A651402520B72F24FE7684"))
	if err != nil {
		t.Fatal(err)
	}
	x := unhex(t, "0501D5BC78DA9252560A26CB08FCC60CBE0B6D3B8E1D1FCEE514FAC0AF675168")
	y := unhex(t, "D551B3ED46F665731F95B4532939C25D91DB7EB844BD96D4ABD4083785F8DF47")
	shared, ok := secret(1, own, x, y)
	if !ok || hex.EncodeToString(shared) != "c42a039d548100dfba521e487debcbbb8b66bb7496f8b1862a7a395ed83e1a1c" {
		t.Errorf("shared secret %x", shared)
	}
	token := unhex(t, "aff12c6dcfbf9df52f7a09211e8865cd")
	if got := seal(1, shared, token); !bytes.Equal(got, unhex(t, "7A9F98E31B77BE90F9C64D12E9635040")) {
		t.Errorf("token %x", got)
	}
	if got, ok := open(1, shared, unhex(t, "afe8327ce416da8ee3d057589c2ce1a9")); !ok || hex.EncodeToString(got) != "03ac674216f3e15c761ee1a5e255f067" {
		t.Errorf("PIN hash %x", got)
	}
}

// What a YubiKey says of itself is read, and written the same; what is not
// canonical is refused.
func TestCBOR(t *testing.T) {
	info := unhex(t, "a60182665532465f5632684649444f5f325f3002826375766d6b686d61632d7365637265740350f8a011f38c0a4d15800617111f9edc7d04a462726bf5627570f564706c6174f469636c69656e7450696ef4051904b0068101")
	v, err := decode(info)
	if err != nil {
		t.Fatal(err)
	}
	if got := encode(v); !bytes.Equal(got, info) {
		t.Errorf("written as %x", got)
	}
	for name, text := range map[string]string{
		"a long zero":       "1800",
		"an open array":     "9f00ff",
		"keys out of order": "a202000100",
		"a key twice":       "a201000100",
		"a tag":             "c000",
		"a float":           "f90000",
		"null":              "f6",
		"cut short":         "42",
		"something after":   "0000",
		"a huge string":     "5b00000000ffffffff",
		"five levels":       "818181818100",
	} {
		if v, err := decode(unhex(t, text)); err == nil {
			t.Errorf("%s: read as %v", name, v)
		}
	}
}
