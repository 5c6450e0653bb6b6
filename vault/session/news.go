package session

import (
	"time"

	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
)

// News is something that happened without anybody's command. What it leads to
// stands in the next Status.
type News struct {
	Kind  NewsKind        // zero: nothing
	Order lease.OrderKind // what the server ordered; empty: nothing
	Err   error           // why something was ignored or refused
	Until time.Time       // of LeaseRenewed and LeaseEnding: the end; zero: none
	Left  Ending          // of LeaseEnding
}

// NewsKind says what happened.
type NewsKind string

// The kinds.
const (
	CacheRevoked    NewsKind = "revoked"       // the server revoked device or user: the cache is gone
	CacheWiped      NewsKind = "wiped"         // the server ordered it: the cache is gone
	DeviceSuspended NewsKind = "suspended"     // nothing opens until resumed
	DeviceResumed   NewsKind = "resumed"       // it does again
	LeaseRenewed    NewsKind = "renewed"       // to the full number of days
	LeaseRefused    NewsKind = "not_renewed"   // the server renews it no more
	LeaseEnding     NewsKind = "ending"        // in a day, in an hour
	OrderIgnored    NewsKind = "order_ignored" // forged, another's, or older than what was carried out
	ListIgnored     NewsKind = "list_ignored"  // forged, going back, or standing still
	ReceiptSent     NewsKind = "receipt"       // the server knows that the cache is gone
	Following       NewsKind = "following"     // orders arrive at once from here on
	StreamLost      NewsKind = "stream_lost"   // they are asked for, until it is back
	GovernorAway    NewsKind = "governor_away" // nobody answers who could give orders
	ServerMet       NewsKind = "met"           // the server answered where the vault is; told with each contact
	ServerAway      NewsKind = "away"          // it did so for devices alone
	DeviceDecided   NewsKind = "decided"       // an administrator has approved or denied this device
	SecretReleased  NewsKind = "released"      // two administrators released the machine secret: see Status
	Ungoverned      NewsKind = "ungoverned"    // nobody governs this client: it is time for Check
)

// Ending says how near the end of a lease is. The text is a key for wording.
type Ending string

// The nearness: before both warnings, within a day, within an hour.
const (
	EndingLater Ending = ""
	EndingDay   Ending = "day"
	EndingHour  Ending = "hour"
)

// How long before the end of a lease somebody is warned.
const (
	warnDay  = 24 * time.Hour
	warnHour = time.Hour
)

// endingOf returns how near the end of a usable cache is.
func endingOf(c *cache.Status) Ending {
	if !usable(c) || !c.Judged || c.Verdict.Unlimited || c.Verdict.EndedBy != "" {
		return EndingLater
	}
	switch left := c.Verdict.Remaining; {
	case left <= warnHour:
		return EndingHour
	case left <= warnDay:
		return EndingDay
	}
	return EndingLater
}

// untilWarning returns when the next warning is due; 0: none.
func untilWarning(c *cache.Status) time.Duration {
	if !usable(c) || !c.Judged || c.Verdict.Unlimited || c.Verdict.EndedBy != "" {
		return 0
	}
	for _, at := range [...]time.Duration{warnDay, warnHour, 0} {
		if d := c.Verdict.Remaining - at; d > 0 {
			return d
		}
	}
	return 0
}
