package server

import (
	"net/http"
	"strings"

	"github.com/tideover/tideover/vault/wire"
)

// postSearch answers with lists that are never null. The path of an entry is
// that of its folder.
func (s *Server) postSearch(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.SearchRequest
	if err := readJSON(r, &in, false); err != nil {
		return err
	}
	found, err := s.catalog.Search(r.Context(), c.caller, in.Search)
	if err != nil {
		return err
	}
	out := wire.SearchResult{Credentials: []wire.FoundCredential{}, Groups: []wire.FoundGroup{}}
	for _, e := range found.Entries {
		out.Credentials = append(out.Credentials, wire.FoundCredential{
			ID: wire.GUID(e.ID), Name: e.Title(), Username: e.Username(), URL: e.URL(),
			Notes: e.Notes(), GroupID: wire.GUID(e.Folder), Path: wirePath(folderNames(e.Path)),
			Tags: strings.Join(e.Tags, ","),
		})
	}
	if wanted := strings.TrimSpace(in.Search); wanted != "" && strings.Contains(strings.ToLower(rootName), strings.ToLower(wanted)) {
		// Clients find the parent of "Root/Name" by searching for "Root".
		out.Groups = append(out.Groups, wire.FoundGroup{
			ID: wire.GUID(s.catalog.Root()), Name: rootName, FullPath: wirePath(nil),
		})
	}
	for _, f := range found.Folders {
		out.Groups = append(out.Groups, wire.FoundGroup{
			ID: wire.GUID(f.Group.ID), Name: f.Group.Name, FullPath: wirePath(f.Path),
		})
	}
	return writeJSON(w, http.StatusOK, out)
}

// folderNames cuts the entry's own name off its path.
func folderNames(path []string) []string {
	if len(path) == 0 {
		return nil
	}
	return path[:len(path)-1]
}
