package present_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

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
