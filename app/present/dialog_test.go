package present_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

func TestLogin(t *testing.T) {
	pin := strings.Repeat("0123456789abcdef", 4)
	known := session.Status{User: "erika", Server: session.ServerStatus{URL: "https://v.example"}}
	away := cached(func(st *session.Status) { st.Mode = session.Disconnected })
	for _, tt := range []struct {
		name  string
		facts present.LoginFacts
		check func(l present.Login) bool
	}{
		{"first time", present.LoginFacts{}, func(l present.Login) bool {
			return l.FocusOn == "server" && !l.WorkOffline && l.SignIn && l.Notice == nil
		}},
		{"filled in", present.LoginFacts{Status: known}, func(l present.Login) bool {
			return l.FocusOn == "password" && l.Server == "https://v.example" && l.User == "erika" && !l.WorkOffline
		}},
		{"typed wins", present.LoginFacts{Status: known, Server: "https://w.example", User: "max"}, func(l present.Login) bool {
			return l.Server == "https://w.example" && l.User == "max"
		}},
		{"a cache", present.LoginFacts{Status: away}, func(l present.Login) bool { return l.WorkOffline && l.WorkOfflineCan }},
		{"usable at once while the server is asked", present.LoginFacts{Status: away, Busy: true}, func(l present.Login) bool {
			return l.WorkOfflineCan && !l.SignIn
		}},
		{"permitted, not cached", present.LoginFacts{Status: known, Offline: true}, func(l present.Login) bool {
			return l.WorkOffline && !l.WorkOfflineCan && l.WorkOfflineWhy == "There is no offline cache."
		}},
		{"somebody is offline", present.LoginFacts{Status: cached(nil)}, func(l present.Login) bool {
			return !l.SignIn && strings.HasPrefix(l.Notice.Message, "erika is working offline")
		}},
		{"second factor", present.LoginFacts{Status: known, Err: fmt.Errorf("sign in: %w", vault.SecondFactor)}, func(l present.Login) bool {
			return l.SecondFactor && l.FocusOn == "code" && l.Notice.Severity == present.Info
		}},
		{"unknown identity", present.LoginFacts{Status: known, Err: vault.Fail(vault.IdentityUnknown, "%s", pin)}, func(l present.Login) bool {
			return l.Identity.Pin == pin && len(l.Identity.Groups) == 16 && strings.Join(l.Identity.Groups, "") == pin && l.Identity.Accept != "" && l.Notice == nil
		}},
		{"changed identity", present.LoginFacts{Status: known, Err: vault.IdentityChanged}, func(l present.Login) bool {
			return l.Identity.Accept == "" && l.Notice.Severity == present.Alarm
		}},
		{"unreachable", present.LoginFacts{Status: known, Err: vault.Unreachable}, func(l present.Login) bool {
			return l.Notice.Severity == present.Warning && l.Notice.ID == "unreachable" && !strings.Contains(l.Notice.Remedy, "cache")
		}},
		{"unreachable, with a cache", present.LoginFacts{Status: away, Err: vault.Unreachable, Now: noon}, func(l present.Login) bool {
			return strings.Contains(l.Notice.Remedy, "cache") && l.Recent == "made 3 hours ago, 2 days left"
		}},
		{"a cache that has ended", present.LoginFacts{Status: cached(func(st *session.Status) {
			st.Mode, st.Cache.State, st.Cache.Problem = session.Disconnected, cache.Expired, vault.Expired
		})}, func(l present.Login) bool {
			return l.WorkOffline && !l.WorkOfflineCan && l.WorkOfflineWhy == "The offline use of this cache has ended." && l.Recent == ""
		}},
		{"as another user", present.LoginFacts{Status: known, Back: true}, func(l present.Login) bool { return l.Back && l.FocusOn == "user" }},
		{"nothing to compare", present.LoginFacts{Status: known, Err: vault.IdentityUnknown}, func(l present.Login) bool {
			return l.Identity != nil && l.Identity.Accept == "" && l.Identity.Ask != ""
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if l := present.NewLogin(present.Load("en"), tt.facts); !tt.check(l) {
				t.Errorf("%+v %+v", l, l.Notice)
			}
			spoken(t, present.NewLogin(present.Load("de"), tt.facts))
		})
	}
}

// The window has no flags to name, and an error has words there too.
func TestRemediesOfTheWindowNameNoFlags(t *testing.T) {
	for _, lang := range catalogues {
		words := present.Load(lang)
		for _, c := range causes(t) {
			n := words.Failure(&vault.Problem{Cause: c, Until: noon})
			spoken(t, *n)
			if strings.Contains(n.Remedy, "--") || strings.Contains(n.Remedy, "doctor\"") || n.Remedy == "" {
				t.Errorf("%s %s: %q", lang, c, n.Remedy)
			}
		}
		if words.Failure(nil) != nil {
			t.Error("no error has words")
		}
	}
}

