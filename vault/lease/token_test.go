package lease_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func spki(t testing.TB, k *ecdsa.PrivateKey) []byte {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// keys returns a lease key and the set that knows it.
func keys(t testing.TB) (key *ecdsa.PrivateKey, kid string, set lease.KeySet) {
	t.Helper()
	root, key := newKey(t), newKey(t)
	sub, err := lease.SignSubKey(root, lease.UseLease, &key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	set, err = lease.VerifySubKeys(spki(t, root), []lease.SubKey{sub})
	if err != nil {
		t.Fatal(err)
	}
	return key, sub.KID, set
}

func id(n byte) vault.ID {
	return vault.ID{n, 1, 2, 3, 4, 5, 0x46, 7, 0x88, 9, 10, 11, 12, 13, 14, 15}
}

// sample is a lease with every field set.
func sample() lease.Lease {
	root := make(lease.Name, binding.NameSize)
	copy(root, []byte{0, 0x0b, 1, 2, 3})
	return lease.Lease{
		Version: 1, Issuer: id(1), ID: id(2), Seq: 42, Issued: 1795000000, Expires: 1795604800,
		User: id(3), Username: `EXAMPLE\bob <b&b@example.com> ü`, Device: id(4), Cache: id(5), Generation: 7,
		Record: lease.Hash{1, 2, 3}, Root: root, Level: binding.LevelB, Proven: true, Epoch: 3,
		Policy: lease.Policy{
			Days: 7, PoweredOn: 604800, Boots: 60, Opens: 100, Session: 3600, Idle: 300, Clipboard: 20,
			Reveal: true, Copy: true, Export: false, OfflineEdits: lease.EditsOverlay,
			MasterPassword: lease.MasterRules{MinLength: 12, MinClasses: 3, MinScore: 3},
			Tries:          10, MinLevel: binding.LevelB0, AllowVirtual: true, Checks: []string{"disk_encryption"}, Poll: 900, Scan: 3600,
		},
		Entries: 120, Digest: lease.Hash{9, 8, 7},
		Chip: &lease.Chip{
			ClockMS: 123456789, Resets: 17, Bounds: binding.Bounds{ClockMS: 728256789, Resets: 77},
			Digest: lease.Hash{4, 5, 6}, Signature: lease.Signature{7, 8, 9},
		},
	}
}

func TestSignAndVerify(t *testing.T) {
	key, kid, set := keys(t)
	keychain := sample()
	keychain.Level, keychain.Root, keychain.Chip = binding.LevelC, nil, nil
	never := sample()
	never.Expires, never.Policy.Days = lease.Never, 0
	required := sample()
	required.Policy.SecurityKey = lease.KeyRequired
	for name, want := range map[string]lease.Lease{"full": sample(), "keychain": keychain, "never": never, "with a security key": required} {
		token, err := lease.Sign(key, kid, want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := lease.Verify(token, set)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want.KeyID = kid
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestHeaderIsFixed holds the first part to its bytes: there is nothing in it
// that could be negotiated.
func TestHeaderIsFixed(t *testing.T) {
	key, kid, _ := keys(t)
	token, err := lease.Sign(key, kid, sample())
	if err != nil {
		t.Fatal(err)
	}
	head, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"alg":"ES256","typ":"tideover-lease+jws","kid":"` + kid + `"}`; string(head) != want {
		t.Errorf("header %s, want %s", head, want)
	}
}

// TestVectors reads a lease signed elsewhere and before: leases of version 1
// must be read as long as one may be alive.
func TestVectors(t *testing.T) {
	var v struct {
		Root    []byte         `json:"root"`
		Pin     string         `json:"pin"`
		Keys    []lease.SubKey `json:"keys"`
		Token   string         `json:"token"`
		Payload string         `json:"payload"`
	}
	b, err := os.ReadFile("testdata/lease.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	set, err := lease.VerifySubKeys(v.Root, v.Keys)
	if err != nil {
		t.Fatal(err)
	}
	if got := lease.Pin(v.Root); got != v.Pin {
		t.Errorf("pin %s, want %s", got, v.Pin)
	}
	got, err := lease.Verify(v.Token, set)
	if err != nil {
		t.Fatal(err)
	}
	want := sample()
	want.KeyID = v.Keys[0].KID
	if diff := cmp.Diff(&want, got); diff != "" {
		t.Errorf("lease (-want +got):\n%s", diff)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(v.Token, ".")[1])
	if err != nil || string(payload) != v.Payload {
		t.Errorf("payload %s, %v", payload, err)
	}
}

// resign returns a token with that payload, signed as it should be.
func resign(t testing.TB, key *ecdsa.PrivateKey, head, payload string) string {
	t.Helper()
	enc := base64.RawURLEncoding
	input := enc.EncodeToString([]byte(head)) + "." + enc.EncodeToString([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	for {
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		if s.Cmp(new(big.Int).Rsh(elliptic.P256().Params().N, 1)) > 0 {
			continue
		}
		sig := make([]byte, 64)
		r.FillBytes(sig[:32])
		s.FillBytes(sig[32:])
		return input + "." + enc.EncodeToString(sig)
	}
}

// TestVerifyRefusesOtherForms signs every deviation with the right key: it is
// the form that must be refused.
func TestVerifyRefusesOtherForms(t *testing.T) {
	key, kid, set := keys(t)
	token, err := lease.Sign(key, kid, sample())
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	head, payload := `{"alg":"ES256","typ":"tideover-lease+jws","kid":"`+kid+`"}`, string(raw)
	if _, err := lease.Verify(resign(t, key, head, payload), set); err != nil {
		t.Fatalf("the same once more: %v", err)
	}
	sub := func(old, with string) string {
		t.Helper()
		out := strings.Replace(payload, old, with, 1)
		if out == payload {
			t.Fatalf("nothing to replace: %s", old)
		}
		return resign(t, key, head, out)
	}
	tests := map[string]struct {
		token string
		want  vault.Cause
	}{
		"unknown field":            {sub(`{"v":1,`, `{"v":1,"x":2,`), vault.Damaged},
		"unknown field in policy":  {sub(`"reveal":true,`, `"reveal":true,"more":1,`), vault.Damaged},
		"duplicate field":          {sub(`"seq":42,`, `"seq":41,"seq":42,`), vault.Damaged},
		"field in capitals":        {sub(`"seq":42`, `"SEQ":42`), vault.Damaged},
		"field left out":           {sub(`"proven":true,`, ``), vault.Damaged},
		"field null":               {sub(`"proven":true,`, `"proven":null,`), vault.Damaged},
		"white space":              {sub(`{"v":1,`, `{"v": 1,`), vault.Damaged},
		"other order":              {sub(`"v":1,"iss":"`, `"iss":"`), vault.Damaged},
		"something after":          {resign(t, key, head, payload+" "), vault.Damaged},
		"second value":             {resign(t, key, head, payload+"{}"), vault.Damaged},
		"number as float":          {sub(`"seq":42,`, `"seq":42.0,`), vault.Damaged},
		"number as exponent":       {sub(`"seq":42,`, `"seq":4.2e1,`), vault.Damaged},
		"negative number":          {sub(`"seq":42,`, `"seq":-42,`), vault.Damaged},
		"number beyond 64 bits":    {sub(`"seq":42,`, `"seq":18446744073709551616,`), vault.Damaged},
		"id with braces":           {sub(`"jti":"`+id(2).String()+`"`, `"jti":"{`+id(2).String()+`}"`), vault.Damaged},
		"id in capitals":           {sub(`"jti":"`+id(2).String()+`"`, `"jti":"`+strings.ToUpper(id(2).String())+`"`), vault.Damaged},
		"hex in capitals":          {sub(`"rec":"010203`, `"rec":"0102AB`), vault.Damaged},
		"escape that is not ours":  {sub(`bob`, `\u0062ob`), vault.Damaged},
		"not UTF-8":                {sub(`bob`, "b\xffb"), vault.Damaged},
		"generation nought":        {sub(`"gen":7,`, `"gen":0,`), vault.Damaged},
		"ends before it begins":    {sub(`"exp":1795604800`, `"exp":1794604800`), vault.Damaged},
		"ends after never":         {sub(`"exp":1795604800`, `"exp":253402300800`), vault.Damaged},
		"unknown level":            {sub(`"att":"B"`, `"att":"Z"`), vault.Damaged},
		"level without cache":      {sub(`"att":"B"`, `"att":"D"`), vault.Damaged},
		"powered on beyond days":   {sub(`"powered_on_s":604800`, `"powered_on_s":604801`), vault.Damaged},
		"more days than allowed":   {sub(`"days":7`, `"days":31`), vault.Damaged},
		"unknown kind of edits":    {sub(`"offline_edits":"overlay"`, `"offline_edits":"sync"`), vault.Damaged},
		"security key off, said":   {sub(`"scan_s":3600`, `"scan_s":3600,"security_key":""`), vault.Damaged},
		"security key in words":    {sub(`"scan_s":3600`, `"scan_s":3600,"security_key":"off"`), vault.Damaged},
		"security key misspelt":    {sub(`"scan_s":3600`, `"scan_s":3600,"security_key":"Required"`), vault.Damaged},
		"no checks":                {sub(`"checks":["disk_encryption"]`, `"checks":null`), vault.Damaged},
		"no chip at level B":       {resign(t, key, head, payload[:strings.Index(payload, `"tpm":`)]+`"tpm":null}`), vault.Damaged},
		"later version":            {sub(`{"v":1,`, `{"v":2,`), vault.Unsupported},
		"later version, new form":  {resign(t, key, head, `{"v":9,"everything":"else"}`), vault.Unsupported},
		"version nought":           {sub(`{"v":1,`, `{"v":0,`), vault.Damaged},
		"deep nesting":             {resign(t, key, head, `{"v":1,"pol":`+strings.Repeat("[", 5000)+`}`), vault.Damaged},
		"not an object":            {resign(t, key, head, `[1]`), vault.Damaged},
		"not JSON":                 {resign(t, key, head, `lease`), vault.Damaged},
		"empty":                    {"", vault.Damaged},
		"two parts":                {parts[0] + "." + parts[1], vault.Damaged},
		"four parts":               {token + ".", vault.Damaged},
		"too long":                 {token + strings.Repeat("A", lease.MaxTokenBytes), vault.Hostile},
		"alg none":                 {resign(t, key, strings.Replace(head, "ES256", "none", 1), payload), vault.Damaged},
		"alg HS256":                {resign(t, key, strings.Replace(head, "ES256", "HS256", 1), payload), vault.Damaged},
		"type JWT":                 {resign(t, key, strings.Replace(head, "tideover-lease+jws", "JWT", 1), payload), vault.Damaged},
		"header with a key":        {resign(t, key, strings.Replace(head, `"}`, `","jwk":{}}`, 1), payload), vault.Damaged},
		"header in another order":  {resign(t, key, `{"typ":"tideover-lease+jws","alg":"ES256","kid":"`+kid+`"}`, payload), vault.Damaged},
		"unknown key":              {resign(t, key, strings.Replace(head, kid, "0123456789abcdef", 1), payload), vault.Damaged},
		"key id of another form":   {resign(t, key, strings.Replace(head, kid, "x", 1), payload), vault.Damaged},
		"padding":                  {token + "==", vault.Damaged},
		"line feed in the payload": {parts[0] + "." + parts[1][:10] + "\n" + parts[1][10:] + "." + parts[2], vault.Damaged},
		"line feed in signature":   {token[:len(token)-5] + "\n" + token[len(token)-5:], vault.Damaged},
		"signature of 63 bytes":    {token[:len(token)-2], vault.Damaged},
		"upper half of signatures": {parts[0] + "." + parts[1] + "." + otherHalf(t, parts[2]), vault.Damaged},
		"signature nought":         {parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)), vault.Damaged},
		"signed by another key":    {resign(t, newKey(t), head, payload), vault.Damaged},
	}
	for name, tt := range tests {
		if l, err := lease.Verify(tt.token, set); !errors.Is(err, tt.want) || l != nil {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// otherHalf returns (r, n−s), which ECDSA takes as well.
func otherHalf(t *testing.T, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).SetBytes(b[32:])
	s.Sub(elliptic.P256().Params().N, s)
	s.FillBytes(b[32:])
	return base64.RawURLEncoding.EncodeToString(b)
}

// TestEveryByteFlipped changes every character of a token.
func TestEveryByteFlipped(t *testing.T) {
	key, kid, set := keys(t)
	token, err := lease.Sign(key, kid, sample())
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		for _, bit := range []byte{1, 4, 32} {
			bad := []byte(token)
			bad[i] ^= bit
			if _, err := lease.Verify(string(bad), set); err == nil {
				t.Fatalf("character %d changed by %d: accepted", i, bit)
			}
		}
	}
}

func TestSignRefuses(t *testing.T) {
	key, kid, _ := keys(t)
	for name, change := range map[string]func(*lease.Lease){
		"no version":       func(l *lease.Lease) { l.Version = 0 },
		"no device":        func(l *lease.Lease) { l.Device = vault.ID{} },
		"no user name":     func(l *lease.Lease) { l.Username = "" },
		"control":          func(l *lease.Lease) { l.Username = "b\x00b" },
		"negative":         func(l *lease.Lease) { l.Policy.Idle = -1 },
		"no seq":           func(l *lease.Lease) { l.Seq = 0 },
		"checks that grow": func(l *lease.Lease) { l.Policy.Checks = make([]string, 33) },
		"long name":        func(l *lease.Lease) { l.Username = strings.Repeat("x", 513) },
	} {
		l := sample()
		change(&l)
		if _, err := lease.Sign(key, kid, l); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
	if _, err := lease.Sign(key, `x","alg":"none`, sample()); err == nil {
		t.Error("signed with a key id that breaks the header")
	}
	if _, err := lease.Sign(nil, kid, sample()); err == nil {
		t.Error("signed without a key")
	}
}

// FuzzVerify wants typed errors for whatever comes, and that what is accepted
// is what Sign writes. The signature stands in the way of nothing but the
// last: the fuzzer's payload is signed here.
func FuzzVerify(f *testing.F) {
	key, kid, set := keys(f)
	token, err := lease.Sign(key, kid, sample())
	if err != nil {
		f.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(raw))
	f.Add(`{"v":1}`)
	f.Add(`{"v":2,"x":[{}]}`)
	head := `{"alg":"ES256","typ":"tideover-lease+jws","kid":"` + kid + `"}`
	f.Fuzz(func(t *testing.T, payload string) {
		l, err := lease.Verify(resign(t, key, head, payload), set)
		if err != nil {
			if !errors.Is(err, vault.Damaged) && !errors.Is(err, vault.Hostile) && !errors.Is(err, vault.Unsupported) {
				t.Fatalf("untyped error: %v", err)
			}
			return
		}
		again, err := lease.Sign(key, kid, *l)
		if err != nil {
			t.Fatalf("cannot be signed again: %v", err)
		}
		got, err := base64.RawURLEncoding.DecodeString(strings.Split(again, ".")[1])
		if err != nil || string(got) != payload {
			t.Fatalf("accepted\n%s\nand writes\n%s", payload, got)
		}
	})
}

// FuzzToken feeds whole tokens.
func FuzzToken(f *testing.F) {
	key, kid, set := keys(f)
	token, err := lease.Sign(key, kid, sample())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("..")
	f.Add("e30.e30.AA")
	f.Fuzz(func(t *testing.T, s string) {
		if l, err := lease.Verify(s, set); err == nil && s != token {
			t.Fatalf("forged: %+v", l)
		}
	})
}
