package wire

import (
	"encoding/base64"
	"strconv"

	"github.com/tideover/tideover/vault"
)

// The trees of the Pleasant API are nested and can be large, so they are
// written by hand into one buffer, without reflection and without a copy for
// every level. A server that does not want the whole tree in memory writes
// AppendOpen, the entries, the folders and AppendClose itself.

// Append appends c as JSON. All lists and maps are written, empty if nil.
func (c *Credential) Append(dst []byte) []byte {
	w := object{dst: append(dst, '{')}
	w.fields("CustomUserFields", c.CustomUserFields)
	w.fields("CustomApplicationFields", c.CustomApplicationFields)
	w.attachments(c.Attachments)
	w.tags(c.Tags)
	w.right("HasModifyEntriesAccess", c.HasModifyEntriesAccess)
	w.right("HasViewEntryContentsAccess", c.HasViewEntryContentsAccess)
	w.right("HasViewEntryPasswordAccess", c.HasViewEntryPasswordAccess)
	w.right("HasViewTOTPAccess", c.HasViewTOTPAccess)
	w.right("HasModifyTOTPAccess", c.HasModifyTOTPAccess)
	w.prompts(c.CommentPrompts)
	w.optional("UsageComment", c.UsageComment)
	w.guid("Id", c.ID)
	w.text("Name", c.Name)
	w.text("Username", c.Username)
	w.key("Password")
	if c.Password == nil {
		w.dst = append(w.dst, "null"...)
	} else {
		w.dst = AppendString(w.dst, c.Password.Bytes())
	}
	w.text("Url", c.URL)
	w.text("Notes", c.Notes)
	w.guid("GroupId", c.GroupID)
	w.date("Created", c.Created)
	w.date("Modified", c.Modified)
	w.date("Expires", c.Expires)
	if c.Version4 {
		return append(w.dst, '}')
	}
	w.text("TOTPIssuer", c.TOTPIssuer)
	w.key("TOTPSecret")
	w.dst = AppendString(w.dst, c.TOTPSecret.Bytes())
	w.key("TOTPDigits")
	w.dst = strconv.AppendInt(w.dst, int64(c.TOTPDigits), 10)
	w.key("TOTPPeriod")
	w.dst = strconv.AppendInt(w.dst, int64(c.TOTPPeriod), 10)
	if len(c.ProtectedFields) > 0 {
		w.key("ProtectedFields")
		w.dst = append(w.dst, '[')
		for i, name := range c.ProtectedFields {
			w.comma(i)
			w.dst = AppendString(w.dst, name)
		}
		w.dst = append(w.dst, ']')
	}
	return append(w.dst, '}')
}

// MarshalJSON is Append on a fresh buffer.
func (c *Credential) MarshalJSON() ([]byte, error) { return c.Append(nil), nil }

// AppendOpen appends everything of g but its Credentials and Children, and
// leaves the object open.
func (g *CredentialGroup) AppendOpen(dst []byte) []byte {
	w := object{dst: append(dst, '{')}
	w.fields("CustomUserFields", g.CustomUserFields)
	w.fields("CustomApplicationFields", g.CustomApplicationFields)
	w.attachments(g.Attachments)
	w.tags(g.Tags)
	w.right("HasModifyEntriesAccess", g.HasModifyEntriesAccess)
	w.right("HasViewEntryContentsAccess", g.HasViewEntryContentsAccess)
	w.prompts(g.CommentPrompts)
	w.optional("UsageComment", g.UsageComment)
	w.guid("Id", g.ID)
	w.text("Name", g.Name)
	w.guid("ParentId", g.ParentID)
	w.optional("Notes", g.Notes)
	w.date("Created", g.Created)
	w.date("Modified", g.Modified)
	w.date("Expires", g.Expires)
	return w.dst
}

// Append appends g with everything below it as JSON.
func (g *CredentialGroup) Append(dst []byte) []byte {
	dst = append(g.AppendOpen(dst), `,"Credentials":[`...)
	for i := range g.Credentials {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = g.Credentials[i].Append(dst)
	}
	dst = append(dst, `],"Children":[`...)
	for i := range g.Children {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = g.Children[i].Append(dst)
	}
	return append(dst, "]}"...)
}

// MarshalJSON is Append on a fresh buffer.
func (g *CredentialGroup) MarshalJSON() ([]byte, error) { return g.Append(nil), nil }

