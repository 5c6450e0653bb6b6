package client

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/wire"
)

// OfflineAvailable reports whether the user holds anything that may be used
// offline.
func (c *Client) OfflineAvailable(ctx context.Context) (bool, error) {
	m, err := c.meet(ctx)
	if err != nil {
		return false, err
	}
	if m.Kind == Tideover {
		me, err := c.Me(ctx)
		return me.OfflineEnabled && me.OfflineEntries > 0, err
	}
	version, err := c.pleasant(ctx)
	if err != nil || version <= oldest { // version 4 has no offline mode
		return false, err
	}
	var available bool
	err = c.ask(ctx, request{method: http.MethodGet, path: rest(version, "IsOfflineAvailable")}, &available)
	if errors.Is(err, vault.NotFound) || errors.Is(err, vault.NotPermitted) {
		return false, nil
	}
	return available, err
}

// OfflinePackage returns what the user may use offline, with its values; the
// server writes that to its audit log, and shows it comment. The time is until
// when it may be kept, zero if the server sets no end. It is the caller's to
// refuse a package that is over already. The caller wipes the content.
func (c *Client) OfflinePackage(ctx context.Context, comment string) (*vault.Content, time.Time, error) {
	if _, err := c.meet(ctx); err != nil {
		return nil, time.Time{}, err
	}
	version, err := c.reach(ctx)
	if err != nil {
		return nil, time.Time{}, err
	}
	if version <= oldest {
		return nil, time.Time{}, vault.Fail(vault.Unsupported, "%s has no offline mode: its API is version %d", c.base.Host, version)
	}
	request := request{method: http.MethodPost, path: rest(version, "OfflinePackage"), long: true}
	if request.body, err = wire.Marshal(wire.CommentRequest{Comment: comment}); err != nil {
		return nil, time.Time{}, err
	}
	body, err := c.fetch(ctx, request, c.cfg.Limits.Bytes)
	if err != nil {
		return nil, time.Time{}, err
	}
	defer clear(body)
	p, err := readPackage(body, c.cfg.Limits)
	if err != nil {
		return nil, time.Time{}, err
	}
	content, _, err := p.Root.Content(c.cfg.Limits)
	if err != nil {
		return nil, time.Time{}, err
	}
	var until time.Time
	if !p.Expiry.IsZero() && !p.Expiry.IsNever() {
		until = p.Expiry.UTC()
	}
	return content, until, nil
}

// readPackage reads either shape of a package, told apart by its first bytes:
// neither the version nor the Content-Type says which one comes. Every entry
// of the result has its attachments with their bytes.
func readPackage(body []byte, limits wire.Limits) (*wire.OfflinePackage, error) {
	p := &wire.OfflinePackage{}
	files := bytesIn(nil)
	if bytes.HasPrefix(body, []byte("PK\x03\x04")) { // APPNOTE.TXT, 4.3.7
		archive, err := openArchive(body, limits)
		if err != nil {
			return nil, err
		}
		if body, err = archive.manifest(); err != nil {
			return nil, err
		}
		defer clear(body)
		files = archive.file
	}
	if err := decode(body, p); err != nil {
		return nil, err
	}
	if p.Root.Name == "" && len(p.Root.Children)+len(p.Root.Credentials) == 0 {
		return nil, vault.Fail(vault.BadAnswer, "the package has no root folder")
	}
	a := attacher{files: files, limits: limits, listed: map[wire.GUID][]wire.Attachment{}}
	for _, file := range p.Attachments {
		a.listed[file.CredentialObjectID] = append(a.listed[file.CredentialObjectID], file)
	}
	return p, a.group(&p.Root)
}

// bytesIn finds the bytes of an attachment outside the manifest; nil: there is
// no outside.
type bytesIn func(wire.GUID) ([]byte, error)

// attacher gives every entry of a package its attachments: those that it lists
// itself, and those that the package lists for it.
type attacher struct {
	files  bytesIn
	limits wire.Limits
	listed map[wire.GUID][]wire.Attachment
}

func (a *attacher) group(g *wire.CredentialGroup) error {
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

func (a *attacher) credential(c *wire.Credential) error {
	at := map[wire.GUID]int{}
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
			return vault.Fail(vault.BadAnswer, "the package lacks the bytes of an attachment")
		}
		if int64(len(file.FileData)) > a.limits.AttachmentBytes {
			return vault.Fail(vault.Hostile, "an attachment is larger than %d bytes", a.limits.AttachmentBytes)
		}
		if err := checkSize(file); err != nil {
			return err
		}
	}
	return nil
}
