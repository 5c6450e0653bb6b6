package present_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
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

func TestUnlock(t *testing.T) {
	three := 3
	words := present.Load("en")
	got := present.NewUnlock(words, cached(nil), noon, nil, false)
	if !got.Can || got.Back || !got.Connect || got.Title != "Working Offline" || got.Made != "made 3 hours ago" || got.Left != "2 days left" || got.Entries != "118 entries" || got.Tries != "16 tries left" || got.TriesLow {
		t.Errorf("%+v", got)
	}
	got = present.NewUnlock(words, cached(nil), noon, &vault.Problem{Cause: vault.WrongPassword, TriesLeft: &three}, false)
	if got.Tries != "3 tries left" || !got.TriesLow || got.Notice.ID != "wrong_password" || !got.Can {
		t.Errorf("%+v", got)
	}
	got = present.NewUnlock(words, cached(func(st *session.Status) { st.Cache.State, st.Cache.Problem = cache.Expired, vault.Expired }), noon, nil, false)
	if got.Can || got.Notice.ID != "expired" || got.Left != "" || !got.Connect {
		t.Errorf("%+v", got)
	}
	got = present.NewUnlock(words, session.Status{}, noon, nil, false)
	if got.Can || got.Notice.ID != "no_cache" || got.Connect {
		t.Errorf("%+v", got)
	}
	got = present.NewUnlock(words, cached(func(st *session.Status) { st.Cache.Tries.Known = false }), noon, nil, false)
	if got.Tries != "" {
		t.Errorf("unknown tries are told as %q", got.Tries)
	}
}

// Where no password is taken, nobody is told to type one.
func TestUnlockLockedOut(t *testing.T) {
	zero := 0
	wrong := &vault.Problem{Cause: vault.WrongPassword, TriesLeft: &zero}
	again := noon.Add(9*time.Minute + 42*time.Second + 300*time.Millisecond)
	for _, tt := range []struct {
		name   string
		until  time.Time
		level  binding.Level
		en, de []string
		enNot  string
	}{
		{name: "minutes", until: again, level: binding.LevelB, en: []string{"in 9:43, by", "Connect…"}, de: []string{"in 9:43 wieder", "spätestens", "„Connect…“"}},
		{name: "hours", until: noon.Add(2*time.Hour - 17*time.Second), level: binding.LevelB, en: []string{"in 1:59:43,"}, de: []string{"in 1:59:43 "}},
		{name: "over", until: noon.Add(-time.Second), level: binding.LevelB, en: []string{"in 0:00,"}, de: []string{"in 0:00 "}},
		{name: "not known", level: binding.LevelB, en: []string{"try again later"}, de: []string{"später wieder"}, enNot: "again in"},
		{name: "never", level: binding.LevelA, en: []string{"no more", "Connect to the server"}, de: []string{"nicht mehr", "Verbinden Sie sich"}, enNot: "try again"},
	} {
		for lang, want := range map[string][]string{"en": tt.en, "de": tt.de} {
			words := present.Load(lang)
			got := present.NewUnlock(words, cached(func(st *session.Status) {
				st.Cache.State, st.Cache.Level = cache.LockedOut, tt.level
				st.Cache.Problem = &vault.Problem{Cause: vault.ChipLocked, TriesLeft: &zero, Until: tt.until}
			}), noon, wrong, false)
			spoken(t, got)
			said := got.Notice.Message + " " + got.Notice.Remedy
			if got.Can || got.Notice.ID != "chip_locked" || !got.Again.Equal(tt.until) || strings.Contains(said, "Type the") || strings.Contains(said, "Geben Sie") {
				t.Errorf("%s, %s: %+v %s", tt.name, lang, got, said)
			}
			for _, w := range want {
				if !strings.Contains(said, w) {
					t.Errorf("%s, %s: %q is not in %q", tt.name, lang, w, said)
				}
			}
			if lang == "en" && tt.enNot != "" && strings.Contains(got.Notice.Remedy, tt.enNot) {
				t.Errorf("%s: %q", tt.name, said)
			}
		}
	}
}

