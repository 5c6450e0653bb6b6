package catalog

import (
	"context"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// access is what one caller may do, of one world at one time.
type access struct {
	*world
	rules  *rules
	by     *Caller
	rights *policy.View // nil for an operator, who holds everything
	admin  policy.Admin
	now    time.Time
}

func newAccess(w *world, ru *rules, by *Caller, now time.Time) (*access, error) {
	a := &access{world: w, rules: ru, by: by, now: now}
	if by.operator {
		a.admin = policy.AllAdmin
		return a, nil
	}
	if w.users[by.user] != store.UserActive {
		return nil, vault.Fail(vault.NotSignedIn, "the account cannot be used")
	}
	a.rights = w.view(by.user, now)
	a.admin = w.admin(by.user)
	return a, nil
}

// as returns what another user may do, for a dry run.
func (a *access) as(user vault.ID) *access {
	other := *a
	other.rights, other.admin = a.view(user, a.now), a.world.admin(user)
	return &other
}

// stillHolds returns errStale if the permissions in r are not those of a.
func (a *access) stillHolds(ctx context.Context, r store.Reader) error {
	rev, err := r.Revision(ctx)
	if err != nil {
		return err
	}
	if rev.Perm != a.rev.Perm {
		return errStale
	}
	return nil
}

// everything is what an operator holds.
const everything = policy.AllActions | policy.AllActions<<32

// onFolder returns the rights on a folder; none if it is archived or missing.
func (a *access) onFolder(id vault.ID) policy.Effective {
	if _, ok := a.tree.Position(id); !ok {
		return policy.Effective{}
	}
	if a.rights == nil {
		return policy.Effective{Now: everything, Permanent: everything}
	}
	return a.rights.Folder(id)
}

// onEntry returns the rights on an entry of a folder; none if the folder is
// archived or missing.
func (a *access) onEntry(folder, id vault.ID) policy.Effective {
	if a.rights == nil {
		return a.onFolder(folder)
	}
	if _, ok := a.tree.Position(folder); !ok {
		return policy.Effective{}
	}
	return a.rights.Entry(folder, id)
}

// flagsOn returns the flags of an entry with those of its folders.
func (a *access) flagsOn(row *store.Entry) policy.Flags {
	return a.flagsIn(row.Folder, policy.Flags(row.Flags))
}

// flagsIn returns the flags of an entry that has own ones, with those of its
// folders.
func (a *access) flagsIn(folder vault.ID, own policy.Flags) policy.Flags {
	if i, ok := a.tree.Position(folder); ok {
		own |= a.flags[i]
	}
	return own
}

// grantedEntries returns the entries that the caller holds grants on directly.
func (a *access) grantedEntries() []vault.ID {
	if a.rights == nil {
		return nil
	}
	return a.rights.GrantedEntries()
}

// shown returns, by position, the folders that the caller sees: those with
// ViewFolders or visible entries, those in also, and all above these.
func (a *access) shown(also []vault.ID) []bool {
	shown := make([]bool, a.tree.Len())
	for _, id := range also {
		if i, ok := a.tree.Position(id); ok {
			shown[i] = true
		}
	}
	for i := a.tree.Len() - 1; i >= 0; i-- {
		shown[i] = shown[i] || a.at(i).Any(policy.ViewFolders|policy.ViewEntryNames)
		if p := a.tree.Parent(i); shown[i] && p >= 0 {
			shown[p] = true
		}
	}
	return shown
}

// at returns the rights that count now on the folder at a position.
func (a *access) at(i int) policy.Rights {
	if a.rights == nil {
		return everything
	}
	return a.rights.At(i).Now
}

// needAdmin returns NotPermitted unless the caller has the administrative right.
func (a *access) needAdmin(want policy.Admin) error {
	if !a.admin.Has(want) {
		return vault.Fail(vault.NotPermitted, "%s is needed", want)
	}
	return nil
}

// need returns NotPermitted unless have holds want.
func need(have policy.Effective, want policy.Rights) error {
	if missing := want &^ have.Now; missing != 0 {
		return vault.Fail(vault.NotPermitted, "%s is needed", missing.Words())
	}
	return nil
}

// needComment returns CommentRequired if the flags ask for a comment and there
// is none.
func needComment(have policy.Flags, flag policy.Flags, comment string) error {
	if have.Has(flag) && isBlank(comment) {
		return vault.CommentRequired
	}
	return nil
}

// isBlank reports whether a comment says nothing.
func isBlank(comment string) bool { return strings.TrimSpace(comment) == "" }
