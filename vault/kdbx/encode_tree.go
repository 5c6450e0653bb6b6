package kdbx

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tideover/tideover/vault"
)

// document writes everything. The order of elements is KeePass's.
func (e *encoder) document(doc *Document) {
	e.buf = append(e.buf, `<?xml version="1.0" encoding="utf-8" standalone="yes"?>`...)
	e.open("KeePassFile")
	e.meta(&doc.Meta)
	e.open("Root")
	e.group(doc.Root)
	e.where = vault.ID{}
	e.open("DeletedObjects")
	for _, o := range doc.Deleted {
		e.open("DeletedObject")
		e.id("UUID", o.ID)
		e.time("DeletionTime", o.At)
		e.close("DeletedObject")
	}
	e.close("DeletedObjects")
	e.unknown(doc.RootUnknown, knownInRoot)
	e.close("Root")
	e.unknown(doc.Unknown, knownInFile)
	e.close("KeePassFile")
	e.flush(0)
}

func (e *encoder) meta(m *Meta) {
	e.open("Meta")
	e.text("Generator", Generator)
	e.time("SettingsChanged", m.SettingsChanged)
	e.text("DatabaseName", m.Name)
	e.time("DatabaseNameChanged", m.NameChanged)
	e.text("DatabaseDescription", m.Description)
	e.time("DatabaseDescriptionChanged", m.DescriptionChanged)
	e.text("DefaultUserName", m.DefaultUsername)
	e.time("DefaultUserNameChanged", m.DefaultUsernameChanged)
	e.unsigned("MaintenanceHistoryDays", uint64(m.MaintenanceHistoryDays))
	e.text("Color", m.Color)
	e.time("MasterKeyChanged", m.MasterKeyChanged)
	e.number("MasterKeyChangeRec", m.MasterKeyChangeRec)
	e.number("MasterKeyChangeForce", m.MasterKeyChangeForce)
	if m.MasterKeyChangeForceOnce {
		e.boolean("MasterKeyChangeForceOnce", true)
	}
	e.open("MemoryProtection")
	e.boolean("ProtectTitle", m.MemoryProtection.Title)
	e.boolean("ProtectUserName", m.MemoryProtection.Username)
	e.boolean("ProtectPassword", m.MemoryProtection.Password)
	e.boolean("ProtectURL", m.MemoryProtection.URL)
	e.boolean("ProtectNotes", m.MemoryProtection.Notes)
	e.close("MemoryProtection")
	e.icons(m.CustomIcons)
	e.boolean("RecycleBinEnabled", m.RecycleBinEnabled)
	e.id("RecycleBinUUID", m.RecycleBin)
	e.time("RecycleBinChanged", m.RecycleBinChanged)
	e.id("EntryTemplatesGroup", m.EntryTemplatesGroup)
	e.time("EntryTemplatesGroupChanged", m.EntryTemplatesGroupChanged)
	e.number("HistoryMaxItems", int64(m.HistoryMaxItems))
	e.number("HistoryMaxSize", m.HistoryMaxSizeBytes)
	e.id("LastSelectedGroup", m.LastSelectedGroup)
	e.id("LastTopVisibleGroup", m.LastTopVisibleGroup)
	if e.export {
		e.metaBinaries()
	}
	e.customData(m.CustomData)
	e.unknown(m.Unknown, knownInMeta)
	e.close("Meta")
}

func (e *encoder) icons(list []vault.CustomIcon) {
	if len(list) == 0 {
		return
	}
	e.open("CustomIcons")
	for _, icon := range list {
		e.where = icon.ID
		e.open("Icon")
		e.id("UUID", icon.ID)
		e.data("Data", icon.Data)
		e.optional("Name", icon.Name)
		e.time("LastModificationTime", icon.Modified)
		e.close("Icon")
	}
	e.where = vault.ID{}
	e.close("CustomIcons")
}

// metaBinaries writes the attachments where an export has them.
func (e *encoder) metaBinaries() {
	e.open("Binaries")
	for i, b := range e.order {
		attributes := ` ID="` + strconv.Itoa(i) + `"`
		if b.Protected {
			attributes += ` ProtectInMemory="True"`
		}
		e.binaryText("Binary", attributes, b.Data)
	}
	e.close("Binaries")
}

// group writes a group and what is below. The depth has been checked.
func (e *encoder) group(g *vault.Group) {
	if e.err != nil {
		return
	}
	e.where = g.ID
	e.open("Group")
	e.groupProperties(g)
	for _, entry := range g.Entries {
		e.entry(entry, false)
	}
	for _, sub := range g.Groups {
		e.group(sub)
	}
	e.close("Group")
}

