package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// What a cache would be is known before anybody is asked for its password, and
// asking changes nothing.
func TestCacheTermsOfAServerThatGoverns(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	end := w.clock.now.AddDate(0, 0, 7)
	w.server.run = wire.DryRun{Total: 5, Cached: 4, Excluded: 1, ExpiresAt: &end, ByReason: map[string]int{wire.ReasonCommentRequired: 1}}
	before := string(w.stateBytes())
	got, err := w.s.CacheTerms(w.ctx())
	w.must(err)
	want := session.CacheTerms{
		Run: w.server.run, Rules: policy.MasterRules{MinLength: 12, MinScore: 3, Differs: true}, Days: 7, Until: end,
		Level: binding.LevelB, WhyNotA: []string{session.WhyNoChip},
		Virtual: got.Virtual, MinLevel: binding.LevelB0, AllowVirtual: true, Governed: true, Comment: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if string(w.stateBytes()) != before {
		t.Error("asking for the terms changed the state")
	}
	made, err := w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
	w.must(err)
	if !made.Expires.Equal(got.Until) {
		t.Errorf("the cache ends %v, %v was told", made.Expires, got.Until)
	}
	_, err = w.s.CacheTerms(w.ctx())
	w.refused(err, vault.SomeoneOffline)
}

// What stands in the way is told before the master password is asked for, with
// the cause that Disconnect gives.
func TestCacheTermsNameTheObstacle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.signIn()
	usual := w.server.policy
	for _, c := range []struct {
		name string
		set  func()
		want vault.Cause
	}{
		{"not allowed", func() { w.server.allowed = false }, vault.NotPermitted},
		{"suspended", func() { w.server.device.State = wire.DeviceSuspended }, vault.Suspended},
		{"not approved yet", func() { w.server.device.State = wire.DevicePending }, vault.ApprovalPending},
		{"a level that this machine has not", func() { w.server.policy.MinLevel = binding.LevelA }, vault.LevelTooLow},
	} {
		w.server.allowed, w.server.device.State, w.server.policy = true, wire.DeviceApproved, usual
		c.set()
		got, err := w.s.CacheTerms(w.ctx())
		w.must(err)
		if !errors.Is(got.Problem, c.want) {
			t.Errorf("%s: %v, want %s", c.name, got.Problem, c.want)
		}
		_, err = w.s.Disconnect(w.ctx(), session.CacheRequest{Master: newMaster(master)})
		w.refused(err, c.want)
	}
	w.must(w.s.SignOut(w.ctx()))
	_, err := w.s.CacheTerms(w.ctx())
	w.refused(err, vault.NotSignedIn)
}

// A Pleasant server governs nothing: the terms are this client's own, and what
// would come is worked out from the tree.
func TestCacheTermsOfAPleasantServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.server.kind = session.Pleasant
	w.signIn()
	for i, e := range all(testContent()) {
		w.server.facts[e.ID] = &wire.Facts{ViewContents: i != 0, ViewPassword: true, CommentViewOffline: i == 1}
	}
	got, err := w.s.CacheTerms(w.ctx())
	w.must(err)
	end := w.clock.now.AddDate(0, 0, 7)
	want := session.CacheTerms{
		Run: wire.DryRun{
			User: user, Server: url, Total: 5, Cached: 3, Excluded: 2, ExpiresAt: &end,
			ByReason: map[string]int{wire.ReasonNotPermitted: 1, wire.ReasonCommentRequired: 1},
		},
		Estimated: true, Rules: policy.MasterRules{MinLength: 12, MinScore: 3, Differs: true}, Days: 7, Until: end,
		Level: binding.LevelB, WhyNotA: []string{session.WhyUngoverned},
		Virtual: got.Virtual, MinLevel: binding.LevelB0, AllowVirtual: true, Comment: true, SecurityKey: lease.KeyAllowed,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(wire.DryRun{}, "Entries")); diff != "" {
		t.Error(diff)
	}
	if len(got.Run.Entries) != 5 || got.Run.Entries[1].Path != "/Servers/web" || *got.Run.Entries[0].Reason != wire.ReasonNotPermitted {
		t.Errorf("%+v", got.Run.Entries)
	}
	run, err := w.s.DryRun(w.ctx())
	w.must(err)
	if diff := cmp.Diff(got.Run, run); diff != "" {
		t.Error(diff)
	}
	w.server.allowed = false
	got, err = w.s.CacheTerms(w.ctx())
	w.must(err)
	if got.Run.Cached != 0 || !errors.Is(got.Problem, vault.NotPermitted) {
		t.Errorf("%+v", got)
	}
}

// Without a chip it is said which of the reasons it is.
func TestCacheTermsWithoutAChip(t *testing.T) {
	for want, config := range map[vault.Cause]session.Config{
		vault.ChipMissing: {},
		vault.LevelTooLow: {NoChip: true},
	} {
		clock := &fakeClock{time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)}
		srv := newServer(t, clock)
		config.Home, config.Clock = t.TempDir(), clock
		config.Keeper = session.NewKeychain(&keychain{items: map[string]string{}})
		config.Dial = func(session.Target) (session.Remote, error) { return srv, nil }
		s := session.New(config)
		err := s.SignIn(t.Context(), session.SignInRequest{
			Target: srv.target(), Credentials: session.Credentials{User: user, Password: secret(account)},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.CacheTerms(t.Context())
		if err != nil || !errors.Is(got.Problem, want) {
			t.Errorf("%v, %v, want %s", got.Problem, err, want)
		}
		s.Close()
	}
}
