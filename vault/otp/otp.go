// Package otp reads the one-time code of an entry and computes it.
//
// It knows the forms in which other programs store the secret: the otpauth URI
// that KeePassXC and this product write, the query form of KeeOtp, and a bare
// base32 secret. The HMAC itself is pquerna/otp's. It has no clock: the caller
// gives the time.
//
// The invariant it keeps: what Parse returns can compute a code; a secret that
// cannot is an error at Parse, not at the moment when somebody needs the code.
package otp

import (
	"encoding/base32"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/tideover/tideover/vault"
)

// Defaults of RFC 6238 (TOTP) as every authenticator uses them.
const (
	DefaultDigits = 6
	DefaultPeriod = 30 * time.Second
)

// Limits that keep a hostile field from costing anything.
const (
	maxSecretBytes = 1024 // RFC 4226 recommends 20; KeePassXC accepts any length
	maxURIBytes    = 8192 // issuer, account and secret with room to spare
	maxPeriod      = 24 * time.Hour
)

// Config is what a code is computed from. Secret holds the base32 text, upper
// case, without padding. The caller wipes it.
type Config struct {
	Secret    vault.Secret
	Digits    int           // 5 for Steam, otherwise 6 to 10
	Period    time.Duration // whole seconds
	Algorithm string        // "SHA1", "SHA256" or "SHA512"
	Steam     bool          // Steam's alphabet of 26 in place of digits
	Issuer    string
	Account   string
}

// Parse reads a field's value. It returns vault.Unsupported for HOTP, which
// needs a counter that an offline copy cannot keep, and vault.Damaged for
// everything that is no one-time code.
func Parse(value []byte) (Config, error) {
	if len(value) > maxURIBytes {
		return Config{}, vault.Fail(vault.Hostile, "one-time code setting is longer than %d bytes", maxURIBytes)
	}
	text := strings.TrimSpace(string(value))
	c := Config{Digits: DefaultDigits, Period: DefaultPeriod, Algorithm: "SHA1"}
	switch {
	case strings.HasPrefix(strings.ToLower(text), "otpauth://"):
		return c.parseURI(text)
	case strings.HasPrefix(strings.ToLower(text), "key="):
		query, err := url.ParseQuery(text)
		if err != nil {
			return Config{}, vault.Fail(vault.Damaged, "one-time code setting is not a query")
		}
		return c.parseQuery(query, query.Get("key"), "size", "step", "otpHashMode")
	}
	return c.withSecret(text)
}

func (c Config) parseURI(text string) (Config, error) {
	u, err := url.Parse(text)
	if err != nil { // url's error would repeat the secret
		return Config{}, vault.Fail(vault.Damaged, "one-time code setting is not a URI")
	}
	if strings.EqualFold(u.Host, "hotp") {
		return Config{}, vault.Fail(vault.Unsupported, "counter-based one-time codes (HOTP)")
	}
	if !strings.EqualFold(u.Host, "totp") {
		return Config{}, vault.Fail(vault.Damaged, "one-time code setting of an unknown type")
	}
	label := strings.TrimPrefix(u.Path, "/")
	if issuer, account, ok := strings.Cut(label, ":"); ok {
		c.Issuer, c.Account = issuer, strings.TrimSpace(account)
	} else {
		c.Account = label
	}
	q := u.Query()
	if q.Get("issuer") != "" {
		c.Issuer = q.Get("issuer")
	}
	c.Steam = strings.EqualFold(q.Get("encoder"), "steam")
	return c.parseQuery(q, q.Get("secret"), "digits", "period", "algorithm")
}

// parseQuery reads the numbers under the names that the form at hand uses.
func (c Config) parseQuery(q url.Values, secret, digits, period, algorithm string) (Config, error) {
	if c.Steam {
		c.Digits = 5
	}
	if s := q.Get(digits); s != "" && !c.Steam {
		n, err := strconv.Atoi(s)
		if err != nil || n < 6 || n > 10 {
			return Config{}, vault.Fail(vault.Damaged, "one-time code with %q digits", s)
		}
		c.Digits = n
	}
	if s := q.Get(period); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > int(maxPeriod/time.Second) {
			return Config{}, vault.Fail(vault.Damaged, "one-time code with a period of %q seconds", s)
		}
		c.Period = time.Duration(n) * time.Second
	}
	if s := q.Get(algorithm); s != "" {
		c.Algorithm = strings.ReplaceAll(strings.TrimPrefix(strings.ToUpper(s), "HMAC-"), "-", "")
		if _, err := c.algorithm(); err != nil {
			return Config{}, err
		}
	}
	return c.withSecret(secret)
}

// withSecret checks that the text is base32 as authenticators write it: any
// case, white space and hyphens for the eye, padding or none.
func (c Config) withSecret(text string) (Config, error) {
	text = strings.ToUpper(strings.NewReplacer(" ", "", "\t", "", "\r", "", "\n", "", "-", "", "=", "").Replace(text))
	if text == "" || len(text) > maxSecretBytes {
		return Config{}, vault.Fail(vault.Damaged, "one-time code without a usable secret")
	}
	_, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	switch len(text) % 8 {
	case 1, 3, 6: // no bytes have so many letters (RFC 4648, section 6); Go decodes them, others do not
		err = base32.CorruptInputError(len(text))
	}
	if err != nil {
		return Config{}, vault.Fail(vault.Damaged, "one-time code whose secret is not base32")
	}
	c.Secret = vault.SecretText(text)
	return c, nil
}

func (c Config) algorithm() (otp.Algorithm, error) {
	switch c.Algorithm {
	case "SHA1":
		return otp.AlgorithmSHA1, nil
	case "SHA256":
		return otp.AlgorithmSHA256, nil
	case "SHA512":
		return otp.AlgorithmSHA512, nil
	}
	return 0, vault.Fail(vault.Unsupported, "one-time codes by %q", c.Algorithm)
}

// Code returns the code that is valid at t (RFC 6238).
func (c Config) Code(t time.Time) (string, error) {
	alg, err := c.algorithm()
	if err != nil {
		return "", err
	}
	opts := hotp.ValidateOpts{Digits: otp.Digits(c.Digits), Algorithm: alg}
	if c.Steam {
		opts.Encoder = otp.EncoderSteam
	}
	step := t.Unix() / int64(c.Period/time.Second)
	code, err := hotp.GenerateCodeCustom(c.Secret.Text(), uint64(step), opts)
	if err != nil {
		return "", vault.Fail(vault.Damaged, "one-time code cannot be computed")
	}
	return code, nil
}

// Remaining returns how long the code of t stays valid, at least a nanosecond.
func (c Config) Remaining(t time.Time) time.Duration {
	into := time.Duration(t.UnixNano() % int64(c.Period))
	return c.Period - into
}

// URI returns the otpauth form that KeePassXC reads. It holds the secret.
func (c Config) URI() vault.Secret {
	label := c.Account
	if c.Issuer != "" {
		label = c.Issuer + ":" + c.Account
	}
	q := url.Values{"secret": {c.Secret.Text()}, "digits": {strconv.Itoa(c.Digits)}, "period": {strconv.Itoa(int(c.Period / time.Second))}}
	if c.Issuer != "" {
		q.Set("issuer", c.Issuer)
	}
	if c.Algorithm != "SHA1" {
		q.Set("algorithm", c.Algorithm)
	}
	if c.Steam {
		q.Set("encoder", "steam")
	}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/" + label, RawQuery: q.Encode()}
	return vault.SecretText(u.String())
}
