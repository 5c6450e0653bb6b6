package policy

import (
	"fmt"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault/lease"
)

// Governance is what an administrator sets about working offline. The lease
// carries it to the device, which enforces it.
type Governance struct {
	Days       int   // how long a cache lives without contact, 1–30; 0 forbids caches
	PoweredOnS int64 // the same by the chip's clock, which stands still while the machine is off: 1 to Days in seconds; 0: as Days
	Boots      int   // restarts of the chip within one lease; 0: grows with Days, see BootLimit
	Opens      int   // openings within one lease; 0: without limit
	SessionS   int64 // after so long the master password is asked again
	IdleS      int64 // after so long without use the cache is locked
	ClipS      int64 // after so long a copied value leaves the clipboard
	Tries      int   // wrong master passwords in a row

	Reveal bool // secrets may be shown
	Copy   bool // secrets may be copied
	Export bool // the escrow key file and other exports may be written

	OfflineEdits lease.OfflineEdits

	MinLevel     binding.Level // weakest binding that may hold a cache
	AllowVirtual bool          // a virtual TPM counts
	// RequireProven demands of every cache what MinLevel A and "no virtual TPM"
	// always demand: see DemandsProof.
	RequireProven bool

	// SecurityKey says whether a security key is needed to open a cache. Where it
	// is required, the escrow key file is not written: it opens without one.
	SecurityKey lease.KeyUse

	PollS int64 // between two looks for orders, while the program runs
	ScanS int64 // between two looks for changed content

	Approve bool // a new device works at once; false: an administrator approves it first

	Master MasterRules
}

// Bounds of the settings, with their reasons.
const (
	maxDays = lease.MaxDays
	daySecs = 24 * 60 * 60

	maxBoots = 10000
	maxOpens = 100000
)

// DefaultGovernance is what a new server starts with.
func DefaultGovernance() Governance {
	return Governance{
		Days: 7, SessionS: 8 * 60 * 60, IdleS: 15 * 60, ClipS: 20, Tries: 10,
		Reveal: true, Copy: true, Export: false,
		OfflineEdits: lease.EditsOverlay, MinLevel: binding.LevelB0, AllowVirtual: true,
		SecurityKey: lease.KeyAllowed,
		PollS:       15 * 60, ScanS: 60 * 60, Approve: true,
		Master: MasterRules{MinLength: 12, MinClasses: 0, MinScore: 3, Differs: true},
	}
}

// Forbidden reports whether nobody may hold a cache.
func (g Governance) Forbidden() bool { return g.Days == 0 }

// End returns when a lease ends that is issued then, by the calendar.
func (g Governance) End(issued time.Time) time.Time {
	return issued.UTC().Truncate(time.Second).AddDate(0, 0, g.Days)
}

// PoweredOn returns the bound by the chip's clock in seconds, never more than
// the days.
func (g Governance) PoweredOn() int64 {
	whole := int64(g.Days) * daySecs
	if g.PoweredOnS == 0 {
		return whole
	}
	return min(g.PoweredOnS, whole)
}

// BootLimit returns the number of restarts within one lease. Unset it grows
// with the days: 8, for updates that restart a machine several times, and 4 for
// each day.
func (g Governance) BootLimit() int {
	if g.Boots > 0 {
		return g.Boots
	}
	return 8 + 4*g.Days
}

// Validate reports the first setting that is out of its range.
func (g Governance) Validate() error {
	for _, c := range []struct {
		key         string
		got, lo, hi int64
	}{
		{"days", int64(g.Days), 0, maxDays},
		{"powered_on_s", g.PoweredOnS, 0, int64(g.Days) * daySecs},
		{"boots", int64(g.Boots), 0, maxBoots},
		{"opens", int64(g.Opens), 0, maxOpens},
		{"session_s", g.SessionS, 60, daySecs * maxDays},
		{"idle_s", g.IdleS, 10, daySecs},
		{"clip_s", g.ClipS, 1, 3600},
		{"tries", int64(g.Tries), 3, 100},
		{"poll_s", g.PollS, 10, daySecs},
		{"scan_s", g.ScanS, 60, daySecs},
	} {
		if c.got < c.lo || c.got > c.hi {
			return fmt.Errorf("%s: %d is not %d–%d", c.key, c.got, c.lo, c.hi)
		}
	}
	if g.OfflineEdits != lease.EditsOverlay && g.OfflineEdits != lease.EditsOff {
		return fmt.Errorf("offline_edits: %q is neither overlay nor off", g.OfflineEdits)
	}
	if _, err := binding.ParseLevel(string(g.MinLevel)); err != nil || !g.MinLevel.AtLeast(binding.LevelC) {
		return fmt.Errorf("min_level: %q is none of A, B, B0, C", g.MinLevel)
	}
	switch g.SecurityKey {
	case lease.KeyOff, lease.KeyAllowed, lease.KeyRequired:
	default:
		return fmt.Errorf("security_key: %q is none of off, allowed, required", g.SecurityKey)
	}
	return g.Master.validate()
}

// Lease returns g as a lease carries it.
func (g Governance) Lease() lease.Policy {
	return lease.Policy{
		Days: g.Days, PoweredOn: lease.Seconds(g.PoweredOn()), Boots: uint32(g.BootLimit()), Opens: uint32(g.Opens),
		Session: lease.Seconds(g.SessionS), Idle: lease.Seconds(g.IdleS), Clipboard: lease.Seconds(g.ClipS),
		Reveal: g.Reveal, Copy: g.Copy, Export: g.Export, OfflineEdits: g.OfflineEdits,
		MasterPassword: lease.MasterRules{
			MinLength: g.Master.MinLength, MinClasses: g.Master.MinClasses, MinScore: g.Master.MinScore,
			Account: !g.Master.Differs,
		},
		Tries: uint32(g.Tries), MinLevel: g.MinLevel, AllowVirtual: g.AllowVirtual,
		Checks: []string{}, Poll: lease.Seconds(g.PollS), Scan: lease.Seconds(g.ScanS),
		SecurityKey: g.SecurityKey,
	}
}
