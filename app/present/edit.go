package present

import (
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// MaxAttachment is the largest file, in bytes, that the entry dialog takes: it
// is sent in one request and held in memory whole, on both sides.
const MaxAttachment = 10 << 20

// EntryFacts are what the entry dialog is made of.
type EntryFacts struct {
	Item *session.Item // nil: a new entry
	// Group names the groups above a new entry.
	Group []string
	State State
	// Version is an earlier form of the entry, to look at; nil: the entry as it
	// is. It has no secret values, as Item.Entry has none.
	Version *vault.Entry
	Now     time.Time
}

// EntryForm is the entry dialog: what is filled in, and what may be done. It
// holds no secret value: those are asked for by name, one by one, with a record
// each.
type EntryForm struct {
	Heading string // of the dialog
	New     bool
	Past    bool     // an earlier form: only what is open can be seen of it
	ID      vault.ID // zero: new
	Path    string   // of the group, as people read it

	Title, User, URL string
	Long             []string // names of those that are shown in part, and stay as they are
	HasPassword      bool
	Notes            string
	NotesAll         string // all of notes that are shown in part; empty: Notes is all
	Tags             []string
	Expires          bool
	Expiry           time.Time // zero: never had one

	Fields []FormField
	Files  []FormFile
	Code   FormCode
	// Earlier is "3 earlier versions"; empty: none, or the server has to be
	// asked. AskEarlier says that it has.
	Earlier    string
	AskEarlier bool

	Icon              uint32
	Created, Modified string // in words; empty: unknown

	ReadOnly string // why nothing may be changed; empty: it may
	Remedy   string // what could be done about it; may be empty
	Draft    string // "Draft: will be dropped at Connect…"; empty: what is saved reaches the server
	NoReveal string // why secrets cannot be shown; empty: they can
	NoCopy   string // and copied
	NoIcon   string // why the icon cannot be changed; empty: it can
}

// FormField is a field of a person's own making.
type FormField struct {
	Name      string
	Value     string // empty if Protected
	Protected bool
	Long      bool // Value is only its beginning, or Name is as long as a text: the dialog shows it, and leaves it as it is
}

// FormFile is an attachment.
type FormFile struct {
	Name, Size string
	Bytes      int64
}

// FormCode says what is known of the one-time code.
type FormCode struct {
	Has     bool
	Digits  int // 0: unknown
	Seconds int // of a period; 0: unknown
}

// NewEntryForm returns the dialog for these facts.
func NewEntryForm(words *Catalogue, f EntryFacts) EntryForm {
	form := EntryForm{New: f.Item == nil, Past: f.Version != nil}
	form.rights(words, f)
	if form.New {
		form.Heading, form.Path = words.Text("entry.heading.new", nil), pathWords(f.Group)
		return form
	}
	form.ID = f.Item.Entry.ID
	form.Path = pathWords(f.Item.Path[:max(len(f.Item.Path)-1, 0)])
	e := f.Item.Entry
	switch {
	case f.Version != nil:
		e = f.Version
		form.Heading = words.Text("entry.heading.version", map[string]any{"At": moment(words, e.Times.Modified)})
	case form.ReadOnly != "":
		form.Heading = words.Text("entry.heading.view", nil)
	default:
		form.Heading = words.Text("entry.heading.edit", nil)
	}
	form.fill(words, e)
	if f.Version == nil {
		form.Code = FormCode{Has: f.Item.HasOTP, Digits: f.Item.Digits, Seconds: int(f.Item.Period / time.Second)}
		form.HasPassword = f.Item.HasPassword
		form.AskEarlier = f.State.Mode == session.Online
		if f.Item.History > 0 {
			form.Earlier = words.Text("entry.history", map[string]any{"Count": f.Item.History})
		}
		for i := range form.Files {
			if i < len(f.Item.AttachmentSizes) {
				form.Files[i].Bytes = f.Item.AttachmentSizes[i]
				form.Files[i].Size = words.Size(form.Files[i].Bytes)
			}
		}
	}
	return form
}

// rights says what may be done, and why not the rest.
func (form *EntryForm) rights(words *Catalogue, f EntryFacts) {
	offline := f.State.Mode == session.Offline
	why := func(key string) string { return f.State.Why(words, key) }
	switch {
	case f.Version != nil:
		form.ReadOnly = words.Text("entry.readonly.version", nil)
		form.Remedy = words.Text("entry.readonly.version.remedy", nil)
	case f.State.NoEdit != "":
		form.ReadOnly = why(f.State.NoEdit)
		if offline {
			form.Remedy = words.Text("entry.readonly.offline.remedy", nil)
		}
	case f.Item != nil && draftKind(string(f.Item.Edit)) == DraftRemoved:
		form.ReadOnly = words.Text("draft.removed", nil)
	case f.State.Mode != session.Online && !offline:
		form.ReadOnly = why(reasonNotSignedIn)
	case f.Item != nil && f.Item.Fixed:
		form.ReadOnly = words.Text("entry.readonly.rights", nil)
		form.Remedy = words.Text("entry.readonly.rights.remedy", nil)
	}
	if offline && form.ReadOnly == "" {
		form.Draft = words.Text("entry.draft", nil)
	}
	if !offline {
		form.NoIcon = words.Text("entry.no_icon", nil)
	}
	if f.State.NoReveal {
		form.NoReveal = why(reasonNoReveal)
	}
	if f.State.NoCopy {
		form.NoCopy = why(reasonNoCopy)
	}
}

// fill copies what everybody may see of an entry.
func (form *EntryForm) fill(words *Catalogue, e *vault.Entry) {
	form.Title, form.User, form.URL = form.line(e, vault.FieldTitle), form.line(e, vault.FieldUsername), form.line(e, vault.FieldURL)
	if form.Notes = e.Notes(); len(form.Notes) > longValue {
		form.NotesAll, form.Notes = form.Notes, cut(form.Notes, longValue)
	}
	form.HasPassword = e.Field(vault.FieldPassword) != nil
	form.Code.Has = e.Field(vault.FieldOTP) != nil
	form.Tags = append([]string(nil), e.Tags...)
	form.Expires, form.Expiry = e.Times.Expires, e.Times.Expiry
	form.Icon = e.Icon.Standard
	form.Created, form.Modified = moment(words, e.Times.Created), moment(words, e.Times.Modified)
	for i := range e.Fields {
		f := &e.Fields[i]
		if vault.IsStandard(f.Name) || f.Name == vault.FieldOTP {
			continue
		}
		x := FormField{Name: f.Name, Protected: f.Protected, Long: len(f.Name) > longLine}
		if !f.Protected {
			x.Value = f.Value.Text()
			if len(x.Value) > longValue {
				x.Long = true
				x.Value = cut(x.Value, longValue)
			}
		}
		form.Fields = append(form.Fields, x)
	}
	for _, a := range e.Attachments {
		form.Files = append(form.Files, FormFile{Name: a.Name})
	}
}

// longLine is from how many bytes on a field of one line is shown in part: the
// toolkit measures every character of it for each key.
const longLine = 4096

func (form *EntryForm) line(e *vault.Entry, name string) string {
	value := e.Value(name)
	if value.Len() <= longLine {
		return value.Text()
	}
	form.Long = append(form.Long, name)
	return cut(value.Text(), longLine)
}

// pathWords returns a path of groups as people read it.
func pathWords(names []string) string {
	text := ""
	for i, n := range names {
		if i > 0 {
			text += " › "
		}
		text += Shown(n)
	}
	return shownTo(text, longPath)
}

// Version is one earlier form of an entry, as the history lists it.
type Version struct {
	At      string // when it was current until it was changed
	Title   string
	User    string
	Changed string // what the version after it changed: "Password, URL"; empty: nothing that can be told
}

// Versions returns the list of earlier forms, the newest first. earlier is the
// oldest first, without secret values; now is the entry as it is.
func (c *Catalogue) Versions(earlier []*vault.Entry, now *vault.Entry) []Version {
	list := make([]Version, 0, len(earlier))
	after := now
	for i := len(earlier) - 1; i >= 0; i-- {
		e := earlier[i]
		list = append(list, Version{At: moment(c, e.Times.Modified), Title: shownOf(e, vault.FieldTitle), User: shownOf(e, vault.FieldUsername), Changed: c.changed(e, after)})
		after = e
	}
	return list
}

// changed names the open fields in which two forms of an entry differ.
func (c *Catalogue) changed(before, after *vault.Entry) string {
	text := ""
	add := func(name string) {
		if text != "" {
			text += ", "
		}
		text += name
	}
	for i := range after.Fields {
		f := &after.Fields[i]
		old := before.Field(f.Name)
		if !secret(f) && (old == nil || !old.Value.Equal(f.Value)) || old == nil {
			add(c.FieldName(f.Name))
		}
	}
	for i := range before.Fields {
		if after.Field(before.Fields[i].Name) == nil {
			add(c.FieldName(before.Fields[i].Name))
		}
	}
	if len(before.Attachments) != len(after.Attachments) {
		add(c.Text("column.attachments", nil))
	}
	return text
}
