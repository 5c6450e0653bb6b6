package policy

import (
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
)

// Effective is what one person holds on one node.
type Effective struct {
	Now       Rights // everything that counts at the time of the evaluation
	Permanent Rights // the part of Now that no time limit can take away
}

func (e Effective) or(o Effective) Effective {
	return Effective{e.Now | o.Now, e.Permanent | o.Permanent}
}

// View is one person's rights over a whole Tree at one time. It is immutable
// and safe for concurrent use.
//
// Rights change at few places, so the view keeps those: from the position
// starts[k] on, up to starts[k+1], a folder holds held[k].
type View struct {
	tree    *Tree
	starts  []int32
	held    []Effective
	entries map[vault.ID]Effective
	until   time.Time
}

// Evaluate returns the rights of a person who is all of subjects: the user and
// each role that the user is a member of. Grants add up; none takes away.
//
// A folder holds what is granted on it and, unless it blocks, what its parent
// holds. The cost grows with the person's own grants and the blocks below
// them, not with the number of folders.
func (t *Tree) Evaluate(subjects []vault.ID, now time.Time) *View {
	v := &View{tree: t, starts: make([]int32, 1, 16), held: make([]Effective, 1, 16)}
	var own []placed
	for _, s := range subjects {
		own = append(own, t.folders[s]...)
	}
	if len(subjects) > 1 {
		slices.SortFunc(own, func(a, b placed) int { return int(a.at) - int(b.at) })
	}
	v.fill(own, now)
	for _, s := range subjects {
		for k, g := range t.entries[s] {
			if gain, counts := v.gain(g, now); counts {
				if v.entries == nil {
					v.entries = map[vault.ID]Effective{}
				}
				id := t.entryIDs[s][k]
				v.entries[id] = v.entries[id].or(gain)
			}
		}
	}
	return v
}

// region is a subtree in which other rights are held than around it.
type region struct {
	end  int32
	held Effective
}

// fill finds the places where rights change. own is in the order of position.
func (v *View) fill(own []placed, now time.Time) {
	var around []region
	blocks := v.tree.blocked
	for len(own) > 0 || (len(blocks) > 0 && len(around) > 0) {
		if len(around) == 0 { // nothing is held here that a block could stop
			skip, _ := slices.BinarySearch(blocks, own[0].at)
			blocks = blocks[skip:]
		}
		at, blocked := int32(len(v.tree.ids)), false
		if len(own) > 0 {
			at = own[0].at
		}
		if len(blocks) > 0 && blocks[0] <= at {
			at, blocked, blocks = blocks[0], true, blocks[1:]
		}
		around = v.leave(around, at)
		var inherited Effective
		if n := len(around); n > 0 {
			inherited = around[n-1].held
		}
		held := inherited
		if blocked {
			held = Effective{}
		}
		for len(own) > 0 && own[0].at == at {
			if gain, counts := v.gain(own[0], now); counts {
				held = held.or(gain)
			}
			own = own[1:]
		}
		if held != inherited {
			around = append(around, region{v.tree.end[at], held})
			v.change(at, held)
		}
	}
	v.leave(around, int32(len(v.tree.ids)))
}

// leave closes the regions that end at or before the position at.
func (v *View) leave(around []region, at int32) []region {
	for n := len(around); n > 0 && around[n-1].end <= at; n = len(around) {
		end := around[n-1].end
		around = around[:n-1]
		if n > 1 {
			v.change(end, around[n-2].held)
		} else {
			v.change(end, Effective{})
		}
	}
	return around
}

// change notes that from the position at on, held is what folders hold.
func (v *View) change(at int32, held Effective) {
	last := len(v.starts) - 1
	if v.starts[last] == at {
		v.held[last] = held
		return
	}
	v.starts = append(v.starts, at)
	v.held = append(v.held, held)
}

// gain returns what a grant adds now, and notes when its time ends.
func (v *View) gain(g placed, now time.Time) (Effective, bool) {
	if g.until.IsZero() {
		return Effective{g.rights, g.rights}, true
	}
	if !now.Before(g.until) {
		return Effective{}, false
	}
	if v.until.IsZero() || g.until.Before(v.until) {
		v.until = g.until
	}
	return Effective{Now: g.rights}, true
}

// Until returns when the view stops being true because a time-limited grant
// ends; zero: never by itself.
func (v *View) Until() time.Time { return v.until }

// Tree returns the snapshot that the view was made from.
func (v *View) Tree() *Tree { return v.tree }

// At returns the rights on the folder at position i.
func (v *View) At(i int) Effective {
	k, exact := slices.BinarySearch(v.starts, int32(i))
	if !exact {
		k--
	}
	return v.held[k]
}

// Folder returns the rights on a folder; none if it is not in the tree.
func (v *View) Folder(folder vault.ID) Effective {
	if i, ok := v.tree.index[folder]; ok {
		return v.At(int(i))
	}
	return Effective{}
}

// Entry returns the rights on an entry in a folder: those on the folder and
// those granted on the entry itself.
func (v *View) Entry(folder, entry vault.ID) Effective {
	e := v.Folder(folder)
	if len(v.entries) > 0 {
		e = e.or(v.entries[entry])
	}
	return e
}

// GrantedEntries returns the entries that the person holds grants on directly,
// in no order.
func (v *View) GrantedEntries() []vault.ID {
	ids := make([]vault.ID, 0, len(v.entries))
	for id := range v.entries {
		ids = append(ids, id)
	}
	return ids
}
