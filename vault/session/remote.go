package session

import (
	"context"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// What a Remote speaks of is defined once, beside the messages: a session has
// its own names for it, and a client's methods fit without an adapter.
type (
	Kind        = wire.Kind
	Identity    = wire.Identity
	Credentials = wire.Credentials
	Token       = wire.Token
	Signer      = wire.Signer
)

// The kinds of servers.
const (
	Tideover = wire.KindTideover
	Pleasant = wire.KindPleasant
)

// Target is a server as a person, or the state, names it.
type Target struct {
	URL    string
	Pin    string // SHA-256 of the identity root's SPKI, 64 hex digits; empty: none
	CAFile string // trusted certificates; empty: the system's
	Kind   Kind   // what it was before; empty: not known. Another one is IdentityChanged
}

// Remote is a server, as *client.Client is. It is safe for concurrent use.
// Every method gives up when nothing was answered for 3 seconds, and returns
// vault.Unreachable; vault.BadAnswer where what answers is no password server;
// vault.IdentityUnknown or vault.IdentityChanged, before anything is sent,
// where the identity is not the Target's.
type Remote interface {
	Gate
	Reader
	Writer
	Enroller
	ChipVerifier
	Permitter
	Governor
	Orderer
	Packager
}

// Gate lets people in.
type Gate interface {
	// Probe finds out who the server is. It sends nothing secret.
	Probe(ctx context.Context) (Identity, error)
	// SignIn returns a token: vault.WrongCredentials, or vault.SecondFactor if
	// a one-time code is missing.
	SignIn(ctx context.Context, c Credentials) (Token, error)
	// UseToken makes the requests that follow those of the token's user. The
	// Remote copies what it needs; an empty token forgets, and what was read
	// with the one before.
	UseToken(access vault.Secret)
	// Me describes the user of the token. Only a Tideover server can.
	Me(ctx context.Context) (wire.Me, error)
}

// Reader reads entries. vault.NotSignedIn if there is no token, or an old one.
type Reader interface {
	// Tree returns everything that the user may list, protected values left out.
	Tree(ctx context.Context) (*wire.Stream, error)
	// Entry returns one entry with its history, protected values left out.
	Entry(ctx context.Context, entry vault.ID) (*wire.EntryAnswer, error)
	// Reveal returns one entry with its protected values; the server has
	// audited it. vault.CommentRequired if it wants a reason.
	Reveal(ctx context.Context, entry vault.ID, comment string) (*vault.Entry, error)
	// Attachment returns the bytes of an attachment; the server has audited it.
	Attachment(ctx context.Context, entry, attachment vault.ID, comment string) ([]byte, error)
}

// Writer changes entries and groups. The comment is the reason, empty where none
// is asked for; vault.CommentRequired where the server wants one.
type Writer interface {
	EntryWriter
	GroupWriter
}

// EntryWriter changes entries.
type EntryWriter interface {
	// CreateEntry may return both: then the entry is there, and a file of it is not.
	CreateEntry(ctx context.Context, group vault.ID, e *vault.Entry, comment string) (vault.ID, error)
	// UpdateEntry makes the server's entry what e is. A protected field without
	// a value stays as it is there, and so does an attachment without bytes; one
	// of another name keeps its bytes.
	UpdateEntry(ctx context.Context, group vault.ID, e *vault.Entry, comment string) error
	MoveEntry(ctx context.Context, entry, group vault.ID, comment string) error
	DeleteEntry(ctx context.Context, entry vault.ID, comment string) error
}

// GroupWriter changes groups.
type GroupWriter interface {
	CreateGroup(ctx context.Context, parent vault.ID, name, comment string) (vault.ID, error)
	RenameGroup(ctx context.Context, group vault.ID, name, comment string) error
	// DeleteGroup is vault.Unconfirmed for a group with something in it, unless
	// the whole of it may go.
	DeleteGroup(ctx context.Context, group vault.ID, whole bool, comment string) error
}

// Enroller makes devices known, and says what a cache would hold.
type Enroller interface {
	Register(ctx context.Context, r wire.DeviceRequest) (wire.Device, error)
	Device(ctx context.Context, d vault.ID) (wire.Device, error)
	// DeviceState is Device for the device itself, where nobody is signed in.
	DeviceState(ctx context.Context, d vault.ID, s Signer) (wire.Device, error)
	// DryRun judges for a device of the user; zero: for the best of them.
	DryRun(ctx context.Context, d vault.ID) (wire.DryRun, error)
}

// Governor is what a Tideover server does for an approved device.
type Governor interface {
	// Cache returns the content for one generation, and its lease.
	Cache(ctx context.Context, d vault.ID, r wire.CacheRequest, s Signer, progress func(done, total int)) (*vault.Content, string, error)
	// Proof tells that a generation is in use, Cleared that it and all before
	// it are gone.
	Proof(ctx context.Context, d vault.ID, generation uint64, s Signer) error
	Cleared(ctx context.Context, d vault.ID, generation uint64, s Signer) error
	// Journal uploads events and returns the last number that the server has. With
	// none of them the server compares what it has with the chip's count.
	Journal(ctx context.Context, d vault.ID, events []wire.JournalEvent, s Signer) (through uint64, err error)
}

// Orderer is how a Tideover server reaches a device, whoever is signed in. What
// it gives is unverified.
type Orderer interface {
	// Orders returns what the device was told after a mark.
	Orders(ctx context.Context, d vault.ID, after lease.Mark, s Signer) (wire.Orders, error)
	// Events calls each with every order after a mark as it comes, until ctx or the
	// stream ends.
	Events(ctx context.Context, d vault.ID, after lease.Mark, s Signer, each func(order string)) error
	// RenewLease returns a new lease for what the device has.
	RenewLease(ctx context.Context, d vault.ID, r wire.LeaseRequest, s Signer) (string, error)
	// RevocationList returns the list of those who left.
	RevocationList(ctx context.Context) (string, error)
}

// Packager is how a Pleasant server hands out what may be used offline.
type Packager interface {
	// OfflineAvailable reports whether the user holds anything of the kind.
	OfflineAvailable(ctx context.Context) (bool, error)
	// OfflinePackage returns all of it, audited, and until when it may be
	// kept; zero: the server sets no end.
	OfflinePackage(ctx context.Context, comment string) (*vault.Content, time.Time, error)
}
