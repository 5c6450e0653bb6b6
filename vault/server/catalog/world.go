package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store"
)

// world is everything that decides who may do what, of one Revision.Perm, and
// the folders by name. It is immutable but for its cache of views, and safe for
// concurrent use.
type world struct {
	rev     store.Revision
	tree    *policy.Tree // of the folders that are not archived
	root    vault.ID
	folders map[vault.ID]*folder    // archived ones too
	below   map[vault.ID][]vault.ID // folders directly in a folder, archived ones left out
	flags   []policy.Flags          // by position in tree, with those from above
	levels  map[vault.ID]policy.Level
	roles   map[vault.ID]store.Role
	rolesOf map[vault.ID][]vault.ID // by user
	users   map[vault.ID]store.UserState
	grants  []store.Grant

	views sync.Map // user's vault.ID → *policy.View
}

// folder is a folder with its content opened. It is never changed.
type folder struct {
	row   store.Folder // without Content
	group *vault.Group
	path  []string // names from below the root; nil for the root
	words string   // name, notes and tags folded, for searching
	// unsupported is what KDBX cannot carry of it; empty: nothing.
	unsupported string
}

// load reads the world as r has it. before is the last one, whose folders are
// taken over where they have not changed; nil: there is none.
func load(ctx context.Context, r store.Reader, keys *keyring.Keyring, before *world) (*world, error) {
	perms, err := r.Permissions(ctx)
	if err != nil {
		return nil, fmt.Errorf("load permissions: %w", err)
	}
	w := &world{
		rev: perms.Revision, grants: perms.Grants,
		folders: map[vault.ID]*folder{}, levels: map[vault.ID]policy.Level{}, roles: map[vault.ID]store.Role{},
		rolesOf: map[vault.ID][]vault.ID{}, users: map[vault.ID]store.UserState{},
	}
	for _, l := range perms.Levels {
		rights := policy.Rights(l.Actions) | policy.Rights(l.Grants).Twins()
		w.levels[l.ID] = policy.Level{ID: l.ID, Name: l.Name, Rights: rights, BuiltIn: l.BuiltIn}
	}
	for _, role := range perms.Roles {
		w.roles[role.ID] = role
	}
	for _, m := range perms.Members {
		w.rolesOf[m.User] = append(w.rolesOf[m.User], m.Role)
	}
	for _, u := range perms.Users {
		w.users[u.ID] = u.State
	}
	if err := w.loadFolders(ctx, r, keys, perms.Folders, before); err != nil {
		return nil, err
	}
	if err := w.plant(perms.Folders); err != nil {
		return nil, err
	}
	return w, nil
}

func (w *world) loadFolders(ctx context.Context, r store.Reader, keys *keyring.Keyring, nodes []store.FolderNode, before *world) error {
	after := int64(0)
	known := map[vault.ID]*folder{}
	if before != nil {
		after, known = before.rev.Rev, maps.Clone(before.folders)
	}
	for row, err := range r.Folders(ctx, after) {
		if err != nil {
			return fmt.Errorf("load folders: %w", err)
		}
		text, err := keys.Unseal(nil, folderRow(row.ID, row.Version), row.Content)
		if err != nil {
			return fmt.Errorf("load folders: %w", err)
		}
		group, err := parseGroup(text, row.ID)
		if err != nil {
			return err
		}
		row.Content = store.Sealed{}
		known[row.ID] = &folder{row: row, group: group, unsupported: unsupportedFolder(group), words: searchable(group.Name, group.Notes, group.Tags)}
	}
	for _, n := range nodes {
		f, ok := known[n.ID]
		if !ok {
			return vault.Fail(vault.Damaged, "folder %s is missing from the change feed", n.ID)
		}
		w.folders[n.ID] = f
		if n.Parent.IsZero() {
			w.root = n.ID
		}
	}
	return nil
}

