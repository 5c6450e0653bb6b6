package present

import (
	"time"

	"github.com/tideover/tideover/vault"
)

// Flags are what a row knows of its entry by yes and no.
type Flags uint8

// The flags. They are never stored.
const (
	HasUser     Flags = 1 << 0
	HasPassword Flags = 1 << 1
	HasURL      Flags = 1 << 2
	HasCode     Flags = 1 << 3 // a one-time code
	HeldOffline Flags = 1 << 4 // a cache holds it, or would
	NotOffline  Flags = 1 << 5 // a cache does not; neither: the server did not say
)

// Has reports whether all of want are set.
func (f Flags) Has(want Flags) bool { return f&want == want }

// DraftKind says what was done to an entry offline.
type DraftKind uint8

// The kinds of drafts. They are never stored.
const (
	DraftNone    DraftKind = 0
	DraftAdded   DraftKind = 1
	DraftEdited  DraftKind = 2
	DraftRemoved DraftKind = 3
)

// String returns the word of the catalogues and of --json for the kind.
func (d DraftKind) String() string {
	return [...]string{"none", "added", "edited", "removed"}[d&3]
}

// Row is what a list knows of an entry. It holds no secret.
type Row struct {
	ID          vault.ID
	Group       int32 // position in the Tree's Nodes
	Icon        uint16
	Attachments uint16
	Flags       Flags
	Draft       DraftKind

	modified, expires int64 // seconds since 1970; 0: none

	text [4]uint32 // ends of title, user name, URL and notes in Index.text
	tags uint32    // end of the tags, likewise
}

// Modified returns when the entry was changed last; zero: unknown.
func (r *Row) Modified() time.Time { return instant(r.modified) }

// Expires returns when the entry expires; zero: never.
func (r *Row) Expires() time.Time { return instant(r.expires) }

// Expired reports whether the entry has expired at the time.
func (r *Row) Expired(now time.Time) bool { return r.expires != 0 && r.expires <= now.Unix() }

func instant(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
