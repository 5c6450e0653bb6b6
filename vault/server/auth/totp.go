package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
)

// seedBytes is the length of a seed: that of an SHA-1, as RFC 4226 (section 4,
// R6) recommends.
const seedBytes = 20

// NewTOTP returns a fresh one-time code generator as an otpauth URI: SHA-1, six
// digits, 30 seconds, the form that every authenticator reads. The caller
// wipes it.
func NewTOTP(issuer, account string) vault.Secret {
	var seed [seedBytes]byte
	rand.Read(seed[:]) //nolint:errcheck // never returns an error (Go 1.24)
	defer clear(seed[:])
	c := otp.Config{
		Secret: vault.NewSecret(base32.StdEncoding.WithPadding(base32.NoPadding).AppendEncode(nil, seed[:])),
		Digits: otp.DefaultDigits, Period: otp.DefaultPeriod, Algorithm: "SHA1",
		Issuer: issuer, Account: account,
	}
	defer c.Secret.Wipe()
	return c.URI()
}

// skew is how many time steps a person's clock may be off, either way (RFC
// 6238, section 5.2, recommends one step for the delay of the network).
const skew = 1

// CheckTOTP reports whether code is right at now, and its time step. A step
// that is not greater than last was used before and is not right again.
func CheckTOTP(uri, code vault.Secret, last int64, now time.Time) (step int64, ok bool, err error) {
	c, err := otp.Parse(uri.Bytes())
	if err != nil {
		return 0, false, fmt.Errorf("one-time code generator: %w", err)
	}
	defer c.Secret.Wipe()
	period := int64(c.Period / time.Second)
	current := now.Unix() / period
	for s := current - skew; s <= current+skew; s++ {
		want, err := c.Code(time.Unix(s*period, 0))
		if err != nil {
			return 0, false, fmt.Errorf("one-time code generator: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), code.Bytes()) == 1 && s > last {
			step, ok = s, true // no early end: the time tells nothing
		}
	}
	return step, ok, nil
}
