package cache_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/kdbx"
)

// vectors are testdata/vectors.json. FORMAT.md 13.
type vectors struct {
	Keys []struct {
		Password string `json:"password"`
		Salt     string `json:"salt"`
		Memory   uint64 `json:"memory"`
		Passes   uint64 `json:"passes"`
		Lanes    uint32 `json:"lanes"`
		A        string `json:"a"`
		Secret   string `json:"secret"`
		Key      string `json:"composite_key"`
	} `json:"keys"`
	Records map[string]struct {
		DER    string `json:"der"`
		SHA256 string `json:"sha256"`
		Policy string `json:"auth_policy"`
	} `json:"records"`
	Keychain struct {
		Governed   bool   `json:"governed"`
		Device     string `json:"device"`
		Cache      string `json:"cache"`
		Generation uint64 `json:"generation"`
		Name       string `json:"name"`
		Item       string `json:"item"`
		A          string `json:"a"`
		Secret     string `json:"secret"`
		Public     string `json:"public"`
		Private    string `json:"private"`
	} `json:"keychain"`
}

func readVectors(t testing.TB) vectors {
	t.Helper()
	b, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.Keys) != 4 || len(v.Records) != 2 {
		t.Fatalf("%d keys and %d records in the vectors", len(v.Keys), len(v.Records))
	}
	return v
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestKeyVectors(t *testing.T) {
	for _, v := range readVectors(t).Keys {
		cost := cache.Cost{MemoryBytes: v.Memory, Passes: v.Passes, Lanes: v.Lanes}
		a, key, err := cache.Derive(v.Password, [32]byte(unhex(t, v.Salt)), cost, unhex(t, v.Secret))
		if err != nil {
			t.Fatal(err)
		}
		if a != v.A || hex.EncodeToString(key[:]) != v.Key {
			t.Errorf("%q: A %s, key %x; want %s, %s", v.Password, a, key, v.A, v.Key)
		}
		if want := kdbx.CompositeKey([]byte(norm.NFC.String(v.Password)), unhex(t, v.Secret)); key != want {
			t.Errorf("%q: not the composite key of KDBX", v.Password)
		}
		if len(a) != 32 {
			t.Errorf("A has %d characters", len(a))
		}
	}
}

func TestRecordVectors(t *testing.T) {
	for name, v := range readVectors(t).Records {
		der := unhex(t, v.DER)
		again, err := cache.ReadRecord(der)
		if err != nil || !bytes.Equal(again, der) {
			t.Errorf("%s: %x, %v", name, again, err)
		}
		if sum := sha256.Sum256(der); hex.EncodeToString(sum[:]) != v.SHA256 {
			t.Errorf("%s: SHA-256 %x", name, sum)
		}
		terms, err := cache.RecordTerms(der)
		if err != nil {
			t.Fatal(err)
		}
		policy, err := terms.AuthPolicy()
		if err != nil || hex.EncodeToString(policy[:]) != v.Policy {
			t.Errorf("%s: policy %x, %v", name, policy, err)
		}
	}
}

// TestRecordEveryByte changes every byte of a record and cuts it at every
// length; what is still a record must be another one.
func TestRecordEveryByte(t *testing.T) {
	for name, v := range readVectors(t).Records {
		der := unhex(t, v.DER)
		for i := range der {
			for _, bit := range []byte{1, 0x80, 0xff} {
				bad := bytes.Clone(der)
				bad[i] ^= bit
				if again, err := cache.ReadRecord(bad); err == nil && !bytes.Equal(again, bad) || err != nil && !damaged(err) {
					t.Fatalf("%s: byte %d: %v", name, i, err)
				}
			}
			if _, err := cache.ReadRecord(der[:i]); !damaged(err) {
				t.Fatalf("%s: %d bytes: %v", name, i, err)
			}
		}
		if _, err := cache.ReadRecord(append(bytes.Clone(der), 0)); !damaged(err) {
			t.Errorf("%s: a byte more: %v", name, err)
		}
	}
}

