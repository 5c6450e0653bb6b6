package present_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/session"
)

// cached is the status of a client that works offline with a good cache.
func cached(change func(*session.Status)) session.Status {
	st := session.Status{
		Mode: session.Offline, User: "erika", Server: session.ServerStatus{URL: "https://vault.example:10001", Kind: session.Tideover},
		Cache: &cache.Status{
			State: cache.Usable, Path: "/home/erika/cache.kdbx", User: "erika", Server: "https://vault.example:10001", Readable: true,
			Created: noon.Add(-3 * time.Hour), Level: binding.LevelB, Governed: true, Entries: 118, Attachments: 1, SizeBytes: 120_000,
			Policy: lease.Policy{Reveal: true, Copy: true, OfflineEdits: lease.EditsOverlay}, Judged: true,
			Verdict: lease.Verdict{Remaining: 50 * time.Hour, Until: noon.Add(50 * time.Hour)}, Tries: binding.Tries{Known: true, Left: 16}, Now: noon,
		},
	}
	if change != nil {
		change(&st)
	}
	return st
}

var catalogues = []string{"en", "de"}

func TestStatusBar(t *testing.T) {
	for _, tt := range []struct {
		name     string
		st       session.Status
		after    time.Duration
		unlocked bool
		want     present.StatusBar
	}{
		{"nobody", session.Status{}, 0, false, present.StatusBar{
			Title: "Tideover", Mode: "Disconnected", Colour: "disconnected", Urgency: present.Info, Counts: "1 of 123 selected",
		}},
		{"online without a cache", session.Status{Mode: session.Online, SignedIn: true, User: "erika", Server: session.ServerStatus{URL: "https://v.example"}}, 0, true, present.StatusBar{
			Title: "erika – Online – Tideover", Mode: "Online", Colour: "online", Who: "erika at v.example", Urgency: present.Info, Counts: "1 of 123 selected",
		}},
		{"offline", cached(nil), 0, true, present.StatusBar{
			Title: "erika – Working Offline – Tideover", Mode: "Working Offline", Colour: "offline", Who: "erika at vault.example:10001",
			Age: "made 3 hours ago", Left: "2 days left", Urgency: present.Info, Level: "hardware", Counts: "1 of 123 selected",
		}},
		{"the status is older than now", cached(nil), 27 * time.Hour, true, present.StatusBar{
			Title: "erika – Working Offline – Tideover", Mode: "Working Offline", Colour: "offline", Who: "erika at vault.example:10001",
			Age: "made 1 day ago", Left: "23 hours left", Urgency: present.Warning, Level: "hardware", Counts: "1 of 123 selected",
		}},
		{"the last hour, drafts, no server", cached(func(st *session.Status) {
			st.Cache.Governed, st.Cache.OverlayEdits, st.Cache.Level = false, 1, binding.LevelC
		}), 49*time.Hour + time.Minute, false, present.StatusBar{
			Title: "erika – Working Offline – Tideover (locked)", Mode: "Working Offline", Colour: "offline", Who: "erika at vault.example:10001",
			Age: "made 2 days ago", Left: "59 minutes left", Urgency: present.Alarm, Level: "keychain, weaker", Local: "not governed by the server",
			Drafts: "1 draft", Counts: "1 of 123 selected",
		}},
		{"no end", cached(func(st *session.Status) { st.Cache.Verdict = lease.Verdict{Unlimited: true} }), 0, true, present.StatusBar{
			Title: "erika – Working Offline – Tideover", Mode: "Working Offline", Colour: "offline", Who: "erika at vault.example:10001",
			Age: "made 3 hours ago", Urgency: present.Info, Level: "hardware", Counts: "1 of 123 selected",
		}},
		{"ended", cached(func(st *session.Status) {
			st.Mode, st.Cache.State, st.Drafts = session.Disconnected, cache.Expired, true
		}), 0, false, present.StatusBar{
			Title: "Tideover", Mode: "Disconnected", Colour: "disconnected", Who: "erika at vault.example:10001",
			Left: "cache expired", Urgency: present.Alarm, Drafts: "drafts", Counts: "1 of 123 selected",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := present.NewStatusBar(present.Load("en"), tt.st, noon.Add(tt.after), tt.unlocked, 1, 123)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			spoken(t, present.NewStatusBar(present.Load("de"), tt.st, noon.Add(tt.after), tt.unlocked, 1, 123))
		})
	}
}

