package wire

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
)

// The members of groups and entries, in the order and with the names of
// FORMAT.md, sections 3 and 4.

func (w *object) group(g *vault.Group) {
	w.id("id", g.ID)
	w.string("name", g.Name)
	w.string("notes", g.Notes)
	w.icon(g.Icon)
	w.times(g.Times)
	w.flag("expanded", g.Expanded)
	w.string("default_sequence", g.DefaultAutoTypeSequence)
	w.tristate("auto_type", g.EnableAutoType)
	w.tristate("searching", g.EnableSearching)
	w.id("last_top_entry", g.LastTopVisibleEntry)
	w.id("previous_parent", g.PreviousParent)
	w.strings("tags", g.Tags)
	w.customData(g.CustomData)
	w.unknown(g.Unknown)
}

// entryStyle is how entries are written: what is withheld, and how the bytes
// of attachments are named.
type entryStyle struct {
	mode Mode
	blob func(*vault.Binary) int // nil: entries stand alone and carry no bytes
}

func (w *object) entry(e *vault.Entry, facts *Facts, style entryStyle) {
	w.key("id")
	w.dst = appendID(w.dst, e.ID)
	w.entryFields(e.Fields, style.mode)
	w.entryAttachments(e.Attachments, facts, style)
	w.strings("tags", e.Tags)
	w.icon(e.Icon)
	w.string("foreground", e.Foreground)
	w.string("background", e.Background)
	w.string("override_url", e.OverrideURL)
	w.flag("no_quality_check", e.NoQualityCheck)
	w.id("previous_parent", e.PreviousParent)
	w.times(e.Times)
	w.autoType(&e.AutoType)
	w.customData(e.CustomData)
	if len(e.History) > 0 {
		w.key("history")
		w.dst = append(w.dst, '[')
		for i, h := range e.History {
			w.comma(i)
			in := w.inner()
			old := *h
			old.History = nil // history has none of its own
			in.entry(&old, nil, style)
			w.outer(in)
		}
		w.dst = append(w.dst, ']')
	}
	w.unknown(e.Unknown)
	if facts != nil {
		w.facts(facts)
	}
}

func (w *object) entryFields(fields []vault.Field, mode Mode) {
	if len(fields) == 0 {
		return
	}
	w.key("fields")
	w.dst = append(w.dst, '[')
	for i := range fields {
		f := &fields[i]
		w.comma(i)
		in := w.inner()
		in.required("name", f.Name)
		switch value := f.Value.Bytes(); {
		case f.Protected && mode == Metadata:
			in.key("value")
			in.dst = append(in.dst, "null"...)
		case len(value) == 0:
		case utf8.Valid(value):
			in.key("value")
			in.dst = AppendString(in.dst, value)
		default:
			in.bytes("value_b64", value)
		}
		in.flag("protected", f.Protected)
		w.outer(in)
	}
	w.dst = append(w.dst, ']')
}

func (w *object) entryAttachments(list []vault.Attachment, facts *Facts, style entryStyle) {
	if len(list) == 0 {
		return
	}
	w.key("attachments")
	w.dst = append(w.dst, '[')
	for i, a := range list {
		w.comma(i)
		in := w.inner()
		in.id("id", a.ID)
		in.required("name", a.Name)
		switch {
		case a.Binary != nil && style.mode == Complete && style.blob != nil:
			in.key("blob")
			in.dst = strconv.AppendInt(in.dst, int64(style.blob(a.Binary)), 10)
		case facts != nil && i < len(facts.AttachmentSizes):
			in.number("size", uint64(max(0, facts.AttachmentSizes[i])))
		case a.Binary != nil:
			in.number("size", uint64(len(a.Binary.Data)))
		}
		w.outer(in)
	}
	w.dst = append(w.dst, ']')
}

func (w *object) autoType(a *vault.AutoType) {
	if !a.Enabled && a.Obfuscation == 0 && a.DefaultSequence == "" && len(a.Associations) == 0 {
		return
	}
	w.key("auto_type")
	in := w.inner()
	in.flag("enabled", a.Enabled)
	in.number("obfuscation", uint64(a.Obfuscation))
	in.string("default_sequence", a.DefaultSequence)
	if len(a.Associations) > 0 {
		in.key("associations")
		in.dst = append(in.dst, '[')
		for i, s := range a.Associations {
			in.comma(i)
			one := in.inner()
			one.string("window", s.Window)
			one.string("sequence", s.Sequence)
			in.outer(one)
		}
		in.dst = append(in.dst, ']')
	}
	w.outer(in)
}

