package cache

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
)

// Limits of client.json. Sixty-four sub-keys take 30 KiB.
const (
	stateVersion  = 1 // without slots
	stateVersionA = 2 // with them
	maxStateBytes = 256 << 10
	maxFormer     = 16 // ids that are remembered: some years of changed devices
)

// clientState is client.json: what this installation knows about its cache.
// FORMAT.md 2.4. It opens nothing, and is no proof of anything either.
type clientState struct {
	Version int      `json:"v"`
	Cache   vault.ID `json:"cache"`

	Governed   bool           `json:"governed"`
	Root       []byte         `json:"root"`
	Keys       []lease.SubKey `json:"keys"`
	Epoch      uint64         `json:"epoch"`
	ServerTime int64          `json:"server_time"` // seconds since 1970; 0: unknown

	HighestSealed uint64     `json:"highest_sealed"`
	Current       *installed `json:"current"`
	Next          *installed `json:"next"`

	WipedThrough uint64 `json:"wiped_through"`
	Wipe         *wiped `json:"wipe"`

	// Keychain lists the generations that may have an item in the keychain.
	Keychain []uint64 `json:"keychain,omitempty"`

	// Suspended is when the server ordered that nothing opens, in seconds since
	// 1970; 0: it does not.
	Suspended int64 `json:"suspended,omitempty"`
	// Floor refuses the leases that one of a shorter life has taken the place of.
	Floor floor `json:"floor,omitzero"`

	// Former are the ids of caches that ended with their slots, the newest last: a
	// copy of one is a cache that was wiped, and no damaged one.
	Former []vault.ID `json:"former,omitempty"`

	// Indices are the slots of level A; nil: the cache has none.
	Indices *slotState `json:"indices,omitempty"`

	Opens    opens `json:"opens"`
	LastWall int64 `json:"last_wall"` // seconds since 1970; 0: unknown
}

// installed is a generation and for whom it was made.
type installed struct {
	Generation uint64     `json:"generation"`
	SHA256     lease.Hash `json:"sha256"` // of the file
	Device     vault.ID   `json:"device"`
	User       string     `json:"user"`
	Server     string     `json:"server"`
}

// wiped is the mark of the last wipe. It keeps the names for status.
type wiped struct {
	Reason  Reason `json:"reason"`
	At      int64  `json:"at"` // seconds since 1970
	Pending bool   `json:"pending"`
	User    string `json:"user"`
	Server  string `json:"server"`
}

// floor is the least number of a lease for one generation: of those before it
// one ends later.
type floor struct {
	Generation uint64 `json:"generation"`
	Seq        uint64 `json:"seq"`
}

// below reports whether a lease is one that must not come back.
func (f floor) below(l *lease.Lease) bool { return l.Generation == f.Generation && l.Seq < f.Seq }

// opens counts openings of one generation. Each lease has a budget of its own:
// those of before its first opening do not count against it. An older lease,
// back because somebody took the sidecar away, finds all of them used.
type opens struct {
	Seq    uint64 `json:"seq"`    // the newest lease that something was opened under
	Before int    `json:"before"` // openings under the leases before it
	Count  int    `json:"count"`  // all openings
}

// against returns the openings that count against the lease with that number.
func (o opens) against(seq uint64) int {
	switch {
	case seq > o.Seq:
		return 0
	case seq == o.Seq:
		return o.Count - o.Before
	}
	return o.Count
}

// count adds one opening under the lease with that number.
func (o *opens) count(seq uint64) {
	if seq > o.Seq {
		o.Seq, o.Before = seq, o.Count
	}
	o.Count++
}

