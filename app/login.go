package app

import (
	"context"
	"errors"
	"strings"
	"time"
	"weak"

	"fyne.io/fyne/v2"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// holdLimit is how long the password of an attempt is kept for the answer to a
// question: whether the server is the right one, what the one-time code is.
// Long enough to call an administrator, not to go home.
const holdLimit = 5 * time.Minute

// loginPlace is where a person signs in.
type loginPlace struct {
	d      *Desktop
	screen *screen.Login

	task *task
	over func() // ends the wait of other commands for the task
	hold *task  // wipes the password in the end

	server, user string       // of the last attempt
	password     vault.Secret // likewise, while a question about it is open
	pin          string       // of the server, accepted by the person
	trusted      string       // the server whose pin that is: it is not asked about at each mistyped password
	err          error        // of the last attempt
	notice       *present.Notice
	permitted    bool                          // the server said that something may be used offline
	heard        weak.Pointer[session.Listing] // with which it did; it is not kept alive
	aside        bool                          // main was in front, was not locked since, and Back leads there
}

func newLoginPlace(d *Desktop) *loginPlace {
	p := &loginPlace{d: d}
	p.screen = screen.NewLogin(d.words, screen.LoginActions{
		SignIn: p.signIn, Code: p.code, Accept: p.accept, Refuse: p.refuse, Cancel: p.cancel,
		WorkOffline: p.workOffline, Back: p.back,
	})
	return p
}

func (p *loginPlace) object() fyne.CanvasObject { return p.screen.Object() }

func (p *loginPlace) paint() {
	if !p.d.known && !p.d.waited && p.notice == nil { // soon; what would be shown now may be the wrong place
		return
	}
	m := present.NewLogin(p.d.words, present.LoginFacts{
		Status: p.d.status, Offline: p.mayOffline(), Server: p.server, User: p.user,
		Err: p.err, Busy: p.task.running(), Back: p.aside, Now: p.d.now(),
	})
	if m.Notice == nil {
		m.Notice = p.notice
	}
	p.screen.Show(m)
}

func (p *loginPlace) enter() {
	p.paint()
	p.screen.Focus(p.d.cfg.Window.Canvas())
}

func (p *loginPlace) leave() {
	p.drop()
	p.screen.Focus(nil)
	p.paint() // a bar that swings would go on, unseen, and the window with it
}

// drop ends what is under way and lets go of every secret.
func (p *loginPlace) drop() {
	p.end()
	p.err, p.notice, p.pin, p.trusted = nil, nil, "", ""
	p.screen.Clear()
}

// tell shows a notice.
func (p *loginPlace) tell(n *present.Notice) {
	p.notice = n
	p.paint()
}

// lock is called when the window locks, whatever is in front: no password stays
// behind, and nobody gets back by a button.
func (p *loginPlace) lock() {
	p.aside = false
	p.drop()
}

// begin is called when the status was read for the first time: no server at the
// login opens the prompt of a usable cache by itself.
func (p *loginPlace) begin() {
	p.paint()
	p.screen.Focus(p.d.cfg.Window.Canvas())
	if p.d.status.User == "" || p.d.status.Mode == session.Offline || !p.d.cacheOpens() {
		return
	}
	start(p.d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
		_, err := p.d.session.AskServer(ctx)
		return struct{}{}, err
	}, func(_ struct{}, err error) {
		if !errors.Is(err, vault.Unreachable) || p.d.here != place(p) || p.task.running() || p.err != nil {
			return
		}
		if p.screen.Typed() { // what somebody is typing is not taken away
			p.tell(p.d.words.Failure(err))
			return
		}
		p.unanswered()
	}, nil)
}

// mayOffline reports whether the server said that the user has entries that are
// permitted for offline use. What it said last is known until it says more.
func (p *loginPlace) mayOffline() bool {
	l := p.d.main.listing()
	if l == nil || l.Source != session.FromServer {
		return p.permitted
	}
	if now := weak.Make(l); now != p.heard {
		p.heard, p.permitted = now, anyOffline(l.Root)
	}
	return p.permitted
}

