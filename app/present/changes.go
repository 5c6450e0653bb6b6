package present

import (
	"slices"
	"time"

	"github.com/tideover/tideover/vault"
)

// Changes are what a person did to an entry in its dialog. What is nil stays as
// it is; above all a secret that nobody typed anew is neither read nor sent.
// The secrets in it are the Changes' own: Wipe them.
type Changes struct {
	Title, User, URL, Notes *string
	Password                *vault.Secret
	Tags                    *[]string
	Expiry                  *Expiry
	Code                    *CodeChange
	Icon                    *uint32
	// Fields are the person's own fields as they are to be, in order; those
	// that are not among them go. Nil: nothing was done to them.
	Fields []FieldChange
	// Files are the attachments that change.
	Files []FileChange
}

// Expiry is when an entry expires. At stays in the entry where On is false.
type Expiry struct {
	On bool
	At time.Time
}

// FieldChange is one field of a person's own, as it is to be.
type FieldChange struct {
	Was       string // its name before; empty: it is new
	Name      string
	Value     *vault.Secret // nil: as it is
	Protected bool
}

// FileChange is one attachment as it is to be.
type FileChange struct {
	Was    string // its name before; empty: it is new
	Name   string // empty: it goes
	Data   []byte // nil: as it is
	Secret bool   // Data is protected in files of KeePass
}

// CodeChange is a one-time code as it is to be: what CodeSetting returned.
type CodeChange struct {
	Setting vault.Secret // empty: there is to be none
}

// IsEmpty reports whether nothing changes.
func (c *Changes) IsEmpty() bool {
	return c.Title == nil && c.User == nil && c.URL == nil && c.Notes == nil && c.Password == nil && c.Tags == nil &&
		c.Expiry == nil && c.Code == nil && c.Icon == nil && c.Fields == nil && len(c.Files) == 0
}

// Wipe clears the secrets and the files.
func (c *Changes) Wipe() {
	if c.Password != nil {
		c.Password.Wipe()
	}
	if c.Code != nil {
		c.Code.Setting.Wipe()
	}
	for i := range c.Fields {
		if c.Fields[i].Value != nil {
			c.Fields[i].Value.Wipe()
		}
	}
	for i := range c.Files {
		clear(c.Files[i].Data)
	}
}

// Whole reports whether the changes can be made only with the secret values of
// the entry at hand: a secret field gets another name, or is to be a secret no
// more. That takes a reveal, with its record.
func (c *Changes) Whole(e *vault.Entry) bool {
	for _, f := range c.Fields {
		old := e.Field(f.Was)
		if f.Was != "" && f.Value == nil && old != nil && old.Protected && (f.Name != f.Was || !f.Protected) {
			return true
		}
	}
	return false
}

// Check returns the first thing that cannot be: an *EntryProblem. Apply checks
// as well; this is for asking before anything is sent. e may be nil for a new
// entry.
func (c *Changes) Check(e *vault.Entry) error {
	if e == nil {
		e = &vault.Entry{}
	}
	for _, x := range []struct {
		part  EntryPart
		value *string
		limit int
	}{
		{PartTitle, c.Title, maxLine},
		{PartUser, c.User, maxLine},
		{PartURL, c.URL, maxLine},
		{PartNotes, c.Notes, maxText},
	} {
		if x.value == nil {
			continue
		}
		if err := checkText(x.part, "", *x.value, x.limit); err != nil {
			return err
		}
	}
	if c.Password != nil {
		if err := checkText(PartPassword, "", c.Password.Text(), maxLine); err != nil {
			return err
		}
	}
	if err := c.checkTags(); err != nil {
		return err
	}
	if c.Expiry != nil && c.Expiry.On {
		if err := checkExpiry(c.Expiry.At); err != nil {
			return err
		}
	}
	if err := c.checkFields(); err != nil {
		return err
	}
	return c.checkFiles(e)
}

// Apply makes the changes to an entry, or returns an *EntryProblem and changes
// nothing. The entry gets copies of every secret and file.
func (c *Changes) Apply(e *vault.Entry) error {
	if err := c.Check(e); err != nil {
		return err
	}
	set := func(name string, value *string) {
		if value != nil {
			e.Set(name, vault.SecretText(*value), false)
		}
	}
	set(vault.FieldTitle, c.Title)
	set(vault.FieldUsername, c.User)
	switch {
	case c.Password == nil:
	case c.Password.IsEmpty(): // a server takes no value for one that stays
		e.Fields = slices.DeleteFunc(e.Fields, func(f vault.Field) bool { return f.Name == vault.FieldPassword })
	default:
		e.Set(vault.FieldPassword, c.Password.Clone(), true)
	}
	set(vault.FieldURL, c.URL)
	set(vault.FieldNotes, c.Notes)
	if c.Tags != nil {
		e.Tags = slices.Clone(*c.Tags)
	}
	if c.Expiry != nil {
		e.Times.Expires = c.Expiry.On
		if c.Expiry.On {
			e.Times.Expiry = c.Expiry.At.UTC().Truncate(time.Second)
		}
	}
	if c.Icon != nil {
		e.Icon = vault.Icon{Standard: *c.Icon}
	}
	if c.Fields != nil {
		c.applyFields(e)
	}
	switch {
	case c.Code == nil:
	case c.Code.Setting.IsEmpty():
		e.Fields = slices.DeleteFunc(e.Fields, func(f vault.Field) bool { return f.Name == vault.FieldOTP })
	default:
		e.Set(vault.FieldOTP, c.Code.Setting.Clone(), true)
	}
	c.applyFiles(e)
	return nil
}

// applyFields puts the person's own fields in their order behind the others.
func (c *Changes) applyFields(e *vault.Entry) {
	var own, rest []vault.Field
	for _, f := range c.Fields {
		x := vault.Field{Name: f.Name, Protected: f.Protected}
		if old := e.Field(f.Was); f.Was != "" && old != nil {
			x.Value = old.Value
		}
		if f.Value != nil {
			x.Value = f.Value.Clone()
		}
		own = append(own, x)
	}
	for _, f := range e.Fields {
		if vault.IsStandard(f.Name) || f.Name == vault.FieldOTP {
			rest = append(rest, f)
		}
	}
	e.Fields = append(rest, own...)
}

func (c *Changes) applyFiles(e *vault.Entry) {
	for _, f := range c.Files {
		at := slices.IndexFunc(e.Attachments, func(a vault.Attachment) bool { return f.Was != "" && a.Name == f.Was })
		switch {
		case f.Name == "" && at >= 0:
			e.Attachments = slices.Delete(e.Attachments, at, at+1)
		case f.Name == "":
		case at < 0:
			e.Attachments = append(e.Attachments, vault.Attachment{Name: f.Name, Binary: &vault.Binary{Data: slices.Clone(f.Data), Protected: f.Secret}})
		default:
			a := &e.Attachments[at]
			a.Name = f.Name
			if f.Data != nil {
				// A server takes new bytes as a new file.
				a.ID, a.Binary = vault.ID{}, &vault.Binary{Data: slices.Clone(f.Data), Protected: f.Secret}
			}
		}
	}
}
