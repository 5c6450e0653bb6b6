package app

import (
	"context"
	"errors"
	"net/url"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// unlockPlace is where the master password of the cache is asked for.
type unlockPlace struct {
	d      *Desktop
	screen *screen.Unlock
	task   *task
	over   func() // ends the wait of other commands for the task
	err    error  // of the last attempt
	notice *present.Notice
	locked lockout
}

func newUnlockPlace(d *Desktop) *unlockPlace {
	p := &unlockPlace{d: d}
	command := func(id present.CommandID) func() { return func() { d.do(id, "") } }
	p.screen = screen.NewUnlock(d.words, screen.UnlockActions{
		Unlock: p.unlock, Cancel: p.cancel, Back: p.back, Connect: command(present.CmdConnect),
		Import: command(present.CmdImportCache), Clear: command(present.CmdClearCache),
	})
	return p
}

func (p *unlockPlace) object() fyne.CanvasObject { return p.screen.Object() }

func (p *unlockPlace) paint() {
	err := p.err
	if c := p.d.status.Cache; c != nil && c.Problem != nil && !errors.Is(err, vault.WrongPassword) {
		err = nil // what is the matter with the cache says more than what was tried
	}
	m := present.NewUnlock(p.d.words, p.locked.judge(p.d.status, p.d.now()), p.d.now(), err, p.task.running())
	if m.Notice == nil {
		m.Notice = p.notice
	}
	p.screen.Show(m)
	p.count(m.Again)
}

func (p *unlockPlace) enter() {
	p.paint()
	p.screen.Focus(p.d.cfg.Window.Canvas())
}

func (p *unlockPlace) leave() {
	p.lock()
	p.screen.Focus(nil)
	defer p.locked.stop()
	p.paint() // a bar that swings would go on, unseen, and the window with it
}

// lock is called when the window locks, whatever is in front: no password stays
// behind.
func (p *unlockPlace) lock() {
	p.end()
	p.err, p.notice = nil, nil
	p.screen.Clear()
}

// tell shows a notice.
func (p *unlockPlace) tell(n *present.Notice) {
	p.notice = n
	p.paint()
}

// unanswered says why the prompt opens by itself.
func (p *unlockPlace) unanswered() {
	words := p.d.words
	server := p.d.status.Server.URL
	if u, err := url.Parse(server); err == nil && u.Host != "" {
		server = u.Host
	}
	p.tell(&present.Notice{
		Severity: present.Warning, ID: string(vault.Unreachable),
		Message: words.Text("unlock.no_server", map[string]any{"Server": server}),
		Remedy:  words.Text("unlock.no_server.remedy", nil),
	})
}

// unlock takes a complete form. While Offline the cache is opened; before, the
// client also goes Offline with it, if the password is right.
func (p *unlockPlace) unlock(user string, password []byte) {
	d := p.d
	p.end()
	p.err, p.notice = nil, nil
	master, offline := vault.NewSecret(password), d.status.Mode == session.Offline
	request := session.UnlockRequest{User: user, Master: func(context.Context, cache.Status) (vault.Secret, error) {
		return master.Clone(), nil // the session wipes its own
	}}
	p.over = d.waiting()
	keys := d.securityKeys(p.cancel)
	p.task = start(d.tasks, func(ctx context.Context, tell func(func())) (bool, error) {
		defer master.Wipe()
		request.Asker = keys.of(tell)
		select {
		case d.opening <- struct{}{}: // a chip that an earlier attempt asked has answered
			defer func() { <-d.opening }()
		case <-ctx.Done():
			return false, ctx.Err()
		}
		// A cache that is open is not asked for its password again: without this
		// any password would do after an attempt that was cancelled too late, or
		// on the way from Online with an open cache.
		if d.session.Unlocked() {
			d.session.Lock()
		}
		open := d.session.WorkOffline
		if offline {
			open = d.session.Unlock
		}
		err := errors.Join(open(ctx, request), ctx.Err())
		if err != nil { // it may have been opened before that, and what was typed is cleared
			d.session.Lock()
		}
		return err == nil, err
	}, func(open bool, err error) {
		keys.close()
		if err == nil {
			d.said = d.failedBefore(nil)
		}
		p.done(open, err)
	}, func(open bool) {
		keys.close()
		if open { // after it was cancelled
			d.lock()
		}
	})
	p.paint()
}

func (p *unlockPlace) done(_ bool, err error) {
	p.went()
	p.err = err
	if err == nil {
		p.d.login.aside = false
		p.d.enter()
		return
	}
	p.paint()
	p.d.refresh() // tries went, and more may have become known
}

// cancel ends the attempt under way.
func (p *unlockPlace) cancel() {
	p.end()
	p.tell(&present.Notice{Severity: present.Info, Message: p.d.words.Text("login.cancelled", nil)})
}

func (p *unlockPlace) end() {
	p.task.Cancel()
	p.went()
}

// went lets the other commands go on.
func (p *unlockPlace) went() {
	if p.over != nil {
		over := p.over
		p.over = nil
		over()
	}
}

// back gives up working offline: to main if that was in front, else to the
// login.
func (p *unlockPlace) back() {
	p.d.offlineWanted = false
	if p.d.login.aside {
		p.d.login.back()
		return
	}
	p.d.backToLogin()
}
