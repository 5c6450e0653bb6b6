package kdbx

import (
	"time"

	"github.com/tideover/tideover/vault"
)

// Document is the content of one KDBX file. It is not safe for concurrent use
// with writers; several goroutines may read it.
type Document struct {
	Meta    Meta
	Root    *vault.Group
	Deleted []DeletedObject
	// Unknown are elements directly below KeePassFile, RootUnknown directly
	// below Root, that this package does not know.
	Unknown     []vault.Raw
	RootUnknown []vault.Raw
}

// NewDocument returns a document with KeePass's defaults around root.
func NewDocument(root *vault.Group) *Document {
	return &Document{Meta: DefaultMeta(), Root: root}
}

// Content returns the tree and the icons, sharing them with d.
func (d *Document) Content() *vault.Content {
	return &vault.Content{Root: d.Root, Icons: d.Meta.CustomIcons}
}

// Wipe clears the secrets of every entry.
func (d *Document) Wipe() {
	if d != nil && d.Root != nil {
		d.Root.Wipe()
	}
}

// Generator is what Write puts into Meta/Generator.
const Generator = "Tideover"

// Meta is what a file says about itself. Zero times are not written.
type Meta struct {
	Generator  string // what the file said; Write puts Generator there
	HeaderHash []byte // KDBX 3.1 only: SHA-256 of the outer header. Never written

	SettingsChanged        time.Time
	Name                   string
	NameChanged            time.Time
	Description            string
	DescriptionChanged     time.Time
	DefaultUsername        string
	DefaultUsernameChanged time.Time
	Color                  string // #RRGGBB or empty

	MaintenanceHistoryDays   uint32
	MasterKeyChanged         time.Time
	MasterKeyChangeRec       int64 // days until a change is recommended; -1: never
	MasterKeyChangeForce     int64 // days until a change is forced; -1: never
	MasterKeyChangeForceOnce bool
	MemoryProtection         MemoryProtection
	CustomIcons              []vault.CustomIcon

	RecycleBinEnabled          bool
	RecycleBin                 vault.ID // zero: none yet
	RecycleBinChanged          time.Time
	EntryTemplatesGroup        vault.ID // zero: none
	EntryTemplatesGroupChanged time.Time

	HistoryMaxItems     int32 // per entry; -1: no limit
	HistoryMaxSizeBytes int64 // per entry; -1: no limit
	LastSelectedGroup   vault.ID
	LastTopVisibleGroup vault.ID

	CustomData []vault.CustomDatum
	Unknown    []vault.Raw
}

// MemoryProtection says which standard fields a program protects by default.
// Each field of an entry carries a flag of its own, which is what counts.
type MemoryProtection struct{ Title, Username, Password, URL, Notes bool }

// DefaultMeta returns the values that KeePass 2 assumes where a file has none
// (KeePassLib/PwDatabase.cs, method Clear).
func DefaultMeta() Meta {
	return Meta{
		MaintenanceHistoryDays: 365,
		MasterKeyChangeRec:     -1,
		MasterKeyChangeForce:   -1,
		MemoryProtection:       MemoryProtection{Password: true},
		RecycleBinEnabled:      true,
		HistoryMaxItems:        10,
		HistoryMaxSizeBytes:    6 << 20,
	}
}

// DeletedObject remembers that an entry or a group was deleted, for merging.
type DeletedObject struct {
	ID vault.ID
	At time.Time
}
