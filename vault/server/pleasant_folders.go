package server

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// maxFolderName is the longest name in bytes; Pleasant's own field ends at 255
// characters.
const maxFolderName = 1024

// wholeTree is the depth that asks for every level.
const wholeTree = -1

func (s *Server) getRoot(w http.ResponseWriter, _ *http.Request, _ *call) error {
	writeString(w, s.catalog.Root().String())
	return nil
}

// getTree answers with everything that the user may see.
func (s *Server) getTree(w http.ResponseWriter, r *http.Request, c *call) error {
	return s.writeTree(w, r, c, catalog.TreeQuery{Depth: wholeTree})
}

// getFolder answers with a folder and what is directly in it; recurseLevel
// says how many levels.
func (s *Server) getFolder(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r, "folder")
	if err != nil {
		return err
	}
	depth := 1
	for name, values := range r.URL.Query() {
		if strings.EqualFold(name, "recurseLevel") {
			if depth, err = strconv.Atoi(values[0]); err != nil {
				return vault.Fail(vault.Usage, "recurseLevel is no number")
			}
		}
	}
	return s.writeTree(w, r, c, catalog.TreeQuery{Folder: id, Depth: max(depth, wholeTree)})
}

func (s *Server) writeTree(w http.ResponseWriter, r *http.Request, c *call, q catalog.TreeQuery) error {
	found, err := s.catalog.Tree(r.Context(), c.caller, q)
	if err != nil {
		return err
	}
	shown := tree(found, q.Depth)
	if c.route.version4 {
		shown.ToVersion4()
	}
	writeShape(w, shown.Append(nil))
	return nil
}

func (s *Server) postFolder(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.GroupInput
	if err := readJSON(r, &in, false); err != nil {
		return err
	}
	if in.ParentID == nil || vault.ID(*in.ParentID).IsZero() {
		return vault.Fail(vault.Usage, "ParentId is missing")
	}
	group := &vault.Group{}
	if in.ID != nil {
		group.ID = vault.ID(*in.ID)
	}
	if err := checkFolder(&in, true); err != nil {
		return err
	}
	if err := applyFolder(group, &in, true); err != nil {
		return err
	}
	id, err := s.catalog.AddFolder(r.Context(), c.caller, catalog.NewFolder{
		Parent: vault.ID(*in.ParentID), Group: group, Comment: commentOf(in.UsageComment),
	})
	if err != nil {
		return err
	}
	writeString(w, id.String())
	return nil
}

// checkFolder looks at the name, which a folder must have.
func checkFolder(in *wire.GroupInput, needed bool) error {
	switch {
	case in.Name == nil && !needed:
		return nil
	case in.Name == nil || strings.TrimSpace(*in.Name) == "":
		return vault.Fail(vault.Usage, "Name is missing")
	case len(*in.Name) > maxFolderName:
		return vault.Fail(vault.Usage, "Name has more than %d bytes", maxFolderName)
	}
	return nil
}

func (s *Server) putFolder(w http.ResponseWriter, r *http.Request, c *call) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	in, comment, err := wire.ReadPut[wire.GroupInput](body)
	if err != nil {
		return badJSON(err)
	}
	return s.changeFolder(w, r, c, folderChange{&in, comment, true})
}

func (s *Server) patchFolder(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.GroupInput
	if err := readJSON(r, &in, false); err != nil {
		return err
	}
	return s.changeFolder(w, r, c, folderChange{&in, commentOf(in.UsageComment), false})
}

// folderChange is what PUT and PATCH have in common.
type folderChange struct {
	in      *wire.GroupInput
	comment string
	replace bool
}

func (s *Server) changeFolder(w http.ResponseWriter, r *http.Request, c *call, ch folderChange) error {
	id, err := pathID(r, "folder")
	if err != nil {
		return err
	}
	if err := checkFolder(ch.in, ch.replace); err != nil {
		return err
	}
	change := catalog.FolderChange{Comment: ch.comment}
	if ch.in.ParentID != nil {
		change.Parent = vault.ID(*ch.in.ParentID)
	}
	if ch.replace || change.Parent.IsZero() || !ch.in.OnlyMoves() {
		change.Edit = func(g *vault.Group) error { return applyFolder(g, ch.in, ch.replace) }
	}
	if err := s.catalog.ChangeFolder(r.Context(), c.caller, id, change); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}

func (s *Server) deleteFolder(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r, "folder")
	if err != nil {
		return err
	}
	removal, err := readRemoval(r)
	if err != nil {
		return err
	}
	if err := s.catalog.RemoveFolder(r.Context(), c.caller, id, removal); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}

// readRemoval reads the body of DELETE, which may be missing: then the thing
// is archived, so that nothing is lost by a client that says nothing.
func readRemoval(r *http.Request) (catalog.Removal, error) {
	var in wire.DeleteRequest
	if err := readJSON(r, &in, true); err != nil {
		return catalog.Removal{}, err
	}
	removal := catalog.Removal{Comment: in.Comment}
	switch {
	case in.Action == "" || strings.EqualFold(in.Action, wire.ActionArchive):
		removal.Archive = true
	case strings.EqualFold(in.Action, wire.ActionDelete):
	default:
		return removal, vault.Fail(vault.Usage, "Action is neither Archive nor Delete")
	}
	return removal, nil
}

// commentOf returns the comment of the old form, inside the object.
func commentOf(usage *string) string {
	if usage == nil {
		return ""
	}
	return *usage
}
