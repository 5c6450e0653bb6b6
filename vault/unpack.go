package vault

import (
	"encoding/binary"
	"time"
)

// Entry returns entry i. The values of its fields, and of those of its history,
// share their bytes with the pack.
func (p *Pack) Entry(i int) *Entry {
	e := new(Entry)
	p.Unpack(i, e)
	return e
}

// Unpack is Entry into memory that was an entry before: its list of fields is
// used again. Nothing else of it is, so that what was taken out of it stays.
func (p *Pack) Unpack(i int, e *Entry) {
	u := unpacker{pack: p, b: p.from(i)}
	u.entry(e)
}

// unpacker reads what put wrote, which nobody else does: no length in it can
// be wrong.
type unpacker struct {
	pack *Pack
	b    []byte
}

func (u *unpacker) number() uint64 {
	if c := u.b[0]; c < 0x80 { // almost always
		u.b = u.b[1:]
		return uint64(c)
	}
	n, used := binary.Uvarint(u.b)
	u.b = u.b[used:]
	return n
}

func (u *unpacker) bytes() []byte {
	n := u.number()
	b := u.b[:n:n]
	u.b = u.b[n:]
	return b
}

func (u *unpacker) text() string { return string(u.bytes()) }

func (u *unpacker) word() string { return u.pack.words[u.number()] }

func (u *unpacker) id() ID {
	id := ID(u.b)
	u.b = u.b[len(id):]
	return id
}

func (u *unpacker) entry(e *Entry) {
	*e = Entry{Fields: e.Fields[:0], ID: u.id()}
	flags := u.number()
	if n := int(u.number()); n <= cap(e.Fields) {
		e.Fields = e.Fields[:n]
	} else {
		e.Fields = make([]Field, n)
	}
	for i := range e.Fields {
		head := u.number()
		e.Fields[i] = Field{Name: u.pack.words[head>>1], Protected: head&1 != 0, Value: Secret{u.bytes()}}
	}
	u.times(&e.Times)
	e.Times.Expires = flags&packExpires != 0
	e.NoQualityCheck = flags&packNoQualityCheck != 0
	e.AutoType.Enabled = flags&packNoAutoType == 0
	e.Icon.Standard = uint32(u.number())
	if flags&packCustomIcon != 0 {
		e.Icon.Custom = u.id()
	}
	if flags&packAttachments != 0 {
		u.attachments(e)
	}
	if flags&packTags != 0 {
		e.Tags = make([]string, u.number())
		for i := range e.Tags {
			e.Tags[i] = u.word()
		}
	}
	if flags&packColours != 0 {
		e.Foreground, e.Background = u.text(), u.text()
	}
	if flags&packOverrideURL != 0 {
		e.OverrideURL = u.text()
	}
	if flags&packPreviousParent != 0 {
		e.PreviousParent = u.id()
	}
	if flags&packAutoType != 0 {
		u.autoType(&e.AutoType)
	}
	if flags&packCustomData != 0 {
		e.CustomData = make([]CustomDatum, u.number())
		for i := range e.CustomData {
			e.CustomData[i] = CustomDatum{Key: u.text(), Value: u.text(), Modified: unpackTime(int64(u.number()))}
		}
	}
	if flags&packUnknown != 0 {
		e.Unknown = make([]Raw, u.number())
		for i := range e.Unknown {
			e.Unknown[i] = append(Raw(nil), u.bytes()...)
		}
	}
	if flags&packHistory != 0 {
		e.History = make([]*Entry, u.number())
		for i := range e.History {
			e.History[i] = new(Entry)
			u.entry(e.History[i])
		}
	}
}

func (u *unpacker) times(t *Times) {
	last := int64(0)
	for _, at := range packTimes(t) {
		d, used := binary.Varint(u.b)
		u.b = u.b[used:]
		last += d
		*at = unpackTime(last)
	}
	t.UsageCount = u.number()
}

func unpackTime(seconds int64) time.Time { return time.Unix(seconds+packYearOne, 0).UTC() }

func (u *unpacker) attachments(e *Entry) {
	e.Attachments = make([]Attachment, u.number())
	for i := range e.Attachments {
		a := Attachment{ID: u.id(), Name: u.word()}
		if n := u.number(); n > 0 {
			a.Binary = u.pack.binaries[n-1]
		}
		e.Attachments[i] = a
	}
}

func (u *unpacker) autoType(a *AutoType) {
	a.Obfuscation, a.DefaultSequence = uint32(u.number()), u.text()
	if n := u.number(); n > 0 {
		a.Associations = make([]Association, n)
		for i := range a.Associations {
			a.Associations[i] = Association{Window: u.text(), Sequence: u.text()}
		}
	}
}
