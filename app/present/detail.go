package present

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// longValue is from how many bytes on a value is shown in part at first: a
// label of a megabyte takes seconds to lay out.
const longValue = 20_000

// shownOfEach is how many fields, tags or attachments of an entry are shown:
// more than a person looks through, and few enough to be laid out at once. The
// entry dialog lists all of them.
const shownOfEach = 200

// soon is when an expiry is worth a colour: a week to get a new password.
const soon = 7 * day

// FieldKind says how a field is shown.
type FieldKind string

// The kinds of fields.
const (
	KindText     FieldKind = "text"
	KindUser     FieldKind = "user"
	KindPassword FieldKind = "password"
	KindURL      FieldKind = "url"
	KindNotes    FieldKind = "notes"
	KindCode     FieldKind = "code" // a one-time code, computed when asked for
)

// Detail is everything shown of one entry. It holds no secret value: those are
// asked for by entry and field name.
type Detail struct {
	ID     vault.ID
	Title  string // a word for "no title" where there is none
	Icon   uint32
	Path   string // of the groups above it
	Fields []DetailField
	Tags   []string
	Created, Modified,
	Expires string // in words; empty: unknown, or never
	Urgency     Severity // of Expires: Info, Warning (soon), Alarm (over)
	Attachments []DetailAttachment
	History     string // "3 earlier versions"; empty: none
	Offline     string // whether a cache holds it; empty: the server did not say
	OfflineWhy  string // why not
	OfflineYes  bool
	Draft       string // "Draft: will be dropped at Connect…"; empty: it is none
	Kind        DraftKind
}

// DetailField is a field of an entry.
type DetailField struct {
	Name      string // to ask for it by
	Label     string
	Kind      FieldKind
	Value     string // empty if Protected
	Full      string // all of a value that is shown in part; empty: Value is all
	Protected bool   // shown and copied only on request
	Code      string // of a one-time code: "6 digits, every 30 seconds"; empty: not known
}

// DetailAttachment is a file on an entry.
type DetailAttachment struct{ Name, Size string }

// NewDetail returns the details of an entry as of now.
func NewDetail(words *Catalogue, item *session.Item, now time.Time) Detail {
	e := item.Entry
	d := Detail{
		ID: e.ID, Title: shownOf(e, vault.FieldTitle), Icon: e.Icon.Standard, Urgency: Info, Kind: draftKind(string(item.Edit)),
		Path: shownTo(vault.JoinPath(item.Path[:max(len(item.Path)-1, 0)]...), longPath), Fields: detailFields(words, item),
	}
	if d.Title == "" {
		d.Title = words.Text("entry.untitled", nil)
	}
	d.Created, d.Modified = moment(words, e.Times.Created), moment(words, e.Times.Modified)
	if e.Times.Expires {
		d.Expires = words.Text("entry.expiry", map[string]any{"When": words.Expiry(e.Times.Expiry, now), "At": words.Time(e.Times.Expiry)})
		switch left := e.Times.Expiry.Sub(now); {
		case left <= 0:
			d.Urgency = Alarm
		case left < soon:
			d.Urgency = Warning
		}
	}
	for _, tag := range e.Tags[:min(len(e.Tags), shownOfEach)] {
		d.Tags = append(d.Tags, Shown(tag))
	}
	if len(e.Tags) > shownOfEach {
		d.Tags = append(d.Tags, "…")
	}
	for i, a := range e.Attachments[:min(len(e.Attachments), shownOfEach)] {
		x := DetailAttachment{Name: a.Name}
		if i < len(item.AttachmentSizes) {
			x.Size = words.Size(item.AttachmentSizes[i])
		}
		d.Attachments = append(d.Attachments, x)
	}
	if item.History > 0 {
		d.History = words.Text("entry.history", map[string]any{"Count": item.History})
	}
	switch {
	case d.Kind != DraftNone:
		d.Draft = words.Text("draft."+d.Kind.String(), nil)
	case item.Offline == nil:
	case *item.Offline:
		d.Offline, d.OfflineYes = words.Text("offline.yes", nil), true
	default:
		d.Offline = words.Text("offline.no", nil)
		if item.Reason != "" {
			d.OfflineWhy = words.OfflineReason(item.Reason)
		}
	}
	return d
}