func TestEveryStateOfACacheHasWords(t *testing.T) {
	for _, lang := range catalogues {
		words := present.Load(lang)
		for _, state := range []cache.State{cache.Usable, cache.Expired, cache.Superseded, cache.Foreign, cache.Revoked, cache.Wiped, cache.Damaged, cache.LockedOut, cache.Suspended, cache.KeyRequired} {
			for _, level := range []binding.Level{binding.LevelA, binding.LevelB, binding.LevelB0, binding.LevelC, binding.LevelNone} {
				for _, by := range []lease.EndedBy{"", lease.EndedByWall, lease.EndedByClock, lease.EndedByBoots, lease.EndedByOpens} {
					two := 2
					st := cached(func(st *session.Status) {
						st.Cache.State, st.Cache.Level, st.Cache.Verdict.EndedBy = state, level, by
						st.Cache.OverlayEdits, st.Cache.JournalEvents, st.Cache.Verdict.OpensLeft = 2, 1, &two
						if state != cache.Usable {
							st.Cache.Problem = vault.Expired
						}
					})
					spoken(t, present.NewContents(words, st, noon))
					spoken(t, present.NewClear(words, st))
					spoken(t, present.NewHardware(words, st))
					spoken(t, present.NewKeyList(words, st))
					spoken(t, present.NewUnlock(words, st, noon, nil, false))
					spoken(t, present.NewStatusBar(words, st, noon, true, 0, 0))
				}
			}
		}
	}
}

func TestTrayGoesByTheMode(t *testing.T) {
	words := present.Load("en")
	for mode, icon := range map[session.Mode]string{"": "tray-disconnected", session.Online: "tray-online", session.Offline: "tray-offline", session.Disconnected: "tray-disconnected"} {
		st := cached(func(st *session.Status) { st.Mode = mode })
		got := present.NewTray(words, present.Commands(), st, present.StateOf(st, true), noon)
		if got.Icon != icon || !strings.HasPrefix(got.Tooltip, "Tideover – ") || len(got.Items) == 0 {
			t.Errorf("%s: %s %q", mode, got.Icon, got.Tooltip)
		}
	}
}

func TestStateOf(t *testing.T) {
	st := cached(func(st *session.Status) {
		st.Cache.Policy = lease.Policy{OfflineEdits: lease.EditsOff}
		st.Drafts = true
	})
	got := present.StateOf(st, true)
	want := present.State{
		Mode: session.Offline, User: "erika", HasCache: true, CacheUsable: true, Drafts: 1,
		NoEdit: present.ReasonEditsOff, NoReveal: true, NoCopy: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	st.Mode = session.Online // where the server decides
	if got := present.StateOf(st, true); got.NoEdit != "" || got.NoReveal || got.NoCopy {
		t.Errorf("online the policy of a cache counts: %+v", got)
	}
}

// What a level cannot do is always said, and a virtual chip is never called
// copy-proof.
func TestLevelsAreHonest(t *testing.T) {
	for _, lang := range catalogues {
		words := present.Load(lang)
		for _, id := range []string{"A", "B", "B0", "C", "D", "?"} {
			for _, virtual := range []bool{false, true} {
				for _, governed := range []bool{false, true} {
					w := words.Binding(id, virtual, governed)
					spoken(t, w)
					if w.Name == "" || !strings.HasSuffix(w.Does, ".") || !strings.HasSuffix(w.Cannot, ".") {
						t.Errorf("%s %s: %+v", lang, id, w)
					}
					if proof := strings.Contains(w.Name, "copy-proof") || strings.Contains(w.Name, "kopiersicher"); proof != (id == "A" && !virtual) {
						t.Errorf("%s %s virtual %v: called %q", lang, id, virtual, w.Name)
					}
				}
			}
		}
	}
}

func TestClearSaysWhatRemains(t *testing.T) {
	words := present.Load("en")
	for level, part := range map[binding.Level]string{
		binding.LevelA: "No copy of the file opens any more", binding.LevelB: "on this computer", binding.LevelB0: "nothing limits", binding.LevelC: "on any computer",
	} {
		c := present.NewClear(words, cached(func(st *session.Status) { st.Cache.Level, st.Cache.OverlayEdits = level, 2 }))
		if !strings.Contains(c.Remains, part) || c.Drafts != "2 drafts made offline are lost." || len(c.Destroys) != 3 {
			t.Errorf("%s: %+v", level, c)
		}
	}
	blind := present.NewClear(words, cached(func(st *session.Status) { st.Cache.Readable, st.Drafts = false, true }))
	if !strings.Contains(blind.Remains, "may still open") || !strings.Contains(blind.Drafts, "lost") {
		t.Errorf("%+v", blind)
	}
}
