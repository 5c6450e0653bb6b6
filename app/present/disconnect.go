package present

import (
	"slices"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// ReviewFacts are what Disconnect/Cache… shows before it does anything.
type ReviewFacts struct {
	Run       wire.DryRun
	Estimated bool     // Run is the most that may come: the server does not say more
	Level     string   // of this machine: A, B, B0, C or D
	Virtual   bool     // its chip
	Governed  bool     // by the server
	WhyNotA   []string // why the level is not A, as the session says it
	GiveUp    bool     // level A can only be given up: the Problem says so, and asks
	Comment   bool     // with a reason, more entries come along
	Problem   error    // why there would be no cache now; nil: nothing is known
	Err       error    // of the last attempt
	Now       time.Time

	Recovery *session.Recovery // what the person has to be told of it; nil: nothing

	Terms session.CacheTerms // for what they say of security keys
}

// Review says what a cache would hold, before it is made.
type Review struct {
	Summary    string // "118 of 123 entries would be kept on this computer"
	Until      string // until when, or that there is no end
	Cached     []string
	Estimated  string         // that more cannot be told; empty: it can
	Reasons    []ReviewReason // why not the rest, most frequent first
	Level      LevelWords
	LevelTitle string // how the cache is bound, by name
	NotA       string // why it is not level A; empty: it is, or nothing is known
	GiveUp     string // what a person agrees to who gives level A up; empty: nobody has to
	NoFactor   string // that the server's second factor is not asked for when the cache is opened
	Recovery   string // who can release the machine secret; empty: nobody
	Journal    string // that the server records one line per cached password
	Comment    string // what a reason is good for; empty: none is asked for
	Must       bool   // and has to be typed
	Can        bool   // there is something to cache, and a level to bind it to
	Notice     *Notice
	AddKey     string // the offer to add a security key; empty: it is not made
	WithKey    ReviewWithKey
}

// ReviewWithKey is what a review says in the place of NoFactor and Recovery once
// the offer of a security key is taken.
type ReviewWithKey struct{ NoFactor, Recovery string }

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
		Journal: words.Text("cache.review.journal", nil), Until: words.Text("cache.review.endless", nil),
		Can: f.Run.Cached > 0 && f.Level != "" && f.Level != "D" && f.Problem == nil, Notice: words.Failure(f.Err),
	}
	r.LevelTitle = words.Text("cache.review.level", map[string]any{"Name": r.Level.Name})
	if r.Level.ID != "A" && r.Level.ID != "D" && len(f.WhyNotA) > 0 {
		r.NotA = words.Text("cache.review.not_a", map[string]any{"Why": words.Blocked(f.WhyNotA)})
	}
	r.Recovery = words.recovery(f.Recovery)
	if f.GiveUp {
		r.GiveUp = words.Text("cache.review.give_up", nil)
		r.Can = f.Run.Cached > 0 && f.Level != "" && r.Level.ID != "D"
	}
	switch {
	case cause(f.Err, vault.CommentRequired):
		r.Comment, r.Must = words.Text("cache.comment.must", nil), true
	case f.Comment:
		r.Comment = words.Text("cache.comment.hint", nil)
	}
	if f.Estimated {
		r.Estimated = words.Text("cache.review.estimated", nil)
	}
	if at := f.Run.ExpiresAt; at != nil {
		// a minute more: the answer took a moment, and seven days are not six
		r.Until = words.Text("cache.review.until", map[string]any{"Until": words.Time(*at), "For": words.For(at.Sub(f.Now) + time.Minute)})
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
	if f.Run.Cached == 0 {
		r.Until = ""
	}
	r.takeKeys(words, f.Terms)
	switch {
	case r.Notice != nil:
	case f.Problem != nil && r.Level.ID != "D":
		r.Notice = words.Failure(f.Problem)
	case r.Level.ID == "D":
		r.Notice = &Notice{Severity: Alarm, Message: r.Level.Cannot}
	case f.Run.Cached == 0:
		r.Notice = &Notice{Severity: Warning, Message: words.Text("cache.review.nothing", nil), Remedy: words.Text("cache.review.nothing.remedy", nil)}
	}
	return r
}

// Cached returns what is told after Disconnect, never nothing: what is kept, and
// what was left out on the way.
func (c *Catalogue) Cached(made session.Cached) Notice {
	until := ""
	if !made.Expires.IsZero() {
		until = c.Time(made.Expires)
	}
	n := Notice{Severity: Good, Message: c.Text("cache.done", map[string]any{"Count": made.Report.Entries, "Until": until})}
	if len(made.WhyNotA) > 0 && made.Level != "" {
		n.Message += " " + c.Text("cache.done.not_a", map[string]any{"Level": string(made.Level), "Why": c.Blocked(made.WhyNotA)})
	}
	if made.Withheld != nil && *made.Withheld > 0 {
		n.Remedy = c.Text("cache.done.withheld", map[string]any{"Count": *made.Withheld})
	}
	if out := made.Report.Excluded; len(out) > 0 {
		const few = 3 // a notice is read at a glance
		var groups []string
		for _, x := range out {
			switch group := strings.Join(x.Path, "/"); {
			case slices.Contains(groups, group):
			case len(groups) == few:
				groups = append(groups, "…")
			case len(groups) < few:
				groups = append(groups, group)
			}
		}
		n.Severity = Warning
		n.Remedy = strings.TrimSpace(n.Remedy + " " + c.Text("cache.done.excluded", map[string]any{"Count": len(out), "Groups": strings.Join(groups, ", ")}))
	}
	return n
}
