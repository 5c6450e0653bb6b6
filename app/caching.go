package app

import (
	"context"
	"time"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/session"
)

// progressGap is between two paintings of how far it is: nobody sees more.
const progressGap = 50 * time.Millisecond

// outcome is what the making of a cache came to.
type outcome struct {
	made   session.Cached
	opened bool // with the password that it was made with
	status session.Status
}

// counted reports whether a lease counts how often its cache is opened: then the
// person opens it when they want to.
func counted(made session.Cached) bool { return made.Lease != nil && made.Lease.Policy.Opens > 0 }

// open opens a new cache with the password that it was just made with, so that
// nobody types it a third time. It is called in tasks; where it fails the window
// asks for the password.
func (d *Desktop) open(ctx context.Context, master vault.Secret, asker fido.Asker) bool {
	if ctx.Err() != nil {
		return false
	}
	err := d.session.Unlock(ctx, session.UnlockRequest{Asker: asker, Master: func(context.Context, cache.Status) (vault.Secret, error) {
		return master.Clone(), nil // the session wipes its own
	}})
	if ctx.Err() != nil { // the window locked meanwhile
		d.session.Lock()
		return false
	}
	return err == nil
}

// progress returns what a session tells how far it is, painted by show not more
// often than anybody can see.
func (d *Desktop) progress(tell func(func()), show func(present.Progress)) session.Progress {
	var last time.Time
	var before session.Phase
	return func(phase session.Phase, done, total int) {
		now := time.Now()
		if phase == before && done != total && now.Sub(last) < progressGap {
			return
		}
		before, last = phase, now
		p := present.NewProgress(d.words, phase, done, total)
		tell(func() { show(p) })
	}
}

// disconnected shows the work with a new cache.
func (d *Desktop) disconnected(out outcome) {
	if !out.opened {
		d.hide()
	}
	d.took(out.status)
	if out.opened {
		d.enter()
	}
	d.paint()
	n := d.words.Cached(out.made)
	d.tell(&n)
}
