package session

import (
	"context"
	"fmt"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/wire"
)

// uploadBatch is how many journal events travel in one request: some 300 KB.
const uploadBatch = 1000

// upload sends the journal events that the server does not have.
func (s *Session) upload(ctx context.Context, store *cache.Store, a *account, remote Remote) error {
	signer, err := s.signer(a)
	if err != nil {
		return nil //nolint:nilerr // a device that was never enrolled has nothing to send
	}
	return sendJournal(ctx, journalWay{remote, a.Device.ID, signer}, func(fn func(*cache.Store) error) error { return fn(store) })
}

// compareOpens lets the server hold the openings that the chip has just certified
// against the journal, whole as it is now: openings later would stand for those
// that were cut away before. What does not arrive is compared the next time.
func (s *Session) compareOpens(ctx context.Context, store *cache.Store, a *account, remote Remote) {
	status, err := store.Status(ctx)
	if err != nil || status.Opens == nil {
		return // nobody counts
	}
	signer, err := s.signer(a)
	if err != nil || s.upload(ctx, store, a, remote) != nil {
		return
	}
	_, _ = remote.Journal(ctx, a.Device.ID, nil, signer) // see above
}

// journalWay is the way of a journal to its server.
type journalWay struct {
	remote Remote
	device vault.ID
	signer Signer
}

// sendJournal sends the events that the server does not have. with calls a
// function with their store; the network is waited for outside of it.
func sendJournal(ctx context.Context, to journalWay, with func(func(*cache.Store) error) error) error {
	for {
		var events []wire.JournalEvent
		err := with(func(store *cache.Store) error {
			unsent, err := store.Unsent(ctx, uploadBatch)
			events = journal(unsent)
			return err
		})
		if err != nil || len(events) == 0 {
			return err
		}
		through, err := to.remote.Journal(ctx, to.device, events, to.signer)
		if err != nil {
			return fmt.Errorf("send the journal: %w", err)
		}
		if through < events[0].Seq {
			return vault.Fail(vault.BadAnswer, "the server has the journal through %d and took nothing after", through)
		}
		if err := with(func(store *cache.Store) error { return store.Sent(ctx, through) }); err != nil {
			return err
		}
		if len(events) < uploadBatch {
			return nil
		}
	}
}

// journal puts events into the shape that travels.
func journal(events []audit.Event) []wire.JournalEvent {
	out := make([]wire.JournalEvent, len(events))
	for i, e := range events {
		out[i] = wire.JournalEvent{
			Seq: e.Seq, At: e.At, Type: string(e.Type), Entry: e.Entry, Detail: e.Detail,
			Generation: e.Generation, Prev: wire.Digest(e.Prev), Hash: wire.Digest(e.Hash),
		}
	}
	return out
}
