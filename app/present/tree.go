package present

import (
	"strconv"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// Node is a group in the tree. Its entries, and those of the groups below it,
// are neighbouring rows of the Index.
type Node struct {
	UID      string // unique in the tree, and the same in the next listing
	ID       vault.ID
	Name     string
	Path     string  // as vault.JoinPath writes it
	Parent   int32   // position in Tree.Nodes; -1: it is the root
	Children []int32 // positions
	Depth    int     // 0: the root
	Own      int     // entries in the group itself
	Total    int     // and with those of the groups below

	first int32 // row of the first entry: Own rows, of Total with those below
}

// Tree holds the groups of a listing, parents before children. Names may
// repeat. It does not change and is safe for concurrent use.
type Tree struct {
	Nodes []Node // the root first
	byUID map[string]int32
}

// Node returns the node with that UID, or nil.
func (t *Tree) Node(uid string) *Node {
	if i, ok := t.byUID[uid]; ok {
		return &t.Nodes[i]
	}
	return nil
}

// ByID returns the first group with that identifier, or nil.
func (t *Tree) ByID(id vault.ID) *Node { return t.Node(id.String()) }

// Position returns where in Nodes the group with that UID stands; -1: nowhere.
func (t *Tree) Position(uid string) int32 {
	if i, ok := t.byUID[uid]; ok {
		return i
	}
	return -1
}

// Above returns the UIDs of the groups above the node, the root first: what has
// to be open for it to be seen.
func (t *Tree) Above(uid string) []string {
	var above []string
	for i := t.Position(uid); i > 0; {
		i = t.Nodes[i].Parent
		above = append([]string{t.Nodes[i].UID}, above...)
	}
	return above
}

// add appends a folder and calls entries for its entries; it returns where the
// folder stands.
func (t *Tree) add(f *session.Folder, parent int32, path []string, rows func(f *session.Folder, at int32) (first int32)) int32 {
	at := int32(len(t.Nodes))
	n := Node{ID: f.ID, Name: f.Name, Path: vault.JoinPath(path...), Parent: parent, Own: f.Own(), Total: f.Own()}
	if parent >= 0 {
		n.Depth = t.Nodes[parent].Depth + 1
	}
	n.UID = f.ID.String()
	for k := 2; ; k++ { // a server that gives one id twice must not make a circle
		if _, taken := t.byUID[n.UID]; !taken {
			break
		}
		n.UID = f.ID.String() + "#" + strconv.Itoa(k)
	}
	t.byUID[n.UID] = at
	t.Nodes = append(t.Nodes, n)
	t.Nodes[at].first = rows(f, at)
	for _, sub := range f.Folders {
		i := t.add(sub, at, append(path[:len(path):len(path)], sub.Name), rows)
		t.Nodes[at].Children = append(t.Nodes[at].Children, i)
		t.Nodes[at].Total += t.Nodes[i].Total
	}
	return at
}
