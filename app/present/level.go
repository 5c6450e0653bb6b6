package present

import (
	"strings"

	"github.com/tideover/tideover/vault/session"
)

// blockedCommand begins the reason that a chip lacks a command, which follows;
// as binding.BlockedCommand.
const blockedCommand = "command_"

// Blocked returns in words why a level is not higher; "" if nothing is in its
// way. A reason that has no words stands there as it is.
func (c *Catalogue) Blocked(reasons []string) string {
	list := make([]string, len(reasons))
	for i, r := range reasons {
		list[i] = r
		if command, ok := strings.CutPrefix(r, blockedCommand); ok {
			list[i] = c.Text("blocked.command", map[string]any{"Command": command})
		} else if key := "blocked." + r; c.words[key] != "" {
			list[i] = c.Text(key, nil)
		}
	}
	return strings.Join(list, "; ")
}

// Unproven returns in words why a server takes a computer's word for its chip;
// "" if it does not have to. A reason that has no words stands there as it is.
func (c *Catalogue) Unproven(why session.Unproven) string {
	if words, ok := c.words["unproven."+string(why)]; ok {
		return words
	}
	return string(why)
}

// LevelWords say in words how strongly a cache is bound to its machine.
type LevelWords struct {
	ID     string // A, B, B0, C or D
	Name   string // "copy-proof"; of a virtual chip another one
	Does   string // what it gives, one sentence
	Cannot string // what it does not, one sentence: always said
	Weak   bool   // worth a warning colour
}

// Binding returns the words for a binding level (A, B, B0, C or D). governed says
// whether a server governs the cache, virtual whether the chip is a virtual one.
func (c *Catalogue) Binding(id string, virtual, governed bool) LevelWords {
	switch id {
	case "A", "B", "B0", "C":
	default:
		id = "D"
	}
	key := "level." + id
	w := LevelWords{ID: id, Name: c.Level(id, virtual), Does: c.Text(key+".does", nil), Cannot: c.Text(key+".cannot", nil), Weak: id == "C" || id == "D"}
	if virtual && id != "C" && id != "D" {
		w.Cannot = c.Text("level.virtual.cannot", nil) + " " + w.Cannot
		w.Weak = true
	}
	if !governed && id != "D" {
		w.Cannot += " " + c.Text("level.local.cannot", nil)
	}
	return w
}
