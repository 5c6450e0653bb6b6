package vault

// Tristate is a setting that a group may leave to its parent.
type Tristate uint8

// The numbers are ours and never written: KDBX writes "null", "true", "false".
const (
	Inherit Tristate = 0
	Yes     Tristate = 1
	No      Tristate = 2
)

// Group is a folder of entries and groups.
type Group struct {
	ID                      ID
	Name, Notes             string
	Icon                    Icon
	Times                   Times
	Expanded                bool
	DefaultAutoTypeSequence string
	EnableAutoType          Tristate
	EnableSearching         Tristate
	LastTopVisibleEntry     ID
	PreviousParent          ID // KDBX 4.1; zero: not written
	Tags                    []string
	CustomData              []CustomDatum
	Groups                  []*Group
	Entries                 []*Entry
	Unknown                 []Raw
}

// Walk calls visit for g and every group below it, parents first, with the
// path of names from g (g's own is empty). It stops at the first error.
func (g *Group) Walk(visit func(path []string, g *Group) error) error {
	return g.walk(nil, visit)
}

func (g *Group) walk(path []string, visit func([]string, *Group) error) error {
	if err := visit(path, g); err != nil {
		return err
	}
	for _, sub := range g.Groups {
		if err := sub.walk(append(path[:len(path):len(path)], sub.Name), visit); err != nil {
			return err
		}
	}
	return nil
}

// Count returns the number of entries in g and below, history left out.
func (g *Group) Count() int {
	n := len(g.Entries)
	for _, sub := range g.Groups {
		n += sub.Count()
	}
	return n
}

// Wipe clears the secrets of every entry in g and below.
func (g *Group) Wipe() {
	for _, e := range g.Entries {
		e.Wipe()
	}
	for _, sub := range g.Groups {
		sub.Wipe()
	}
}