// parseState reads client.json.
func parseState(b []byte) (*clientState, error) {
	if len(b) > maxStateBytes {
		return nil, vault.Fail(vault.Hostile, "client state: more than %d bytes", maxStateBytes)
	}
	var version struct {
		V int `json:"v"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return nil, vault.Fail(vault.Damaged, "client state: %w", err)
	}
	if version.V > stateVersionA {
		return nil, vault.Fail(vault.Unsupported, "client state: version %d", version.V)
	}
	st := &clientState{}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(st); err != nil {
		return nil, vault.Fail(vault.Damaged, "client state: %w", err)
	}
	if err := st.check(); err != nil {
		return nil, vault.Fail(vault.Damaged, "client state: %w", err)
	}
	return st, nil
}

// check reports a state that this program never writes.
func (st *clientState) check() error {
	switch {
	case st.Version != st.version():
		return errors.New("version")
	case st.Cache.IsZero():
		return errors.New("no cache id")
	case st.Governed != (len(st.Root) > 0):
		return errors.New("governed and root do not agree")
	case st.Opens.Before < 0 || st.Opens.Count < st.Opens.Before:
		return errors.New("count of openings")
	}
	for i, n := range st.Keychain {
		if n == 0 || n > st.HighestSealed || i > 0 && n <= st.Keychain[i-1] {
			return errors.New("list of keychain items")
		}
	}
	if s, ok := st.slots(); ok {
		if !st.Governed {
			return errors.New("slots where no server governs")
		}
		if err := checkSlots(s); err != nil {
			return err
		}
		if n := len(st.Indices.Root); n != 0 && n != rootNameBytes {
			return errors.New("name of the chip that has the slots")
		}
	}
	for _, g := range []*installed{st.Current, st.Next} {
		if g != nil && (g.Generation == 0 || g.Generation > st.HighestSealed) {
			return errors.New("generation that was never sealed")
		}
	}
	return nil
}

// load reads the client state; vault.NoCache if there is none.
func (s *Store) load() (*clientState, error) {
	f, err := os.Open(s.path(stateName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, vault.Fail(vault.NoCache, "%s", s.opt.Dir)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	b, err := io.ReadAll(io.LimitReader(f, maxStateBytes+1))
	if err != nil {
		return nil, err
	}
	return parseState(b)
}

// version returns the version that st is written as.
func (st *clientState) version() int {
	if st.Indices != nil {
		return stateVersionA
	}
	return stateVersion
}

// save makes st durable.
func (s *Store) save(st *clientState) error {
	st.Version = st.version()
	if err := st.check(); err != nil {
		return err
	}
	b, err := json.MarshalIndent(st, "", "  ")
	if err != nil {
		return err
	}
	return s.write(s.path(stateName), func(w io.Writer) error {
		_, err := w.Write(append(b, '\n'))
		return err
	})
}

// update changes the client state on disk. The caller has the lock.
func (s *Store) update(change func(*clientState) error) error {
	s.stateMu.Lock()
	defer s.stateMu.Unlock()
	st, err := s.load()
	if err != nil {
		return err
	}
	if err := change(st); err != nil {
		return err
	}
	return s.save(st)
}

// settle takes over what the file of that generation proves: it is in place,
// so the process that put it there died before it could write that down. It
// reports whether something changed. FORMAT.md 8.
func (st *clientState) settle(generation uint64) bool {
	if st.Next != nil && st.Next.Generation == generation && generation > st.WipedThrough {
		st.Current, st.Next = st.Next, nil
		st.Opens, st.Wipe = opens{}, nil
		return true
	}
	return false
}

// known returns what the state says about a generation, or nil.
func (st *clientState) known(generation uint64) *installed {
	for _, g := range []*installed{st.Current, st.Next} {
		if g != nil && g.Generation == generation {
			return g
		}
	}
	return nil
}

// keySet returns the sub-keys of the pinned root.
func (st *clientState) keySet() (lease.KeySet, error) {
	if !st.Governed {
		return lease.KeySet{}, nil
	}
	return lease.VerifySubKeys(st.Root, st.Keys)
}

// wipeProblem says why a wiped generation does not open.
func (st *clientState) wipeProblem() error {
	w := st.Wipe
	switch {
	case w == nil:
		return vault.Fail(vault.Wiped, "cleared before")
	case w.Reason == ByRevoked:
		return &vault.Problem{Cause: vault.Revoked, Until: fromUnix(w.At)}
	}
	return &vault.Problem{Cause: vault.Wiped, Until: fromUnix(w.At)}
}

// fromUnix turns the seconds of our files into a time; 0 is no time.
func fromUnix(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}