func TestReview(t *testing.T) {
	reason := func(s string) *string { return &s }
	until := noon.Add(7 * 24 * time.Hour)
	run := wire.DryRun{
		Total: 6, Cached: 2, Excluded: 4, ExpiresAt: &until, ByReason: map[string]int{"not_permitted": 1, "time_limited": 2, "quantum": 1, "too_large": 0},
		Entries: []wire.DryRunEntry{
			{Path: "/a", Cached: true},
			{Path: "/b", Cached: true},
			{Path: "/c", Reason: reason("time_limited"), Detail: reason("until Friday")},
			{Path: "/d", Reason: reason("time_limited")},
			{Path: "/e", Reason: reason("not_permitted")},
			{Path: "/f", Reason: reason("quantum")},
		},
	}
	got := present.NewReview(present.Load("en"), present.ReviewFacts{Run: run, Level: "B", Governed: true, Now: noon})
	if got.Summary != "2 of 6 entries will be kept on this computer." || !strings.Contains(got.Until, "(7 days)") || !got.Can || got.Notice != nil {
		t.Errorf("%+v", got)
	}
	var reasons []string
	for _, r := range got.Reasons {
		reasons = append(reasons, fmt.Sprint(r.ID, r.Count, r.Entries))
	}
	want := []string{"time_limited2 [{/c until Friday} {/d }]", "not_permitted1 [{/e }]", "quantum1 [{/f }]"}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"/a", "/b"}, got.Cached); diff != "" {
		t.Error(diff)
	}
	for _, lang := range catalogues {
		words := present.Load(lang)
		for _, r := range policy.Reasons() {
			if text := words.OfflineReason(string(r)); r != policy.Cacheable && !strings.HasSuffix(text, ".") {
				t.Errorf("%s: no words for %s: %q", lang, r, text)
			}
		}
		nothing := present.NewReview(words, present.ReviewFacts{Run: wire.DryRun{Total: 3}, Level: "B"})
		if nothing.Can || nothing.Notice == nil {
			t.Errorf("%+v", nothing)
		}
		unbound := present.NewReview(words, present.ReviewFacts{Run: run, Level: "D"})
		if unbound.Can || unbound.Notice.Severity != present.Alarm {
			t.Errorf("%+v", unbound)
		}
		pending := present.NewReview(words, present.ReviewFacts{Run: run, Level: "B", Problem: vault.ApprovalPending})
		if pending.Can || pending.Notice == nil || pending.Notice.ID != string(vault.ApprovalPending) {
			t.Errorf("%+v", pending)
		}
		asked := present.NewReview(words, present.ReviewFacts{Run: run, Level: "B", Comment: true, Estimated: true})
		if asked.Comment == "" || asked.Must || asked.Estimated == "" {
			t.Errorf("%+v", asked)
		}
		must := present.NewReview(words, present.ReviewFacts{Run: run, Level: "B", Err: vault.CommentRequired})
		if !must.Must || must.Comment == "" || must.Comment == asked.Comment {
			t.Errorf("%+v", must)
		}
		spoken(t, nothing)
		spoken(t, unbound)
		spoken(t, asked)
		for _, p := range []present.Phase{present.PhaseAsking, present.PhaseKey, present.PhaseLoading, present.PhaseWriting} {
			spoken(t, present.NewProgress(words, p, 3, 0))
		}
	}
	if p := present.NewProgress(present.Load("en"), present.PhaseLoading, 30, 120); p.Words != "30 of 120 entries…" || p.Fraction != 0.25 {
		t.Errorf("%+v", p)
	}
}

