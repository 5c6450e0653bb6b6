package session_test

import (
	"context"
	"crypto/ecdsa"
	"errors"
	"testing"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/escrow"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// turnRecoveryOn lists a recovery key that root has signed for that use.
func (s *fakeServer) turnRecoveryOn(root *ecdsa.PrivateKey, use lease.Use) (*ecdsa.PrivateKey, string) {
	s.t.Helper()
	key := newKey(s.t)
	sub, err := lease.SignSubKey(root, use, &key.PublicKey)
	if err != nil {
		s.t.Fatal(err)
	}
	s.keys = append(s.keys, wire.SubKey{KID: sub.KID, Use: string(lease.UseRecovery), Public: sub.Public, Signature: sub.Signature})
	return key, sub.KID
}

// told is a person who reads what is shown to them.
type told struct{ heard []session.Recovery }

func (p *told) tell(_ context.Context, r session.Recovery) (bool, error) {
	p.heard = append(p.heard, r)
	return true, nil
}

func (w *world) cacheTold(tell func(context.Context, session.Recovery) (bool, error)) error {
	_, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master), Recovery: tell})
	return err
}

func (w *world) status() session.Status {
	w.t.Helper()
	st, err := w.s.Status(w.ctx())
	w.must(err)
	return st
}

func TestRecoveryIsToldBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	key, kid := w.server.turnRecoveryOn(w.server.root, lease.UseRecovery)
	terms, err := w.s.CacheTerms(w.ctx())
	w.must(err)
	if terms.Recovery == nil || *terms.Recovery != (session.Recovery{Key: kid}) {
		t.Fatalf("terms: %+v", terms.Recovery)
	}
	p := &told{}
	asked := false
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{
		Recovery: func(ctx context.Context, r session.Recovery) (bool, error) {
			if asked {
				t.Error("told after the master password was asked for")
			}
			return p.tell(ctx, r)
		},
		Master: func(ctx context.Context, rules policy.MasterRules) (vault.Secret, error) {
			asked = true
			return newMaster(master)(ctx, rules)
		},
	})
	w.must(err)
	if len(p.heard) != 1 || len(w.server.escrowed) != 1 || w.server.escrowed[0] == nil || w.server.escrowed[0].Key != kid {
		t.Fatalf("told %v, escrowed %+v", p.heard, w.server.escrowed)
	}
	d := w.server.declared
	machine, err := escrow.Open(key, escrow.Binding{
		Device: w.status().Device.ID, Cache: d.Cache, Generation: d.Generation, Record: d.RecordSHA256, User: w.server.user,
	}, w.server.escrowed[0].Wrapped)
	if err != nil || machine.Len() != 32 {
		t.Errorf("opened %d bytes, %v", machine.Len(), err)
	}
	if !w.status().Recovery.Escrowed {
		t.Error("the status does not show it")
	}

	// A renewal beside something else asks nobody, and was told of by the first.
	w.signInAgain(session.ConnectRequest{Master: ask(master), Password: secret(account)})
	if n := len(w.server.escrowed); n != 2 || w.server.escrowed[1] == nil {
		t.Fatalf("renewal: %d caches, %+v", n, w.server.escrowed)
	}
	if !w.status().Recovery.Escrowed {
		t.Error("the status does not show the renewed one")
	}
	// Another key is another matter, until the person makes a cache by hand.
	w.server.keys = w.server.keys[:2]
	w.server.turnRecoveryOn(w.server.root, lease.UseRecovery)
	w.must(w.offlineAgain())
	w.signInAgain(session.ConnectRequest{Master: ask(master), Password: secret(account)})
	if n := len(w.server.escrowed); w.server.escrowed[n-1] != nil || w.status().Recovery.Escrowed {
		t.Errorf("to a key that nobody was told of: %d, %+v", n, w.server.escrowed[n-1])
	}
}

// TestRecoveryIsToldEachTime: what a person was told holds until the next cache that
// is made by hand. Who hears nothing then is not escrowed by the way afterwards.
func TestRecoveryIsToldEachTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	w.server.turnRecoveryOn(w.server.root, lease.UseRecovery)
	w.must(w.cacheTold((&told{}).tell))
	w.online()
	w.must(w.cacheTold(func(context.Context, session.Recovery) (bool, error) { return false, nil }))
	w.signInAgain(session.ConnectRequest{Master: ask(master), Password: secret(account)})
	if n := len(w.server.escrowed); n != 3 || w.server.escrowed[0] == nil || w.server.escrowed[1] != nil || w.server.escrowed[2] != nil {
		t.Errorf("%d caches, %+v", n, w.server.escrowed)
	}
}

