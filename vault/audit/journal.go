package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/tideover/tideover/vault"
)

// The parts of a journal file, in bytes. See FORMAT.md.
const (
	magic       = "TIDEJRN1"
	headBytes   = 96
	maxRecord   = 2 + fixedBytes + MaxTypeBytes + MaxDetailBytes + 32
	reservation = 64 << 10 // about 300 events: an offline day on a disk that is full
)

// maxFileBytes bounds what is read into memory. A client that uploads at all
// never has more than a month of events: 300,000 of them fit.
const maxFileBytes = 64 << 20

// Journal is a client's chain on disk. It is safe for concurrent use in one
// process; vault/cache keeps other processes out.
type Journal struct {
	mu     sync.Mutex
	path   string
	device vault.ID
	base   Head // what the server has
	events []Event
	file   *os.File
	end    int64 // where the next record goes
	size   int64 // allocated
	broken error // set by a failed write: what is on disk is unknown until opened again
}

// Contents is what a journal file holds.
type Contents struct {
	Device vault.ID
	Base   Head    // last event that the server has taken over
	Events []Event // after Base
	end    int64
	torn   bool // a half-written record follows
}

// OpenJournal opens the journal at path, or makes one for the device. A record
// that was never finished is removed. Errors: vault.ReadOnly if the disk is
// full or cannot be written; a *FaultError, vault.Damaged or vault.Hostile if
// the file is not what was written, and then it is left as it is.
func OpenJournal(path string, device vault.ID) (*Journal, error) {
	c, err := ReadJournal(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c = Contents{Device: device, Base: NewHead(device), end: headBytes}
		if _, err := writeJournal(path, c); err != nil {
			return nil, err
		}
	case errors.Is(err, vault.Damaged), errors.Is(err, vault.Hostile):
		return nil, err
	case err != nil:
		return nil, unwritable(err)
	case c.Device != device:
		return nil, vault.Fail(vault.Damaged, "journal: of device %s", c.Device)
	}
	j := &Journal{path: path, device: device, base: c.Base, events: c.Events, end: c.end}
	if err := j.reopen(c.torn); err != nil {
		return nil, err
	}
	return j, nil
}

// reopen opens the file for appending, with room for the next record.
func (j *Journal) reopen(torn bool) error {
	f, err := os.OpenFile(j.path, os.O_RDWR, 0)
	if err != nil {
		return unwritable(err)
	}
	info, err := f.Stat()
	if err == nil {
		j.file, j.size = f, info.Size()
		if torn {
			err = j.zero()
		}
	}
	if err == nil {
		err = j.reserve(maxRecord)
	}
	if err != nil {
		return errors.Join(unwritable(err), f.Close())
	}
	return nil
}

// zero removes a half-written record.
func (j *Journal) zero() error {
	blank := make([]byte, min(int64(maxRecord), j.size-j.end))
	if _, err := j.file.WriteAt(blank, j.end); err != nil {
		return err
	}
	return j.file.Sync()
}

// reserve makes sure that need bytes are allocated behind the end. It writes
// real zeros: a hole would be refused only when the secret is about to be
// shown. A disk that is full is no objection as long as there is room.
func (j *Journal) reserve(need int) error {
	if j.size-j.end >= reservation/2 {
		return nil
	}
	_, err := j.file.WriteAt(make([]byte, reservation), j.size)
	if err == nil {
		err = j.file.Sync()
	}
	if err == nil {
		j.size += reservation
		return nil
	}
	if j.size-j.end >= int64(need) {
		return nil
	}
	return err
}

// Append puts e at the end of the chain and returns it as it was written,
// when it is on disk. It sets Seq, Prev and Hash and cuts At to the
// millisecond. vault.ReadOnly: the event is not on disk, and what it tells
// about must not happen.
func (j *Journal) Append(e Event) (Event, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken != nil {
		return Event{}, j.broken
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	e, err := Next(j.head(), e)
	if err != nil {
		return Event{}, err
	}
	record := appendRecord(nil, &e)
	if err := j.reserve(len(record)); err != nil {
		return Event{}, j.breakWith(err)
	}
	if _, err := j.file.WriteAt(record, j.end); err != nil {
		return Event{}, j.breakWith(err)
	}
	if err := j.file.Sync(); err != nil {
		return Event{}, j.breakWith(err)
	}
	j.end += int64(len(record))
	j.events = append(j.events, e)
	return e, nil
}

// breakWith remembers that nothing may be appended any more.
func (j *Journal) breakWith(err error) error {
	j.broken = unwritable(err)
	return j.broken
}

// Head returns the end of the chain.
func (j *Journal) Head() Head {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.head()
}

func (j *Journal) head() Head {
	if n := len(j.events); n > 0 {
		return Head{j.events[n-1].Seq, j.events[n-1].Hash}
	}
	return j.base
}

// Unsent returns at most limit events that the server has not taken over,
// oldest first.
func (j *Journal) Unsent(limit int) []Event {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.events[:min(max(limit, 0), len(j.events))])
}

