package lease

import (
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// Version is the only value of "v" that this package reads and writes.
const Version = 1

// Lease is the server's statement. The JSON names are the wire's; the order of
// the fields is part of the format.
type Lease struct {
	Version    int           `json:"v"`
	Issuer     vault.ID      `json:"iss"`   // incarnation of the server: new after a restore
	ID         vault.ID      `json:"jti"`   // of this statement
	Seq        uint64        `json:"seq"`   // the server's issue number; of two leases the higher one holds
	Issued     Instant       `json:"iat"`   // the start of every clock below
	Expires    Instant       `json:"exp"`   // Never: the calendar does not end it
	User       vault.ID      `json:"sub"`   // the account
	Username   string        `json:"upn"`   // as typed when the cache was made
	Device     vault.ID      `json:"dev"`   // the only device it is for
	Cache      vault.ID      `json:"cache"` // the only cache it is for
	Generation uint64        `json:"gen"`   // as the client declared it, never 0
	Record     Hash          `json:"rec"`   // SHA-256 of the cache's binding record
	Root       Name          `json:"srk"`   // Name of the chip's storage root key; empty at level C
	Level      binding.Level `json:"att"`   // as declared by the client
	Proven     bool          `json:"proven"`
	Epoch      uint64        `json:"epoch"` // grows when the server is restored from a backup
	Policy     Policy        `json:"pol"`
	Entries    int           `json:"n"`      // entries in the content stream
	Digest     Hash          `json:"digest"` // SHA-256 of the content stream up to the lease
	Chip       *Chip         `json:"tpm"`    // nil at level C

	// KeyID names the sub-key that signed; it stands in the header. Sign
	// ignores it.
	KeyID string `json:"-"`
}

// Chip is what the lease says to and about the security chip.
type Chip struct {
	ClockMS   uint64         `json:"clock_ms"` // the chip's clock at issue, as the client told it
	Resets    uint32         `json:"resets"`   // the chip's reset count at issue, likewise
	Bounds    binding.Bounds `json:"bounds"`   // the chip refuses from here on
	Digest    Hash           `json:"digest"`   // of the approved policy
	Signature Signature      `json:"signature"`
}

// Approval returns what the chip verifies, in its words.
func (c *Chip) Approval() binding.Approval {
	return binding.Approval{Bounds: c.Bounds, Digest: c.Digest, Signature: append([]byte(nil), c.Signature[:]...)}
}

// Policy is what the server lets the client do with the cache. Zero means "no"
// for a permission and "not limited" for a number, except Days.
type Policy struct {
	Days           int           `json:"days"`         // calendar life of a lease, MinDays to MaxDays, or 0 with Expires Never
	PoweredOn      Seconds       `json:"powered_on_s"` // life by the chip's clock; at most Days
	Boots          uint32        `json:"boots"`        // the lease ends with this reset of the chip, counted from issue
	Opens          uint32        `json:"opens"`        // openings allowed; 0: not counted
	Session        Seconds       `json:"session_s"`    // longest time that the cache stays open
	Idle           Seconds       `json:"idle_s"`       // lock after this time without use
	Clipboard      Seconds       `json:"clip_s"`       // clear the clipboard after this time
	Reveal         bool          `json:"reveal"`
	Copy           bool          `json:"copy"`
	Export         bool          `json:"export"` // the machine secret may be exported as a key file
	OfflineEdits   OfflineEdits  `json:"offline_edits"`
	MasterPassword MasterRules   `json:"master"`
	Tries          uint32        `json:"tries"` // wrong passwords until a stop, where the level can count them
	MinLevel       binding.Level `json:"min_level"`
	AllowVirtual   bool          `json:"allow_virtual"`
	Checks         []string      `json:"checks"` // ids of doctor's checks that must be "ok"; never nil
	Poll           Seconds       `json:"poll_s"` // how often the state is asked for
	Scan           Seconds       `json:"scan_s"` // how often the content is compared
	// SecurityKey is left out where it is off, so that what was signed before
	// there was such a thing is read, and written, as it was.
	SecurityKey KeyUse `json:"security_key,omitempty"`
}

// KeyUse says whether a security key may, or must, be needed to open a cache.
type KeyUse string

// The text reaches disk and wire, but for the first, which is left out there.
const (
	KeyOff      KeyUse = ""         // no cache gets one; those that have one keep it
	KeyAllowed  KeyUse = "allowed"  // who makes the cache decides
	KeyRequired KeyUse = "required" // a cache without one is neither made nor opened
)

// MasterRules are the rules for the master password of a cache.
type MasterRules struct {
	MinLength  int `json:"min_length"`  // in characters
	MinClasses int `json:"min_classes"` // of lower case, upper case, digits, others: 0 to 4
	MinScore   int `json:"min_score"`   // zxcvbn, 0 to 4
	// Account lets it be the account password. It is left out where it must differ,
	// which is what a program keeps to that knows no such word.
	Account bool `json:"account,omitempty"`
}

// OfflineEdits says what happens to edits made offline.
type OfflineEdits string

// The text reaches disk and wire.
const (
	EditsOverlay OfflineEdits = "overlay" // kept as drafts beside the cache
	EditsOff     OfflineEdits = "off"     // not possible
)

// Limits of a policy, in days. An offline life of more than a month is no
// lease any more; "never" is a mark of its own, set by typed consent.
const (
	MinDays = 1
	MaxDays = 30
)

// Seconds is a duration in whole seconds, as the wire has it.
type Seconds int64

// Duration returns s as a time.Duration; the checks of Verify keep it in range.
func (s Seconds) Duration() time.Duration { return time.Duration(s) * time.Second }

// Instant is a point in time in whole seconds since 1970-01-01 UTC (RFC 7519,
// NumericDate). Zero is not a point in time.
type Instant int64

// Never is the Expires of a lease that the calendar does not end:
// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
const Never Instant = 253402300799

// At returns t cut to the second.
func At(t time.Time) Instant { return Instant(t.Unix()) }

// Time returns the instant in UTC.
func (i Instant) Time() time.Time { return time.Unix(int64(i), 0).UTC() }
