package audit

import (
	"fmt"

	"github.com/tideover/tideover/vault"
)

// Head is the end of a chain as far as somebody knows it: the number and the
// hash of its last event.
type Head struct {
	Seq  uint64 `json:"seq"` // 0: no event yet
	Hash Hash   `json:"hash"`
}

// NewHead returns the head of a device's chain that has no events yet.
func NewHead(device vault.ID) Head { return Head{Hash: Start(device)} }

// Fault says what is wrong with a chain.
type Fault string

// What Verify tells apart.
const (
	Gap  Fault = "gap"  // events are missing
	Fork Fault = "fork" // the number exists, or its predecessor is another event
	Edit Fault = "edit" // the event is not what its hash says
)

// FaultError is what Verify returns: a chain that is not what was written.
type FaultError struct {
	Fault Fault
	Seq   uint64 // of the first event that does not fit
}

// Error names fault and place, for logs.
func (e *FaultError) Error() string { return fmt.Sprintf("audit: %s at event %d", e.Fault, e.Seq) }

// Unwrap returns vault.Damaged.
func (e *FaultError) Unwrap() error { return vault.Damaged }

// Verify checks that events go on from head, one after the other, and returns
// the new head. With a *FaultError it returns the head up to which all is
// well.
func Verify(head Head, events []Event) (Head, error) {
	for i := range events {
		e := &events[i]
		switch {
		case e.check() != nil || e.Sum() != e.Hash:
			return head, &FaultError{Edit, e.Seq}
		case e.Seq > head.Seq+1:
			return head, &FaultError{Gap, e.Seq}
		case e.Seq <= head.Seq || e.Prev != head.Hash:
			return head, &FaultError{Fork, e.Seq}
		}
		head = Head{e.Seq, e.Hash}
	}
	return head, nil
}

// Next returns e as the event after head: numbered, linked and hashed. It
// refuses an event that no chain may hold.
func Next(head Head, e Event) (Event, error) {
	e.Seq, e.Prev = head.Seq+1, head.Hash
	if err := e.check(); err != nil {
		return Event{}, fmt.Errorf("audit: %w", err)
	}
	e.Hash = e.Sum()
	return e, nil
}