func anyOffline(f *session.Folder) bool {
	if f == nil {
		return false
	}
	for i := range f.Each() {
		if i.Offline != nil && *i.Offline {
			return true
		}
	}
	for _, below := range f.Folders {
		if anyOffline(below) {
			return true
		}
	}
	return false
}

// signIn takes a complete form.
func (p *loginPlace) signIn(f screen.LoginForm) {
	p.end()
	p.server, p.user = address(f.Server), f.User
	if p.server != p.trusted {
		p.pin, p.trusted = "", ""
	}
	p.password = vault.NewSecret(f.Password)
	p.attempt(vault.Secret{})
}

// address completes what people type: a server without a scheme is one with
// TLS, and nothing is sent without it unless they say so.
func address(typed string) string {
	typed = strings.TrimRight(strings.TrimSpace(typed), "/")
	if typed != "" && !strings.Contains(typed, "://") {
		typed = "https://" + typed
	}
	return typed
}

// code takes a one-time code for the attempt that was made before.
func (p *loginPlace) code(code []byte) { p.attempt(vault.NewSecret(code)) }

// accept goes on with a server that the person knows by its fingerprint.
func (p *loginPlace) accept(pin string) {
	p.pin, p.trusted = pin, p.server
	p.attempt(vault.Secret{})
}

// refuse is the way back from both questions.
func (p *loginPlace) refuse() {
	p.end()
	if errors.Is(p.err, vault.IdentityUnknown) {
		p.pin, p.trusted = "", ""
	}
	p.err = nil
	p.paint()
}

// cancel ends the attempt under way; everything is as it was.
func (p *loginPlace) cancel() {
	p.end()
	p.err = nil
	p.tell(&present.Notice{Severity: present.Info, Message: p.d.words.Text("login.cancelled", nil)})
}

// end cancels the attempt under way and wipes the password that is held.
func (p *loginPlace) end() {
	p.task.Cancel()
	p.hold.Cancel()
	p.password.Wipe()
	p.went()
}

// went lets the other commands go on.
func (p *loginPlace) went() {
	if p.over != nil {
		over := p.over
		p.over = nil
		over()
	}
}

// attempt signs in with what is held. Who the server is comes first, before the
// password is used; the answer to an open question follows it.
func (p *loginPlace) attempt(code vault.Secret) {
	d := p.d
	p.hold.Cancel()
	p.notice = nil
	if p.password.IsEmpty() { // held for too long
		code.Wipe()
		p.err = nil
		p.paint()
		return
	}
	server, pin, before := p.server, p.pin, d.status
	who := session.Credentials{User: p.user, Password: p.password.Clone(), OTP: code}
	p.over = d.waiting()
	p.task = start(d.tasks, func(ctx context.Context, _ func(func())) (attempted, error) {
		defer who.Password.Wipe()
		defer who.OTP.Wipe()
		a, err := d.takeTurn(ctx)
		if err != nil {
			return a, err
		}
		target, err := d.cfg.Target(server)
		if err != nil {
			return a, err
		}
		if pin != "" {
			target.Pin = pin
		}
		if err := d.session.Meet(ctx, target); err != nil {
			return a, err
		}
		err = d.session.SignIn(ctx, session.SignInRequest{Target: target, Credentials: who})
		if ctx.Err() != nil {
			return a, errors.Join(ctx.Err(), d.undo(context.WithoutCancel(ctx), before))
		}
		a.in = err == nil
		return a, err
	}, func(a attempted, err error) {
		a.giveTurn()
		p.done(err)
	}, func(a attempted) {
		if !a.in {
			a.giveTurn()
			return
		}
		// It was cancelled when it had just succeeded.
		start(d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
			return struct{}{}, d.undo(ctx, before)
		}, func(struct{}, error) {
			a.giveTurn()
			d.refresh()
		}, nil)
	})
	p.paint()
}

