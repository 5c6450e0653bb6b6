package present

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
