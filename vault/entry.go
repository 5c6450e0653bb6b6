package vault

import "time"

// Names of the standard fields, as KDBX writes them (KeePass 2.x file format,
// https://keepass.info/help/kb/kdbx.html), and of the one-time code field that
// KeePassXC reads and writes (an otpauth:// URI).
const (
	FieldTitle    = "Title"
	FieldUsername = "UserName"
	FieldPassword = "Password"
	FieldURL      = "URL"
	FieldNotes    = "Notes"
	FieldOTP      = "otp"
)

// Field is one named value of an entry, UTF-8. Protected fields are shown and
// copied only on request, and count as passwords: permission, audit, caching.
type Field struct {
	Name      string
	Value     Secret
	Protected bool
}

// Binary is the content of an attachment. Entries and their history share one
// Binary by pointer, as the inner header of KDBX 4 shares it by index.
type Binary struct {
	Data      []byte
	Protected bool
}

// Attachment is a named file on an entry. Names are unique in an entry.
type Attachment struct {
	ID     ID // the server's identifier; zero in files of other programs
	Name   string
	Binary *Binary
}

// Icon is a standard icon number (0–68) or, where Custom is set, a CustomIcon.
type Icon struct {
	Standard uint32
	Custom   ID
}

// CustomIcon is a picture, PNG as a rule, that entries and groups refer to.
type CustomIcon struct {
	ID       ID
	Data     []byte
	Name     string    // KDBX 4.1
	Modified time.Time // KDBX 4.1; zero: not written
}

// Times are UTC, to the second. A zero time means the file had none.
type Times struct {
	Created, Modified, Accessed, LocationChanged time.Time

	Expiry     time.Time // meaningful only if Expires
	Expires    bool
	UsageCount uint64
}

// AutoType says how the entry is typed into other windows.
type AutoType struct {
	Enabled         bool
	Obfuscation     uint32 // KeePass DataTransferObfuscation: 0 off, 1 on
	DefaultSequence string
	Associations    []Association
}

// Association binds a window title to a keystroke sequence.
type Association struct{ Window, Sequence string }

// CustomDatum is one item of a CustomData list. Modified is zero where the
// file had none.
type CustomDatum struct {
	Key, Value string
	Modified   time.Time
}

// Raw is an element that the file format does not know, kept byte for byte.
type Raw []byte

// Entry is one credential. Fields stand in document order with unique names;
// the five standard ones may be absent, which reads as empty. History is the
// oldest first, and its entries have no history of their own.
type Entry struct {
	ID          ID
	Fields      []Field
	Attachments []Attachment
	Tags        []string
	Icon        Icon
	Foreground  string // #RRGGBB or empty
	Background  string
	OverrideURL string
	// NoQualityCheck excludes the entry from password reports (KDBX 4.1).
	NoQualityCheck bool
	PreviousParent ID // KDBX 4.1; zero: not written
	Times          Times
	AutoType       AutoType
	CustomData     []CustomDatum
	History        []*Entry
	Unknown        []Raw
}

// Field returns the named field, or nil.
func (e *Entry) Field(name string) *Field {
	for i := range e.Fields {
		if e.Fields[i].Name == name {
			return &e.Fields[i]
		}
	}
	return nil
}

// Value returns the named field's value, or the empty secret.
func (e *Entry) Value(name string) Secret {
	if f := e.Field(name); f != nil {
		return f.Value
	}
	return Secret{}
}

// Set replaces the named field's value, keeping its protection, or appends the
// field. The entry takes ownership of value.
func (e *Entry) Set(name string, value Secret, protected bool) {
	if f := e.Field(name); f != nil {
		f.Value = value
		f.Protected = f.Protected || protected
		return
	}
	e.Fields = append(e.Fields, Field{Name: name, Value: value, Protected: protected})
}

// Title returns the field "Title" as a string.
func (e *Entry) Title() string { return e.Value(FieldTitle).Text() }

// Username returns the field "UserName" as a string.
func (e *Entry) Username() string { return e.Value(FieldUsername).Text() }

// URL returns the field "URL" as a string.
func (e *Entry) URL() string { return e.Value(FieldURL).Text() }

// Notes returns the field "Notes" as a string.
func (e *Entry) Notes() string { return e.Value(FieldNotes).Text() }

// Password returns the field "Password", sharing its bytes.
func (e *Entry) Password() Secret { return e.Value(FieldPassword) }

// Wipe clears the values of all fields, of the attachments and of the history.
func (e *Entry) Wipe() {
	for i := range e.Fields {
		e.Fields[i].Value.Wipe()
	}
	for _, a := range e.Attachments {
		if a.Binary != nil {
			clear(a.Binary.Data)
		}
	}
	for _, h := range e.History {
		h.Wipe()
	}
}

// IsStandard reports whether name is one of the five fields that every entry
// has: Title, UserName, Password, URL, Notes.
func IsStandard(name string) bool {
	switch name {
	case FieldTitle, FieldUsername, FieldPassword, FieldURL, FieldNotes:
		return true
	}
	return false
}
