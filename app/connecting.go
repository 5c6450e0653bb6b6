package app

import (
	"context"
	"errors"
	"strings"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// connecting is Connect… as long as its dialog is open.
type connecting struct {
	d      *Desktop
	screen *screen.Connect
	facts  present.ConnectFacts
	work   *task
	halt   func() // ends the connecting, whose result is waited for; nil: none is under way
}

// losses is what has to be known before the dialog can ask.
type losses struct {
	drafts   []session.Draft
	unlocked bool
	status   session.Status
}

// met is what connecting came to.
type met struct {
	session.Connected
	status session.Status
}

// connect is the command, of menus, toolbar and tray.
func (d *Desktop) connect() {
	x := &connecting{d: d}
	x.screen = screen.NewConnect(d.words, screen.ConnectActions{Connect: x.connect, Stop: x.stop, Leave: x.leave, Closed: x.end})
	d.dialogs.Open(x.screen.Dialog())
	x.screen.SetBusy(d.words.Text("connect.busy", nil), -1)
	x.work = start(d.tasks, func(ctx context.Context, _ func(func())) (losses, error) {
		st, err := d.session.Status(ctx)
		l := losses{unlocked: d.session.Unlocked(), status: st}
		if err != nil {
			return l, err
		}
		l.drafts, err = d.session.Drafts(ctx)
		return l, err
	}, x.begin, nil)
}

func (x *connecting) leave() { x.d.dialogs.Close(x.screen.Dialog()) }

func (x *connecting) end() { x.work.Cancel() }

// begin shows the form. Who is proven and has a live session types nothing, and
// where nothing is lost nothing is asked.
func (x *connecting) begin(l losses, err error) {
	st := l.status
	st.SignedIn = st.SignedIn && x.d.proven // a live session lets nobody into a locked window
	x.facts = present.ConnectFacts{Status: st, Unlocked: l.unlocked, Drafts: l.drafts}
	if err != nil {
		x.facts.Lost = st.Drafts
		if !x.facts.Lost {
			x.facts.Err = err
		}
	}
	form := x.show()
	if st.SignedIn && !form.Master && form.Drop == nil && x.facts.Err == nil {
		x.connect(screen.ConnectTyped{}, false)
	}
}

func (x *connecting) show() present.ConnectForm {
	form := present.NewConnectForm(x.d.words, x.facts)
	x.screen.Show(form)
	return form
}

// connect brings the user back online.
func (x *connecting) connect(typed screen.ConnectTyped, drop bool) {
	d := x.d
	password, code, master := vault.NewSecret(typed.Password), vault.NewSecret(typed.Code), vault.NewSecret(typed.Master)
	request := session.ConnectRequest{Password: password, OTP: code, Drop: drop}
	if !master.IsEmpty() {
		request.Master = func(context.Context, cache.Status) (vault.Secret, error) {
			return master.Clone(), nil // the session wipes its own
		}
	}
	keys := d.securityKeys(x.stop)
	stopped, halt := context.WithCancel(context.Background())
	x.halt = func() {
		keys.giveUp()
		halt()
	}
	x.screen.SetNotice(nil)
	x.screen.SetBusy(d.words.Text("connect.busy", nil), -1)
	x.work = start(d.tasks, func(ctx context.Context, tell func(func())) (met, error) {
		defer password.Wipe()
		defer code.Wipe()
		defer master.Wipe()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(stopped, cancel)()
		request.Key.Asker = keys.of(tell)
		request.Progress = d.progress(tell, func(p present.Progress) {
			if keys.rest() {
				x.screen.SetBusy(p.Words, p.Fraction)
			}
		})
		done, err := d.session.Connect(ctx, request)
		st, failed := d.session.Status(context.WithoutCancel(ctx))
		return met{done, st}, errors.Join(err, failed)
	}, func(m met, err error) {
		halt()
		keys.close()
		x.met(m, err)
	}, func(met) {
		halt()
		keys.close()
		d.refresh() // it may have been too late to stop it
	})
}

// stop ends what is under way.
func (x *connecting) stop() {
	if x.halt == nil {
		x.leave()
		return
	}
	x.screen.SetBusy(x.d.words.Text("dialog.stopping", nil), -1)
	x.halt()
}

// met is told how the connecting ended.
func (x *connecting) met(m met, err error) {
	d := x.d
	x.halt = nil
	tooLate := errors.Is(err, context.Canceled) && x.facts.Status.Mode != session.Online && m.status.Mode == session.Online
	if tooLate {
		m.Mode = session.Online
	}
	if err == nil || tooLate {
		x.leave()
		d.connected(m)
		return
	}
	x.facts.Err = err
	switch {
	case errors.Is(err, context.Canceled):
		x.facts.Err = nil
	case errors.Is(err, vault.NotSignedIn):
		x.facts.Status.SignedIn = false
	case errors.Is(err, vault.Unconfirmed):
		x.facts.Drafts = m.Dropped
		x.facts.Lost = m.Dropped == nil
	}
	// Once a code was asked for, the field stays.
	x.facts.Code = x.facts.Code || errors.Is(err, vault.SecondFactor)
	x.show()
	if errors.Is(err, context.Canceled) {
		x.screen.SetNotice(&present.Notice{Severity: present.Info, Message: d.words.Text("login.cancelled", nil)})
	}
	d.refresh()
}

// connected shows the work online, and tells everything that happened.
func (d *Desktop) connected(m met) {
	d.took(m.status)
	if m.Mode == session.Online {
		d.enter()
	}
	d.paint()
	list := d.words.Connected(m.Connected)
	if m.Mode != session.Online { // the server was lost on the way
		d.tell(d.words.Failure(m.Stale))
		return
	}
	n := list[0]
	var rest []string
	for _, more := range list[1:] {
		rest = append(rest, strings.TrimSpace(more.Message+" "+more.Remedy))
		if more.Severity == present.Warning {
			n.Severity = present.Warning
		}
	}
	n.Remedy = strings.Join(rest, " ")
	d.tell(d.failedBefore(&n))
}
