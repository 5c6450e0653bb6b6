package cache

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/kdbx"
	"github.com/tideover/tideover/vault/process"
)

// UnlockRequest is what a person gives to open a cache.
type UnlockRequest struct {
	User     string       // as typed; empty: whoever cached
	Password vault.Secret // master password; the caller wipes it
	// KeepTries makes Unlock return TooManyAttempts, before the chip is asked,
	// when no more than this many tries are left: for scripts.
	KeepTries int
	// Keys are the security keys of this computer, and Asker the person at them,
	// for a cache that needs one; nil: there is no way to keys.
	Keys  fido.Platform
	Asker fido.Asker
}

// Unlock opens the cache. It returns the first of these that applies:
// vault.NoCache, Busy, Damaged (Hostile, Unsupported), Revoked or Wiped,
// Expired or ClockMoved, OtherMachine, ChipMissing or NoSecretStore, Superseded,
// KeyRequired, TooManyAttempts or ChipLocked, ReadOnly, NoCache (for that user
// name), those of fido.Unlock where it needs a security key (Unsupported without
// r.Keys), WrongPassword with TriesLeft. Nothing before the password is tried
// costs a try, and no opening is counted.
//
// The unlocking is in the journal before Unlock returns, and so is a failure.
func (s *Store) Unlock(ctx context.Context, r UnlockRequest) (*Opened, error) {
	st, err := s.state()
	if err != nil {
		return nil, err
	}
	if err := s.present(st); err != nil && (st.Wipe == nil || !st.Wipe.Pending) && (st.Indices == nil || !st.Indices.Kill) {
		return nil, err
	}
	readOnly := s.enter(ctx)
	if readOnly != nil && !errors.Is(readOnly, vault.ReadOnly) {
		return nil, readOnly
	}
	var o *Opened
	process.Discreetly(func() { o, err = s.unlock(ctx, r, readOnly) })
	if err != nil && readOnly == nil {
		s.release()
	}
	return o, err
}

// unlock runs with the lock, or with the reason why there is none to be had.
func (s *Store) unlock(ctx context.Context, r UnlockRequest, readOnly error) (*Opened, error) {
	st, err := s.state()
	if err != nil {
		return nil, err
	}
	if err := s.present(st); err != nil { // or wiped meanwhile
		return nil, err
	}
	f, err := s.examine(ctx, s.inPlace(ctx, st), st)
	if err != nil {
		return nil, err
	}
	defer f.close()
	if f.problem != nil {
		return nil, f.problem
	}
	if readOnly != nil {
		return nil, readOnly
	}
	return s.admit(ctx, r, st, f)
}

// admit goes on where examine ends: FORMAT.md 5, steps 11 to 16.
func (s *Store) admit(ctx context.Context, r UnlockRequest, st *clientState, f *finding) (*Opened, error) {
	if err := r.keepTries(f); err != nil {
		return nil, err
	}
	if _, err := s.openJournal(f.record.Device); err != nil {
		return nil, err
	}
	if err := r.isOf(st, f); err != nil {
		return nil, err
	}
	factor, err := f.factor(ctx, r)
	if err != nil {
		return nil, err
	}
	defer factor.Wipe()
	if f.term.Opens > 0 {
		err := s.update(func(st *clientState) error { st.Opens.count(f.seq()); return nil })
		if err != nil {
			return nil, err
		}
	}
	creds, err := derive(ctx, r.Password, f.record.Derivation)
	if err != nil {
		return nil, err
	}
	o, err := s.open(ctx, f, creds, factor)
	if err != nil {
		creds.wipe()
		return nil, err
	}
	if f.record.Level != binding.LevelA { // there it was noted before the chip counted it
		if err := s.noteUnlock(f); err != nil {
			o.wipe()
			return nil, err
		}
	}
	if err := s.sawWall(f); err != nil {
		o.wipe()
		return nil, err
	}
	return o, nil
}

// keepTries reports tries that are too few for the caller.
func (r *UnlockRequest) keepTries(f *finding) error {
	if !f.tries.Known || r.KeepTries <= 0 || f.tries.Left > r.KeepTries {
		return nil
	}
	left := f.tries.Left
	return &vault.Problem{Cause: vault.TooManyAttempts, TriesLeft: &left, Detail: fmt.Sprintf("%d tries are kept back", r.KeepTries)}
}

// isOf reports a file of somebody else than the user who is named.
func (r *UnlockRequest) isOf(st *clientState, f *finding) error {
	if k := st.known(f.record.Generation); r.User != "" && k != nil && !SameUser(r.User, k.User) {
		return vault.Fail(vault.NoCache, "%s", r.User) // and nothing about whose there is
	}
	return nil
}

// noteUnlock makes it durable that the cache was opened. At level A it says how
// many wrong passwords the chip had counted before: a right one sets that to 0.
func (s *Store) noteUnlock(f *finding) error {
	e := audit.Event{Type: audit.Unlock, Generation: f.record.Generation}
	if n := f.failedBefore(); n > 0 {
		e.Detail = fmt.Sprintf("failed_before=%d", n)
	}
	if f.keys != nil { // at the end, as a label may say anything, and is longer in quotes
		e.Detail = cutTo(strings.TrimSpace(fmt.Sprintf("%s security_key=%q", e.Detail, f.answered)), audit.MaxDetailBytes)
	}
	return s.note(f.record.Device, e)
}

