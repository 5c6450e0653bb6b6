package cache

import (
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// State is how a cache stands; the text is what status prints.
type State string

// The states.
const (
	Usable     State = "usable"
	Expired    State = "expired"
	Superseded State = "superseded"
	Foreign    State = "foreign" // of another machine, or no chip can be reached
	Revoked    State = "revoked"
	Wiped      State = "wiped"
	Damaged    State = "damaged"
	LockedOut  State = "locked_out"
)

// Status is what can be known about a cache without its password.
type Status struct {
	State   State
	Problem error // why it is not Usable, as Unlock would say

	Path, User, Server string
	Device, Cache      vault.ID

	// Readable reports that the file told what follows; else all is unknown.
	Readable    bool
	Created     time.Time // when the generation was made
	Level       binding.Level
	Virtual     bool
	Proven      bool
	Governed    bool // by a server, else by this client alone
	Entries     int
	Attachments int
	SizeBytes   int64
	Generation  uint64
	Policy      lease.Policy
	Lease       *lease.Lease // nil where no server governs
	Verdict     lease.Verdict
	Tries       binding.Tries

	OverlayEdits  int
	JournalEvents int // that the server does not have
	Now           time.Time
}
