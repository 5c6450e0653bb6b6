package present_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// TestRecoveryWords: the review says who can release the machine secret before
// the cache is made, the contents say it afterwards, and a release is told with
// names and reason, in both languages.
func TestRecoveryWords(t *testing.T) {
	for lang, want := range map[string]struct{ can, cannot, escrowed, released string }{
		"en": {
			"Two administrators of your organisation together can release the machine secret of this cache. They still need your master password.",
			"nobody can release it", "two administrators", "boss and vice released",
		},
		"de": {
			"Zwei Administratoren Ihrer Organisation können zusammen das Gerätegeheimnis dieses Caches freigeben. Ihr Master-Passwort brauchen sie trotzdem.",
			"Niemand kann es freigeben", "zwei Administratoren", "boss und vice",
		},
	} {
		words := present.Load(lang)
		review := func(r *session.Recovery) string {
			return present.NewReview(words, present.ReviewFacts{Run: wire.DryRun{Total: 3, Cached: 3}, Level: "B", Governed: true, Recovery: r}).Recovery
		}
		if got := review(nil); got != "" {
			t.Errorf("%s: without a recovery key: %q", lang, got)
		}
		if got := review(&session.Recovery{Key: "k"}); got != want.can {
			t.Errorf("%s: %q", lang, got)
		}
		if got := review(&session.Recovery{Key: "k", Withheld: true}); !strings.Contains(got, want.cannot) {
			t.Errorf("%s: with a security key: %q", lang, got)
		}
		r := session.Release{At: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC), Generation: 3, AskedBy: "boss", ApprovedBy: "vice", Reason: "the board broke", InPlace: true}
		st := cached(func(st *session.Status) { st.Recovery = session.RecoveryStatus{Escrowed: true, Released: &r} })
		said := map[string]present.Fact{}
		for _, f := range present.NewContents(words, st, time.Now()).Facts {
			said[f.ID] = f
		}
		if f := said["recovery"]; !strings.Contains(f.Value, want.escrowed) || f.Label == "" {
			t.Errorf("%s: contents: %+v", lang, f)
		}
		if f := said["released"]; !strings.Contains(f.Value, "the board broke") || f.Severity != present.Warning || f.Label == "" {
			t.Errorf("%s: contents: %+v", lang, f)
		}
		if n := words.Released(&r); !strings.Contains(n.Message, want.released) || !strings.Contains(n.Message, "the board broke") || n.Remedy == "" {
			t.Errorf("%s: notice: %+v", lang, n)
		}
	}
}
