package present_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

// keyed is an online client whose cache has keys of these names.
func keyed(use lease.KeyUse, names ...string) session.Status {
	return cached(func(st *session.Status) {
		st.Mode, st.Cache.Policy.SecurityKey, st.Cache.Keys = session.Online, use, names
		for _, name := range names {
			st.Keys = append(st.Keys, session.KeyStatus{Name: name, Added: noon})
		}
	})
}

// What can be done with the keys of a cache, and why not.
func TestKeyList(t *testing.T) {
	eight := strings.Split("a b c d e f g h", " ")
	with := func(st session.Status, change func(*session.Status)) session.Status {
		change(&st)
		return st
	}
	for _, tt := range []struct {
		name             string
		st               session.Status
		intro, add, take string // parts of what is said; "" for the last two: it can be done
	}{
		{"none yet", keyed(lease.KeyAllowed), "needs no security key", "", ""},
		{"one", keyed(lease.KeyAllowed, "blue"), "this security key is needed", "", ""},
		{"several", keyed(lease.KeyRequired, "blue", "red"), "one of these security keys", "", ""},
		{"the last one that is wanted", keyed(lease.KeyRequired, "blue"), "this security key", "", "before the last one is removed"},
		{"off", keyed(lease.KeyOff, "blue"), "this security key", "Your policy has no security keys", ""},
		{"off, where no server governs", with(keyed(lease.KeyOff), func(st *session.Status) { st.Cache.Governed = false }), "needs no", "", ""},
		{"full", keyed(lease.KeyAllowed, eight...), "one of these", "8 keys at most", ""},
		{"offline", with(keyed(lease.KeyAllowed, "blue"), func(st *session.Status) { st.Mode = session.Offline }), "this security key", "online only", "online only"},
		{"over", with(keyed(lease.KeyAllowed, "blue"), func(st *session.Status) { st.Cache.State, st.Cache.Problem = cache.Expired, vault.Expired }), "this security key", "can be opened", "can be opened"},
		{"cannot be read", with(keyed(""), func(st *session.Status) {
			st.Cache.State, st.Cache.Problem, st.Cache.Readable = cache.Damaged, vault.Damaged, false
		}), "", "can be opened", "can be opened"},
		{"no cache", session.Status{Mode: session.Online}, "There is no offline cache", "There is no offline cache", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := present.NewKeyList(present.Load("en"), tt.st)
			if !strings.Contains(l.Intro, tt.intro) || tt.intro == "" && l.Intro != "" || len(l.Keys) != len(tt.st.Keys) {
				t.Errorf("%+v", l)
			}
			for got, want := range map[string]string{l.NoAdd: tt.add, l.NoRemove: tt.take} {
				if !strings.Contains(got, want) || want == "" && got != "" {
					t.Errorf("%q, want %q", got, want)
				}
			}
			if over := tt.st.Cache != nil && tt.st.Cache.State != cache.Usable; over != (l.Notice != nil) {
				t.Errorf("notice %+v", l.Notice)
			}
			spoken(t, present.NewKeyList(present.Load("de"), tt.st))
		})
	}
	l := present.NewKeyList(present.Load("en"), with(keyed(lease.KeyAllowed, "blue", "old"), func(st *session.Status) { st.Keys[1].Added = time.Time{} }))
	if !strings.HasPrefix(l.Keys[0].Added, "added ") || l.Keys[1].Added != "" {
		t.Errorf("%+v", l.Keys)
	}
}

// Whoever removes a key is told what opens the cache then, and what opens copies
// of before.
func TestKeyChangeSaysWhatIsLost(t *testing.T) {
	for _, tt := range []struct {
		name   string
		level  binding.Level
		remove string
		keys   []string
		want   []string
		copies bool
	}{
		{"the first", binding.LevelB, "", nil, []string{"it does not open without the key", "Plug in the key"}, false},
		{"another", binding.LevelB, "", []string{"blue"}, []string{"each of the keys", "when to change it"}, false},
		{"one of two", binding.LevelB, "blue", []string{"blue", "red"}, []string{"the other key", "need not be this one"}, true},
		{"one of two, copy-proof", binding.LevelA, "blue", []string{"blue", "red"}, []string{"the other key"}, false},
		{"the last", binding.LevelA, "blue", []string{"blue"}, []string{"needs no security key any more"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			st := keyed(lease.KeyAllowed, tt.keys...)
			st.Cache.Level = tt.level
			q := present.NewKeyChange(present.Load("en"), present.KeyChangeFacts{Status: st, Remove: tt.remove})
			said := strings.Join(append(q.Does, q.Weaker), " ")
			for _, want := range tt.want {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not in %q", want, said)
				}
			}
			if strings.Contains(said, "Copies of the cache") != tt.copies || q.Removes != (tt.remove != "") || q.Name != (tt.remove == "") {
				t.Errorf("%+v", q)
			}
			n := present.Load("en").KeysChanged(session.Cached{Level: tt.level}, tt.remove, st.Keys)
			if (n.Remedy != "") != tt.copies {
				t.Errorf("%+v", n)
			}
			spoken(t, present.NewKeyChange(present.Load("de"), present.KeyChangeFacts{Status: st, Remove: tt.remove, Code: true}))
		})
	}
}

// A review that offers a security key says what is so without it, and what once
// the offer is taken: who opens the cache then, and that nobody can release it.
func TestReviewWithASecurityKey(t *testing.T) {
	for _, lang := range catalogues {
		r := present.NewReview(present.Load(lang), present.ReviewFacts{
			Run: wire.DryRun{Total: 3, Cached: 3}, Level: "B", Governed: true, Recovery: &session.Recovery{Key: "k"},
			Terms: session.CacheTerms{CanKey: true, SecurityKey: lease.KeyAllowed, Recovery: &session.Recovery{Key: "k"}},
		})
		if r.AddKey == "" || r.WithKey.NoFactor == "" || r.WithKey.NoFactor == r.NoFactor || r.WithKey.Recovery == "" || r.WithKey.Recovery == r.Recovery {
			t.Errorf("%+v", r)
		}
		spoken(t, r)
	}
}
