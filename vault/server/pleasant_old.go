package server

import (
	"net/http"
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// getOldEntry answers in the shape of version 4, with the bytes of the
// attachments: there is no other way to get them. Those that the caller may not
// read have no bytes. Trees list attachments without them: a listing is no
// reading of files, and would be audited as one.
func (s *Server) getOldEntry(w http.ResponseWriter, r *http.Request, c *call) error {
	id, err := pathID(r, "entry")
	if err != nil {
		return err
	}
	found, err := s.catalog.Entry(r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	shown := wire.NewCredential(found.Entry, found.Folder, factsOf(found), wire.Metadata)
	if len(shown.Attachments) > 0 {
		release, err := s.attachFiles(r, c, shown)
		if err != nil {
			return err
		}
		defer release()
	}
	shown.ToVersion4()
	body := shown.Append(nil)
	writeShape(w, body)
	clear(body)
	return nil
}

// attachFiles puts the bytes of files into the list of attachments. The caller
// releases them.
func (s *Server) attachFiles(r *http.Request, c *call, shown *wire.Credential) (release func(), err error) {
	var total int64
	for _, a := range shown.Attachments {
		total += a.FileSize
	}
	held, err := s.holdLarge(r, total)
	if err != nil {
		return nil, err
	}
	files, err := s.catalog.Files(r.Context(), c.caller, vault.ID(shown.ID),
		catalog.FileQuery{Comment: commentQuery(r), Bytes: maxAttachmentBytes})
	if err != nil {
		held()
		return nil, err
	}
	for _, f := range files {
		for i := range shown.Attachments {
			if a := &shown.Attachments[i]; vault.ID(a.AttachmentID) == f.ID {
				a.FileData = f.Data
				if f.Data == nil {
					a.FileData = []byte{}
				}
			}
		}
	}
	return func() {
		for _, f := range files {
			clear(f.Data)
		}
		held()
	}, nil
}

// applyFiles makes the attachments of e those that were sent. They are known by
// their names, since version 4 shows no identifiers. One that comes without
// bytes stays as it is: its bytes may have been withheld, and there are clients
// that send null as an empty string.
func applyFiles(e *vault.Entry, sent []wire.Attachment) error {
	list := make([]vault.Attachment, 0, len(sent))
	for _, a := range sent {
		if strings.TrimSpace(a.FileName) == "" {
			return vault.Fail(vault.Usage, "FileName is missing")
		}
		if err := checkFile(a.FileName, a.FileData); err != nil {
			return err
		}
		file := vault.Attachment{Name: a.FileName}
		for _, old := range e.Attachments {
			if old.Name == a.FileName {
				file = old
			}
		}
		switch {
		case len(a.FileData) > 0 || file.ID.IsZero() && a.FileData != nil:
			file.Binary = &vault.Binary{Data: a.FileData}
		case file.ID.IsZero():
			return vault.Fail(vault.Usage, "FileData is missing")
		}
		list = append(list, file)
	}
	e.Attachments = list
	return nil
}