// attempted is what an attempt came to.
type attempted struct {
	in   bool          // the server let in
	turn chan struct{} // to give back; nil: it never had its turn
}

// takeTurn waits for what an earlier attempt still does, cancelled or not: one
// that was let in too late is signed out first, and takes nobody else with it.
// It is called in tasks; whoever has the turn gives it back, once.
func (d *Desktop) takeTurn(ctx context.Context) (attempted, error) {
	select {
	case d.signing <- struct{}{}:
		return attempted{turn: d.signing}, nil
	case <-ctx.Done():
		return attempted{}, ctx.Err()
	}
}

func (a attempted) giveTurn() {
	if a.turn != nil {
		<-a.turn
	}
}

// undo signs out who came in although the attempt was cancelled. It is called
// in tasks.
func (d *Desktop) undo(ctx context.Context, before session.Status) error {
	st, err := d.session.Status(ctx)
	if err != nil || !st.SignedIn || before.SignedIn && before.User == st.User {
		return err
	}
	return d.session.SignOut(ctx)
}

func (p *loginPlace) done(err error) {
	d := p.d
	p.went()
	p.err = err
	switch {
	case err == nil:
		p.aside = false
		p.end()
		d.enter()
		return
	case errors.Is(err, vault.SecondFactor), errors.Is(err, vault.IdentityUnknown):
		p.keep()
	default:
		p.password.Wipe()
	}
	p.paint()
	d.refresh() // the server may have been lost, which changes the mode
	switch {
	case errors.Is(err, vault.Unreachable) && d.status.Server.URL == p.server && d.cacheOpens():
		p.unanswered()
	case errors.Is(err, vault.SomeoneOffline):
		d.unlock.tell(d.words.Failure(err))
	}
}

// keep wipes the password when nobody answers the question about it.
func (p *loginPlace) keep() {
	p.hold = start(p.d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
		t := time.NewTimer(holdLimit)
		defer t.Stop()
		select {
		case <-ctx.Done():
		case <-t.C:
		}
		return struct{}{}, nil
	}, func(struct{}, error) { p.refuse() }, nil)
}

// unanswered asks for the master password, since there is no server to ask.
func (p *loginPlace) unanswered() {
	p.d.unlock.unanswered()
	p.d.goOffline()
}

// workOffline asks for the master password at once, also while a sign-in waits.
func (p *loginPlace) workOffline() {
	p.end()
	p.err = nil
	p.d.goOffline()
}

// back returns to what was shown before.
func (p *loginPlace) back() {
	if p.aside {
		p.aside = false
		p.d.enter()
	}
}

// cacheOpens reports whether the master password would open the cache.
func (d *Desktop) cacheOpens() bool {
	return d.status.Cache != nil && d.status.Cache.State == "usable"
}

// signInAgain shows the login: while somebody is online, another user may sign
// in, which ends the session of the first.
func (d *Desktop) signInAgain() {
	d.aside()
	d.offlineWanted = false
	d.paint()
}

// workOffline is the command, from wherever it is given.
func (d *Desktop) workOffline() {
	d.aside()
	d.login.workOffline()
}

// aside leaves main in a way that Back undoes: whoever was proven there is
// still, until the window locks.
func (d *Desktop) aside() {
	if d.here == place(d.main) && d.proven {
		d.login.aside = true
		d.proven = false
	}
}

// signOut ends the session. A cache stays, and so does Offline.
func (d *Desktop) signOut() {
	over := d.waiting()
	d.hide()
	start(d.tasks, func(ctx context.Context, _ func(func())) (struct{}, error) {
		return struct{}{}, d.session.SignOut(ctx)
	}, func(_ struct{}, err error) {
		over()
		d.tell(d.words.Failure(err))
		d.refresh()
	}, nil)
}