func TestJudgeMaster(t *testing.T) {
	rules := policy.MasterRules{MinLength: 12, MinClasses: 3, MinScore: 3, Differs: true}
	words := present.Load("en")
	for _, tt := range []struct {
		name, master, again, account, unmet string
		ok                                  bool
	}{
		{"nothing typed", "", "", "account", "length classes strength differs repeated", false},
		{"good", "Kranich stolpert 41 Leiter", "Kranich stolpert 41 Leiter", "account", "", true},
		{"typed once", "Kranich stolpert 41 Leiter", "Kranich", "account", "repeated", false},
		{"short and weak", "Ab3$", "Ab3$", "", "length strength", false},
		{"the account's", "Kranich stolpert 41 Leiter", "Kranich stolpert 41 Leiter", "Kranich stolpert 41 Leiter", "differs", false},
		{"letters are counted, not bytes", "äöüäöüäöüäö", "äöüäöüäöüäö", "", "length classes", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := words.JudgeMaster(rules, vault.SecretText(tt.master), vault.SecretText(tt.again), vault.SecretText(tt.account), "erika")
			var unmet []string
			for _, r := range m.Rules {
				if !r.Met {
					unmet = append(unmet, r.ID)
				}
			}
			if got := strings.Join(unmet, " "); got != tt.unmet || m.OK != tt.ok {
				t.Errorf("unmet %q, ok %v (strength %d)", got, m.OK, m.Strength)
			}
			spoken(t, m)
		})
	}
	decomposed := words.JudgeMaster(policy.MasterRules{MinLength: 8, Differs: true},
		vault.SecretText("e\u0301lan vital"), vault.SecretText("e\u0301lan vital"), vault.SecretText("élan vital"))
	if decomposed.OK {
		t.Error("a password counts as another one for being decomposed")
	}
	if got := len(words.MasterRules(policy.MasterRules{MinLength: 8})); got != 2 {
		t.Errorf("%d rules where there are two", got)
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

func TestDetail(t *testing.T) {
	it := item("Title", "zeta", "z", vault.FieldNotes, strings.Repeat("ü", 30_000), vault.FieldURL, "", vault.FieldUsername, "erika", "alpha", "a")
	it.Entry.Set("PIN", vault.SecretText("0815"), true)
	it.Entry.Set(vault.FieldPassword, vault.Secret{}, true)
	it.Entry.Attachments = []vault.Attachment{{Name: "id.pem"}, {Name: "unknown"}}
	it.Entry.Times = vault.Times{Modified: noon, Expires: true, Expiry: noon.Add(3 * 24 * time.Hour)}
	it.HasPassword, it.HasOTP, it.Digits, it.Period, it.History, it.AttachmentSizes = true, true, 6, 30*time.Second, 3, []int64{1234}
	it.Path = []string{"Servers", "Web", "Title"}
	no := false
	it.Offline, it.Reason = &no, "time_limited"
	words := present.Load("en")
	d := present.NewDetail(words, it, noon)
	var fields []string
	for _, f := range d.Fields {
		value := f.Value
		if len(value) > 20 {
			value = fmt.Sprint(len(value), len(f.Full))
		}
		fields = append(fields, fmt.Sprintf("%s %s=%q %v %s", f.Kind, f.Label, value, f.Protected, f.Code))
	}
	want := []string{
		`user User name="erika" false `, `password Password="" true `, `notes Notes="20003 60000" false `,
		`code One-time code="" true 6 digits, every 30 seconds`, `text zeta="z" false `, `text alpha="a" false `, `text PIN="" true `,
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Error(diff)
	}
	if d.Path != "/Servers/Web" || d.Urgency != present.Warning || !strings.HasPrefix(d.Expires, "expires in 3 days (") || d.History != "3 earlier versions" ||
		d.OfflineYes || d.OfflineWhy != "Your access to it is limited in time." || d.Draft != "" || d.Created != "" || d.Attachments[0].Size != "1.2 kB" {
		t.Errorf("%+v", d)
	}
	it.Edit = cache.Edited
	if d := present.NewDetail(words, it, noon); d.Draft != "Draft: will be dropped at Connect…" || d.Offline != "" {
		t.Errorf("%q %q", d.Draft, d.Offline)
	}
	spoken(t, present.NewDetail(present.Load("de"), it, noon.AddDate(1, 0, 0)))
	empty := present.NewDetail(words, &session.Item{Entry: &vault.Entry{}}, noon)
	if empty.Title != "(no title)" || len(empty.Fields) != 0 || empty.Path != "/" {
		t.Errorf("%+v", empty)
	}
	s := present.SelectionOf(present.State{}, []*session.Item{it})
	if s.Selected != 1 || !s.HasUser || s.HasURL || !s.HasPassword || !s.HasOTP || s.Fields != 3 || s.Attachments != 2 {
		t.Errorf("%+v", s)
	}
	if s := present.SelectionOf(s, nil); s.Selected != 0 || s.HasUser || s.Fields != 0 {
		t.Errorf("%+v", s)
	}
}

func TestCached(t *testing.T) {
	two := 2
	made := session.Cached{Withheld: &two, Expires: noon, Report: cache.Report{Entries: 7}}
	for _, lang := range catalogues {
		words := present.Load(lang)
		got := words.Cached(made)
		spoken(t, got)
		if got.Severity != present.Good || !strings.Contains(got.Message, "7") || !strings.Contains(got.Remedy, "2") {
			t.Errorf("%s: %+v", lang, got)
		}
		short := made
		for i := range 5 {
			short.Report.Excluded = append(short.Report.Excluded, cache.Exclusion{Path: []string{"Net", fmt.Sprint("Rack ", i)}})
		}
		got = words.Cached(short)
		spoken(t, got)
		if got.Severity != present.Warning || !strings.Contains(got.Remedy, "Net/Rack 0, Net/Rack 1, Net/Rack 2, …") {
			t.Errorf("%s: %+v", lang, got)
		}
	}
}
