package native

import (
	"bytes"
	"errors"
	"sync"
	"time"
)

// End says why a copied value is on the clipboard no more.
type End string

// The ends of a copy.
const (
	EndTime     End = "time"     // its time was over, and it was taken away
	EndClear    End = "clear"    // Clear or Close
	EndReplaced End = "replaced" // somebody copied something else
	EndLost     End = "lost"     // the display or the clipboard went away
)

// board is the clipboard of one system. Calls come one at a time.
type board interface {
	// take puts value on the clipboard, marked as secret where that is possible,
	// in place of what take put there before. It owns value and wipes it when it
	// is served no more. lost is called at most once, on a goroutine of its own,
	// when the value was replaced or the display went away.
	take(value []byte, lost func(End)) error
	// drop empties the clipboard if it still holds what take put there, and
	// reports whether it did.
	drop() bool
	// holds reports whether the clipboard still holds what take put there.
	holds() bool
	close()
}

// Clipboard puts secrets on the clipboard (X11: CLIPBOARD only, never PRIMARY)
// for a limited time. It is safe for concurrent use.
type Clipboard struct {
	ended func(End)
	mu    sync.Mutex
	board board
	live  *copied
	shut  bool
}

type copied struct{ timer *time.Timer }

// Plain is a clipboard of text as a toolkit offers it; fyne.Clipboard is one.
// It is called on goroutines of this package: wrap it where a toolkit wants its
// own (fyne.DoAndWait).
type Plain interface {
	Content() string
	SetContent(text string)
}

// OpenClipboard opens the clipboard of the desktop. plain is used where there
// is no own way, such as Wayland without X, and may be nil: then OpenClipboard
// returns ErrUnsupported there. ended, which may be nil, hears once of every
// copy that ended, except of one that a next Copy replaced. It is called
// outside all locks and must return at once. Close clears and releases.
func OpenClipboard(plain Plain, ended func(End)) (*Clipboard, error) {
	b, err := openBoard(plain)
	if err != nil {
		return nil, err
	}
	if ended == nil {
		ended = func(End) {}
	}
	return &Clipboard{board: b, ended: ended}, nil
}

// Copy puts secret on the clipboard for the time given, which must be more than
// zero. The bytes are copied; the caller wipes its own. It waits for the
// display for up to two seconds, and returns with the clipboard in our hands.
func (c *Clipboard) Copy(secret []byte, stay time.Duration) error {
	if stay <= 0 {
		return errors.New("native: copy without an end")
	}
	c.mu.Lock()
	if c.shut {
		c.mu.Unlock()
		return ErrClosed
	}
	old, now := c.live, &copied{}
	if old != nil {
		old.timer.Stop()
	}
	err := c.board.take(bytes.Clone(secret), func(why End) { c.finish(now, why) })
	if err != nil {
		c.live = nil
		c.board.drop() // neither the new value nor the old one may stay without a timer
		c.mu.Unlock()
		if old != nil {
			c.ended(EndLost)
		}
		return err
	}
	c.live = now
	now.timer = time.AfterFunc(stay, func() { c.finish(now, EndTime) })
	c.mu.Unlock()
	return nil
}

// Clear takes our value away, if it is still there, and returns when it is
// gone. What somebody else copied meanwhile stays.
func (c *Clipboard) Clear() {
	c.mu.Lock()
	now := c.live
	c.mu.Unlock()
	if now != nil {
		c.finish(now, EndClear)
	}
}

// Holds reports whether the clipboard still holds what Copy put there.
func (c *Clipboard) Holds() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.live != nil && c.board.holds()
}

// Close clears and releases the clipboard. Later calls of Copy return ErrClosed.
func (c *Clipboard) Close() error {
	c.Clear()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.shut {
		c.shut = true
		c.live = nil // of a Copy between the two locks; the board drops it
		c.board.close()
	}
	return nil
}

// finish ends one copy, whoever comes first: time, Clear or somebody else.
func (c *Clipboard) finish(of *copied, why End) {
	c.mu.Lock()
	if c.live != of {
		c.mu.Unlock()
		return
	}
	c.live = nil
	of.timer.Stop()
	if !c.board.drop() && (why == EndTime || why == EndClear) {
		why = EndReplaced
	}
	c.mu.Unlock()
	c.ended(why)
}
