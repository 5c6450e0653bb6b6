package wire

import (
	"time"

	"github.com/tideover/tideover/vault"
)

// NewCredential returns an entry in the server's shape. In mode Metadata, for
// trees and single entries, the password is null and the one-time code secret
// and protected custom fields are empty; in mode Complete, for offline
// packages, they are filled in and share their bytes with e. Attachments are
// listed without their bytes.
func NewCredential(e *vault.Entry, group vault.ID, facts *Facts, mode Mode) *Credential {
	c := &Credential{
		ID: GUID(e.ID), GroupID: GUID(group),
		Name: e.Title(), Username: e.Username(), URL: e.URL(), Notes: e.Notes(),
		CustomApplicationFields: applicationFields(e),
		Created:                 Date{e.Times.Created}, Modified: Date{e.Times.Modified},
		TOTPDigits: totpDigits, TOTPPeriod: totpPeriod,
	}
	if e.Times.Expires {
		c.Expires = Date{e.Times.Expiry}
	}
	for _, name := range e.Tags {
		c.Tags = append(c.Tags, Tag{Name: name})
	}
	for i := range e.Fields {
		c.addField(&e.Fields[i], mode)
	}
	if facts == nil {
		facts = &Facts{}
	}
	for i, a := range e.Attachments {
		file := Attachment{CredentialObjectID: GUID(e.ID), AttachmentID: GUID(a.ID), FileName: a.Name}
		if i < len(facts.AttachmentSizes) {
			file.FileSize = facts.AttachmentSizes[i]
		} else if a.Binary != nil {
			file.FileSize = int64(len(a.Binary.Data))
		}
		c.Attachments = append(c.Attachments, file)
	}
	c.HasModifyEntriesAccess, c.HasViewEntryContentsAccess = &facts.Modify, &facts.ViewContents
	c.HasViewEntryPasswordAccess = &facts.ViewPassword
	c.HasViewTOTPAccess, c.HasModifyTOTPAccess = &facts.ViewOTP, &facts.ModifyOTP
	c.CommentPrompts = CommentPrompts{
		AskForCommentOnViewPassword:  facts.CommentViewPassword,
		AskForCommentOnViewOffline:   facts.CommentViewOffline,
		AskForCommentOnModifyEntries: facts.CommentModify,
		AskForCommentOnMoveEntries:   facts.CommentMove,
	}
	return c
}

// addField puts a field that has no member of its own where it belongs.
func (c *Credential) addField(f *vault.Field, mode Mode) {
	switch {
	case f.Name == vault.FieldPassword:
		if mode == Complete {
			c.Password = &Secret{f.Value}
		}
	case vault.IsStandard(f.Name):
	case f.Name == vault.FieldOTP:
		t, ok := parseTOTP(f.Value.Bytes())
		if ok {
			c.TOTPIssuer = t.issuer
			c.TOTPDigits, c.TOTPPeriod = Number(t.digits), Number(t.period)
		}
		if mode == Complete {
			c.TOTPSecret = Secret{vault.NewSecret(t.secret)}
		} else {
			clear(t.secret)
		}
	default:
		m := Member{Name: f.Name, Value: Secret{f.Value}}
		if f.Protected {
			c.ProtectedFields = append(c.ProtectedFields, f.Name)
			if mode != Complete {
				m.Value = Secret{}
			}
		}
		c.CustomUserFields = append(c.CustomUserFields, m)
	}
}

// Entry returns the credential as an entry, and what the user may do with it.
// The entry takes over the credential's secrets. A password that was withheld
// is a protected field without a value. Rights that an old server does not name
// are taken as given: it refuses by itself. Attachments have bytes only where
// FileData came along.
func (c *Credential) Entry() (*vault.Entry, *Facts) {
	e := &vault.Entry{ID: vault.ID(c.ID)}
	e.Set(vault.FieldTitle, vault.SecretText(c.Name), false)
	e.Set(vault.FieldUsername, vault.SecretText(c.Username), false)
	password := vault.Secret{}
	if c.Password != nil {
		password = c.Password.Secret
	}
	e.Set(vault.FieldPassword, password, true)
	e.Set(vault.FieldURL, vault.SecretText(c.URL), false)
	e.Set(vault.FieldNotes, vault.SecretText(c.Notes), false)
	protected := set(c.ProtectedFields)
	for _, m := range c.CustomUserFields {
		e.Set(customName(m.Name), m.Value.Secret, protected[m.Name])
	}
	if !c.TOTPSecret.IsEmpty() {
		t := totp{issuer: c.TOTPIssuer, secret: c.TOTPSecret.Bytes(), digits: int(c.TOTPDigits), period: int(c.TOTPPeriod)}
		e.Set(vault.FieldOTP, t.withDefaults().field(c.Username), true)
		c.TOTPSecret.Wipe()
	}
	applyApplicationFields(e, c.CustomApplicationFields)
	for _, t := range c.Tags {
		if t.Name != "" {
			e.Tags = append(e.Tags, t.Name)
		}
	}
	e.Times = times(c.Created, c.Modified, c.Expires)

	given := func(right *bool) bool { return right == nil || *right }
	facts := &Facts{
		Modify: given(c.HasModifyEntriesAccess), ViewContents: given(c.HasViewEntryContentsAccess),
		ViewPassword: given(c.HasViewEntryPasswordAccess),
		ViewOTP:      given(c.HasViewTOTPAccess), ModifyOTP: given(c.HasModifyTOTPAccess),
		CommentViewPassword: c.CommentPrompts.AskForCommentOnViewPassword,
		CommentViewOffline:  c.CommentPrompts.AskForCommentOnViewOffline,
		CommentModify:       c.CommentPrompts.AskForCommentOnModifyEntries,
		CommentMove:         c.CommentPrompts.AskForCommentOnMoveEntries,
	}
	for _, a := range c.Attachments {
		file := vault.Attachment{ID: vault.ID(a.AttachmentID), Name: a.FileName}
		size := a.FileSize
		if a.FileData != nil {
			file.Binary = &vault.Binary{Data: a.FileData}
			size = int64(len(a.FileData))
		}
		e.Attachments = append(e.Attachments, file)
		facts.AttachmentSizes = append(facts.AttachmentSizes, size)
	}
	return e, facts
}

// customName keeps a custom field away from the names that mean something else
// in an entry: the server lets a user call a custom field "Password".
func customName(name string) string {
	if vault.IsStandard(name) || name == vault.FieldOTP {
		return name + customMark
	}
	return name
}

// customMark is what customName appends.
const customMark = " (custom)"

func (t totp) withDefaults() totp {
	if t.digits == 0 {
		t.digits = totpDigits
	}
	if t.period == 0 {
		t.period = totpPeriod
	}
	return t
}

// times converts dates to the second and in UTC, as a KDBX file holds them, so
// that a cached entry equals the one that was received.
func times(created, modified, expires Date) vault.Times {
	t := vault.Times{Created: second(created), Modified: second(modified)}
	if !expires.IsZero() && !expires.IsNever() {
		t.Expires, t.Expiry = true, second(expires)
	}
	return t
}

func second(d Date) time.Time {
	if d.IsZero() {
		return time.Time{}
	}
	return d.UTC().Truncate(time.Second)
}

func set(names []string) map[string]bool {
	out := make(map[string]bool, len(names))
	for _, name := range names {
		out[name] = true
	}
	return out
}
