package cache

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/lease"
)

// Opened is a cache that is unlocked. It holds the lock and, in memory, the
// keys; Close ends both. It is safe for concurrent use, but what it
// holds is not.
type Opened struct {
	store *Store
	found *finding

	mu       sync.Mutex // guards what follows
	creds    *credentials
	secret   []byte // lies with creds, and so does
	key      *kdbx.Key
	held     *held // nil: closed
	closed   bool
	sawUntil time.Time // no need to write down an earlier sight of the clock
}

// errClosed is what an Opened answers after Close: a fault of the program.
var errClosed = fmt.Errorf("cache: closed")

// FailedBefore returns how many wrong master passwords the chip had counted since
// the cache was opened last, and forgot with this opening; always 0 below level A,
// where the chip counts for everybody.
func (o *Opened) FailedBefore() int { return o.found.failedBefore() }

// Content returns the cached entries, without the overlay. Their values belong
// to the Opened, which wipes them at Close; nobody may change them. It is nil
// after Close. All of it takes much more memory than the cache itself does:
// Groups, Entries and Entry give what is wanted of it.
func (o *Opened) Content() *vault.Content {
	h := o.holds()
	if h == nil {
		return nil
	}
	return &vault.Content{Root: h.group(h.root), Icons: h.icons}
}

// Groups returns the groups of Content without their entries, or nil after
// Close. Nobody may change them.
func (o *Opened) Groups() *vault.Group {
	h := o.holds()
	if h == nil {
		return nil
	}
	return h.root
}

// Entries yields the entries of one of Groups. Each of them is good until the
// next, but for its values, which are those of Content.
func (o *Opened) Entries(g *vault.Group) iter.Seq[*vault.Entry] {
	h := o.holds()
	if h == nil {
		return func(func(*vault.Entry) bool) {}
	}
	return h.entries(g)
}

// Entry returns one entry of Content, or nil.
func (o *Opened) Entry(id vault.ID) *vault.Entry {
	h := o.holds()
	if h == nil {
		return nil
	}
	n := h.pack.Find(id)
	if n < 0 {
		return nil
	}
	return h.pack.Entry(n)
}

// holds returns the content, or nil after Close.
func (o *Opened) holds() *held {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.held
}

// Lease returns the lease that held at unlocking, or nil where no server
// governs.
func (o *Opened) Lease() *lease.Lease { return o.found.lease }

// Policy returns the lease's policy, or the local one.
func (o *Opened) Policy() lease.Policy { return o.found.policy }

// Generation returns the number of the generation that is open.
func (o *Opened) Generation() uint64 { return o.found.record.Generation }

// wallStep is how often an open cache writes down that it saw the clock.
const wallStep = 10 * time.Minute

// Judge says whether the lease still holds now, a renewed one included. A chip
// that does not answer takes no part. It marks the time as seen. Errors: Wiped
// or Revoked if the cache was cleared while it was open; ReadOnly.
func (o *Opened) Judge(ctx context.Context) (lease.Verdict, error) {
	s := o.store
	st, err := s.state()
	if err != nil {
		return lease.Verdict{}, err
	}
	if o.found.record.Generation <= st.WipedThrough {
		return lease.Verdict{}, st.wipeProblem()
	}
	f := &finding{state: Usable, outer: o.found.outer, term: o.found.term}
	if f.record.Governed {
		if f.checkLease(s, st); f.problem != nil {
			return lease.Verdict{}, f.problem
		}
	}
	var clock *binding.Clock
	if f.record.Level.Sealed() {
		if c, err := s.opt.Chip.Clock(ctx); err == nil {
			clock = &c
		}
	}
	facts := f.facts(st, s.opt.Now(), clock)
	facts.Opens = 0 // this opening was counted and let in
	v := lease.Judge(f.term, facts)
	if v.OpensLeft != nil {
		left := max(f.term.Opens-st.Opens.against(f.seq()), 0)
		v.OpensLeft = &left
	}
	if v.EndedBy != "" || v.ClockMoved {
		return v, nil
	}
	return v, o.saw(facts.Wall)
}

// saw writes down the computer's clock, now and then.
func (o *Opened) saw(now time.Time) error {
	o.mu.Lock()
	due := !o.closed && now.After(o.sawUntil)
	if due {
		o.sawUntil = now.Add(wallStep)
	}
	o.mu.Unlock()
	if !due {
		return nil
	}
	return o.store.sawWall(o.found)
}

// Append puts an event into the journal and returns when it is on disk. Show
// nothing before. Of e it takes Type, Entry and Detail. ReadOnly: the disk is
// full or not writable, and the secret must not be shown.
func (o *Opened) Append(_ context.Context, e audit.Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return errClosed
	}
	return o.store.note(o.found.record.Device, audit.Event{
		Type: e.Type, Entry: e.Entry, Detail: e.Detail, Generation: o.found.record.Generation,
	})
}

// ExportKeyFile writes the machine secret as a KeePass key file (.keyx), with
// which the cache file opens in other programs, anywhere, and without a security
// key. The journal has it before the first byte. NotPermitted if the policy
// forbids it, or wants a security key.
func (o *Opened) ExportKeyFile(ctx context.Context, w io.Writer) error {
	if !o.found.policy.Export {
		return vault.Fail(vault.NotPermitted, "the policy does not allow the machine secret to be exported")
	}
	if o.found.policy.SecurityKey == lease.KeyRequired {
		return vault.Fail(vault.NotPermitted, "the policy wants a security key, and the exported key file opens the cache without one")
	}
	if err := o.Append(ctx, audit.Event{Type: audit.Export}); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return errClosed
	}
	return kdbx.WriteKeyFile(w, o.secret)
}

// credentials returns a copy of what the master password has become.
func (o *Opened) credentials() (*credentials, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, errClosed
	}
	return o.creds.clone(), nil
}

// Close wipes keys and content and releases the lock. It may be called twice.
func (o *Opened) Close() {
	if o.wipe() {
		o.store.release()
	}
}

// wipe clears everything; it reports whether this was the first time.
func (o *Opened) wipe() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false
	}
	o.closed = true
	o.creds.wipe()
	o.secret, o.key = nil, nil
	if o.held != nil {
		o.held.wipe()
		o.held = nil
	}
	return true
}
