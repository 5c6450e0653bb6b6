package server

import (
	"net/http"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// maxFileName is the longest name of a file in bytes; file systems end at 255.
const maxFileName = 255

// getAttachments lists the files of an entry with their bytes, all or none. Each
// of them is checked and audited like one that was asked for by itself.
func (s *Server) getAttachments(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	entry, err := s.catalog.Entry(r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	var total int64
	for _, size := range entry.Sizes {
		total += size
	}
	release, err := s.holdLarge(r, total)
	if err != nil {
		return err
	}
	defer release()
	files, err := s.catalog.Files(r.Context(), c.caller, id, catalog.FileQuery{Comment: commentQuery(r), Bytes: maxAttachmentBytes, All: true})
	if err != nil {
		return err
	}
	body := []byte{'['}
	for i, file := range files {
		if i > 0 {
			body = append(body, ',')
		}
		shown := attachment(id, file)
		body = shown.Append(body)
		clear(file.Data)
	}
	body = append(body, ']')
	writeBody(w, http.StatusOK, jsonType, body)
	clear(body)
	return nil
}

// attachment returns a file as Pleasant shows it. An empty file has empty
// data, which is not null.
func attachment(entry vault.ID, f *catalog.File) wire.Attachment {
	a := wire.Attachment{
		CredentialObjectID: wire.GUID(entry), AttachmentID: wire.GUID(f.ID),
		FileName: f.Name, FileData: f.Data, FileSize: int64(len(f.Data)),
	}
	if a.FileData == nil {
		a.FileData = []byte{}
	}
	return a
}

func (s *Server) getAttachment(w http.ResponseWriter, r *http.Request, c *call) error {
	// What only older versions have is reached through our own API: to a client
	// of Pleasant's, a file that was deleted is gone.
	if err := s.currentAttachment(r, c); err != nil {
		return err
	}
	id, file, err := s.readAttachment(r, c)
	if err != nil {
		return err
	}
	defer clear(file.Data)
	shown := attachment(id, file)
	body := shown.Append(nil)
	writeBody(w, http.StatusOK, jsonType, body)
	clear(body)
	return nil
}

func (s *Server) currentAttachment(r *http.Request, c *call) error {
	entry, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	id, err := pathID(r, "attachment")
	if err != nil {
		return err
	}
	found, err := s.catalog.Entry(r.Context(), c.caller, entry)
	if err != nil {
		return err
	}
	for _, a := range found.Attachments {
		if a.ID == id {
			return nil
		}
	}
	return vault.Fail(vault.NotFound, "no such attachment")
}

// readAttachment finds the file that the path names, for both APIs.
func (s *Server) readAttachment(r *http.Request, c *call) (entry vault.ID, file *catalog.File, err error) {
	if entry, err = pathID(r, "entry"); err != nil {
		return entry, nil, err
	}
	id, err := pathID(r, "attachment")
	if err != nil {
		return entry, nil, err
	}
	release, err := s.holdLarge(r, maxAttachmentBytes)
	if err != nil {
		return entry, nil, err
	}
	defer release()
	file, err = s.catalog.Attachment(r.Context(), c.caller, entry, id, commentQuery(r))
	return entry, file, err
}

// commentQuery returns the comment of a request that has no body. It is
// Tideover's own: Pleasant's clients know of no comment for attachments.
func commentQuery(r *http.Request) string {
	for name, values := range r.URL.Query() {
		if strings.EqualFold(name, "comment") {
			return values[0]
		}
	}
	return ""
}

func (s *Server) postAttachment(w http.ResponseWriter, r *http.Request, c *call) error {
	entry, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	in, release, err := s.readFile(r)
	if err != nil {
		return err
	}
	defer release()
	if strings.TrimSpace(in.FileName) == "" {
		return vault.Fail(vault.Usage, "FileName is missing")
	}
	id, err := s.catalog.AddAttachment(r.Context(), c.caller, entry, in.Comment,
		catalog.File{Name: in.FileName, Data: in.FileData, Protected: in.Protected})
	if err != nil {
		return err
	}
	writeString(w, id.String())
	return nil
}

// putAttachment replaces a file or, without FileData, gives it another name. It
// answers with the identifier that the file has now. No client of Pleasant's is
// known to ask for it.
func (s *Server) putAttachment(w http.ResponseWriter, r *http.Request, c *call) error {
	entry, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	id, err := pathID(r, "attachment")
	if err != nil {
		return err
	}
	in, release, err := s.readFile(r)
	if err != nil {
		return err
	}
	defer release()
	if in.FileData == nil && strings.TrimSpace(in.FileName) == "" {
		return vault.Fail(vault.Usage, "FileName and FileData are missing")
	}
	id, err = s.catalog.ReplaceAttachment(r.Context(), c.caller, entry, in.Comment,
		catalog.File{ID: id, Name: in.FileName, Data: in.FileData, Protected: in.Protected})
	if err != nil {
		return err
	}
	writeString(w, id.String())
	return nil
}

// readFile reads a file that was sent. The caller releases it.
func (s *Server) readFile(r *http.Request) (in wire.AttachmentInput, release func(), err error) {
	held, err := s.holdLarge(r, r.ContentLength)
	if err != nil {
		return in, nil, err
	}
	release = func() {
		clear(in.FileData)
		held()
	}
	if err = readJSON(r, &in, false); err == nil {
		err = checkFile(in.FileName, in.FileData)
	}
	if err != nil {
		release()
		return in, nil, err
	}
	return in, release, nil
}

// checkFile looks at the limits of a file.
func checkFile(name string, data []byte) error {
	switch {
	case len(name) > maxFileName:
		return vault.Fail(vault.Usage, "FileName is longer than %d bytes", maxFileName)
	case len(data) > maxAttachmentBytes:
		return vault.Fail(vault.Hostile, "%d bytes, an attachment has at most %d", len(data), maxAttachmentBytes)
	}
	return nil
}

// deleteAttachment takes the body of other DELETEs for its comment; the file
// stays in the history whatever the Action says.
func (s *Server) deleteAttachment(w http.ResponseWriter, r *http.Request, c *call) error {
	entry, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	id, err := pathID(r, "attachment")
	if err != nil {
		return err
	}
	removal, err := readRemoval(r)
	if err != nil {
		return err
	}
	if err := s.catalog.RemoveAttachment(r.Context(), c.caller, entry, id, removal.Comment); err != nil {
		return err
	}
	writeNothing(w)
	return nil
}

// holdLarge takes one of a few places for requests that need much memory, and
// waits for one. Small ones pass; a length of -1 is one that was not told.
func (s *Server) holdLarge(r *http.Request, bytes int64) (release func(), err error) {
	if bytes >= 0 && bytes <= smallBody {
		return func() {}, nil
	}
	select {
	case s.large <- struct{}{}:
		return func() { <-s.large }, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}
