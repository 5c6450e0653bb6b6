package session

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/tideover/tideover/vault"
)

// How long a change of the state waits for another process that is changing it
// now, and how often it looks. A change takes milliseconds: nobody holds the
// lock while waiting for a server, a chip or a person.
const (
	lockPatience = 5 * time.Second
	lockInterval = 20 * time.Millisecond
)

// errHeld says that another process holds a lock.
var errHeld = errors.New("held by another process")

// lock takes the state's lock. It returns a Busy problem if another process
// keeps it, and the function that gives it back.
func (h home) lock(ctx context.Context) (unlock func(), err error) {
	if err := h.ensure(); err != nil {
		return nil, fmt.Errorf("lock client state: %w", err)
	}
	f, err := os.OpenFile(h.lockPath(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock client state: %w", err)
	}
	patience := time.NewTimer(lockPatience)
	defer patience.Stop()
	for {
		err := tryLock(f)
		if err == nil {
			return func() { _ = f.Close() }, nil // closing gives the lock back
		}
		if !errors.Is(err, errHeld) {
			_ = f.Close() // the first error is the one to tell
			return nil, fmt.Errorf("lock client state: %w", err)
		}
		select {
		case <-time.After(lockInterval):
		case <-patience.C:
			_ = f.Close()
			return nil, vault.Fail(vault.Busy, "%s", h.lockPath())
		case <-ctx.Done():
			_ = f.Close()
			return nil, ctx.Err()
		}
	}
}

// update changes the state under the lock. An error of change leaves the file
// as it was.
func (h home) update(ctx context.Context, change func(*state) error) (*state, error) {
	unlock, err := h.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	s, err := h.load()
	if err != nil {
		return nil, err
	}
	if err := change(s); err != nil {
		return nil, err
	}
	if err := h.save(s); err != nil {
		return nil, err
	}
	return s, nil
}
