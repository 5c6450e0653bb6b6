package present_test

import (
	"strings"
	"testing"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// Each way in which a cache is lost has words of its own, and a way back, on the
// command line and in the window.
func TestWaysBack(t *testing.T) {
	for _, c := range []struct {
		name           string
		err            error
		exit           int
		english        string // of message and remedy
		german         string
		notInTheWindow string
	}{
		{"another board", &vault.Problem{Cause: vault.OtherMachine, Err: session.ErrOtherChip}, 4, "the board was changed", "Platine", ""},
		{"changed firmware", &vault.Problem{Cause: vault.OtherMachine, Err: session.ErrChipUpdated}, 4, "another firmware", "andere Firmware", ""},
		{"cleared", &vault.Problem{Cause: vault.OtherMachine, Err: session.ErrChipReset}, 4, "was cleared", "gelöscht", ""},
		{"of a chip that is not known", vault.OtherMachine, 4, "another machine", "anderen", ""},
		{"switched off", &vault.Problem{Cause: vault.ChipMissing, Err: session.ErrNoChip}, 4, "Switch it on again", "wieder ein", "--tpm none:"},
		{"not reachable", vault.ChipMissing, 4, "may use it", "benutzen", ""},
		{"tries used up", &vault.Problem{Cause: vault.ChipLocked, Err: session.ErrTriesSpent}, 8, "gives new tries", "neue Versuche", ""},
		{"locked out", vault.ChipLocked, 8, "with the computer running", "Computer", ""},
		{"cleared on another computer", &vault.Problem{Cause: vault.ChipMissing, Err: session.ErrElsewhere}, 4, "not the one", "nicht der", ""},
		{"indices of another set-up", &vault.Problem{Cause: vault.LevelTooLow, Err: session.ErrOtherIndices}, 16, "an earlier set-up", "früheren Einrichtung", ""},
		{"forgotten, or the account's", vault.WrongPassword, 3, "Nobody can reset it", "Niemand kann es zurücksetzen", ""},
		{"level A cannot be had", &vault.Problem{Cause: vault.LevelTooLow, Detail: session.WhyNoSpace, Err: session.ErrNotA}, 16, "no room left to count", "kein Platz mehr zum Zählen", "--level B"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for lang, want := range map[string]string{"en": c.english, "de": c.german} {
				words := present.Load(lang)
				e, n := words.Explain(c.err), words.Failure(c.err)
				if e.Exit != c.exit || !strings.Contains(e.Sentence(), want) {
					t.Errorf("%s, exit %d: %s", lang, e.Exit, e.Sentence())
				}
				if n.Message != e.Message || n.Remedy == "" {
					t.Errorf("%s, in the window: %+v", lang, n)
				}
				if c.notInTheWindow != "" && strings.Contains(n.Remedy, c.notInTheWindow) {
					t.Errorf("%s: the window speaks of flags: %s", lang, n.Remedy)
				}
			}
		})
	}
}
