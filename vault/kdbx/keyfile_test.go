package kdbx_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

func TestKeyFile(t *testing.T) {
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i * 7)
	}
	digits := hex.EncodeToString(key)
	sum := sha256.Sum256(key)
	hash := strings.ToUpper(hex.EncodeToString(sum[:4]))
	hashed := func(s string) []byte { h := sha256.Sum256([]byte(s)); return h[:] }
	v2 := func(hash, data string) string {
		return `<?xml version="1.0"?><KeyFile><Meta><Version>2.0</Version></Meta><Key><Data Hash="` + hash + `">` + data + `</Data></Key></KeyFile>`
	}
	var written bytes.Buffer
	if err := kdbx.WriteKeyFile(&written, key); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, file string
		want       []byte
		cause      vault.Cause
	}{
		{"written", written.String(), key, ""},
		{"version 2", v2(hash, digits), key, ""},
		{"version 2 with blanks", v2(hash, "\n  "+digits[:32]+" \r\n "+digits[32:]+"\n"), key, ""},
		{"version 2.1", strings.Replace(v2(hash, digits), "2.0", "2.1", 1), key, ""},
		{"version 2, lower case hash", v2(strings.ToLower(hash), digits), key, ""},
		{"version 2, wrong hash", v2("00000000", digits), nil, vault.Damaged},
		{"version 2, no hash", v2("", digits), nil, vault.Damaged},
		{"version 2, bad digits", v2(hash, "xx"+digits[2:]), nil, vault.Damaged},
		{"version 2, short", v2(hash, digits[2:]), nil, vault.Damaged},
		{"version 1", `<?xml version="1.0"?><KeyFile><Meta><Version>1.00</Version></Meta><Key><Data>AAcOFRwjKjE4P0ZNVFtiaXB3foWMk5qhqK+2vcTL0tk=</Data></Key></KeyFile>`, key, ""},
		{"version 1, bad", `<KeyFile><Meta><Version>1.00</Version></Meta><Key><Data>AA*=</Data></Key></KeyFile>`, nil, vault.Damaged},
		{"version 3", strings.Replace(v2(hash, digits), "2.0", "3.0", 1), nil, vault.Unsupported},
		{"cut XML", v2(hash, digits)[:150], nil, vault.Damaged},
		{"more after it", v2(hash, digits) + "<x/>", nil, vault.Damaged},
		{"raw", string(key), key, ""},
		{"hexadecimal", digits, key, ""},
		{"hexadecimal, upper case", strings.ToUpper(digits), key, ""},
		{"64 other characters", strings.Repeat("xy", 32), hashed(strings.Repeat("xy", 32)), ""},
		{"hexadecimal with a line end", digits + "\n", hashed(digits + "\n"), ""},
		{"text", "hello", hashed("hello"), ""},
		{"other XML", "<svg></svg>", hashed("<svg></svg>"), ""},
		{"empty", "", hashed(""), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := kdbx.ParseKeyFile(strings.NewReader(tt.file))
			if tt.cause != "" {
				wantCause(t, err, tt.cause)
				return
			}
			if err != nil || !bytes.Equal(got, tt.want) {
				t.Errorf("got %x, %v, want %x", got, err, tt.want)
			}
		})
	}
	if err := kdbx.WriteKeyFile(io.Discard, key[:31]); err == nil {
		t.Error("a key of 31 bytes is written")
	}
	if err := kdbx.WriteKeyFile(&failing{}, key); !errors.Is(err, errFull) {
		t.Errorf("full disk: %v", err)
	}
	_, err := kdbx.ParseKeyFile(&endless{})
	wantCause(t, err, vault.Hostile)
}

// endless is a large file.
type endless struct{}

func (*endless) Read(p []byte) (int, error) { return len(p), nil }
