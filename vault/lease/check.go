package lease

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/tideover/tideover/tpm/binding"
)

// Limits of text and lists in a lease. They keep a token far below
// MaxTokenBytes; nothing that we sign comes near them.
const (
	maxTextBytes = 512
	maxChecks    = 32
)

// maxSeconds is ten years: beyond every policy, and far from the end of
// time.Duration.
const maxSeconds Seconds = 10 * 366 * 24 * 3600

// check reports what a lease must never say, whoever signed it.
func (l *Lease) check() error {
	switch {
	case l.Version != Version:
		return fmt.Errorf("version %d", l.Version)
	case l.Issuer.IsZero() || l.ID.IsZero() || l.User.IsZero() || l.Device.IsZero() || l.Cache.IsZero():
		return errors.New("an identifier is missing")
	case l.Generation == 0:
		return errors.New("generation 0")
	case l.Seq == 0:
		return errors.New("issue number 0")
	case l.Issued <= 0 || l.Expires <= l.Issued || l.Expires > Never:
		return errors.New("times out of order")
	case l.Entries < 0:
		return errors.New("negative number of entries")
	case l.Level.Sealed() != (len(l.Root) != 0) || l.Level.Sealed() != (l.Chip != nil):
		return fmt.Errorf("level %q and chip do not agree", l.Level)
	case l.Level == binding.LevelNone || !l.Level.AtLeast(binding.LevelC):
		return fmt.Errorf("level %q has no cache", l.Level)
	}
	if l.Username == "" {
		return errors.New("user name is missing")
	}
	if err := checkText(l.Username); err != nil {
		return err
	}
	return l.Policy.Check()
}

// Check reports a policy that makes no sense: numbers out of range, powered-on
// time beyond the days, a word that is not known.
func (p *Policy) Check() error {
	if p.Days < 0 || p.Days > MaxDays {
		return fmt.Errorf("policy: %d days, at most %d", p.Days, MaxDays)
	}
	for _, s := range [...]Seconds{p.PoweredOn, p.Session, p.Idle, p.Clipboard, p.Poll, p.Scan} {
		if s < 0 || s > maxSeconds {
			return fmt.Errorf("policy: %d seconds", s)
		}
	}
	if p.Days > 0 && p.PoweredOn > Seconds(p.Days)*24*3600 {
		return errors.New("policy: more powered-on time than days")
	}
	if p.OfflineEdits != EditsOverlay && p.OfflineEdits != EditsOff {
		return fmt.Errorf("policy: offline_edits %q", p.OfflineEdits)
	}
	if p.SecurityKey != KeyOff && p.SecurityKey != KeyAllowed && p.SecurityKey != KeyRequired {
		return fmt.Errorf("policy: security_key %q", p.SecurityKey)
	}
	if _, err := binding.ParseLevel(string(p.MinLevel)); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	m := p.MasterPassword
	if m.MinLength < 0 || m.MinLength > 1024 || m.MinClasses < 0 || m.MinClasses > 4 || m.MinScore < 0 || m.MinScore > 4 {
		return errors.New("policy: rules of the master password")
	}
	if p.Checks == nil || len(p.Checks) > maxChecks {
		return errors.New("policy: list of checks")
	}
	for _, c := range p.Checks {
		if err := checkText(c); err != nil {
			return err
		}
	}
	return nil
}

// checkText wants short UTF-8 without control characters: it is shown.
func checkText(s string) error {
	if len(s) > maxTextBytes || !utf8.ValidString(s) {
		return errors.New("text: too long, or not UTF-8")
	}
	for _, r := range s {
		if r < 0x20 || r == 0x7f {
			return errors.New("text: control character")
		}
	}
	return nil
}
