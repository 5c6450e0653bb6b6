package cache

import (
	"context"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// PrepareRequest says for whom a new generation is made. Either Trust or Local
// is set; either Password or From.
type PrepareRequest struct {
	Server   string       // address, for status and messages
	User     string       // in the form typed at caching (PPS-04)
	Device   vault.ID     // as the server knows this device; not governed: any, but always the same
	Password vault.Secret // master password, any Unicode form; the caller wipes it
	From     *Opened      // keeps the password of a cache of this Store that is open

	Trust *Trust // of the governing server
	Local *Local // no server governs (Pleasant)

	Cost     Cost          // of each key derivation; zero: that of the cache in place, or DefaultCost
	MinLevel binding.Level // LevelTooLow below it; empty: any
}

// Local stands in for a lease where no server signs one. Its bounds go into
// the sealed object itself.
type Local struct {
	Expires time.Time    // from the server's package; zero: the calendar does not end it
	Policy  lease.Policy // of the client
}

// Prepare takes the next generation number, draws a machine secret and seals
// it. Nothing that can be opened is on disk afterwards; the number is used up.
// The Pending must be committed or discarded; it holds the lock until then.
// Errors: Busy, ReadOnly, Damaged (client state), ChipMissing, LevelTooLow,
// ChipLocked, IdentityChanged, WeakPassword (empty).
func (s *Store) Prepare(ctx context.Context, r PrepareRequest) (*Pending, error) {
	return nil, errSkeleton
}

// Pending is a generation that is sealed and not yet on disk.
type Pending struct{}

// Declaration is what the client tells the server about a generation before it
// gets the content; the server signs it into the lease.
type Declaration struct {
	Cache      vault.ID
	Generation uint64
	Record     [32]byte // SHA-256
	RootName   []byte   // 34 bytes
	Level      binding.Level
	Virtual    bool
	Clock      binding.Clock
	User       string
}

// Declaration returns what to send to the server.
func (p *Pending) Declaration() Declaration { return Declaration{} }

// Commit writes content under the lease, opens the file once by the full path
// and puts it in the place of the old generation, together with the overlay
// of that, whose edits the caller has shown and dealt with. If it returns an
// error, the old generation is what it was. token is empty without a server.
// Content is only read.
//
// Errors: Damaged (the lease is false or for something else), BadAnswer
// (content and lease do not agree), Wiped (cleared meanwhile), ReadOnly, and
// those of Unlock from opening the new file.
func (p *Pending) Commit(ctx context.Context, content *vault.Content, token string) (Report, error) {
	return Report{}, errSkeleton
}

// Report says what Commit put into the cache.
type Report struct {
	Entries, Attachments int
	Excluded             []Exclusion
}

// Exclusion is an entry that KDBX cannot carry without changing it.
type Exclusion struct {
	Entry  vault.ID
	Path   []string // names of the groups above it
	Detail string   // what cannot be carried; never a value
}

// Discard gives the generation up, wipes its secrets and releases the lock.
// After Commit it does nothing.
func (p *Pending) Discard() {}

// Cost is what one run of Argon2id takes. Two equal ones stand between a
// password and the content.
type Cost struct {
	MemoryBytes uint64 // a multiple of 1024
	Passes      uint64
	Lanes       uint32
}
