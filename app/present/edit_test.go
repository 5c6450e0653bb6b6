package present_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

func listed() *session.Item {
	return &session.Item{
		Entry: stored(), Path: []string{"Vault", "Servers", "Mail"}, HasPassword: true, HasOTP: true,
		Digits: 6, Period: 30 * time.Second, AttachmentSizes: []int64{3, 2_000_000}, History: 2,
	}
}

func TestEntryForm(t *testing.T) {
	now := time.Now()
	online := present.State{Mode: session.Online, SignedIn: true}
	offline := present.State{Mode: session.Offline}
	readOnly := present.State{Mode: session.Offline, NoEdit: present.ReasonEditsOff, NoReveal: true, NoCopy: true}
	removed := listed()
	removed.Edit = cache.Removed
	fixed := listed()
	fixed.Fixed = true
	tests := []struct {
		name  string
		facts present.EntryFacts
		// readOnly, draft and noIcon: whether there are words.
		readOnly, draft, noIcon, noReveal bool
	}{
		{"online", present.EntryFacts{Item: listed(), State: online}, false, false, true, false},
		{"new online", present.EntryFacts{Group: []string{"Vault"}, State: online}, false, false, true, false},
		{"offline", present.EntryFacts{Item: listed(), State: offline}, false, true, false, false},
		{"new offline", present.EntryFacts{State: offline}, false, true, false, false},
		{"offline, nothing may be changed or shown", present.EntryFacts{Item: listed(), State: readOnly}, true, false, false, true},
		{"removed offline", present.EntryFacts{Item: removed, State: offline}, true, false, false, false},
		{"the server lets it be read only", present.EntryFacts{Item: fixed, State: online}, true, false, true, false},
		{"earlier form", present.EntryFacts{Item: listed(), Version: stored(), State: online}, true, false, true, false},
		{"nobody signed in", present.EntryFacts{Item: listed(), State: present.State{Mode: session.Disconnected}}, true, false, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.facts.Now = now
			for _, l := range present.Languages() {
				f := present.NewEntryForm(present.Load(l), tt.facts)
				spoken(t, f)
				got := []bool{f.ReadOnly != "", f.Draft != "", f.NoIcon != "", f.NoReveal != ""}
				if d := cmp.Diff([]bool{tt.readOnly, tt.draft, tt.noIcon, tt.noReveal}, got); d != "" {
					t.Errorf("read-only, draft, no icon, no reveal (-want +got):\n%s", d)
				}
				if f.New != (tt.facts.Item == nil) || f.Past != (tt.facts.Version != nil) {
					t.Errorf("new %v, past %v", f.New, f.Past)
				}
			}
		})
	}
}

func TestEntryFormOfAnEntry(t *testing.T) {
	words := present.Load("en")
	f := present.NewEntryForm(words, present.EntryFacts{Item: listed(), State: present.State{Mode: session.Online, SignedIn: true}})
	want := []present.FormField{{Name: "Account", Value: "4711"}, {Name: "PIN", Protected: true}}
	if d := cmp.Diff(want, f.Fields); d != "" {
		t.Errorf("fields (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]present.FormFile{{"a.txt", "3 B", 3}, {"b.txt", words.Size(2_000_000), 2_000_000}}, f.Files); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	if f.Code != (present.FormCode{Has: true, Digits: 6, Seconds: 30}) || !f.HasPassword || f.Path != "Vault › Servers" || f.Earlier == "" || !f.AskEarlier {
		t.Errorf("%+v", f)
	}
}

// A person may look at an entry of a megabyte without the window standing still.
func TestEntryFormIsCut(t *testing.T) {
	item := listed()
	long := strings.Repeat("ü", 500_000)
	item.Entry.Set(vault.FieldNotes, vault.SecretText(long), false)
	item.Entry.Set(vault.FieldTitle, vault.SecretText(long), false)
	item.Entry.Set("Account", vault.SecretText(long), false)
	f := present.NewEntryForm(present.Load("en"), present.EntryFacts{Item: item, State: present.State{Mode: session.Offline}})
	if f.NotesAll != long || len(f.Notes) > 30_000 || len(f.Title) > 5000 || len(f.Fields[0].Value) > 30_000 || !f.Fields[0].Long {
		t.Errorf("notes %d, title %d, field %d", len(f.Notes), len(f.Title), len(f.Fields[0].Value))
	}
	if d := cmp.Diff([]string{vault.FieldTitle}, f.Long); d != "" {
		t.Errorf("long (-want +got):\n%s", d)
	}
}

func TestVersions(t *testing.T) {
	form := func(user, url string) *vault.Entry {
		e := stored()
		e.Set(vault.FieldUsername, vault.SecretText(user), false)
		e.Set(vault.FieldURL, vault.SecretText(url), false)
		return e
	}
	first, second, now := form("bob", "http://old"), form("ada", "http://old"), form("ada", "https://mail.example.org")
	second.Attachments = nil
	var got []string
	for _, v := range present.Load("en").Versions([]*vault.Entry{first, second}, now) {
		got = append(got, v.User+": "+v.Changed)
	}
	want := []string{"ada: URL, Attachments", "bob: User name, Attachments"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestGeneratorStrength(t *testing.T) {
	words := present.Load("en")
	for bits, want := range map[float64]int{0: 0, 39: 0, 40: 1, 64: 2, 111.9: 3, 131: 4} {
		if score, text := words.GeneratorStrength(bits); score != want || !strings.Contains(text, "bits") {
			t.Errorf("%v bits: %d, %q", bits, score, text)
		}
	}
}
