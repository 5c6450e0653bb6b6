package present

import (
	"errors"
	"slices"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// KeyChangeFacts are what a change of the security keys is asked with.
type KeyChangeFacts struct {
	Status   session.Status
	Remove   string // name of the key that goes; empty: one is added
	Password bool   // the server wants the account's password once more
	Code     bool   // and a one-time code
	Err      error  // of the last attempt; nil: none, or it worked
}

// KeyChange is the question before a security key is added or removed.
type KeyChange struct {
	Title    string
	Does     []string // what will be, one line each
	Weaker   string   // what of that is a loss; empty: nothing
	Name     bool     // the key gets a name
	Password bool
	Code     bool
	Confirm  string // label of the button
	Removes  bool
	Notice   *Notice
}

// NewKeyChange returns the question for a change.
func NewKeyChange(words *Catalogue, f KeyChangeFacts) KeyChange {
	q := KeyChange{Password: f.Password || f.Code, Code: f.Code, Notice: words.Failure(f.Err)}
	count := len(f.Status.Keys)
	if f.Remove == "" {
		q.Title, q.Confirm, q.Name = words.Text("keys.add.title", nil), words.Text("keys.add.do", nil), true
		q.Does = []string{words.Text("keys.add.anew", map[string]any{"Count": count}), words.Text("keys.add.order", map[string]any{"Count": count})}
		return q
	}
	q.Title, q.Confirm, q.Removes = words.Text("keys.remove.title", map[string]any{"Name": f.Remove}), words.Text("keys.remove.do", nil), true
	q.Does = []string{words.Text("keys.remove.anew", map[string]any{"Count": count - 1})}
	if c := f.Status.Cache; c != nil && c.Level != "A" {
		q.Weaker = words.Text("cli.key.copies", nil)
	}
	if count == 1 {
		q.Does, q.Weaker = nil, words.Text("keys.remove.none", nil)+" "+q.Weaker
	}
	return q
}

// KeysChanged returns what is told when the cache was made anew with other keys.
func (c *Catalogue) KeysChanged(made session.Cached, removed string, keys []session.KeyStatus) Notice {
	n := Notice{Severity: Good, Message: c.Text("keys.changed", map[string]any{"Removed": removed, "Count": len(keys)})}
	if removed != "" && made.Level != "A" {
		n.Remedy = c.Text("cli.key.copies", nil)
	}
	if len(made.WhyNotA) > 0 && made.Level != "" {
		n.Message += " " + c.Text("cache.done.not_a", map[string]any{"Level": string(made.Level), "Why": c.Blocked(made.WhyNotA)})
	}
	return n
}

// CheckKeyName returns what is the matter with the name of a key that is to be
// added; nil: nothing. An empty one is made by the session.
func CheckKeyName(name string, keys []session.KeyStatus) error {
	args := map[string]any{"Part": Key("keys.name"), "Name": name, "Limit": keyNameMax}
	switch {
	case len(name) > keyNameMax:
		return &Worded{Cause: vault.Usage, Topic: "entry.name_long", Args: args}
	case name != "" && slices.ContainsFunc(keys, func(k session.KeyStatus) bool { return k.Name == name }):
		return &Worded{Cause: vault.Usage, Topic: "entry.twice", Args: args}
	}
	return nil
}

// KeyProblem returns the error of a change of security keys with what it means
// there.
func KeyProblem(err error, removed string) error {
	if removed == "" && errors.Is(err, vault.Usage) { // the name was looked at before
		return &Worded{Cause: vault.Usage, Topic: "key_known", Err: err}
	}
	return err
}
