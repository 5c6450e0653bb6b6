package app

import (
	"context"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// watchOrders keeps the client under its server's governance while the window
// runs, whatever the mode. It is the only one that asks the server by itself:
// each contact also tells whether it is back.
func (d *Desktop) watchOrders() {
	d.session.Govern(d.tasks.base, func(n session.News) {
		d.cfg.Post(func() { d.governed(n) })
	})
}

// governed shows what the server ordered. The session has carried it out: what
// is left is what a person can still see or paste.
func (d *Desktop) governed(n session.News) {
	switch n.Kind {
	case session.CacheRevoked: // the account or the device: nothing of either stays
		d.shut(vault.Revoked)
	case session.CacheWiped:
		d.shutOffline(vault.Wiped)
	case session.DeviceSuspended:
		d.shutOffline(vault.Suspended)
	case session.SecretReleased:
		d.releasedSecret()
	case session.DeviceResumed, session.DeviceDecided, session.LeaseRenewed:
		d.refresh()
	case session.ServerMet:
		d.back()
	case session.ServerAway, session.GovernorAway:
		d.noticed = false
	case session.Ungoverned:
		d.askServer()
	case session.LeaseEnding:
		words := d.words.Text("note.ending."+string(n.Left), nil)
		d.tell(&present.Notice{Severity: present.Warning, Message: words})
		d.note(words, "presence")
		d.refresh()
	}
}

// askServer looks after a server that governs nobody.
func (d *Desktop) askServer() {
	start(d.tasks, func(ctx context.Context, _ func(func())) (session.Status, error) {
		return d.session.Check(ctx)
	}, func(st session.Status, err error) {
		if err != nil {
			d.refresh()
			return
		}
		before := d.status.Mode
		d.took(st)
		d.paint()
		d.changed(before, st.Mode)
		switch there := st.Server.Reachable; {
		case there == nil: // nobody to ask
		case *there:
			d.back()
		default:
			d.noticed = false
		}
	}, nil)
}

// back hears of a server that answers. Where it was away and somebody works
// offline, that is a notice, never a switch.
func (d *Desktop) back() {
	switch {
	case d.status.Mode == session.Online:
		d.noticed = true
	case d.status.Mode == session.Offline && d.proven && !d.noticed:
		d.noticed = true
		words := d.words.Text("note.back", nil)
		d.tell(&present.Notice{Severity: present.Good, Message: words, Remedy: d.words.Text("note.back.remedy", nil)})
		d.note(words, "network.connected")
	}
}

// shut leaves nothing readable, in the window or the clipboard, and says why.
// The window stays.
func (d *Desktop) shut(why vault.Cause) {
	d.hide()
	notice := d.words.Failure(why)
	d.tell(notice)
	d.note(notice.Message, "presence")
	d.refresh()
}

// shutOffline is shut for what is about the cache alone: somebody who works
// online goes on.
func (d *Desktop) shutOffline(why vault.Cause) {
	if d.status.Mode == session.Offline {
		d.shut(why)
		return
	}
	d.tell(d.words.Failure(why))
	d.refresh()
}
