package policy

import (
	"fmt"

	"github.com/tideover/tideover/tpm/binding"
)

// Reason says why an entry does not go into the offline cache. The texts are
// the ids that the dry run prints; Cacheable is the empty one.
type Reason string

// The reasons, in the order in which the first one that holds is given.
const (
	Cacheable        Reason = ""
	NotPermitted     Reason = "not_permitted"
	TimeLimited      Reason = "time_limited"
	CheckOut         Reason = "check_out"
	DualControl      Reason = "dual_control"
	OneTime          Reason = "one_time"
	CommentRequired  Reason = "comment_required"
	LevelTooLow      Reason = "level_too_low"
	TooLarge         Reason = "too_large"
	UnsupportedValue Reason = "unsupported_value"
)

// Reasons returns every reason, in the order above.
func Reasons() []Reason {
	return []Reason{
		NotPermitted, TimeLimited, CheckOut, DualControl, OneTime,
		CommentRequired, LevelTooLow, TooLarge, UnsupportedValue,
	}
}

// offlineNeeds is what a person must hold, for good, on an entry that is
// cached: the right itself and the rights to what the file would show.
const offlineNeeds = ViewOffline | ReadSecrets

// MaxCachedEntryBytes bounds one entry with its history and attachments in a
// package. KeePass and KeePassXC hold attachments in memory whole; beyond this
// one entry would make a cache unusable for everybody who holds it.
const MaxCachedEntryBytes = 64 << 20

// Candidate is what must be known of one entry to decide about it.
type Candidate struct {
	Rights Effective

	CheckOut        bool // needs checking out, or is checked out by somebody
	DualControl     bool // needs a second person's consent
	OneTime         bool // the password is changed after each use
	CommentRequired bool // a comment must be given for taking it offline

	MinLevel binding.Level // the entry's own minimum; empty: none

	SizeBytes   int64  // entry, history and attachments
	Unsupported string // what KDBX cannot carry in it; empty: nothing
}

// Taking is what must be known of the device and of the request.
type Taking struct {
	Level    binding.Level // empty: not known yet, as in a dry run without a device
	MinLevel binding.Level // the policy's minimum
	Refused  string        // why the device may hold nothing whatever its level, such as a virtual chip; empty: it may
	Comment  bool          // a comment was given
	MaxBytes int64         // 0: MaxCachedEntryBytes
}

// Decision is a Reason with its particulars, in words for administrators.
type Decision struct {
	Reason Reason
	Detail string
}

// Cached reports whether the entry goes into the cache.
func (d Decision) Cached() bool { return d.Reason == Cacheable }

// Offline decides whether an entry may be cached. It may if rights that no time
// limit can take away give View Entry Offline and the rights to its contents
// and password, and nothing else forbids it.
func Offline(c Candidate, t Taking) Decision {
	if missing := offlineNeeds &^ c.Rights.Permanent; missing != 0 {
		if c.Rights.Now.Has(offlineNeeds) {
			return Decision{TimeLimited, "held only for a limited time: " + missing.Words()}
		}
		return Decision{NotPermitted, "missing: " + (offlineNeeds &^ c.Rights.Now).Words()}
	}
	switch {
	case c.CheckOut:
		return Decision{CheckOut, "must be checked out to be used"}
	case c.DualControl:
		return Decision{DualControl, "needs the consent of a second person"}
	case c.OneTime:
		return Decision{OneTime, "its password is changed after each use"}
	case c.CommentRequired && !t.Comment:
		return Decision{CommentRequired, "a comment is required for taking it offline"}
	}
	if t.Refused != "" {
		return Decision{LevelTooLow, t.Refused}
	}
	for _, least := range []binding.Level{t.MinLevel, c.MinLevel} {
		if least != "" && t.Level != "" && !t.Level.AtLeast(least) {
			return Decision{LevelTooLow, fmt.Sprintf("level %s, %s is required", t.Level, least)}
		}
	}
	limit := t.MaxBytes
	if limit == 0 {
		limit = MaxCachedEntryBytes
	}
	if c.SizeBytes > limit {
		return Decision{TooLarge, fmt.Sprintf("%d bytes, %d are allowed", c.SizeBytes, limit)}
	}
	if c.Unsupported != "" {
		return Decision{UnsupportedValue, c.Unsupported}
	}
	return Decision{}
}
