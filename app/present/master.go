package present

import (
	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
)

// Rule is one line of the checklist for a new master password.
type Rule struct {
	ID    string // "length", "classes", "strength", "differs", "repeated"
	Words string
	Met   bool
}

// Master is how a new master password stands while it is typed.
type Master struct {
	Rules         []Rule
	Strength      int // zxcvbn's 0 to 4
	StrengthWords string
	OK            bool // every rule is met, and it was repeated right
}

// MasterRules returns the checklist before anything is typed.
func (c *Catalogue) MasterRules(rules policy.MasterRules) []Rule {
	return c.JudgeMaster(rules, vault.Secret{}, vault.Secret{}, vault.Secret{}).Rules
}

// JudgeMaster judges a new master password by vault/policy, rule by rule.
// account is the account's password, empty where it is not known; personal are
// words that make a password guessable, as the user's name. It costs some
// milliseconds for a long password, and more the first time: see policy.Score.
// The secrets stay the caller's.
func (c *Catalogue) JudgeMaster(rules policy.MasterRules, master, again, account vault.Secret, personal ...string) Master {
	typed, known := composed(master), composed(account)
	defer typed.Wipe()
	defer known.Wipe()
	m := Master{Strength: policy.Score(typed, personal...)}
	m.StrengthWords = c.Text("master.strength."+string(rune('0'+m.Strength)), nil)
	rule := func(id string, shown bool, args map[string]any, only policy.MasterRules) {
		if shown {
			m.Rules = append(m.Rules, Rule{ID: id, Words: c.Text("master.rule."+id, args), Met: only.Check(typed, known, personal...) == nil})
		}
	}
	rule("length", true, map[string]any{"Count": max(rules.MinLength, 1)}, policy.MasterRules{MinLength: rules.MinLength})
	rule("classes", rules.MinClasses > 0, map[string]any{"Count": rules.MinClasses}, policy.MasterRules{MinClasses: rules.MinClasses})
	rule("strength", rules.MinScore > 0, map[string]any{"Words": c.Text("master.strength."+string(rune('0'+min(max(rules.MinScore, 0), 4))), nil)}, policy.MasterRules{MinScore: rules.MinScore})
	rule("differs", rules.Differs, nil, policy.MasterRules{Differs: true})
	m.Rules = append(m.Rules, Rule{ID: "repeated", Words: c.Text("master.rule.repeated", nil), Met: !master.IsEmpty() && master.Equal(again)})
	m.OK = rules.Check(typed, known, personal...) == nil
	for _, r := range m.Rules {
		m.OK = m.OK && r.Met
	}
	return m
}

// composed returns a copy in NFC, which is what keys are derived from.
func composed(s vault.Secret) vault.Secret {
	return vault.NewSecret(norm.NFC.Append(nil, s.Bytes()...))
}

// Phase is a step of making a cache.
type Phase = session.Phase

// The steps, in order.
const (
	PhaseAsking  = session.PhaseAsking
	PhaseKey     = session.PhaseKey
	PhaseLoading = session.PhaseLoading
	PhaseWriting = session.PhaseWriting
)

// Progress is how far the making of a cache is.
type Progress struct {
	Words    string
	Fraction float64 // 0 to 1; below 0: not known
}

// NewProgress returns the words for a phase; done and total count entries, and
// total is 0 where it is not known.
func NewProgress(words *Catalogue, phase Phase, done, total int) Progress {
	p := Progress{Words: words.Text("cache.phase."+string(phase), map[string]any{"Done": done, "Total": total}), Fraction: -1}
	if phase == PhaseLoading && total > 0 {
		p.Fraction = min(float64(done)/float64(total), 1)
	}
	return p
}
