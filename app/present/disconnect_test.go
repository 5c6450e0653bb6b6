package present_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
	"github.com/tideover/tideover/vault/wire"
)

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
