package server

import (
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// rootName is the name of the root folder: clients look for it.
const rootName = "Root"

// factsOf returns what the caller may do with an entry, in the words of both
// APIs.
func factsOf(e *catalog.Entry) *wire.Facts {
	f := facts(e.Rights, e.Flags)
	f.AttachmentSizes = e.Sizes
	cached := e.Offline.Cached()
	f.Offline, f.OfflineReason = &cached, string(e.Offline.Reason)
	return f
}

func facts(r policy.Rights, f policy.Flags) *wire.Facts {
	return &wire.Facts{
		Modify:              r.Has(policy.ModifyEntries),
		ViewContents:        r.Has(policy.ViewEntryContents),
		ViewPassword:        r.Has(policy.ViewEntryPassword),
		ViewOTP:             r.Has(policy.ViewEntryPassword),
		ModifyOTP:           r.Has(policy.ModifyEntries),
		CommentViewPassword: f.Has(policy.CommentOnViewPassword),
		CommentViewOffline:  f.Has(policy.CommentOnViewOffline),
		CommentModify:       f.Has(policy.CommentOnModifyEntries),
		CommentMove:         f.Has(policy.CommentOnMoveEntries),
	}
}

// folder returns a folder in Pleasant's shape without what is in it.
func folder(f *catalog.Folder) *wire.CredentialGroup {
	g := wire.NewCredentialGroup(f.Group, f.Parent, facts(f.Rights, f.Flags))
	g.CommentPrompts.AskForCommentOnMoveFolders = f.Flags.Has(policy.CommentOnMoveFolders)
	g.CommentPrompts.AskForCommentOnModifyFolders = f.Flags.Has(policy.CommentOnModifyFolders)
	if f.Parent.IsZero() {
		g.Name = rootName
	}
	return g
}

// tree returns a folder with what is in it, depth levels down; negative: all.
// At depth 0 the folder stands alone.
func tree(f *catalog.Folder, depth int) *wire.CredentialGroup {
	g := folder(f)
	if depth == 0 {
		return g
	}
	for _, e := range f.Entries {
		g.Credentials = append(g.Credentials, *wire.NewCredential(e.Entry, e.Folder, factsOf(e), wire.Metadata))
	}
	for _, sub := range f.Folders {
		g.Children = append(g.Children, *tree(sub, depth-1))
	}
	return g
}

// applyFolder writes what a client sent into g. Members that were not sent stay
// as they are, or with replace become empty.
func applyFolder(g *vault.Group, in *wire.GroupInput, replace bool) error {
	shown := wire.NewCredentialGroup(g, g.ID, nil)
	if replace {
		shown = &wire.CredentialGroup{ID: shown.ID, ParentID: shown.ParentID, Name: g.Name, Created: shown.Created, Modified: shown.Modified}
	}
	if in.Name != nil {
		shown.Name = *in.Name
	}
	if in.Notes != nil {
		shown.Notes = in.Notes
	}
	if in.Expires.Present {
		shown.Expires = in.Expires.Date
	}
	if in.Tags != nil {
		shown.Tags = *in.Tags
	}
	if in.CustomUserFields != nil {
		shown.CustomUserFields = *in.CustomUserFields
	}
	if in.CustomApplicationFields != nil {
		shown.CustomApplicationFields = *in.CustomApplicationFields
	}
	content, _, err := shown.Content(wire.DefaultLimits())
	if err != nil {
		return err
	}
	now := content.Root
	g.Name, g.Notes, g.Tags, g.Icon, g.CustomData = now.Name, now.Notes, now.Tags, now.Icon, now.CustomData
	g.Times.Expires, g.Times.Expiry = now.Times.Expires, now.Times.Expiry
	return nil
}

// wirePath returns the path of names as Pleasant writes it: from the root on,
// with a slash at the end, and slashes in names left as they are.
func wirePath(names []string) string {
	return strings.Join(append([]string{rootName}, names...), "/") + "/"
}