func (e *encoder) groupProperties(g *vault.Group) {
	e.id("UUID", g.ID)
	e.text("Name", g.Name)
	e.text("Notes", g.Notes)
	e.tags(g.Tags, false)
	e.icon(g.Icon)
	e.times(&g.Times)
	e.boolean("IsExpanded", g.Expanded)
	e.text("DefaultAutoTypeSequence", g.DefaultAutoTypeSequence)
	e.tristate("EnableAutoType", g.EnableAutoType)
	e.tristate("EnableSearching", g.EnableSearching)
	e.id("LastTopVisibleEntry", g.LastTopVisibleEntry)
	e.optionalID("PreviousParentGroup", g.PreviousParent)
	e.customData(g.CustomData)
	e.unknown(g.Unknown, knownInGroup)
}

func (e *encoder) icon(icon vault.Icon) {
	e.unsigned("IconID", uint64(icon.Standard))
	e.optionalID("CustomIconUUID", icon.Custom)
}

func (e *encoder) times(t *vault.Times) {
	e.open("Times")
	e.time("CreationTime", t.Created)
	e.time("LastModificationTime", t.Modified)
	e.time("LastAccessTime", t.Accessed)
	e.time("ExpiryTime", t.Expiry)
	e.boolean("Expires", t.Expires)
	e.unsigned("UsageCount", t.UsageCount)
	e.time("LocationChanged", t.LocationChanged)
	e.close("Times")
}

func (e *encoder) tags(tags []string, always bool) {
	for _, tag := range tags {
		if tag == "" || strings.TrimSpace(tag) != tag || strings.IndexFunc(tag, isTagSeparator) >= 0 {
			e.fail("tag that is empty, or has a separator in it or blanks around it", "Tags")
		}
	}
	if always || len(tags) > 0 {
		e.text("Tags", strings.Join(tags, ";"))
	}
}

// entry writes an entry, or one of an entry's history.
func (e *encoder) entry(v *vault.Entry, inHistory bool) {
	if e.err != nil {
		return
	}
	e.open("Entry")
	if !inHistory {
		e.where = v.ID
	}
	e.id("UUID", e.where)
	if max(len(v.Fields), len(v.Attachments), len(v.AutoType.Associations), len(v.History)) > maxItemsPerEntry {
		e.fail("more items in one entry than are read again", "")
	}
	e.icon(v.Icon)
	e.text("ForegroundColor", v.Foreground)
	e.text("BackgroundColor", v.Background)
	e.text("OverrideURL", v.OverrideURL)
	if v.NoQualityCheck {
		e.boolean("QualityCheck", false)
	}
	e.tags(v.Tags, true)
	e.optionalID("PreviousParentGroup", v.PreviousParent)
	e.times(&v.Times)
	e.entryFields(v)
	e.attachments(v)
	e.autoType(&v.AutoType)
	e.customData(v.CustomData)
	e.unknown(v.Unknown, knownInEntry)
	switch {
	case !inHistory:
		e.open("History")
		for _, h := range v.History {
			if h.ID != v.ID && !h.ID.IsZero() {
				e.fail("history of another entry", h.ID.String())
			}
			e.entry(h, true)
		}
		e.close("History")
	case len(v.History) > 0:
		e.fail("history in history", "")
	}
	e.close("Entry")
}

func (e *encoder) entryFields(v *vault.Entry) {
	if twice(len(v.Fields), func(i int) string { return v.Fields[i].Name }) {
		e.fail("two fields of one name", "")
	}
	for i := range v.Fields {
		f := &v.Fields[i]
		value := f.Value.Bytes()
		e.open("String")
		e.text("Key", f.Name)
		if f.Protected {
			if !utf8.Valid(value) || bytes.IndexByte(value, 0) >= 0 {
				e.fail("protected value that is not UTF-8 or holds U+0000", f.Name)
			}
			e.protected("Value", value)
		} else {
			e.value("Value", "", value, f.Name)
		}
		e.close("String")
	}
}

func (e *encoder) attachments(v *vault.Entry) {
	if twice(len(v.Attachments), func(i int) string { return v.Attachments[i].Name }) {
		e.fail("two attachments of one name", "")
	}
	for _, a := range v.Attachments {
		number, ok := e.binaries[a.Binary]
		if !ok && !e.unnumbered {
			e.fail("attachment without content", a.Name)
		}
		e.open("Binary")
		e.text("Key", a.Name)
		e.buf = append(e.buf, `<Value Ref="`...)
		e.buf = strconv.AppendInt(e.buf, int64(number), 10)
		e.buf = append(e.buf, `"/>`...)
		e.close("Binary")
	}
}

func (e *encoder) autoType(a *vault.AutoType) {
	e.open("AutoType")
	e.boolean("Enabled", a.Enabled)
	e.unsigned("DataTransferObfuscation", uint64(a.Obfuscation))
	e.optional("DefaultSequence", a.DefaultSequence)
	for _, as := range a.Associations {
		e.open("Association")
		e.text("Window", as.Window)
		e.text("KeystrokeSequence", as.Sequence)
		e.close("Association")
	}
	e.close("AutoType")
}
