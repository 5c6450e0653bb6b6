package app

import (
	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// watchOrders keeps the client under its server's governance while the window
// runs, whatever the mode.
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
	case session.DeviceResumed, session.LeaseRenewed:
		d.refresh()
	case session.LeaseEnding:
		words := d.words.Text("note.ending."+string(n.Left), nil)
		d.tell(&present.Notice{Severity: present.Warning, Message: words})
		d.note(words, "presence")
		d.refresh()
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
