package policy

import (
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/tideover/tideover/vault"
)

// Folder is one node of the tree of folders. The root has a zero Parent.
type Folder struct {
	ID, Parent vault.ID
	Block      bool // nothing granted above reaches this folder or what is below
}

// Grant gives rights on one folder, and everything below it, or on one entry.
type Grant struct {
	Subject vault.ID // a user or a role
	Node    vault.ID // a folder or an entry
	OnEntry bool
	Rights  Rights
	Until   time.Time // zero: without limit. The grant counts before Until, not at it
}

// Tree is an immutable snapshot of folders and grants, in flat arrays. Folders
// stand in preorder: whatever is below the folder at i has the positions from
// i+1 to end[i]-1. It is safe for concurrent use.
type Tree struct {
	ids      []vault.ID
	index    map[vault.ID]int32
	parent   []int32 // -1 for roots, blocks ignored
	end      []int32
	blocked  []int32 // positions of the folders that block, ascending
	folders  map[vault.ID][]placed
	entries  map[vault.ID][]placed
	entryIDs map[vault.ID][]vault.ID // parallel to entries
}

// placed is a grant at a position of the tree; for grants on entries, at the
// position in entryIDs.
type placed struct {
	at     int32
	rights Rights
	until  time.Time
}

// NewTree builds the snapshot in time proportional to its input. A folder whose
// parent is missing, a cycle and a repeated folder are errors; grants on
// folders that do not exist are left out, as they can reach nobody.
func NewTree(folders []Folder, grants []Grant) (*Tree, error) {
	t := &Tree{
		ids: make([]vault.ID, 0, len(folders)), index: make(map[vault.ID]int32, len(folders)),
		parent: make([]int32, 0, len(folders)), end: make([]int32, len(folders)),
		folders: map[vault.ID][]placed{}, entries: map[vault.ID][]placed{}, entryIDs: map[vault.ID][]vault.ID{},
	}
	if err := t.layOut(folders); err != nil {
		return nil, err
	}
	for _, g := range grants {
		if g.OnEntry {
			n := len(t.entries[g.Subject])
			t.entries[g.Subject] = append(t.entries[g.Subject], placed{int32(n), g.Rights, g.Until})
			t.entryIDs[g.Subject] = append(t.entryIDs[g.Subject], g.Node)
			continue
		}
		if at, ok := t.index[g.Node]; ok {
			t.folders[g.Subject] = append(t.folders[g.Subject], placed{at, g.Rights, g.Until})
		}
	}
	for _, list := range t.folders {
		slices.SortStableFunc(list, func(a, b placed) int { return int(a.at) - int(b.at) })
	}
	return t, nil
}

// layOut gives each folder its position.
func (t *Tree) layOut(folders []Folder) error {
	children := make(map[vault.ID][]int32, len(folders))
	known := make(map[vault.ID]bool, len(folders))
	for i, f := range folders {
		if f.ID.IsZero() || known[f.ID] {
			return fmt.Errorf("permission tree: folder %v is zero or stands twice", f.ID)
		}
		known[f.ID] = true
		children[f.Parent] = append(children[f.Parent], int32(i))
	}
	// A stack of its own: the depth of the tree is other people's choice.
	type visit struct {
		rest []int32 // siblings still to come
		at   int32   // position of their parent
	}
	open := []visit{{children[vault.ID{}], -1}}
	for len(open) > 0 {
		top := &open[len(open)-1]
		if len(top.rest) == 0 {
			if top.at >= 0 {
				t.end[top.at] = int32(len(t.ids))
			}
			open = open[:len(open)-1]
			continue
		}
		f := folders[top.rest[0]]
		top.rest = top.rest[1:]
		at := int32(len(t.ids))
		t.index[f.ID] = at
		t.ids = append(t.ids, f.ID)
		t.parent = append(t.parent, top.at)
		if f.Block {
			t.blocked = append(t.blocked, at)
		}
		open = append(open, visit{children[f.ID], at})
	}
	if len(t.ids) != len(folders) {
		return fmt.Errorf("permission tree: %d folders hang below a missing folder or in a cycle", len(folders)-len(t.ids))
	}
	return nil
}

// Len returns the number of folders.
func (t *Tree) Len() int { return len(t.ids) }

// At returns the identifier of the folder at position i.
func (t *Tree) At(i int) vault.ID { return t.ids[i] }

// Position returns the folder's position, or false if it is not in the tree.
func (t *Tree) Position(folder vault.ID) (int, bool) {
	i, ok := t.index[folder]
	return int(i), ok
}

// End returns the position behind the last folder below the one at i: what is
// below stands at i+1 to End(i)-1.
func (t *Tree) End(i int) int { return int(t.end[i]) }

// Parent returns the position of the parent of the folder at i, or -1.
func (t *Tree) Parent(i int) int { return int(t.parent[i]) }

// Subjects returns everybody who is named in a grant, in a stable order.
func (t *Tree) Subjects() []vault.ID {
	seen := map[vault.ID]bool{}
	var all []vault.ID
	for _, m := range []map[vault.ID][]placed{t.folders, t.entries} {
		for id := range m {
			if !seen[id] {
				seen[id] = true
				all = append(all, id)
			}
		}
	}
	sort.Slice(all, func(i, j int) bool { return string(all[i][:]) < string(all[j][:]) })
	return all
}
