package server

import (
	"encoding/json"
	"io"
	"net/http"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

func (s *Server) getEntry(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	found, err := s.catalog.Entry(r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	writeShape(w, wire.NewCredential(found.Entry, found.Folder, factsOf(found), wire.Metadata).Append(nil))
	return nil
}

// getPassword is the form without a comment; where one is required it answers
// 403, and the client asks again with POST.
func (s *Server) getPassword(w http.ResponseWriter, r *http.Request, c *call) error {
	return s.writePassword(w, r, c, "")
}

// postPassword takes a comment. Some clients send another body here, or none.
func (s *Server) postPassword(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.CommentRequest
	if err := readJSON(r, &in, true); err != nil {
		return err
	}
	return s.writePassword(w, r, c, in.Comment)
}

func (s *Server) writePassword(w http.ResponseWriter, r *http.Request, c *call, comment string) error {
	id, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	password, err := s.catalog.Password(r.Context(), c.caller, id, comment)
	if err != nil {
		return err
	}
	defer password.Wipe()
	writeSecret(w, password)
	return nil
}

func (s *Server) postEntry(w http.ResponseWriter, r *http.Request, c *call) error {
	release, err := s.holdLarge(r, r.ContentLength)
	if err != nil {
		return err
	}
	defer release()
	var in wire.CredentialInput
	if err := readJSON(r, &in, false); err != nil {
		return err
	}
	if in.GroupID == nil || vault.ID(*in.GroupID).IsZero() {
		return vault.Fail(vault.Usage, "GroupId is missing")
	}
	entry := &vault.Entry{}
	defer entry.Wipe()
	if in.ID != nil {
		entry.ID = vault.ID(*in.ID)
	}
	in.Apply(entry, true)
	if c.route.version4 {
		if err := applyFiles(entry, in.Attachments); err != nil {
			return err
		}
	}
	id, err := s.catalog.AddEntry(r.Context(), c.caller, catalog.NewEntry{
		Folder: vault.ID(*in.GroupID), Entry: entry, Comment: commentOf(in.UsageComment),
	})
	if err != nil {
		return err
	}
	writeString(w, id.String())
	return nil
}

func (s *Server) putEntry(w http.ResponseWriter, r *http.Request, c *call) error {
	return s.changeEntry(w, r, c, wire.ReadPut[wire.CredentialInput])
}

func (s *Server) patchEntry(w http.ResponseWriter, r *http.Request, c *call) error {
	return s.changeEntry(w, r, c, readPatch)
}

// readPatch reads the body of PATCH: the members to change, and perhaps the
// comment in the old form.
func readPatch(body []byte) (in wire.CredentialInput, comment string, err error) {
	err = json.Unmarshal(body, &in)
	return in, commentOf(in.UsageComment), err
}

// entryReader reads the body of PUT or of PATCH. Each call gives secrets of
// their own.
type entryReader func(body []byte) (in wire.CredentialInput, comment string, err error)

// changeEntry edits the entry, and moves it if GroupId names another folder:
// both or neither. Who sends nothing but GroupId needs no right to edit.
func (s *Server) changeEntry(w http.ResponseWriter, r *http.Request, c *call, read entryReader) error {
	id, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	release, err := s.holdLarge(r, r.ContentLength)
	if err != nil {
		return err
	}
	defer release()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	defer clear(body)
	in, comment, err := read(body)
	if err != nil {
		return badJSON(err)
	}
	replace := r.Method == http.MethodPut
	if replace && in.Name == nil {
		return vault.Fail(vault.Usage, "Name is missing") // of an object that would be emptied
	}
	change := catalog.EntryChange{Comment: comment}
	if in.GroupID != nil {
		change.Folder = vault.ID(*in.GroupID)
	}
	if replace || change.Folder.IsZero() || !in.OnlyMoves() {
		change.Edit = func(e *vault.Entry) error {
			// Read anew: the entry takes the secrets over, and this may run twice.
			in, _, err := read(body)
			if err != nil {
				return badJSON(err)
			}
			in.Apply(e, replace)
			if c.route.version4 {
				return applyFiles(e, in.Attachments)
			}
			return nil
		}
	}
	if err := s.catalog.ChangeEntry(r.Context(), c.caller, id, change); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}

func (s *Server) deleteEntry(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	removal, err := readRemoval(r)
	if err != nil {
		return err
	}
	if err := s.catalog.RemoveEntry(r.Context(), c.caller, id, removal); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}
