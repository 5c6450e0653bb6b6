package present

import (
	"fmt"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// lockedOut says when a cache whose tries are used up takes a password again,
// and what a person can do until then; connect: the server may be asked.
func lockedOut(words *Catalogue, st session.Status, now time.Time, connect bool) *Notice {
	again := find(st.Cache.Problem).Until
	// At level A the tries are the cache's own, and only the server brings them back.
	args := map[string]any{"Never": st.Cache.Level == "A", "Time": "", "Left": "", "Connect": connect}
	switch {
	case again.IsZero():
	case again.After(now):
		args["Time"], args["Left"] = words.Time(again), countdown(again.Sub(now))
	default: // it is asked in a moment
		args["Time"], args["Left"] = words.Time(again), countdown(0)
	}
	return &Notice{
		Severity: Warning, ID: string(vault.ChipLocked),
		Message: words.Text("unlock.locked_out", args), Remedy: words.Text("unlock.locked_out.remedy", args),
	}
}

// countdown returns a length of time as clocks count it down: "9:43", "1:59:43".
// What has begun counts, so that zero is never early.
func countdown(d time.Duration) string {
	s := int((d + time.Second - 1) / time.Second)
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}