func TestConnect(t *testing.T) {
	drafts := []session.Draft{
		{Op: cache.Edited, ID: vault.NewID(), Path: "/a", Fields: []string{"UserName", "PIN"}},
		{Op: cache.Removed, ID: vault.NewID(), Path: "/b"},
	}
	words := present.Load("en")
	st := cached(func(st *session.Status) { st.AutoCache = true })
	got := present.NewConnectForm(words, present.ConnectFacts{Status: st, Drafts: drafts, Err: vault.Unconfirmed})
	if !got.Password || !got.Master || got.Notice != nil || got.Drop.Title != "2 drafts will be dropped" {
		t.Errorf("%+v", got)
	}
	if i := got.Drop.Items[0]; i.Op != "edited" || i.Path != "/a" || i.Fields != "User name, PIN" {
		t.Errorf("%+v", i)
	}
	if i := got.Drop.Items[1]; i.Kind != present.DraftRemoved || i.Fields != "" {
		t.Errorf("%+v", i)
	}
	agreed := present.NewConnectForm(words, present.ConnectFacts{Status: st, Drafts: drafts, Agreed: true, Unlocked: true, Err: vault.SecondFactor})
	if agreed.Drop != nil || agreed.Master || !agreed.SecondFactor {
		t.Errorf("%+v", agreed)
	}
	live := st
	live.SignedIn = true
	over := present.NewConnectForm(words, present.ConnectFacts{Status: live, Err: vault.NotSignedIn})
	if !over.Password || over.Notice.Severity != present.Info {
		t.Errorf("%+v", over)
	}
	for _, lang := range catalogues {
		w := present.Load(lang)
		spoken(t, present.NewConnectForm(w, present.ConnectFacts{Status: st, Drafts: drafts[:1]}))
		notices := w.Connected(session.Connected{Renewed: true, Dropped: drafts, Stale: vault.WeakPassword, Journal: vault.Unreachable})
		if len(notices) != 4 {
			t.Errorf("%+v", notices)
		}
		spoken(t, notices)
	}
}

func TestImportAndDoctor(t *testing.T) {
	for _, lang := range catalogues {
		words := present.Load(lang)
		none := present.NewImport(words, session.Status{}, "", nil, false)
		chosen := present.NewImport(words, cached(nil), "/tmp/x.kdbx", vault.Superseded, false)
		if none.Can || none.Replaces != "" || !chosen.Can || chosen.Replaces == "" || chosen.Notice.ID != "superseded" || len(chosen.Rules) != 3 {
			t.Errorf("%+v %+v", none, chosen)
		}
		spoken(t, none)
		spoken(t, chosen)
		lost := present.NewImport(words, session.Status{}, "/x", &vault.Problem{Cause: vault.NotFound, Detail: "/x", Err: session.ErrNoFile}, false)
		if n := lost.Notice; !strings.Contains(n.Message, "/x") || n.Remedy != words.Text("topic.no_file.remedy", nil) {
			t.Errorf("no file: %+v", n)
		}
		var checks []present.Check
		for id, statuses := range map[string]string{
			"tpm": "ok warn fail", "level": "ok warn fail", "keychain": "ok warn", "server": "ok warn unknown", "certificate": "ok fail unknown",
			"clock": "ok warn unknown", "disk_encryption": "ok warn unknown", "cache": "ok warn fail unknown",
			"proof": "ok warn unknown",
		} {
			for _, s := range strings.Fields(statuses) {
				checks = append(checks, present.Check{ID: id, Status: s, Value: map[string]string{"cache": "key_required", "clock": "42s", "level": "B", "proof": "unknown_root"}[id]})
			}
		}
		rows := present.DoctorRows(words, checks)
		spoken(t, rows)
		for _, r := range rows {
			if (r.Severity == present.Warning || r.Severity == present.Alarm) != (r.Remedy != "") || strings.Contains(r.Message+r.Value, "_") {
				t.Errorf("%+v", r)
			}
		}
	}
}

// What is in the way of a level has words; what a newer chip or client says has
// none and stays as it is.
func TestBlockedLevelsHaveWords(t *testing.T) {
	reasons := []string{
		binding.BlockedIndices, binding.BlockedTries, binding.BlockedInterval, binding.BlockedOff, binding.BlockedCommand + "0x16b",
		"no_tpm", "tpm_unusable", "no_keychain",
	}
	for _, language := range present.Languages() {
		words := present.Load(language)
		for _, r := range reasons {
			if got := words.Blocked([]string{r}); got == "" || got == r || strings.Contains(got, "_") {
				t.Errorf("%s: %s is %q", language, r, got)
			}
		}
	}
	words := present.Load("en")
	if got := words.Blocked([]string{binding.BlockedCommand + "0x16b", "new_thing"}); got != "the chip lacks the command 0x16b; new_thing" {
		t.Errorf("%q", got)
	}
	if got := words.Blocked(nil); got != "" {
		t.Errorf("nothing in the way: %q", got)
	}
}