// Append appends p as the single JSON form of the package.
func (p *OfflinePackage) Append(dst []byte) []byte {
	dst = p.Root.Append(append(dst, `{"Root":`...))
	w := object{dst: dst, started: true}
	w.attachments(p.Attachments)
	w.date("Expiry", p.Expiry)
	return append(w.dst, '}')
}

// MarshalJSON is Append on a fresh buffer.
func (p *OfflinePackage) MarshalJSON() ([]byte, error) { return p.Append(nil), nil }

// Append appends a as JSON. Without data FileData is null.
func (a *Attachment) Append(dst []byte) []byte {
	w := object{dst: append(dst, '{')}
	w.guid("CredentialObjectId", a.CredentialObjectID)
	w.guid("AttachmentId", a.AttachmentID)
	w.text("FileName", a.FileName)
	w.key("FileData")
	if a.FileData == nil {
		w.dst = append(w.dst, "null"...)
	} else {
		w.dst = append(w.dst, '"')
		w.dst = base64.StdEncoding.AppendEncode(w.dst, a.FileData)
		w.dst = append(w.dst, '"')
	}
	w.key("FileSize")
	w.dst = strconv.AppendInt(w.dst, a.FileSize, 10)
	return append(w.dst, '}')
}

// object writes the members of one JSON object. The first value that cannot be
// written stays in err.
type object struct {
	dst     []byte
	started bool
	err     error
}

// key starts a member. Names are ours and need no escaping.
func (w *object) key(name string) {
	if w.started {
		w.dst = append(w.dst, ',')
	}
	w.started = true
	w.dst = append(w.dst, '"')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, '"', ':')
}

func (w *object) comma(i int) {
	if i > 0 {
		w.dst = append(w.dst, ',')
	}
}

func (w *object) text(name, value string) {
	w.key(name)
	w.dst = AppendString(w.dst, value)
}

func (w *object) optional(name string, value *string) {
	if value != nil {
		w.text(name, *value)
		return
	}
	w.key(name)
	w.dst = append(w.dst, "null"...)
}

func (w *object) boolean(name string, value bool) {
	w.key(name)
	w.dst = strconv.AppendBool(w.dst, value)
}

func (w *object) right(name string, value *bool) {
	if value != nil {
		w.boolean(name, *value)
	}
}

func (w *object) guid(name string, g GUID) {
	w.key(name)
	w.dst = appendID(w.dst, vault.ID(g))
}

func (w *object) date(name string, d Date) {
	w.key(name)
	if d.Year() < 0 || d.Year() > 9999 {
		d = Never()
	}
	b, err := d.MarshalJSON()
	if err != nil {
		panic("wire: internal error: " + err.Error()) // the years that it refuses are replaced above
	}
	w.dst = append(w.dst, b...)
}

func (w *object) fields(name string, f Fields) {
	w.key(name)
	w.dst = f.append(w.dst)
}

func (w *object) tags(tags Tags) {
	w.key("Tags")
	w.dst = append(w.dst, '[')
	for i, t := range tags {
		w.comma(i)
		w.dst = AppendString(append(w.dst, `{"Name":`...), t.Name)
		w.dst = append(w.dst, '}')
	}
	w.dst = append(w.dst, ']')
}

func (w *object) attachments(list []Attachment) {
	w.key("Attachments")
	w.dst = append(w.dst, '[')
	for i := range list {
		w.comma(i)
		w.dst = list[i].Append(w.dst)
	}
	w.dst = append(w.dst, ']')
}

func (w *object) prompts(p CommentPrompts) {
	w.key("CommentPrompts")
	in := object{dst: append(w.dst, '{')}
	in.boolean("AskForCommentOnViewPassword", p.AskForCommentOnViewPassword)
	in.boolean("AskForCommentOnViewOffline", p.AskForCommentOnViewOffline)
	in.boolean("AskForCommentOnModifyEntries", p.AskForCommentOnModifyEntries)
	in.boolean("AskForCommentOnMoveEntries", p.AskForCommentOnMoveEntries)
	in.boolean("AskForCommentOnMoveFolders", p.AskForCommentOnMoveFolders)
	in.boolean("AskForCommentOnModifyFolders", p.AskForCommentOnModifyFolders)
	w.dst = append(in.dst, '}')
}

// appendID appends id as a JSON string, without an allocation.
func appendID(dst []byte, id vault.ID) []byte {
	const hexDigits = "0123456789abcdef"
	dst = append(dst, '"')
	for i, b := range id {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, hexDigits[b>>4], hexDigits[b&15])
	}
	return append(dst, '"')
}
