package app

import (
	"context"
	"time"

	"github.com/tideover/tideover/app/native"
	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/vault/session"
)

// How often the window looks at what nobody tells it.
const (
	keepEvery = 5 * time.Second  // whether the cache may stay open, and whether somebody is there
	idleLimit = 15 * time.Minute // online, where no policy of a cache says how long
)

// watch starts what runs beside the window until it ends.
func (d *Desktop) watch() {
	d.tasks.run(d.openClipboard)
	d.tasks.run(d.watchSession)
	d.tasks.run(d.watchIdle)
	d.tasks.run(d.watchOrders)
	if d.cfg.Shows != nil {
		d.tasks.run(d.watchShows)
	}
}

func (d *Desktop) openClipboard() {
	board, err := d.clip.open()
	if err != nil {
		return // copying says so each time
	}
	d.cfg.Post(func() { d.clip.board = board })
}

// watchShows brings the window to the front when the program is started again.
func (d *Desktop) watchShows() {
	for {
		select {
		case <-d.tasks.base.Done():
			return
		case <-d.cfg.Shows:
			d.cfg.Post(d.show)
		}
	}
}

// watchSession locks when the desktop locks, sleeps or ends.
func (d *Desktop) watchSession() {
	events := native.OpenSession()
	stop := context.AfterFunc(d.tasks.base, func() {
		_ = events.Close() // nobody listens any more
	})
	defer stop()
	for e := range events.Events() {
		switch e.Kind {
		case native.ScreenLocked, native.Sleeping:
			d.cfg.Post(func() { d.lockFor(e) })
		case native.SessionEnding:
			d.cfg.Post(func() {
				d.lockFor(e)
				d.quit()
			})
		case native.Woke:
			d.cfg.Post(d.woke)
		case native.ScreenUnlocked:
			e.Handled()
		}
	}
}

// lockFor locks and then lets the system go on.
func (d *Desktop) lockFor(e native.Event) {
	d.hide()
	start(d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
		defer e.Handled()
		return struct{}{}, d.session.LockEverywhere(ctx)
	}, func(struct{}, error) { d.refresh() }, nil)
}

// woke tells the session that the computer comes out of sleep, which has rows
// of its own in the table of modes.
func (d *Desktop) woke() {
	start(d.tasks, func(ctx context.Context, _ func(func())) (session.Mode, error) {
		_, err := d.session.AskServer(ctx)
		return d.session.Happened(ctx, session.Resume, err == nil)
	}, func(session.Mode, error) { d.refresh() }, nil)
}

// watchIdle asks whether the cache may stay open, and locks when nobody has
// been there for too long.
func (d *Desktop) watchIdle() {
	idle := native.OpenIdle()
	defer func() { _ = idle.Close() }() // nothing depends on it any more
	every(d.tasks.base, keepEvery, func() {
		kept := d.session.Keep(d.tasks.base)
		away, known := idle.Since()
		d.cfg.Post(func() {
			if !d.proven {
				return
			}
			if kept != nil && d.status.Mode == session.Offline {
				d.hide()
				d.tell(d.words.Failure(kept))
				d.refresh()
				return
			}
			if !known {
				away = d.now().Sub(d.clip.lastUse)
			}
			if away >= d.idleLimit() {
				d.lock()
				d.tell(&present.Notice{Severity: present.Info, Message: d.words.Text("note.idle", nil)})
				return
			}
			d.here.paint() // ages and times left go on
		})
	})
}

// idleLimit is after how long without a key or a mouse the window locks.
func (d *Desktop) idleLimit() time.Duration {
	if c := d.status.Cache; c != nil && c.Readable && d.status.Mode == session.Offline && c.Policy.Idle > 0 {
		return time.Duration(c.Policy.Idle) * time.Second
	}
	return idleLimit
}

// changed tells of a mode that changed by itself.
func (d *Desktop) changed(before, now session.Mode) {
	if before != session.Online || now == session.Online {
		return
	}
	d.noticed = false
	words := modeNote(d.words, string(now))
	d.tell(&present.Notice{Severity: present.Warning, Message: words})
	d.note(words, "network.disconnected")
}

// every runs work again and again until the context ends, the first time after
// one pause.
func every(ctx context.Context, pause time.Duration, work func()) {
	t := time.NewTicker(pause)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			work()
		}
	}
}
