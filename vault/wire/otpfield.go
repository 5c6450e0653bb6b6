package wire

import (
	"bytes"
	"net/url"
	"strconv"

	"github.com/tideover/tideover/vault"
)

// Defaults of the Pleasant API's TOTP members, those of RFC 6238.
const (
	totpDigits = 6
	totpPeriod = 30
)

// totp is what the four TOTP members of a Credential say. Secret is base32.
type totp struct {
	issuer         string
	secret         []byte
	digits, period int
}

// field returns the value of the otp field, an otpauth URI in the form that
// KeePassXC writes. account is the entry's user name.
func (t totp) field(account string) vault.Secret {
	uri := make([]byte, 0, 128+len(t.secret))
	uri = append(uri, "otpauth://totp/"...)
	if t.issuer != "" {
		uri = append(uri, url.PathEscape(t.issuer)...)
		uri = append(uri, ':')
	}
	uri = append(uri, url.PathEscape(account)...)
	uri = append(uri, "?secret="...)
	for _, c := range t.secret {
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			uri = append(uri, c)
			continue
		}
		const hexDigits = "0123456789ABCDEF"
		uri = append(uri, '%', hexDigits[c>>4], hexDigits[c&15])
	}
	uri = strconv.AppendInt(append(uri, "&period="...), int64(t.period), 10)
	uri = strconv.AppendInt(append(uri, "&digits="...), int64(t.digits), 10)
	if t.issuer != "" {
		uri = append(append(uri, "&issuer="...), url.QueryEscape(t.issuer)...)
	}
	return vault.NewSecret(uri)
}

// parseTOTP reads an otp field. It reports false for everything that the TOTP
// members cannot say: counter-based codes, other hashes, Steam's alphabet. The
// secret is a copy that the caller owns.
func parseTOTP(uri []byte) (totp, bool) {
	const prefix = "otpauth://totp/"
	t := totp{digits: totpDigits, period: totpPeriod}
	if len(uri) < len(prefix) || !bytes.EqualFold(uri[:len(prefix)], []byte(prefix)) {
		return totp{}, false
	}
	label, query, _ := bytes.Cut(uri[len(prefix):], []byte{'?'})
	if issuer, _, ok := bytes.Cut(label, []byte{':'}); ok {
		t.issuer, _ = url.PathUnescape(string(issuer)) // an issuer that is malformed is no issuer
	}
	for part := range bytes.SplitSeq(query, []byte{'&'}) {
		name, value, _ := bytes.Cut(part, []byte{'='})
		switch string(name) {
		case "secret":
			clear(t.secret)
			t.secret = percentDecode(value)
		case "digits":
			t.digits = number(value, 4, 10)
		case "period":
			t.period = number(value, 1, 86400)
		case "issuer":
			t.issuer, _ = url.QueryUnescape(string(value)) // as above
		case "algorithm":
			if !bytes.EqualFold(value, []byte("SHA1")) {
				t.digits = 0
			}
		case "encoder":
			t.digits = 0
		}
	}
	if t.digits == 0 || t.period == 0 || len(t.secret) == 0 {
		clear(t.secret)
		return totp{}, false
	}
	return t, true
}

// number reads a number from least to most, and 0 if it is none of them.
func number(b []byte, least, most int) int {
	n, err := strconv.Atoi(string(b))
	if err != nil || n < least || n > most {
		return 0
	}
	return n
}

// percentDecode decodes %XX into fresh bytes, without a string on the way.
func percentDecode(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) {
			if n, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}
