package present

import (
	"time"

	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/wire"
)

// ReviewFacts are what Disconnect/Cache… shows before it does anything.
type ReviewFacts struct {
	Run      wire.DryRun
	Rules    policy.MasterRules
	Level    string // of this machine: A, B, B0, C or D
	Virtual  bool   // its chip
	Governed bool   // by the server
	Comment  bool   // the server wants to know why
	Err      error  // of the last attempt
	Now      time.Time
}

// Review says what a cache would hold, before it is made.
type Review struct {
	Summary  string // "118 of 123 entries would be kept on this computer"
	Until    string // until when; empty: the server sets no end
	Cached   []string
	Reasons  []ReviewReason // why not the rest, most frequent first
	Level    LevelWords
	NoFactor string // that the server's second factor is not asked for when the cache is opened
	Journal  string // that the server records one line per cached password
	Comment  bool   // a reason has to be typed
	Can      bool   // there is something to cache, and a level to bind it to
	Notice   *Notice
}

// ReviewReason is one reason why entries are left out.
type ReviewReason struct {
	ID, Words string
	Count     int
	Entries   []ReviewEntry // those that the server named
}

// ReviewEntry is an entry that is left out.
type ReviewEntry struct{ Path, Detail string }

// NewReview returns the review of a dry run.
func NewReview(words *Catalogue, f ReviewFacts) Review {
	r := Review{
		Summary: words.Text("cache.review.summary", map[string]any{"Cached": f.Run.Cached, "Total": f.Run.Total}),
		Level:   words.Binding(f.Level, f.Virtual, f.Governed), NoFactor: words.Text("unlock.no_factor", nil),
		Journal: words.Text("cache.review.journal", nil), Comment: f.Comment,
		Can: f.Run.Cached > 0 && f.Level != "" && f.Level != "D", Notice: words.Failure(f.Err),
	}
	if at := f.Run.ExpiresAt; at != nil {
		r.Until = words.Text("cache.review.until", map[string]any{"Until": words.Time(*at), "For": words.For(at.Sub(f.Now))})
	}
	named := map[string][]ReviewEntry{}
	for _, e := range f.Run.Entries {
		switch {
		case e.Cached:
			r.Cached = append(r.Cached, e.Path)
		case e.Reason != nil:
			x := ReviewEntry{Path: e.Path}
			if e.Detail != nil {
				x.Detail = *e.Detail
			}
			named[*e.Reason] = append(named[*e.Reason], x)
		}
	}
	r.Reasons = reviewReasons(words, f.Run.ByReason, named)
	switch {
	case r.Notice != nil:
	case r.Level.ID == "D":
		r.Notice = &Notice{Severity: Alarm, Message: r.Level.Cannot}
	case f.Run.Cached == 0:
		r.Notice = &Notice{Severity: Warning, Message: words.Text("cache.review.nothing", nil), Remedy: words.Text("cache.review.nothing.remedy", nil)}
	}
	return r
}
