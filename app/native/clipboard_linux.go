package native

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// openBoard takes X11 wherever there is an X server, Xwayland included: only
// there a value can be marked as secret.
func openBoard(plain Plain) (board, error) {
	if os.Getenv("DISPLAY") == "" {
		return openPlain(plain)
	}
	b, err := openX11()
	if err != nil && plain != nil {
		return openPlain(plain)
	}
	return b, err
}

// x11Patience is how long a display may take to make us the owner. A dead
// window manager does not matter; only the server itself answers.
const x11Patience = 2 * time.Second

// x11Board owns the selection CLIPBOARD with a window of its own that is never
// shown. One goroutine, run, owns all fields below the line.
type x11Board struct {
	conn *xgb.Conn
	win  xproto.Window
	atom atoms
	do   chan func()
	done chan struct{} // closed when run has ended
	own  atomic.Bool
	// ---
	value   []byte
	since   xproto.Timestamp
	lost    func(End)
	next    *taking
	flights []*flight
}

// taking is a take that waits for the time of the server.
type taking struct {
	value []byte
	lost  func(End)
	done  chan error
}

func openX11() (*x11Board, error) {
	conn, err := dialX()
	if err != nil {
		return nil, fmt.Errorf("X11: %w", err)
	}
	b := &x11Board{conn: conn, do: make(chan func()), done: make(chan struct{})}
	if b.win, err = xproto.NewWindowId(conn); err == nil {
		root := xproto.Setup(conn).DefaultScreen(conn).Root
		err = xproto.CreateWindowChecked(conn, 0, b.win, root, 0, 0, 1, 1, 0, xproto.WindowClassInputOnly, 0,
			xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange}).Check()
	}
	if err == nil {
		b.atom, err = intern(conn)
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("X11: %w", err)
	}
	go b.run()
	return b, nil
}

func (b *x11Board) take(value []byte, lost func(End)) error {
	t := &taking{value: value, lost: lost, done: make(chan error, 1)}
	begin := func() {
		b.next = t
		// ICCCM 2.1: ownership needs a time of the server, and an empty change of
		// our own property makes it tell us one.
		b.change(b.win, b.atom.stamp, property{kind: xproto.AtomInteger, format: 32})
	}
	late := time.NewTimer(x11Patience)
	defer late.Stop()
	select {
	case b.do <- begin:
	case <-b.done:
		clear(value)
		return errors.New("X11: the display is gone")
	}
	select {
	case err := <-t.done:
		return err
	case <-b.done:
		return errors.New("X11: the display is gone")
	case <-late.C:
		return errors.New("X11: the display does not answer")
	}
}

func (b *x11Board) drop() (ours bool) {
	b.sync(func() { ours = b.release() })
	return ours
}

func (b *x11Board) holds() bool { return b.own.Load() }

func (b *x11Board) close() {
	b.sync(func() { b.release(); b.conn.Close() })
	<-b.done
}

// sync runs f on the owner goroutine and waits for it.
func (b *x11Board) sync(f func()) {
	ran := make(chan struct{})
	select {
	case b.do <- func() { f(); close(ran) }:
		<-ran
	case <-b.done:
	}
}

func (b *x11Board) run() {
	events := make(chan xgb.Event)
	go func() {
		defer close(events)
		for {
			event, err := b.conn.WaitForEvent()
			switch {
			case event != nil:
				events <- event
			case err == nil:
				return // closed; an err is of a requestor that went away
			}
		}
	}()
	defer func() {
		lost := b.lost
		b.forget()
		if b.next != nil {
			clear(b.next.value)
		}
		close(b.done)
		if lost != nil {
			go lost(EndLost)
		}
	}()
	for {
		select {
		case f := <-b.do:
			f()
		case event, ok := <-events:
			if !ok {
				return
			}
			b.handle(event)
		}
	}
}

func (b *x11Board) handle(event xgb.Event) {
	switch e := event.(type) {
	case xproto.SelectionRequestEvent:
		b.serve(e)
	case xproto.SelectionClearEvent:
		// Ours or a stale one of an earlier drop: then there is nothing to forget.
		if lost := b.lost; e.Selection == b.atom.clipboard && lost != nil {
			b.forget()
			go lost(EndReplaced)
		}
	case xproto.PropertyNotifyEvent:
		switch {
		case e.Window == b.win && e.Atom == b.atom.stamp:
			b.acquire(e.Time)
		case e.State == xproto.PropertyDelete:
			b.fly(e.Window, e.Atom)
		}
	case xproto.DestroyNotifyEvent:
		b.land(e.Window)
	}
}

// acquire becomes the owner as of a time of the server.
func (b *x11Board) acquire(at xproto.Timestamp) {
	t := b.next
	if t == nil {
		return
	}
	b.next = nil
	xproto.SetSelectionOwner(b.conn, b.win, b.atom.clipboard, at)
	owner, err := xproto.GetSelectionOwner(b.conn, b.atom.clipboard).Reply()
	if err == nil && owner.Owner != b.win {
		err = errors.New("X11: somebody else took the clipboard")
	}
	if err != nil {
		clear(t.value)
		t.done <- err
		return
	}
	b.wipe()
	b.value, b.since, b.lost = t.value, at, t.lost
	b.own.Store(true)
	t.done <- nil
}

// release gives the selection back, if it is ours, and reports whether it was.
// The server ignores the request when somebody took over since our own time.
func (b *x11Board) release() bool {
	if b.next != nil {
		clear(b.next.value)
		b.next.done <- ErrClosed
		b.next = nil
	}
	if b.lost == nil {
		return false
	}
	owner, err := xproto.GetSelectionOwner(b.conn, b.atom.clipboard).Reply()
	ours := err == nil && owner.Owner == b.win
	xproto.SetSelectionOwner(b.conn, 0, b.atom.clipboard, b.since)
	_, _ = xproto.GetSelectionOwner(b.conn, b.atom.clipboard).Reply() // waits until it is done; the answer is of no use
	b.forget()
	return ours
}

// forget wipes the value and all that is under way.
func (b *x11Board) forget() {
	b.wipe()
	b.lost = nil
	b.own.Store(false)
}

func (b *x11Board) wipe() {
	clear(b.value)
	b.value = nil
	for len(b.flights) > 0 {
		b.end(b.flights[0])
	}
}