// failedBefore is how many wrong passwords the chip had counted for this cache
// alone, which it does at level A only; else 0.
func (f *finding) failedBefore() int {
	if f.record.Level != binding.LevelA || !f.tries.Known {
		return 0
	}
	return f.tries.Failed
}

// open unseals the machine secret and reads the file with it, and with the factor
// if it needs one. On success the
// Opened owns creds; else the caller wipes them, with what was put beside them.
func (s *Store) open(ctx context.Context, f *finding, creds *credentials, factor vault.Secret) (*Opened, error) {
	r := f.record
	sealer, err := s.sealer(r)
	if err != nil {
		return nil, err
	}
	use := binding.SealedUse{Object: r.Object, Terms: r.terms(), Approval: f.approval, Auth: creds.auth}
	if r.Level == binding.LevelA { // pin_pass never counts an opening that the journal has not
		use.BeforeOpen = func() error { return s.noteUnlock(f) }
	}
	secret, err := sealer.Unseal(ctx, use)
	if errors.Is(err, binding.ErrWrongAuth) {
		return nil, s.wrongPassword(ctx, f)
	}
	if err != nil {
		return nil, f.refused(err)
	}
	o := &Opened{store: s, creds: creds, found: f}
	if o.secret, err = creds.opener(r, secret, factor); err != nil {
		return nil, err
	}
	o.key = creds.key(o.secret)
	doc, err := s.readInner(ctx, f, o.key)
	if err != nil {
		return nil, err
	}
	o.held = hold(doc)
	return o, nil
}

// readInner decrypts the file. The chip has said that the password is right,
// so whatever is wrong now is damage.
func (s *Store) readInner(ctx context.Context, f *finding, key *kdbx.Key) (*kdbx.Document, error) {
	file, err := f.rewind()
	if err != nil {
		return nil, err
	}
	doc, _, err := kdbx.Read(ctx, file, *key, s.limits())
	switch {
	case errors.Is(err, vault.WrongPassword):
		return nil, vault.Fail(vault.Damaged, "the file is not under the machine secret of its record")
	case err != nil:
		return nil, err
	}
	for _, d := range doc.Meta.CustomData {
		if d.Key == datumRecordSum && d.Value == f.recordSum.String() {
			return doc, nil
		}
	}
	doc.Wipe()
	return nil, vault.Fail(vault.Damaged, "the binding record is not the one that the file was written with")
}

// wrongPassword records the failure and says how many tries are left.
func (s *Store) wrongPassword(ctx context.Context, f *finding) error {
	p := &vault.Problem{Cause: vault.WrongPassword}
	detail := ""
	if gauge := s.counts(f.record); gauge != nil {
		if t, err := gauge.Tries(ctx); err == nil && t.Known {
			t = t.Within(int(f.policy.Tries)) // at level A the chip has the policy's limit itself
			p.TriesLeft = &t.Left
			detail = fmt.Sprintf("tries_left=%d", t.Left)
			if t.Left == 0 && t.RetryAfter > 0 {
				p.Until = s.opt.Now().Add(t.RetryAfter).UTC().Truncate(time.Second)
			}
		}
	}
	p.Err = s.note(f.record.Device, audit.Event{Type: audit.FailedUnlock, Detail: detail, Generation: f.record.Generation})
	return p
}

// counts returns what counts wrong passwords for a record, or nil.
func (s *Store) counts(r *record) Gauge {
	switch r.Level {
	case binding.LevelB:
		return s.opt.Chip
	case binding.LevelA:
		if x, err := s.indexed(*r.Slots); err == nil {
			return x
		}
	}
	return nil
}

// sawWall remembers that the cache was open at this time of the computer's
// clock. A file that the client state did not know is known now. FORMAT.md 8.
func (s *Store) sawWall(f *finding) error {
	return s.update(func(st *clientState) error {
		st.LastWall = max(st.LastWall, s.opt.Now().Unix())
		if r := f.record; st.known(r.Generation) == nil && r.Generation > st.WipedThrough {
			g := installed{Generation: r.Generation, SHA256: f.sha256, Device: r.Device}
			if f.lease != nil {
				g.User = f.lease.Username
			}
			if st.Current != nil {
				g.User, g.Server = st.Current.User, st.Current.Server
			}
			st.HighestSealed, st.Current = max(st.HighestSealed, r.Generation), &g
			if r.Level == binding.LevelC {
				st.owe(r.Generation)
			}
		}
		return nil
	})
}

// SameUser reports whether two user names have the same form as typed: equal in
// Unicode NFC, white space around them aside. Upper and lower case differ: what
// was typed at caching is what opens the cache.
func SameUser(a, b string) bool {
	return norm.NFC.String(strings.TrimSpace(a)) == norm.NFC.String(strings.TrimSpace(b))
}