func TestCostsRefused(t *testing.T) {
	floor := cache.FloorCost()
	for name, tt := range map[string]struct {
		change func(*cache.Cost)
		want   vault.Cause
	}{
		"memory below the floor": {func(c *cache.Cost) { c.MemoryBytes -= 1024 }, vault.Damaged},
		"passes below the floor": {func(c *cache.Cost) { c.Passes = 1 }, vault.Damaged},
		"no lanes":               {func(c *cache.Cost) { c.Lanes = 0 }, vault.Damaged},
		"odd memory":             {func(c *cache.Cost) { c.MemoryBytes++ }, vault.Damaged},
		"too much memory":        {func(c *cache.Cost) { c.MemoryBytes = 1<<30 + 1024 }, vault.Hostile},
		"absurd memory":          {func(c *cache.Cost) { c.MemoryBytes = 1 << 63 }, vault.Hostile},
		"too many passes":        {func(c *cache.Cost) { c.Passes = 65 }, vault.Hostile},
		"too much together":      {func(c *cache.Cost) { c.MemoryBytes, c.Passes = 1<<30, 64 }, vault.Hostile},
		"too many lanes":         {func(c *cache.Cost) { c.Lanes = 256 }, vault.Hostile},
	} {
		cost := floor
		tt.change(&cost)
		if _, _, err := cache.Derive("x", [32]byte{}, cost, nil); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

func FuzzRecord(f *testing.F) {
	for _, v := range readVectors(f).Records {
		f.Add(unhex(f, v.DER))
	}
	f.Add([]byte{0x30, 3, 2, 1, 1})
	f.Fuzz(func(t *testing.T, der []byte) {
		again, err := cache.ReadRecord(der)
		if err != nil && !damaged(err) || err == nil && !bytes.Equal(again, der) {
			t.Fatalf("%x: %x, %v", der, again, err)
		}
	})
}

func FuzzClientState(f *testing.F) {
	b, err := os.ReadFile("testdata/client.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := cache.ReadState(b); err != nil && !damaged(err) {
			t.Fatalf("untyped error: %v", err)
		}
	})
}

func FuzzSidecar(f *testing.F) {
	f.Add([]byte(`{"v":1,"lease":"a.b.c"}`))
	f.Add([]byte(`{"v":2}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := cache.ReadSidecar(b); err != nil && !damaged(err) {
			t.Fatalf("untyped error: %v", err)
		}
	})
}

func FuzzOverlayMark(f *testing.F) {
	f.Add([]byte("\x30\x1b\x02\x01\x01\x04\x10aaaaaaaaaaaaaaaa\x02\x01\x07\x02\x01\x03"))
	f.Fuzz(func(t *testing.T, der []byte) {
		again, err := cache.ReadOverlayMark(der)
		if err != nil && !damaged(err) || err == nil && !bytes.Equal(again, der) {
			t.Fatalf("%x: %x, %v", der, again, err)
		}
	})
}

// The object of level C comes from a program of another language.
func TestKeychainVector(t *testing.T) {
	v := readVectors(t).Keychain
	terms := binding.Terms{Level: binding.LevelC, Governed: v.Governed, Generation: v.Generation}
	copy(terms.Device[:], unhex(t, v.Device))
	copy(terms.Cache[:], unhex(t, v.Cache))
	use := binding.SealedUse{
		Object: binding.Object{Public: unhex(t, v.Public), Private: unhex(t, v.Private)}, Terms: terms, Auth: []byte(v.A),
	}
	chain := &keychain{items: map[string]string{"tideover/" + v.Name: v.Item}}
	got, err := cache.KeychainUnseal(t.Context(), chain, use)
	if err != nil || !bytes.Equal(got, unhex(t, v.Secret)) {
		t.Errorf("unsealed %d bytes, %v", len(got), err)
	}
	use.Auth[0]++
	if _, err := cache.KeychainUnseal(t.Context(), chain, use); !errors.Is(err, binding.ErrWrongAuth) {
		t.Errorf("another A: %v", err)
	}
	use.Auth[0]--
	for i := range use.Object.Private {
		use.Object.Private[i] ^= 1
		if _, err := cache.KeychainUnseal(t.Context(), chain, use); !errors.Is(err, binding.ErrTampered) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		use.Object.Private[i] ^= 1
	}
}
