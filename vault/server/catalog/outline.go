package catalog

import (
	"strings"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/otp"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/server/store"
)

// isPassword reports whether a field counts as a password: it is protected, or
// it is one by its name, as files of other programs may have the flag off. The
// title never does, even where KeePass was told to protect it in memory: it is
// the name by which an entry is found and audited.
func isPassword(f *vault.Field) bool {
	if f.Name == vault.FieldTitle {
		return false
	}
	return f.Protected || f.Name == vault.FieldPassword || isOTP(f.Name)
}

// plain returns a field's value, or nothing if it counts as a password.
func plain(e *vault.Entry, name string) string {
	f := e.Field(name)
	if f == nil || isPassword(f) {
		return ""
	}
	return f.Value.Text()
}

// isOTP reports whether a field of that name holds the seed of one-time codes:
// KeePassXC's, KeeTrayTOTP's, and those of KeePass 2.47.
func isOTP(name string) bool {
	return name == vault.FieldOTP || name == "TOTP Seed" ||
		strings.HasPrefix(name, "TimeOtp-Secret") || strings.HasPrefix(name, "HmacOtp-Secret")
}

// outline returns the entry as a caller with those rights sees it. With reveal
// it holds the passwords as far as the rights give them. c is not changed, and
// its values are shared.
func outline(a *access, row *store.Entry, c content, have policy.Effective, reveal bool) *Entry {
	out := &Entry{
		Folder: row.Folder, Version: row.Version,
		Rights: have.Now, Flags: a.flagsOn(row), Path: a.entryPath(row.Folder, c.Title()),
	}
	out.Entry = visible(c, have.Now, reveal)
	if have.Now.Has(policy.ViewEntryContents) {
		for _, f := range c.files {
			out.Sizes = append(out.Sizes, f.size)
		}
		out.HasPassword = !c.Password().IsEmpty()
		out.HasOTP = hasOTP(c.Entry)
	}
	return out
}

// visible returns the part of an entry that rights show. The seeds of one-time
// codes are passwords.
func visible(c content, have policy.Rights, reveal bool) *vault.Entry {
	if !have.Has(policy.ViewEntryContents) {
		e := &vault.Entry{ID: c.ID, Icon: c.Icon}
		if f := c.Field(vault.FieldTitle); f != nil {
			e.Fields = []vault.Field{{Name: f.Name, Value: f.Value}}
		}
		return e
	}
	reveal = reveal && have.Has(policy.ViewEntryPassword)
	e := *c.Entry
	e.History = nil
	if !reveal {
		e.Unknown = nil // may hold anything
		e.Fields = make([]vault.Field, len(c.Fields))
		for i := range c.Fields {
			e.Fields[i] = c.Fields[i]
			if isPassword(&c.Fields[i]) {
				e.Fields[i] = vault.Field{Name: c.Fields[i].Name, Protected: true}
			} else {
				e.Fields[i].Protected = false // a title; what is marked is withheld
			}
		}
	}
	e.Attachments = append([]vault.Attachment(nil), c.Attachments...)
	return &e
}

// hasOTP reports whether a one-time code can be computed from the entry.
func hasOTP(e *vault.Entry) bool {
	for i := range e.Fields {
		if f := &e.Fields[i]; isOTP(f.Name) && !f.Value.IsEmpty() {
			config, err := otp.Parse(f.Value.Bytes())
			config.Secret.Wipe()
			if err == nil || f.Name != vault.FieldOTP {
				return true
			}
		}
	}
	return false
}

// entryPath returns the path of an entry in a folder.
func (a *access) entryPath(folder vault.ID, title string) []string {
	var path []string
	if f := a.folders[folder]; f != nil {
		path = f.path
	}
	return append(path[:len(path):len(path)], title)
}

// candidate returns what vault/policy must know of an entry.
func candidate(have policy.Effective, flags policy.Flags, f facts) policy.Candidate {
	return policy.Candidate{
		Rights:          have,
		CheckOut:        flags.Has(policy.NeedsCheckOut),
		DualControl:     flags.Has(policy.NeedsDualControl),
		OneTime:         flags.Has(policy.ChangesAfterUse),
		CommentRequired: flags.Has(policy.CommentOnViewOffline),
		SizeBytes:       f.bytes,
		Unsupported:     f.unsupported,
	}
}
