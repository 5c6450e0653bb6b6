package app

import (
	"strings"
	"testing"

	"github.com/tideover/tideover/vault/session"
)

// Who works offline hears once that a server that was away answers again: by
// whatever contact there is, and never of one that was there all the time.
func TestServerIsBackIsANotice(t *testing.T) {
	e := newEntrance(t, nil)
	e.signIn(doorWord)
	e.settle()
	const notice = "The server answers again."
	news := func(told bool, kinds ...session.NewsKind) {
		t.Helper()
		e.main.tell(nil)
		for _, kind := range kinds {
			e.governed(session.News{Kind: kind})
		}
		if got := strings.Contains(e.reads(), notice); got != told {
			t.Errorf("%v: told %v, want %v", kinds, got, told)
		}
	}
	news(false, session.ServerMet)
	e.status.Mode = session.Offline // by Disconnect/Cache…
	news(false, session.ServerMet)
	news(true, session.GovernorAway, session.ServerMet)
	news(false, session.ServerMet)
	news(true, session.ServerAway, session.ServerMet)
	e.hide()
	news(false, session.ServerAway, session.ServerMet)
	if e.noticed {
		t.Error("told to nobody")
	}
}

// Where no server governs, the window asks when it is told that it is time.
func TestUngovernedServerIsAsked(t *testing.T) {
	e := newEntrance(t, nil)
	e.signIn(doorWord)
	e.settle()
	for _, down := range []bool{false, true, false} {
		e.setDown(down)
		e.governed(session.News{Kind: session.Ungoverned})
		e.until(func() bool { return e.noticed != down })
	}
	e.isAt(e.main, session.Online)
}
