package cache

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
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
	Suspended  State = "suspended" // by the server, until it says otherwise
	// KeyRequired: the policy wants a security key, and it was made without one.
	KeyRequired State = "key_required"
)

// Status is what can be known about a cache without its password. As JSON it
// is the member "cache" of what status prints, with null for what is unknown.
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
	Lease       *lease.Lease  // nil where no server governs, or where it does not hold
	Verdict     lease.Verdict // zero if there is no lease that holds
	Judged      bool          // Verdict means something
	Tries       binding.Tries
	Opens       *binding.Opens // as the chip counts them, level A with a budget; nil: it does not. Verdict has what is left

	// Keys is what the person calls the security keys, one of which is needed;
	// empty: none is. Nothing proves it before the cache is open.
	Keys []string

	OverlayEdits  int
	JournalEvents int // that the server does not have
	Now           time.Time
}

// Status reports everything about the cache that can be known without the
// password, and leaves no trace, but that what a process has left half done is
// finished, if nobody else is at it: a wipe, as whoever asks may never open, and
// copies end only then; a commit, as nothing opens between its steps.
//
// It returns vault.NoCache if there is none (a cache that the server had wiped is
// one still, in state wiped or revoked), and vault.Damaged or vault.Unsupported if
// the client state cannot be read. Everything else that is wrong stands in the
// Status, in Problem.
func (s *Store) Status(ctx context.Context) (Status, error) {
	st, err := s.state()
	if err == nil && s.cutOff(st) && s.enter(ctx) == nil { // else somebody is at it, or the next one tries
		s.release()
		st, err = s.state()
	}
	if err != nil {
		return Status{}, err
	}
	out := Status{Path: s.path(cacheName), Cache: st.Cache, Now: s.opt.Now(), State: Usable}
	out.JournalEvents = s.unsentCount()
	if err := s.present(st); err != nil || st.Wipe != nil && st.Wipe.Pending {
		if err == nil { // a wipe that is not finished yet
			err = st.wipeProblem()
		}
		if errors.Is(err, vault.NoCache) || st.Wipe == nil || st.Wipe.Reason == ByUser {
			return Status{}, vault.Fail(vault.NoCache, "%s", out.Path)
		}
		out.State, out.Problem = wipedState(st), err
		out.User, out.Server = st.Wipe.User, st.Wipe.Server
		return out, nil
	}
	f, err := s.examine(ctx, s.inPlace(ctx, st), st)
	if err != nil {
		return Status{}, err
	}
	defer f.close()
	if g := st.newest(); g != nil {
		out.User, out.Server, out.Device = g.User, g.Server, g.Device
	}
	out.State, out.Problem = f.state, f.problem
	if f.outer == nil {
		return out, nil
	}
	out.take(f)
	if m, err := s.readOverlayMark(out.Cache, out.Generation); err == nil && m != nil {
		out.OverlayEdits = int(min(m.Edits, 1<<31-1))
	}
	return out, nil
}

// take fills in what the file told.
func (out *Status) take(f *finding) {
	r := f.record
	out.Readable = true
	out.Created, out.Level, out.Virtual, out.Governed = r.Created, r.Level, r.Chip.Virtual, r.Governed
	out.Entries, out.Attachments, out.SizeBytes, out.Generation = f.entries, f.attachments, f.size, r.Generation
	out.Device, out.Policy, out.Tries, out.Opens = r.Device, f.policy, f.tries, f.opens
	out.Keys = f.keyNames()
	out.Verdict, out.Judged = f.verdict, !f.term.Issued.IsZero()
	if f.lease != nil {
		out.Lease, out.Proven = f.lease, f.lease.Proven
	}
}

// unsentCount returns the events that the server does not have, 0 if the
// journal cannot be read: Unlock says why.
func (s *Store) unsentCount() int {
	c, err := audit.ReadJournal(s.path(journalName))
	if err != nil {
		return 0
	}
	return len(c.Events)
}

// MarshalJSON writes the object that the command line's contract has for the
// cache. Unknown is null, and nothing is left out.
func (out Status) MarshalJSON() ([]byte, error) {
	type object struct {
		State         State          `json:"state"`
		Path          string         `json:"path"`
		User          *string        `json:"user"`
		Server        *string        `json:"server"`
		Created       *time.Time     `json:"created_at"`
		Age           *int64         `json:"age_s"`
		Expires       *time.Time     `json:"expires_at"`
		ExpiresIn     *int64         `json:"expires_in_s"`
		EndedBy       *lease.EndedBy `json:"ended_by"`
		Level         *binding.Level `json:"level"`
		Virtual       *bool          `json:"virtual_tpm"`
		Proven        *bool          `json:"proven"`
		Governed      *string        `json:"governed"`
		Entries       *int           `json:"entries"`
		Attachments   *int           `json:"attachments"`
		SizeBytes     *int64         `json:"size_bytes"`
		Generation    *uint64        `json:"generation"`
		TriesLeft     *int           `json:"tries_left"`
		OpensLeft     *int           `json:"opens_left"`
		Keys          *[]string      `json:"security_keys"`
		OverlayEdits  int            `json:"overlay_edits"`
		JournalEvents int            `json:"journal_events"`
	}
	o := object{State: out.State, Path: out.Path, OverlayEdits: out.OverlayEdits, JournalEvents: out.JournalEvents}
	if out.User != "" {
		o.User = &out.User
	}
	if out.Server != "" {
		o.Server = &out.Server
	}
	if out.Readable {
		age := max(int64(out.Now.Sub(out.Created)/time.Second), 0)
		governed := "local"
		if out.Governed {
			governed = "server"
		}
		o.Created, o.Age, o.Level, o.Virtual, o.Proven = &out.Created, &age, &out.Level, &out.Virtual, &out.Proven
		o.Keys = &out.Keys
		o.Governed, o.Entries, o.Attachments, o.SizeBytes, o.Generation = &governed, &out.Entries, &out.Attachments, &out.SizeBytes, &out.Generation
	}
	if v := out.Verdict; out.Judged {
		left := int64(v.Remaining / time.Second)
		if !v.Unlimited {
			o.ExpiresIn = &left
		}
		if !v.Unlimited && !v.Until.IsZero() {
			o.Expires = &v.Until
		}
		if v.EndedBy != "" {
			o.EndedBy = &v.EndedBy
		}
		o.OpensLeft = v.OpensLeft
	}
	if out.Tries.Known {
		o.TriesLeft = &out.Tries.Left
	}
	return json.Marshal(o)
}
