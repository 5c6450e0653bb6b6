package session_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/vault/session"
)

// phases are all, in the order of a server that governs.
func phases() []session.Phase {
	return []session.Phase{session.PhaseAsking, session.PhaseKey, session.PhaseLoading, session.PhaseWriting}
}

// recorder notes each phase once.
func recorder(seen *[]session.Phase) session.Progress {
	return func(p session.Phase, _, _ int) {
		if !slices.Contains(*seen, p) {
			*seen = append(*seen, p)
		}
	}
}

// giveUp ends a context when a phase begins.
func giveUp(ctx context.Context, at session.Phase) (context.Context, session.Progress) {
	ctx, cancel := context.WithCancel(ctx)
	return ctx, func(p session.Phase, _, _ int) {
		if p == at {
			cancel()
		}
	}
}

// opensStill opens the cache with the master password, and locks it again.
func (w *world) opensStill(generation uint64) {
	w.t.Helper()
	w.unlock()
	w.locksAt(generation)
}

// locksAt locks the open cache, which is of that generation.
func (w *world) locksAt(generation uint64) {
	w.t.Helper()
	w.s.Lock()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	if st.Cache.Generation != generation {
		w.t.Errorf("generation %d, want %d", st.Cache.Generation, generation)
	}
}

// Whoever gives up while a cache is made has what was there before, in every
// phase, and can start again.
func TestGivingUpDisconnectLosesNothing(t *testing.T) {
	t.Parallel()
	for kind, order := range map[session.Kind][]session.Phase{
		session.Tideover: phases(),
		session.Pleasant: {session.PhaseAsking, session.PhaseLoading, session.PhaseKey, session.PhaseWriting},
	} {
		t.Run(string(kind), func(t *testing.T) {
			w := newWorld(t)
			w.server.kind = kind
			first := w.disconnect().Generation
			_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
			w.must(err)
			for _, at := range phases() {
				ctx, progress := giveUp(w.ctx(), at)
				_, err := w.s.Disconnect(ctx, session.CacheRequest{Master: newMaster("another " + master), Progress: progress})
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s: %v", at, err)
				}
				w.mode(session.Online)
				w.opensStill(first)
			}
			var seen []session.Phase
			made, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master), Progress: recorder(&seen)})
			w.must(err)
			if diff := cmp.Diff(order, seen); diff != "" || made.Mode != session.Offline {
				t.Errorf("%s\n%s", made.Mode, diff)
			}
			w.opensStill(made.Generation)
		})
	}
}

// The same of Connect, which renews the cache: before the server was met the
// user stays offline, afterwards they are online, and the cache is the old one.
func TestGivingUpConnectLosesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.disconnect().Generation
	for _, at := range phases() {
		ctx, progress := giveUp(w.ctx(), at)
		done, err := w.s.Connect(ctx, session.ConnectRequest{Password: secret(account), Master: ask(master), Progress: progress})
		if at == session.PhaseAsking {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", at, err)
			}
			w.mode(session.Offline)
		} else {
			w.must(err)
			if done.Renewed || !errors.Is(done.Stale, context.Canceled) || done.Mode != session.Online {
				t.Errorf("%s: %+v", at, done)
			}
			w.mode(session.Online)
		}
		w.must(w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)}))
		w.locksAt(first)
	}
	var seen []session.Phase
	done, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account), Master: ask(master), Progress: recorder(&seen)})
	w.must(err)
	if diff := cmp.Diff(phases(), seen); diff != "" || !done.Renewed {
		t.Errorf("%+v\n%s", done, diff)
	}
	w.opensStill(first + 3) // a number is used up by each attempt that sealed a key
}
