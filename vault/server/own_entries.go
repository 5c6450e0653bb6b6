package server

import (
	"net/http"
	"strconv"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// getOwnTree streams everything that the user may see, without passwords.
func (s *Server) getOwnTree(w http.ResponseWriter, r *http.Request, c *call) error {
	root, err := s.catalog.Tree(r.Context(), c.caller, catalog.TreeQuery{Depth: wholeTree})
	if err != nil {
		return err
	}
	icons, err := s.catalog.Icons(r.Context(), c.caller)
	if err != nil {
		return err
	}
	instance, err := s.catalog.Instance(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", wire.MediaStream)
	enc := wire.NewEncoder(newStream(w), wire.Metadata)
	head := wire.Head{Incarnation: instance.Incarnation, At: s.now().UTC()}
	head.Groups, head.Entries = countTree(root)
	if err := enc.Head(head); err != nil {
		return err
	}
	for i := range icons {
		if err := enc.Icon(&icons[i]); err != nil {
			return err
		}
	}
	if err := encodeTree(enc, 0, root); err != nil {
		return err
	}
	return enc.End("")
}

func countTree(f *catalog.Folder) (groups, entries int) {
	groups, entries = 1, len(f.Entries)
	for _, sub := range f.Folders {
		g, e := countTree(sub)
		groups, entries = groups+g, entries+e
	}
	return groups, entries
}

func encodeTree(enc *wire.Encoder, parent int, f *catalog.Folder) error {
	number, err := enc.Group(parent, f.Group)
	if err != nil {
		return err
	}
	for _, e := range f.Entries {
		if err := enc.Entry(number, shownEntry(e), factsOf(e)); err != nil {
			return err
		}
	}
	for _, sub := range f.Folders {
		if err := encodeTree(enc, number, sub); err != nil {
			return err
		}
	}
	return nil
}

// shownEntry leaves out the password and the one-time code that are not set:
// a protected field in a listing says that there is a value behind it.
func shownEntry(e *catalog.Entry) *vault.Entry {
	unset := func(name string) bool {
		return name == vault.FieldPassword && !e.HasPassword || name == vault.FieldOTP && !e.HasOTP
	}
	shown := *e.Entry
	shown.Fields = make([]vault.Field, 0, len(e.Fields))
	for _, f := range e.Fields {
		if !unset(f.Name) {
			shown.Fields = append(shown.Fields, f)
		}
	}
	return &shown
}

func (s *Server) getOwnEntry(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	found, err := s.catalog.Entry(r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	return writeEntry(w, found, wire.Metadata)
}

// postReveal answers with the entry and its passwords; see catalog.Reveal.
func (s *Server) postReveal(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	var in wire.RevealRequest
	if err := readJSON(r, &in, true); err != nil {
		return err
	}
	found, err := s.catalog.Reveal(r.Context(), c.caller, id, in.Comment)
	if err != nil {
		return err
	}
	defer found.Wipe()
	return writeEntry(w, found, wire.Complete)
}

func writeEntry(w http.ResponseWriter, e *catalog.Entry, mode wire.Mode) error {
	entry := e.Entry
	if mode == wire.Metadata {
		entry = shownEntry(e)
	}
	answer := wire.EntryAnswer{Entry: entry, Group: e.Folder, Facts: *factsOf(e)}
	body, err := answer.Encode(mode)
	defer clear(body)
	if err != nil {
		return err
	}
	writeBody(w, http.StatusOK, jsonType, body)
	return nil
}

// getOwnAttachment answers with the bytes of a file.
func (s *Server) getOwnAttachment(w http.ResponseWriter, r *http.Request, c *call) error {
	_, file, err := s.readAttachment(r, c)
	if err != nil {
		return err
	}
	defer clear(file.Data)
	w.Header().Set("Content-Type", wire.MediaBytes)
	w.Header().Set("Content-Length", strconv.Itoa(len(file.Data)))
	w.WriteHeader(http.StatusOK)
	out := newStream(w)
	for rest := file.Data; len(rest) > 0; {
		part := rest[:min(len(rest), flushBytes)]
		if _, err := out.Write(part); err != nil {
			return err
		}
		rest = rest[len(part):]
	}
	return nil
}
