package app

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/tideover/tideover/vault/session"
)

// place is what fills the window. Its methods are for the painting goroutine.
type place interface {
	object() fyne.CanvasObject
	paint() // shows what d.status says, after every change of it
	enter() // it fills the window from now on
	leave() // it does so no more, and lets go of every secret
}

// choose returns the place that fits the mode. A person who lost the server in
// the middle of the work keeps the list; the master password is asked for when
// a secret is wanted.
func (d *Desktop) choose() place {
	switch {
	case d.proven && d.status.Mode == session.Offline:
		return d.workplace()
	case d.proven && d.status.Mode == session.Online && d.status.SignedIn:
		return d.workplace()
	case d.status.Mode == session.Offline, d.offlineWanted:
		return d.unlock
	}
	return d.login
}

// paint shows the place that fits, and everything around it.
func (d *Desktop) paint() {
	if next := d.choose(); next != d.here {
		if d.here != nil {
			d.here.leave()
		}
		d.here = next
		d.host.SetContent(next.object())
		next.enter()
		if d.said != nil { // why it is another place
			d.tell(d.said)
		}
	}
	d.here.paint()
	if !d.appeared && (d.known || d.waited) {
		// A place that was hidden in the first frame is on no canvas yet, so that
		// its own refresh is lost; the host has been there from the beginning.
		d.appeared = true
		d.host.Refresh()
	}
	d.paintCommands()
}

// paintCommands shows what the commands can do now: menu, toolbar, tray, title.
func (d *Desktop) paintCommands() {
	d.paintTitle()
	d.paintMenu()
	d.paintTray()
	if d.here == place(d.main) {
		d.main.paintBars()
	}
}

// goOffline asks for the master password of the cache, though the mode is not
// Offline yet.
func (d *Desktop) goOffline() {
	d.offlineWanted = true
	d.proven = false
	d.paint()
}

// backToLogin gives that up.
func (d *Desktop) backToLogin() {
	d.offlineWanted = false
	d.paint()
}

// bufferAge is how long after a change of its size the window is painted again.
// Without a graphics card the first frame of a new size may go into a buffer of
// the old one, and nothing else would replace it.
const bufferAge = 200 * time.Millisecond

// resized is called when the window has another size.
func (d *Desktop) resized() {
	d.repaint.Cancel()
	d.repaint = start(d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
		return struct{}{}, pause(ctx, bufferAge)
	}, func(struct{}, error) { canvas.Refresh(d.host) }, nil)
}
