package otp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
)

// Vectors of RFC 6238, appendix B: the secrets are the ASCII digits repeated.
const (
	sha1Secret   = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	sha256Secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA"
	sha512Secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA"
)

func TestCodeRFC6238(t *testing.T) {
	tests := []struct {
		name, value string
		unix        int64
		want        string
	}{
		{"sha1 59", "otpauth://totp/a?digits=8&secret=" + sha1Secret, 59, "94287082"},
		{"sha1 1111111109", "otpauth://totp/a?digits=8&secret=" + sha1Secret, 1111111109, "07081804"},
		{"sha1 20000000000", "otpauth://totp/a?digits=8&secret=" + sha1Secret, 20000000000, "65353130"},
		{"sha256 59", "otpauth://totp/a?digits=8&algorithm=SHA256&secret=" + sha256Secret, 59, "46119246"},
		{"sha512 1234567890", "otpauth://totp/a?digits=8&algorithm=SHA512&secret=" + sha512Secret, 1234567890, "93441116"},
		{"keeotp", "key=" + sha1Secret + "&size=8&step=30", 59, "94287082"},
		{"bare, spaced, lower case", strings.ToLower("GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"), 59, "287082"},
		// 1094287082 of RFC 4226, appendix D, in base 26 with the digit of least weight first.
		{"steam", "otpauth://totp/Steam:me?encoder=steam&secret=" + sha1Secret, 59, "PV9M4"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := otp.Parse([]byte(tt.value))
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.Code(time.Unix(tt.unix, 0))
			if err != nil || got != tt.want {
				t.Errorf("Code = %q, %v, want %q", got, err, tt.want)
			}
			back, err := otp.Parse(c.URI().Bytes())
			if err != nil {
				t.Fatal(err)
			}
			if again, _ := back.Code(time.Unix(tt.unix, 0)); again != got {
				t.Errorf("after URI: %q, want %q", again, got)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		name, value string
		want        vault.Cause
	}{
		{"empty", "", vault.Damaged},
		{"not base32", "otpauth://totp/a?secret=18!", vault.Damaged},
		{"no secret", "otpauth://totp/a", vault.Damaged},
		{"hotp", "otpauth://hotp/a?counter=1&secret=" + sha1Secret, vault.Unsupported},
		{"md5", "otpauth://totp/a?algorithm=MD5&secret=" + sha1Secret, vault.Unsupported},
		{"digits", "otpauth://totp/a?digits=99&secret=" + sha1Secret, vault.Damaged},
		{"period zero", "otpauth://totp/a?period=0&secret=" + sha1Secret, vault.Damaged},
		{"long", strings.Repeat("A", 9000), vault.Hostile},
		{"bad uri", "otpauth://totp/%zz?secret=" + sha1Secret, vault.Damaged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := otp.Parse([]byte(tt.value))
			if !errors.Is(err, tt.want) {
				t.Fatalf("err = %v, want %v", err, tt.want)
			}
			if strings.Contains(err.Error(), sha1Secret) {
				t.Errorf("the error repeats the secret: %v", err)
			}
		})
	}
}

func TestRemaining(t *testing.T) {
	c, err := otp.Parse([]byte(sha1Secret))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Remaining(time.Unix(59, 0)), time.Second; got != want {
		t.Errorf("Remaining = %v, want %v", got, want)
	}
	if got, want := c.Remaining(time.Unix(60, 0)), 30*time.Second; got != want {
		t.Errorf("Remaining = %v, want %v", got, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"otpauth://totp/a:b?secret=" + sha1Secret, "key=" + sha1Secret + "&size=6", sha1Secret, "otpauth://totp/%zz"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := otp.Parse(b)
		if err != nil {
			return
		}
		if _, err := c.Code(time.Unix(0, 0)); err != nil {
			t.Fatalf("parsed, but no code: %v", err)
		}
	})
}
