package cache

import (
	"context"
	"errors"
	"io/fs"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/audit"
)

// restart is the first event of a journal that had to be begun anew, with
// what was wrong with the one before.
const restart audit.Type = "restart"

// openJournal opens the journal, or begins one for the device. One that was
// edited is set aside as it is: refusing would make the file's owner unable to
// open his cache for good, and the server sees that a chain began anew. The
// caller has the lock.
func (s *Store) openJournal(device vault.ID) (*audit.Journal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.journal != nil {
		return s.journal, nil
	}
	j, err := audit.OpenJournal(s.path(journalName), device)
	if errors.Is(err, vault.Damaged) || errors.Is(err, vault.Hostile) {
		if err := s.opt.Disk.Rename(s.path(journalName), s.path(damagedName)); err != nil {
			return nil, unwritable(err)
		}
		j, err = s.restartJournal(device, err)
	}
	if err != nil {
		return nil, err
	}
	s.journal = j
	return j, nil
}

func (s *Store) restartJournal(device vault.ID, why error) (*audit.Journal, error) {
	j, err := audit.OpenJournal(s.path(journalName), device)
	if err != nil {
		return nil, err
	}
	e := audit.Event{At: s.opt.Now(), Type: restart, Detail: "damaged"}
	var fault *audit.FaultError
	if errors.As(why, &fault) {
		e.Detail = string(fault.Fault)
	}
	if _, err := j.Append(e); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// note puts an event into the journal.
func (s *Store) note(device vault.ID, e audit.Event) error {
	j, err := s.openJournal(device)
	if err != nil {
		return err
	}
	e.At = s.opt.Now()
	_, err = j.Append(e)
	return err
}

// Unsent returns at most limit journal events that the server has not taken
// over, oldest first, whether or not the cache is open, or there at all. It
// needs no lock.
func (s *Store) Unsent(_ context.Context, limit int) ([]audit.Event, error) {
	c, err := audit.ReadJournal(s.path(journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.Events[:min(max(limit, 0), len(c.Events))], nil
}

// Sent drops the events through that number: the server has them. Errors:
// Busy, ReadOnly.
func (s *Store) Sent(_ context.Context, through uint64) error {
	c, err := audit.ReadJournal(s.path(journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.held(func() error {
		j, err := s.openJournal(c.Device)
		if err != nil {
			return err
		}
		return j.Sent(through)
	})
}
