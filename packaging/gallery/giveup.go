//go:build gallery

package main

import (
	"fmt"
	"time"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// openReview opens the review of Disconnect/Cache… where level A can only be given
// up, with everything that it can say at once.
func openReview(w fyne.Window, language string) {
	words := present.Load(language)
	nothing := func() {}
	x := screen.NewDisconnect(words, screen.DisconnectActions{
		SignIn: func(_, _ []byte) {}, Again: nothing, Continue: func(string, bool) {}, Judge: func(_, _, _ []byte) {},
		Make: func([]byte) {}, Key: func(bool) {}, Back: nothing, Stop: nothing, Leave: nothing, Closed: nothing,
	})
	reason, end := "time_limited", time.Now().Add(7*24*time.Hour)
	run := wire.DryRun{Total: 60, Cached: 57, Excluded: 3, ByReason: map[string]int{reason: 3}, ExpiresAt: &end}
	for i := range run.Cached {
		run.Entries = append(run.Entries, wire.DryRunEntry{Path: fmt.Sprintf("Team/Servers/host %d", i), Cached: true})
	}
	why := []string{session.WhyNoSpace}
	recovery := &session.Recovery{Key: "1"}
	widget.NewStack(w.Canvas()).Open(x.Dialog())
	x.ShowReview(present.NewReview(words, present.ReviewFacts{
		Run: run, Level: "B", Virtual: true, Governed: true, WhyNotA: why, GiveUp: true, Comment: true, Recovery: recovery, Now: time.Now(),
		Problem: &vault.Problem{Cause: vault.LevelTooLow, Detail: session.WhyNoSpace, Err: session.ErrNotA},
		Terms:   session.CacheTerms{CanKey: true, Recovery: recovery},
	}))
}
