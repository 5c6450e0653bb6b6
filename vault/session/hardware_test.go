package session_test

import (
	"testing"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

func back(w *world) {
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
}

// Before the hardware changes everything goes up that only this chip can sign,
// and nothing is left to miss.
func TestLeaveHardware(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*world){
		"offline":    func(w *world) { w.disconnect(); w.unlock() },
		"online":     func(w *world) { w.disconnect(); w.unlock(); back(w) },
		"signed out": func(w *world) { w.disconnect(); w.unlock(); back(w); w.must(w.s.SignOut(w.ctx())) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before(w)
			was, err := w.s.Mode(w.ctx())
			w.must(err)
			ready, err := w.s.LeaveHardware(w.ctx(), session.HardwareRequest{})
			w.must(err)
			want := session.Disconnected
			if was == session.Online {
				want = session.Online
			}
			if !ready.Cleared || ready.Level != binding.LevelB || ready.Mode != want {
				t.Errorf("%+v", ready)
			}
			w.must(ready.Untold)
			w.must(ready.Journal)
			w.must(ready.Kept)
			if n := len(w.server.journal); n == 0 || w.server.journal[n-1].Type != "clear" {
				t.Errorf("journal %+v", w.server.journal)
			}
			if w.server.calls["cleared"] != 1 || w.server.cleared != 1 {
				t.Errorf("the server was told %d times, of %d", w.server.calls["cleared"], w.server.cleared)
			}
			w.refused(w.s.CacheProblem(w.ctx()), vault.NoCache)

			// Again there is nothing to do.
			ready, err = w.s.LeaveHardware(w.ctx(), session.HardwareRequest{})
			w.must(err)
			if ready.Cleared || ready.Untold != nil || ready.Kept != nil || w.server.calls["cleared"] != 1 {
				t.Errorf("a second time: %+v", ready)
			}

			// The chip that comes next is another device.
			w.machine.Clear()
			w.chip = w.machine.Open(t)
			w.run()
			w.disconnect()
			if n := len(w.server.publicKeys); n != 2 {
				t.Errorf("%d device keys", n)
			}
			w.unlock()
		})
	}
}

// Without its server nothing is changed, and edits are dropped only if that is
// said.
func TestLeaveHardwareChangesNothingUnasked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.s.LeaveHardware(w.ctx(), session.HardwareRequest{})
	w.refused(err, vault.NotSignedIn)
	w.disconnect()
	w.unlock()
	w.edit()
	_, err = w.s.LeaveHardware(w.ctx(), session.HardwareRequest{})
	w.refused(err, vault.Unconfirmed)
	for _, lose := range []func(lost bool){
		func(lost bool) { w.server.down.Store(lost) },
		func(lost bool) { w.server.losesJournal = lost },
	} {
		lose(true)
		_, err = w.s.LeaveHardware(w.ctx(), session.HardwareRequest{Drop: true})
		w.refused(err, vault.Unreachable)
		w.must(w.s.CacheProblem(w.ctx()))
		w.unlock()
		lose(false)
	}
	ready, err := w.s.LeaveHardware(w.ctx(), session.HardwareRequest{Drop: true})
	w.must(err)
	if !ready.Cleared {
		t.Errorf("%+v", ready)
	}
	if drafts, err := w.s.Drafts(w.ctx()); err != nil || len(drafts) != 0 {
		t.Errorf("%v, %v", drafts, err)
	}
}

// A way that is lost after the clearing is told, and the next time does the rest.
// A journal that the server refuses for good stops nobody.
func TestLeaveHardwareTellsWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	w.unlock()
	w.server.losesCleared, w.server.refusesJournal = true, true
	ready, err := w.s.LeaveHardware(w.ctx(), session.HardwareRequest{})
	w.must(err)
	if !ready.Cleared || ready.Journal == nil {
		t.Errorf("%+v", ready)
	}
	w.refused(ready.Untold, vault.Unreachable)
	w.server.losesCleared, w.server.refusesJournal = false, false
	ready, err = w.s.LeaveHardware(w.ctx(), session.HardwareRequest{})
	w.must(err)
	if ready.Cleared || ready.Untold != nil || ready.Journal != nil || w.server.calls["cleared"] != 1 {
		t.Errorf("%+v", ready)
	}
}
