package wire

import (
	"bytes"
	"time"

	"github.com/tideover/tideover/vault"
)

// DecodePackage reads an offline package in either shape, told apart by its
// first bytes: neither the version nor the Content-Type says which one comes.
// The time is until when it may be kept, zero if there is no end. Limits give
// vault.Hostile, everything else that is wrong vault.BadAnswer. The content
// shares no memory with body, which the caller wipes.
func DecodePackage(body []byte, limits Limits) (*vault.Content, time.Time, error) {
	a := attacher{limits: limits, listed: map[GUID][]Attachment{}}
	if bytes.HasPrefix(body, []byte("PK\x03\x04")) { // APPNOTE.TXT, 4.3.7
		archive, err := openArchive(body, limits)
		if err != nil {
			return nil, time.Time{}, err
		}
		if body, err = archive.manifest(); err != nil {
			return nil, time.Time{}, err
		}
		defer clear(body)
		a.files = archive.file
	}
	var p OfflinePackage
	if err := decodeTree(body, &p, limits); err != nil {
		p.wipe()
		return nil, time.Time{}, err
	}
	content, err := a.content(&p)
	if err != nil {
		p.wipe()
		return nil, time.Time{}, err
	}
	if p.Expiry.IsZero() || p.Expiry.IsNever() {
		return content, time.Time{}, nil
	}
	return content, p.Expiry.UTC(), nil
}

// attacher gives every entry of a package its attachments: those that it lists
// itself, and those that the package lists for it.
type attacher struct {
	// files finds the bytes of an attachment outside the manifest; nil: there is
	// no outside.
	files  func(GUID) ([]byte, error)
	limits Limits
	listed map[GUID][]Attachment
}

func (a *attacher) content(p *OfflinePackage) (*vault.Content, error) {
	if p.Root.Name == "" && len(p.Root.Children)+len(p.Root.Credentials) == 0 {
		return nil, badAnswer("the package has no root folder")
	}
	for _, file := range p.Attachments {
		a.listed[file.CredentialObjectID] = append(a.listed[file.CredentialObjectID], file)
	}
	if err := a.group(&p.Root); err != nil {
		return nil, err
	}
	content, _, err := p.Root.Content(a.limits)
	return content, err
}

func (a *attacher) group(g *CredentialGroup) error {
	for i := range g.Credentials {
		if err := a.credential(&g.Credentials[i]); err != nil {
			return err
		}
	}
	for i := range g.Children { // encoding/json has bounded the depth
		if err := a.group(&g.Children[i]); err != nil {
			return err
		}
	}
	return nil
}

func (a *attacher) credential(c *Credential) error {
	at := map[GUID]int{}
	for i, file := range c.Attachments {
		at[file.AttachmentID] = i
	}
	for _, file := range a.listed[c.ID] {
		i, known := at[file.AttachmentID]
		switch {
		case !known:
			at[file.AttachmentID] = len(c.Attachments)
			c.Attachments = append(c.Attachments, file)
		case c.Attachments[i].FileData == nil:
			c.Attachments[i].FileData = file.FileData
		}
	}
	for i := range c.Attachments {
		file := &c.Attachments[i]
		if file.FileData == nil && a.files != nil {
			data, err := a.files(file.AttachmentID)
			if err != nil {
				return err
			}
			file.FileData = data
		}
		if file.FileData == nil {
			return badAnswer("the package lacks the bytes of an attachment")
		}
		if int64(len(file.FileData)) > a.limits.AttachmentBytes {
			return hostile("attachments")
		}
		if err := file.CheckSize(); err != nil {
			return err
		}
	}
	return nil
}

// CheckSize compares the attachment's bytes with the size that is said of them.
// Version 4 says 0 of all.
func (a *Attachment) CheckSize() error {
	if a.FileSize != 0 && a.FileSize != int64(len(a.FileData)) {
		return badAnswer("an attachment does not have the size that is said of it")
	}
	return nil
}

// wipe clears the secrets of a package that was not taken.
func (p *OfflinePackage) wipe() {
	p.Root.wipe()
	for _, a := range p.Attachments {
		clear(a.FileData)
	}
}

func (g *CredentialGroup) wipe() {
	for i := range g.Credentials {
		c := &g.Credentials[i]
		if c.Password != nil {
			c.Password.Wipe()
		}
		c.TOTPSecret.Wipe()
		for _, m := range c.CustomUserFields {
			clear(m.Value.Bytes())
		}
		for _, a := range c.Attachments {
			clear(a.FileData)
		}
	}
	for i := range g.Children {
		g.Children[i].wipe()
	}
}