// plant builds the tree of permissions.
func (w *world) plant(nodes []store.FolderNode) error {
	dead := w.archived(nodes)
	folders := make([]policy.Folder, 0, len(nodes))
	for _, n := range nodes {
		if !dead[n.ID] {
			folders = append(folders, policy.Folder{ID: n.ID, Parent: n.Parent, Block: n.BlockInheritance})
		}
	}
	grants := make([]policy.Grant, 0, len(w.grants))
	for _, g := range w.grants {
		p := policy.Grant{Subject: g.User, Node: g.Folder, Rights: w.levels[g.Level].Rights, Until: g.Until}
		if p.Subject.IsZero() {
			p.Subject = g.Role
		}
		if p.Node.IsZero() {
			p.Node, p.OnEntry = g.Entry, true
		}
		grants = append(grants, p)
	}
	tree, err := policy.NewTree(folders, grants)
	if err != nil {
		return &vault.Problem{Cause: vault.Damaged, Detail: "folders", Err: err}
	}
	w.tree = tree
	w.flags = make([]policy.Flags, tree.Len())
	w.below = make(map[vault.ID][]vault.ID, tree.Len())
	for i := range tree.Len() {
		f := w.folders[tree.At(i)]
		w.flags[i] = policy.Flags(f.row.Flags)
		if p := tree.Parent(i); p >= 0 {
			above := w.folders[tree.At(p)]
			w.flags[i] |= w.flags[p]
			w.below[above.row.ID] = append(w.below[above.row.ID], f.row.ID)
			moved := *f // the old world still has f
			moved.path = append(above.path[:len(above.path):len(above.path)], f.group.Name)
			w.folders[f.row.ID] = &moved
		}
	}
	return nil
}

// searchable returns texts folded, one a line.
func searchable(name, notes string, tags []string) string {
	return store.Fold(strings.Join(append([]string{name, notes}, tags...), "\n"))
}

// unsupportedFolder says what of a folder KDBX cannot carry; empty: nothing.
func unsupportedFolder(g *vault.Group) string {
	if err := kdbx.StorableGroup(g); err != nil {
		return "the folder's name or notes"
	}
	return ""
}

// unsupportedAbove says what KDBX cannot carry of a folder or of one above it.
func (w *world) unsupportedAbove(id vault.ID) string {
	at, ok := w.tree.Position(id)
	for i := at; ok && i >= 0; i = w.tree.Parent(i) {
		if why := w.folders[w.tree.At(i)].unsupported; why != "" {
			return why
		}
	}
	return ""
}

// archived returns the folders that are archived or below one that is.
func (w *world) archived(nodes []store.FolderNode) map[vault.ID]bool {
	byID := make(map[vault.ID]store.FolderNode, len(nodes))
	for _, n := range nodes {
		byID[n.ID] = n
	}
	dead := map[vault.ID]bool{}
	var ask func(id vault.ID, depth int) bool
	ask = func(id vault.ID, depth int) bool {
		n, ok := byID[id]
		if !ok || depth > len(nodes) {
			return false // NewTree finds the fault
		}
		if d, known := dead[id]; known {
			return d
		}
		dead[id] = n.Archived || (!n.Parent.IsZero() && ask(n.Parent, depth+1))
		return dead[id]
	}
	for _, n := range nodes {
		ask(n.ID, 0)
	}
	return dead
}

// view returns the rights of a user now.
func (w *world) view(user vault.ID, now time.Time) *policy.View {
	if v, ok := w.views.Load(user); ok {
		view := v.(*policy.View)
		if until := view.Until(); until.IsZero() || now.Before(until) {
			return view
		}
	}
	subjects := append([]vault.ID{user}, w.rolesOf[user]...)
	view := w.tree.Evaluate(subjects, now)
	w.views.Store(user, view)
	return view
}

// admin returns the administrative rights of a user.
func (w *world) admin(user vault.ID) policy.Admin {
	var a policy.Admin
	for _, role := range w.rolesOf[user] {
		a |= policy.Admin(w.roles[role].Rights)
	}
	return a
}

// folderRow names the ciphertext of a folder.
func folderRow(id vault.ID, version int64) keyring.Row {
	return keyring.Row{Kind: keyring.Folder, ID: id, Version: version}
}

// entryRow names the ciphertext of a version of an entry.
func entryRow(id vault.ID, version int64) keyring.Row {
	return keyring.Row{Kind: keyring.Entry, ID: id, Version: version}
}

// errStale says that the world has moved on since it was loaded.
var errStale = errors.New("permissions have changed meanwhile")
