package wire

import (
	"strings"

	"github.com/tideover/tideover/vault"
)

// groupFieldPrefix marks the custom user fields of a folder among the custom
// data of a group, which has no fields.
const groupFieldPrefix = "CustomUserFields/"

// NewCredentialGroup returns a group in the server's shape, without its
// entries and groups. The root has the zero parent.
func NewCredentialGroup(g *vault.Group, parent vault.ID, facts *Facts) *CredentialGroup {
	out := &CredentialGroup{
		ID: GUID(g.ID), ParentID: GUID(parent), Name: g.Name,
		Created: Date{g.Times.Created}, Modified: Date{g.Times.Modified},
		CustomApplicationFields: iconFields(g.Icon),
	}
	if g.Notes != "" || !parent.IsZero() {
		out.Notes = &g.Notes
	}
	if g.Times.Expires {
		out.Expires = Date{g.Times.Expiry}
	}
	for _, name := range g.Tags {
		out.Tags = append(out.Tags, Tag{Name: name})
	}
	for _, m := range dataFields(g.CustomData) {
		if name, ok := strings.CutPrefix(m.Name, groupFieldPrefix); ok {
			out.CustomUserFields = append(out.CustomUserFields, Member{Name: name, Value: m.Value})
			continue
		}
		out.CustomApplicationFields = append(out.CustomApplicationFields, m)
	}
	if facts == nil {
		facts = &Facts{}
	}
	out.HasModifyEntriesAccess, out.HasViewEntryContentsAccess = &facts.Modify, &facts.ViewContents
	out.CommentPrompts = CommentPrompts{
		AskForCommentOnViewPassword:  facts.CommentViewPassword,
		AskForCommentOnViewOffline:   facts.CommentViewOffline,
		AskForCommentOnModifyEntries: facts.CommentModify,
		AskForCommentOnMoveEntries:   facts.CommentMove,
	}
	return out
}

// Content returns the folder with everything below it as a content, and what
// the user may do with the entries. The content takes over the secrets. Limits
// give vault.Hostile.
func (g *CredentialGroup) Content(limits Limits) (*vault.Content, map[vault.ID]*Facts, error) {
	t := tree{limits: limits, facts: map[vault.ID]*Facts{}}
	root, err := t.group(g, 1)
	if err != nil {
		return nil, nil, err
	}
	return &vault.Content{Root: root}, t.facts, nil
}

type tree struct {
	limits          Limits
	facts           map[vault.ID]*Facts
	groups, entries int
}

func (t *tree) group(g *CredentialGroup, depth int) (*vault.Group, error) {
	t.groups++
	t.entries += len(g.Credentials)
	switch {
	case depth > t.limits.GroupDepth:
		return nil, hostile("the depth of groups")
	case t.groups > t.limits.Groups:
		return nil, hostile("groups")
	case t.entries > t.limits.Entries:
		return nil, hostile("entries")
	}
	out := &vault.Group{ID: vault.ID(g.ID), Name: g.Name, Expanded: true, Times: times(g.Created, g.Modified, g.Expires)}
	if g.Notes != nil {
		out.Notes = *g.Notes
	}
	var rest Fields
	out.Icon, rest = parseIcon(g.CustomApplicationFields)
	for _, m := range g.CustomUserFields {
		rest = append(rest, Member{Name: groupFieldPrefix + m.Name, Value: m.Value})
	}
	out.CustomData = mergeData(nil, rest)
	for _, tag := range g.Tags {
		if tag.Name != "" {
			out.Tags = append(out.Tags, tag.Name)
		}
	}
	for i := range g.Credentials {
		e, facts := g.Credentials[i].Entry()
		out.Entries = append(out.Entries, e)
		t.facts[e.ID] = facts
	}
	for i := range g.Children {
		sub, err := t.group(&g.Children[i], depth+1)
		if err != nil {
			return nil, err
		}
		out.Groups = append(out.Groups, sub)
	}
	return out, nil
}