// detailFields returns the fields in KeePass's order: the standard ones, the
// one-time code, and the others as they stand in the entry. The title is none
// of them, and what is empty is left out.
func detailFields(words *Catalogue, item *session.Item) []DetailField {
	var list []DetailField
	for _, s := range []struct {
		name string
		kind FieldKind
	}{
		{vault.FieldUsername, KindUser},
		{vault.FieldPassword, KindPassword},
		{vault.FieldURL, KindURL},
		{vault.FieldNotes, KindNotes},
	} {
		if f := item.Entry.Field(s.name); f != nil {
			list = appendField(list, words, item, f, s.kind)
		} else if s.kind == KindPassword && item.HasPassword {
			list = append(list, DetailField{Name: s.name, Label: words.FieldName(s.name), Kind: s.kind, Protected: true})
		}
	}
	if item.HasOTP {
		f := DetailField{Name: vault.FieldOTP, Label: words.FieldName(vault.FieldOTP), Kind: KindCode, Protected: true}
		if item.Digits > 0 && item.Period > 0 {
			f.Code = words.Text("entry.code", map[string]any{"Digits": item.Digits, "Seconds": int(item.Period / time.Second)})
		}
		list = append(list, f)
	}
	for i := range item.Entry.Fields {
		if len(list) >= shownOfEach {
			break
		}
		if f := &item.Entry.Fields[i]; !vault.IsStandard(f.Name) && f.Name != vault.FieldOTP {
			list = appendField(list, words, item, f, KindText)
		}
	}
	return list
}

func appendField(list []DetailField, words *Catalogue, item *session.Item, f *vault.Field, kind FieldKind) []DetailField {
	x := DetailField{Name: f.Name, Label: words.FieldName(f.Name), Kind: kind, Protected: secret(f)}
	switch {
	case kind == KindPassword && !item.HasPassword:
		return list
	case x.Protected:
		return append(list, x)
	case f.Value.IsEmpty():
		return list
	}
	x.Value = f.Value.Text()
	if len(x.Value) > longValue {
		x.Full, x.Value = shownText(x.Value), cut(x.Value, longValue)
	}
	x.Value = shownText(x.Value)
	return append(list, x)
}

// shownOf returns what is shown of a field that is a name. Most of a megabyte is
// not even copied.
func shownOf(e *vault.Entry, name string) string {
	value := e.Value(name).Bytes()
	return Shown(string(value[:min(len(value), longName+utf8.UTFMax)]))
}

// cut returns at most n bytes of text, whole characters only, and "…".
func cut(text string, n int) string {
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return strings.TrimRight(text[:n], " \r\n\t") + "…"
}

func moment(words *Catalogue, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return words.Time(t)
}

// FieldName returns the label of a field: the standard ones have words, the
// others their own name, as far as it is shown.
func (c *Catalogue) FieldName(name string) string {
	switch name {
	case vault.FieldTitle, vault.FieldUsername, vault.FieldPassword, vault.FieldURL, vault.FieldNotes, vault.FieldOTP:
		return c.Text("field."+name, nil)
	}
	return Shown(name)
}

// SelectionOf returns s with what the selected entries allow. Of one entry
// everything is known, of several only how many they are.
func SelectionOf(s State, items []*session.Item) State {
	s.Selected = len(items)
	s.HasUser, s.HasPassword, s.HasURL, s.HasOTP, s.Fields, s.Attachments = false, false, false, false, 0, 0
	if len(items) != 1 {
		return s
	}
	item := items[0]
	filled := func(name string) bool {
		f := item.Entry.Field(name)
		return f != nil && (f.Protected || !f.Value.IsEmpty())
	}
	s.HasUser, s.HasURL = filled(vault.FieldUsername), filled(vault.FieldURL)
	s.HasPassword, s.HasOTP = item.HasPassword, item.HasOTP
	for i := range item.Entry.Fields {
		if n := item.Entry.Fields[i].Name; !vault.IsStandard(n) && n != vault.FieldOTP {
			s.Fields++
		}
	}
	s.Attachments = len(item.Entry.Attachments)
	return s
}
