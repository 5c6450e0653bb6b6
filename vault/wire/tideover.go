package wire

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
)

// The types of this file are the Tideover API, version 1; openapi.yaml beside
// it is the same for people and other programs, and a test compares the two.
// Times are RFC 3339, byte strings standard base64, digests lower-case hex.

// Root paths of the two APIs.
const (
	APIRoot      = "/api/tideover/v1" // followed by /server, /me, /tree …
	PleasantRoot = "/api/v"           // followed by the version and /rest/…
	TokenPath    = "/OAuth2/Token"
)

// Media types of the answers that are not JSON.
const (
	MediaStream = "application/x-ndjson"
	MediaBytes  = "application/octet-stream"
)

// Digest is a SHA-256 in 64 lower-case hex digits.
type Digest [32]byte

// MarshalText returns the hex digits.
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText reads 64 hex digits.
func (d *Digest) UnmarshalText(b []byte) error {
	if len(b) != 2*len(d) {
		return fmt.Errorf("digest: %d digits in place of 64", len(b))
	}
	_, err := hex.Decode(d[:], b)
	return err
}

// String returns the hex digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Server is the answer of GET /server, which needs no sign-in: who the server
// is. Incarnation and Epoch change when a backup is restored.
type Server struct {
	Kind        Kind      `json:"kind"` // KindTideover
	Version     string    `json:"version"`
	Incarnation vault.ID  `json:"incarnation"`
	Epoch       uint64    `json:"epoch"`
	Identity    []byte    `json:"identity"` // the identity root's SPKI, DER
	Keys        []SubKey  `json:"keys"`
	Time        time.Time `json:"time"`
	// Governance is where the listener for devices alone is: an URL, or ":" and a
	// port of the same host; empty: there is none.
	Governance string `json:"governance"`
}

// SubKey is a key that the identity root has signed, for one use: "lease",
// "order", "list", "tpm" or "recovery". vault/lease verifies it.
type SubKey struct {
	KID       string `json:"kid"`
	Use       string `json:"use"`
	Public    []byte `json:"public"`    // SPKI, DER
	Signature []byte `json:"signature"` // 64 bytes, r‖s
}

// Me is the answer of GET /me: the user who is signed in. Policy is the "pol"
// member of a lease as it would be issued now, read by vault/lease.
type Me struct {
	UserID         vault.ID        `json:"user_id"`
	Name           string          `json:"name"`
	Roles          []string        `json:"roles"`
	OfflineEnabled bool            `json:"offline_enabled"`
	OfflineEntries int             `json:"offline_entries"`
	Policy         json.RawMessage `json:"policy"`
}

// DeviceRequest is the body of POST /devices. The public key names the device:
// sending it again changes nothing and gives the same answer.
type DeviceRequest struct {
	Name          string        `json:"name"`
	OS            string        `json:"os"`
	PublicKey     []byte        `json:"public_key"` // P-256, SPKI, DER
	Level         binding.Level `json:"level"`
	VirtualTPM    bool          `json:"virtual_tpm"`
	RootName      []byte        `json:"root_name"` // TPM Name of the storage root key
	ClientVersion string        `json:"client_version"`
}

// Device is the answer of POST /devices and of GET /devices/{id}.
type Device struct {
	ID     vault.ID    `json:"id"`
	State  DeviceState `json:"state"`
	UserID vault.ID    `json:"user_id"`
	// Why is the reason that an administrator or a rule gave for the state; empty:
	// none. binding.WhyCopied is a rule's.
	Why string `json:"why,omitempty"`
	// Released is the newest release of a machine secret of this device; nil:
	// there was none.
	Released *Released `json:"released,omitempty"`
}

// DeviceState says whether a device may cache.
type DeviceState string

// The states of a device.
const (
	DevicePending   DeviceState = "pending"
	DeviceApproved  DeviceState = "approved"
	DeviceDenied    DeviceState = "denied"
	DeviceSuspended DeviceState = "suspended"
	DeviceRevoked   DeviceState = "revoked"
	DeviceWiped     DeviceState = "wiped"
)

// Nonce is the answer of GET /nonce: 32 random bytes that one device-signed
// request may use once.
type Nonce struct {
	Nonce []byte `json:"nonce"`
}

// RevealRequest is the body of POST /entries/{id}/reveal. The comment is empty
// where none is asked for.
type RevealRequest struct {
	Comment string `json:"comment"`
}

// DryRun is the answer of GET /offline: what a cache would hold now, and why
// the rest would not be in it.
type DryRun struct {
	User      string         `json:"user"`
	Server    string         `json:"server"`
	Total     int            `json:"total"`
	Cached    int            `json:"cached"`
	Excluded  int            `json:"excluded"`
	ExpiresAt *time.Time     `json:"expires_at"`
	ByReason  map[string]int `json:"by_reason"`
	Entries   []DryRunEntry  `json:"entries"`
}

// DryRunEntry is one entry of a DryRun. Reason and Detail are null for those
// that are cached.
type DryRunEntry struct {
	ID     vault.ID `json:"id"`
	Path   string   `json:"path"`
	Cached bool     `json:"cached"`
	Reason *string  `json:"reason"`
	Detail *string  `json:"detail"`
}

// The reasons of a DryRunEntry.
const (
	ReasonNotPermitted     = "not_permitted"
	ReasonTimeLimited      = "time_limited"
	ReasonCheckOut         = "check_out"
	ReasonDualControl      = "dual_control"
	ReasonOneTime          = "one_time"
	ReasonCommentRequired  = "comment_required"
	ReasonLevelTooLow      = "level_too_low"
	ReasonTooLarge         = "too_large"
	ReasonUnsupportedValue = "unsupported_value"
)

// CacheRequest is the body of POST /devices/{id}/cache. Everything in it but
// the comment is signed into the lease.
type CacheRequest struct {
	Cache        vault.ID      `json:"cache"`
	Generation   uint64        `json:"generation"`
	RecordSHA256 Digest        `json:"record_sha256"`
	RootName     []byte        `json:"root_name"`
	Level        binding.Level `json:"level"`
	VirtualTPM   bool          `json:"virtual_tpm"`
	ClockMS      uint64        `json:"clock_ms"` // TPM clock now, milliseconds
	Resets       uint32        `json:"resets"`   // TPM resetCount now
	UserName     string        `json:"user_name"`
	Comment      string        `json:"comment"`
	Attestation  *Attestation  `json:"attestation,omitempty"`
	Escrow       *Escrow       `json:"escrow,omitempty"`
}

// GenerationReport is the body of POST /devices/{id}/proof (the generation is
// in use) and of POST /devices/{id}/cleared (it and all before it are gone;
// at level A the counter is the receipt).
type GenerationReport struct {
	Generation  uint64       `json:"generation"`
	Attestation *Attestation `json:"attestation,omitempty"`
}

// JournalUpload is the body of POST /devices/{id}/journal: events in the order
// of their sequence numbers. Events that the server already has change nothing.
type JournalUpload struct {
	Events []JournalEvent `json:"events"`
}

// JournalEvent is one event of the device's hash chain, the audit.Event of
// vault/audit. Entry is zero for events that concern no entry.
type JournalEvent struct {
	Seq        uint64    `json:"seq"`
	At         time.Time `json:"at"`
	Type       string    `json:"type"`
	Entry      vault.ID  `json:"entry"`
	Detail     string    `json:"detail"`
	Generation uint64    `json:"generation"`
	Prev       Digest    `json:"prev"`
	Hash       Digest    `json:"hash"`
}

// JournalAnswer says up to which sequence number the server has the journal.
type JournalAnswer struct {
	Through uint64 `json:"through"`
}