func (w *world) offlineAgain() error {
	return w.s.WorkOffline(w.ctx(), session.UnlockRequest{Master: ask(master)})
}

func (w *world) signInAgain(r session.ConnectRequest) {
	w.t.Helper()
	done, err := w.s.Connect(w.ctx(), r)
	w.must(err)
	if !done.Renewed {
		w.t.Fatalf("not renewed: %v", done.Stale)
	}
}

// TestNoRecovery: in each of these cases nothing is sent.
func TestNoRecovery(t *testing.T) {
	t.Parallel()
	other := newKey(t)
	for name, c := range map[string]struct {
		keys func(*fakeServer)
		tell func(context.Context, session.Recovery) (bool, error)
		want vault.Cause // of the command
	}{
		"no key":          {func(*fakeServer) {}, (&told{}).tell, ""},
		"nobody was told": {func(s *fakeServer) { s.turnRecoveryOn(s.root, lease.UseRecovery) }, nil, ""},
		"another was told of": {
			func(s *fakeServer) { s.turnRecoveryOn(s.root, lease.UseRecovery) },
			func(context.Context, session.Recovery) (bool, error) { return false, nil }, "",
		},
		"the person stops": {
			func(s *fakeServer) { s.turnRecoveryOn(s.root, lease.UseRecovery) },
			func(context.Context, session.Recovery) (bool, error) { return false, errTest }, "other",
		},
		"another server's key":  {func(s *fakeServer) { s.turnRecoveryOn(other, lease.UseRecovery) }, (&told{}).tell, vault.IdentityChanged},
		"a key for another use": {func(s *fakeServer) { s.turnRecoveryOn(s.root, lease.UseList) }, (&told{}).tell, vault.IdentityChanged},
	} {
		w := newWorld(t)
		w.signIn()
		c.keys(w.server)
		err := w.cacheTold(c.tell)
		if c.want == "other" && !errors.Is(err, errTest) || c.want != "other" && c.want != "" && !errors.Is(err, c.want) || c.want == "" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, e := range w.server.escrowed {
			if e != nil {
				t.Errorf("%s: escrowed", name)
			}
		}
		if w.status().Recovery.Escrowed {
			t.Errorf("%s: the status says it was", name)
		}
	}
}

// TestNoRecoveryPastASecurityKey: who demands a security key has nobody stand in
// for it, and the person hears that too.
func TestNoRecoveryPastASecurityKey(t *testing.T) {
	t.Parallel()
	w, h := withKeys(t)
	w.server.policy.SecurityKey = lease.KeyRequired
	w.signIn()
	w.server.turnRecoveryOn(w.server.root, lease.UseRecovery)
	terms, err := w.s.CacheTerms(w.ctx())
	w.must(err)
	if terms.Recovery == nil || !terms.Recovery.Withheld {
		t.Errorf("terms: %+v", terms.Recovery)
	}
	p := &told{}
	_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master), Recovery: p.tell, Key: session.KeyRequest{Asker: h}})
	w.must(err)
	if len(p.heard) != 1 || !p.heard[0].Withheld || w.server.escrowed[0] != nil || w.status().Recovery.Escrowed {
		t.Errorf("told %+v, escrowed %+v", p.heard, w.server.escrowed)
	}
}

func TestReleaseIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.disconnect()
	d := w.server.declared
	w.server.device.Released = &wire.Released{
		ID: vault.NewID(), At: time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC), Cache: d.Cache, Generation: d.Generation,
		AskedBy: "boss", ApprovedBy: "vice", Reason: "the board broke",
	}
	if w.status().Recovery.Released != nil {
		t.Error("told before the server was met")
	}
	_, err := w.s.Connect(w.ctx(), session.ConnectRequest{Password: secret(account)})
	w.must(err)
	got := w.status().Recovery.Released
	if got == nil || got.AskedBy != "boss" || got.ApprovedBy != "vice" || got.Reason != "the board broke" || !got.InPlace {
		t.Errorf("told: %+v", got)
	}
}
