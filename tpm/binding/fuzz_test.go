package binding_test

import (
	"bytes"
	"testing"

	"github.com/tideover/tideover/tpm/binding"
)

// A key that is read is written as the same text: there is one for each key.
func FuzzServerKeyText(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("ACMACwAEAEAAAAAQABAAAwAQACBg_tS6JVqdMclh63TGNW1owEm4kjth-mzmaWIuYPKftgAgeQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpk"))
	f.Add([]byte("ACMACwAEAEAAAAAQABAAAwAQACBg_tS6JVqdMclh63TGNW1owEm4kjth-mzmaWIuYPKftgAgeQP-EAi4vJmkGunpVii8ZPLxsgwtfp9Rd6PClNRGIpl"))
	f.Add([]byte("AAAA"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var k binding.ServerKey
		if k.UnmarshalText(text) != nil {
			return
		}
		again, err := k.MarshalText()
		if err != nil || !bytes.Equal(again, text) {
			t.Errorf("read %q, wrote %q, %v", text, again, err)
		}
	})
}