// Sent drops the events through that number: the server has them. A number
// that is not in the journal any more changes nothing; one that was never in
// it is refused.
func (j *Journal) Sent(through uint64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case through <= j.base.Seq:
		return nil
	case through > j.head().Seq:
		return fmt.Errorf("journal: sent through %d, the last is %d", through, j.head().Seq)
	case j.broken != nil:
		return j.broken
	}
	n := int(through - j.base.Seq)
	c := Contents{Device: j.device, Base: Head{through, j.events[n-1].Hash}, Events: slices.Clone(j.events[n:])}
	// An open file cannot be replaced everywhere.
	if err := j.file.Close(); err != nil {
		return j.breakWith(err)
	}
	switch inPlace, err := writeJournal(j.path, c); {
	case err != nil && inPlace: // for how long, nobody knows: what is appended might be lost with it
		return j.breakWith(err)
	case err != nil:
		if again := j.reopen(false); again != nil {
			return errors.Join(err, j.breakWith(again))
		}
		return err
	}
	j.base, j.events, j.end = c.Base, c.Events, headBytes
	for i := range c.Events {
		j.end += int64(len(appendRecord(nil, &c.Events[i])))
	}
	if err := j.reopen(false); err != nil {
		return j.breakWith(err)
	}
	return nil
}

// Close closes the file. What was appended is on disk already.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.broken, fs.ErrClosed) {
		return nil
	}
	j.broken = fmt.Errorf("journal: %w", fs.ErrClosed)
	if err := j.file.Close(); err != nil && !errors.Is(err, fs.ErrClosed) { // a Sent that broke off closes it
		return fmt.Errorf("journal: %w", err)
	}
	return nil
}

// writeJournal puts a whole journal file in place, or leaves the one that is
// there. With inPlace and an error it is there now, and may be gone after a
// power cut.
func writeJournal(path string, c Contents) (inPlace bool, err error) {
	b := make([]byte, 0, headBytes+reservation)
	b = append(b, magic...)
	b = append(b, c.Device[:]...)
	b = binary.BigEndian.AppendUint64(b, c.Base.Seq)
	b = append(b, c.Base.Hash[:]...)
	sum := sha256.Sum256(b)
	b = append(b, sum[:]...)
	for i := range c.Events {
		b = appendRecord(b, &c.Events[i])
	}
	b = append(b, make([]byte, reservation)...)

	next := path + ".new"
	err = writeSynced(next, b)
	if err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		_ = os.Remove(next) // the error that counts is the first
		return false, unwritable(err)
	}
	return true, unwritable(syncDir(filepath.Dir(path)))
}

func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func appendRecord(b []byte, e *Event) []byte {
	body := e.Canonical()
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)+len(e.Hash)))
	b = append(b, body...)
	return append(b, e.Hash[:]...)
}

// ReadJournal reads a journal file without changing anything. Errors are those
// of OpenJournal, and fs.ErrNotExist.
func ReadJournal(path string) (Contents, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Contents{}, fmt.Errorf("journal: %w", err)
	}
	if info.Size() > maxFileBytes {
		return Contents{}, vault.Fail(vault.Hostile, "journal: %d bytes, at most %d", info.Size(), maxFileBytes)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Contents{}, fmt.Errorf("journal: %w", err)
	}
	return ParseJournal(b)
}

// ParseJournal reads the bytes of a journal file, at most 64 MiB.
func ParseJournal(b []byte) (Contents, error) {
	var c Contents
	if len(b) > maxFileBytes {
		return c, vault.Fail(vault.Hostile, "journal: %d bytes, at most %d", len(b), maxFileBytes)
	}
	if len(b) < headBytes || string(b[:len(magic)]) != magic {
		return c, vault.Fail(vault.Damaged, "journal: not a journal")
	}
	if sum := sha256.Sum256(b[:headBytes-32]); !bytes.Equal(sum[:], b[headBytes-32:headBytes]) {
		return c, vault.Fail(vault.Damaged, "journal: head")
	}
	copy(c.Device[:], b[8:])
	c.Base.Seq = binary.BigEndian.Uint64(b[24:])
	copy(c.Base.Hash[:], b[32:])
	head, rest := c.Base, b[headBytes:]
	for {
		e, n, ok := parseRecord(rest)
		if !ok {
			break
		}
		next, err := Verify(head, []Event{e})
		if err != nil {
			return c, fmt.Errorf("journal: %w", err)
		}
		head, rest = next, rest[n:]
		c.Events = append(c.Events, e)
	}
	c.end = int64(len(b) - len(rest))
	if !blank(rest[min(len(rest), maxRecord):]) {
		return c, fmt.Errorf("journal: %w", &FaultError{Edit, head.Seq + 1})
	}
	c.torn = !blank(rest[:min(len(rest), maxRecord)])
	return c, nil
}

// parseRecord reads one record that holds; n is its length with the prefix.
func parseRecord(b []byte) (e Event, n int, ok bool) {
	if len(b) < 2 {
		return e, 0, false
	}
	n = 2 + int(binary.BigEndian.Uint16(b))
	if n > len(b) || n > maxRecord {
		return e, 0, false
	}
	e, err := parseEvent(b[2:n])
	return e, n, err == nil
}

func blank(b []byte) bool { return len(bytes.TrimLeft(b, "\x00")) == 0 }

// unwritable says why nothing can be recorded: full, read-only, no right.
func unwritable(err error) error {
	if err == nil || errors.Is(err, vault.ReadOnly) {
		return err
	}
	return vault.Fail(vault.ReadOnly, "journal: %w", err)
}