func (w *object) customData(list []vault.CustomDatum) {
	if len(list) == 0 {
		return
	}
	w.key("custom_data")
	w.dst = append(w.dst, '[')
	for i, d := range list {
		w.comma(i)
		in := w.inner()
		in.required("key", d.Key)
		in.string("value", d.Value)
		in.time("modified", d.Modified)
		w.outer(in)
	}
	w.dst = append(w.dst, ']')
}

func (w *object) unknown(list []vault.Raw) {
	if len(list) == 0 {
		return
	}
	w.key("unknown")
	w.dst = append(w.dst, '[')
	for i, raw := range list {
		w.comma(i)
		w.dst = append(w.dst, '"')
		w.dst = base64.StdEncoding.AppendEncode(w.dst, raw)
		w.dst = append(w.dst, '"')
	}
	w.dst = append(w.dst, ']')
}

func (w *object) facts(f *Facts) {
	w.key("facts")
	in := w.inner()
	in.flag("modify", f.Modify)
	in.flag("view_contents", f.ViewContents)
	in.flag("view_password", f.ViewPassword)
	in.flag("view_otp", f.ViewOTP)
	in.flag("modify_otp", f.ModifyOTP)
	in.flag("comment_view_password", f.CommentViewPassword)
	in.flag("comment_view_offline", f.CommentViewOffline)
	in.flag("comment_modify", f.CommentModify)
	in.flag("comment_move", f.CommentMove)
	if f.Offline != nil {
		in.boolean("offline", *f.Offline)
	}
	in.string("offline_reason", f.OfflineReason)
	w.outer(in)
}

func (w *object) times(t vault.Times) {
	if t == (vault.Times{}) {
		return
	}
	w.key("times")
	in := w.inner()
	in.time("created", t.Created)
	in.time("modified", t.Modified)
	in.time("accessed", t.Accessed)
	in.time("location_changed", t.LocationChanged)
	in.time("expiry", t.Expiry)
	in.flag("expires", t.Expires)
	in.number("usage_count", t.UsageCount)
	w.outer(in)
}

func (w *object) icon(icon vault.Icon) {
	w.number("icon", uint64(icon.Standard))
	w.id("custom_icon", icon.Custom)
}

func (w *object) tristate(name string, t vault.Tristate) {
	switch t {
	case vault.Yes:
		w.text(name, "yes")
	case vault.No:
		w.text(name, "no")
	}
}

// inner starts an object as a value, outer takes it back.
func (w *object) inner() object { return object{dst: append(w.dst, '{')} }

func (w *object) outer(in object) {
	w.dst = append(in.dst, '}')
	if w.err == nil {
		w.err = in.err
	}
}

// string writes a string that is not empty.
func (w *object) string(name, value string) {
	if value != "" {
		w.required(name, value)
	}
}

// required writes a string, and notes that it cannot be written if it is not
// UTF-8.
func (w *object) required(name, value string) {
	if !utf8.ValidString(value) && w.err == nil {
		w.err = vault.Fail(vault.Unsupported, "%s that is not UTF-8", name)
	}
	w.text(name, value)
}

func (w *object) strings(name string, list []string) {
	if len(list) == 0 {
		return
	}
	w.key(name)
	w.dst = append(w.dst, '[')
	for i, s := range list {
		w.comma(i)
		if !utf8.ValidString(s) && w.err == nil {
			w.err = vault.Fail(vault.Unsupported, "%s that are not UTF-8", name)
		}
		w.dst = AppendString(w.dst, s)
	}
	w.dst = append(w.dst, ']')
}

func (w *object) flag(name string, value bool) {
	if value {
		w.boolean(name, true)
	}
}

func (w *object) number(name string, value uint64) {
	if value != 0 {
		w.key(name)
		w.dst = strconv.AppendUint(w.dst, value, 10)
	}
}

func (w *object) id(name string, id vault.ID) {
	if !id.IsZero() {
		w.key(name)
		w.dst = appendID(w.dst, id)
	}
}

func (w *object) time(name string, t time.Time) {
	if t.IsZero() {
		return
	}
	t = t.UTC()
	if (t.Year() < 0 || t.Year() > 9999) && w.err == nil {
		w.err = vault.Fail(vault.Unsupported, "%s in a year that RFC 3339 cannot write", name)
	}
	w.key(name)
	w.dst = append(w.dst, '"')
	w.dst = t.AppendFormat(w.dst, time.RFC3339Nano)
	w.dst = append(w.dst, '"')
}
