package app

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/policy"
	"github.com/tideover/tideover/vault/session"
)

// judgeAfter is the pause after which a password is judged: that costs some
// milliseconds, and fast typists make 20 of them.
const judgeAfter = 120 * time.Millisecond

// disconnecting is Disconnect/Cache… as long as its dialog is open. The command
// of the session begins after the review: it asks for the master password when
// everything else is in order, and waits for it.
type disconnecting struct {
	d      *Desktop
	screen *screen.Disconnect

	work *task  // asking, signing in, or making
	halt func() // ends the making, whose result is waited for; nil: none is under way

	terms    session.CacheTerms
	reviewed bool   // terms were shown
	why      string // the account's password is asked for
	code     bool   // and a one-time code
	comment  string // as typed at the review
	giveUp   bool   // level A, as agreed there
	addKey   bool   // a security key, as ticked there

	rules   policy.MasterRules
	asked   bool                // the master password was
	answers chan<- vault.Secret // to the command that waits for it; nil: none does
	typed   vault.Secret        // for the command that will ask for it
	judging *task
}

// terms is what the server said about a cache.
type terms struct {
	session.CacheTerms
	status session.Status
}

// disconnect is the command. Without a server it takes the cache that is there.
func (d *Desktop) disconnect() {
	if d.status.Mode != session.Online {
		d.workOffline()
		return
	}
	x := &disconnecting{d: d}
	x.screen = screen.NewDisconnect(d.words, screen.DisconnectActions{
		SignIn: x.signIn, Again: x.ask, Continue: x.goOn, Judge: x.judge, Make: x.answer,
		Key: func(add bool) { x.addKey = add }, Back: x.back, Stop: x.stop, Leave: x.leave, Closed: x.end,
	})
	d.dialogs.Open(x.screen.Dialog())
	if d.status.SignedIn {
		x.ask()
	} else {
		x.askAccount(d.words.Text("connect.session_over", nil), nil)
	}
}

// leave closes the dialog.
func (x *disconnecting) leave() { x.d.dialogs.Close(x.screen.Dialog()) }

// end lets go of everything once the dialog is closed.
func (x *disconnecting) end() {
	x.work.Cancel()
	x.judging.Cancel()
	x.typed.Wipe()
	x.answers = nil
}

// ask reads the terms of a cache from the server.
func (x *disconnecting) ask() {
	d := x.d
	x.busy(present.NewProgress(d.words, present.PhaseAsking, 0, 0))
	x.work = start(d.tasks, func(ctx context.Context, _ func(func())) (terms, error) { return d.readTerms(ctx) }, x.told, nil)
}

// readTerms is called in tasks.
func (d *Desktop) readTerms(ctx context.Context) (terms, error) {
	t, err := d.session.CacheTerms(ctx)
	st, failed := d.session.Status(ctx)
	return terms{t, st}, errors.Join(err, failed)
}

func (x *disconnecting) told(t terms, err error) {
	d := x.d
	switch {
	case err == nil:
		x.terms, x.reviewed = t.CacheTerms, true
		if t.Password {
			why := "cache.sign_in"
			if t.Level == binding.LevelA || t.Held {
				why = "cache.sign_in.chip"
			}
			x.askAccount(d.words.Text(why, nil), nil)
			return
		}
		x.why = ""
		x.review(nil)
	case errors.Is(err, vault.NotSignedIn):
		x.askAccount(d.words.Text("connect.session_over", nil), nil)
	case x.earlier(t.status, err):
	default:
		x.screen.ShowFailure(d.words.Failure(err))
		d.refresh()
	}
}

// earlier goes on with the cache that was there before, where the server is
// away and the session took that one.
func (x *disconnecting) earlier(st session.Status, err error) bool {
	if st.Mode != session.Offline || !errors.Is(err, vault.Unreachable) && !errors.Is(err, vault.BadAnswer) {
		return false
	}
	d := x.d
	x.leave()
	d.took(st)
	d.paint()
	n := d.words.Failure(err)
	if errors.Is(err, vault.Unreachable) {
		n.Message, n.Remedy = d.words.Text("cache.previous", nil), ""
	} else {
		n.Message += " " + d.words.Text("cache.previous.lied", nil)
	}
	n.Severity = present.Warning
	d.tell(n)
	return true
}

// review shows what a cache would hold; err is of the last attempt.
func (x *disconnecting) review(err error) {
	t := x.terms
	x.screen.ShowReview(present.NewReview(x.d.words, present.ReviewFacts{
		Run: t.Run, Estimated: t.Estimated, Level: string(t.Level), Virtual: t.Virtual, Governed: t.Governed,
		Recovery: t.Recovery, WhyNotA: t.WhyNotA, GiveUp: errors.Is(t.Problem, session.ErrNotA), Comment: t.Comment, Problem: t.Problem, Err: err, Now: x.d.now(), Terms: t,
	}))
}

// askAccount asks for the account's password.
func (x *disconnecting) askAccount(why string, n *present.Notice) {
	x.why = why
	x.screen.ShowSignIn(why, x.code, n)
}

// signIn signs in anew and reads the terms with that session.
func (x *disconnecting) signIn(password, code []byte) {
	d := x.d
	who := session.Credentials{User: d.status.User, Password: vault.NewSecret(password), OTP: vault.NewSecret(code)}
	server := d.status.Server.URL
	x.busy(present.Progress{Words: d.words.Text("cache.signing_in", nil), Fraction: -1})
	x.work = start(d.tasks, func(ctx context.Context, _ func(func())) (terms, error) {
		defer who.Password.Wipe()
		defer who.OTP.Wipe()
		target, err := d.cfg.Target(server)
		if err == nil {
			err = d.session.SignIn(ctx, session.SignInRequest{Target: target, Credentials: who})
		}
		if err != nil {
			return terms{}, err
		}
		return d.readTerms(ctx)
	}, func(t terms, err error) {
		n := d.words.Failure(err)
		switch {
		case errors.Is(err, vault.SecondFactor):
			x.code = true
			n.Severity = present.Info
			x.askAccount(x.why, n)
		case errors.Is(err, vault.WrongCredentials):
			x.askAccount(x.why, n)
		case err == nil:
			d.refresh()
			t.Password = false // it was just typed
			x.told(t, nil)
		case t.status.User == "": // the sign-in failed, not what followed
			x.askAccount(x.why, n)
		default:
			x.told(t, err)
		}
	}, nil)
}

// goOn begins to make the cache, after the review.
func (x *disconnecting) goOn(comment string, giveUp bool) {
	x.comment, x.giveUp, x.asked = comment, giveUp, false
	x.make()
}

// make runs the command of the session, which asks for the master password on
// its way.
func (x *disconnecting) make() {
	d, comment := x.d, x.comment
	var level binding.Level // the best
	if x.giveUp {
		level = binding.LevelB
	}
	reviewed := x.terms.Recovery
	wish := session.KeysAsBefore
	if x.addKey {
		wish = session.KeyNew
		if reviewed != nil { // as the review said then
			reviewed = &session.Recovery{Key: reviewed.Key, Withheld: true}
		}
	}
	keys := d.securityKeys(x.stop)
	answers := make(chan vault.Secret, 1)
	stopped, halt := context.WithCancel(context.Background())
	x.halt = func() {
		keys.giveUp()
		halt()
	}
	x.busy(present.NewProgress(d.words, present.PhaseAsking, 0, 0))
	ended := func() {
		halt()
		keys.close()
		select {
		case unused := <-answers:
			unused.Wipe()
		default:
		}
	}
	x.work = start(d.tasks, func(ctx context.Context, tell func(func())) (outcome, error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(stopped, cancel)()
		var master vault.Secret
		defer func() { master.Wipe() }()
		asker := keys.of(tell)
		made, err := d.session.Disconnect(ctx, session.CacheRequest{
			Key: session.KeyRequest{Wish: wish, Asker: asker}, Comment: comment, Level: level, Recovery: wasShown(reviewed),
			Progress: d.progress(tell, func(p present.Progress) {
				if keys.rest() {
					x.busy(p)
				}
			}),
			Master: func(ctx context.Context, rules policy.MasterRules) (vault.Secret, error) {
				tell(func() { x.askMaster(rules, answers) })
				select {
				case typed := <-answers:
					master = typed.Clone()
					return typed, nil
				case <-ctx.Done():
					return vault.Secret{}, ctx.Err()
				}
			},
		})
		out := outcome{made: made}
		if err == nil && !counted(made) {
			tell(func() { x.screen.SetBusy(d.words.Text("cache.opening", nil), -1) })
			out.opened = d.open(ctx, master, asker)
		}
		var failed error
		out.status, failed = d.session.Status(context.WithoutCancel(ctx))
		return out, errors.Join(err, failed)
	}, func(out outcome, err error) {
		ended()
		x.made(out, err)
	}, func(outcome) {
		ended()
		d.refresh() // it may have been too late to stop it
	})
}

func (x *disconnecting) busy(p present.Progress) {
	x.screen.SetNotice(nil) // of an earlier attempt
	x.screen.SetBusy(p.Words, p.Fraction)
}

// askMaster is called when the command wants the master password. One that was
// typed for it before goes to it at once.
func (x *disconnecting) askMaster(rules policy.MasterRules, answers chan<- vault.Secret) {
	x.answers, x.rules, x.asked = answers, rules, true
	if !x.typed.IsEmpty() {
		x.send()
		return
	}
	x.screen.ShowMaster(x.d.words.MasterRules(rules), nil)
}

// answer takes a master password that satisfies the rules: for the command that
// waits, or for another attempt where the last one failed.
func (x *disconnecting) answer(master []byte) {
	x.typed.Wipe()
	x.typed = vault.NewSecret(master)
	if x.answers != nil {
		x.busy(present.NewProgress(x.d.words, present.PhaseKey, 0, 0))
		x.send()
		return
	}
	x.make()
}

// send hands the password over; the session wipes it.
func (x *disconnecting) send() {
	x.answers <- x.typed
	x.answers, x.typed = nil, vault.Secret{}
}

// judge judges what is typed, when the person pauses.
func (x *disconnecting) judge(master, again, account []byte) {
	x.judging.Cancel()
	words, rules, user := x.d.words, x.rules, x.d.status.User
	m, a, known := vault.NewSecret(master), vault.NewSecret(again), vault.NewSecret(account)
	x.judging = start(x.d.tasks, func(ctx context.Context, _ func(func())) (present.Master, error) {
		defer m.Wipe()
		defer a.Wipe()
		defer known.Wipe()
		pause := time.NewTimer(judgeAfter)
		defer pause.Stop()
		select {
		case <-ctx.Done():
			return present.Master{}, ctx.Err()
		case <-pause.C:
		}
		return words.JudgeMaster(rules, m, a, known, user), nil
	}, func(m present.Master, err error) {
		if err == nil {
			x.screen.Judged(m)
		}
	}, nil)
}

// back gives up waiting for the master password and shows the review again.
func (x *disconnecting) back() {
	x.work.Cancel()
	x.judging.Cancel()
	x.answers, x.halt, x.asked = nil, nil, false
	x.review(nil)
}

// stop ends what is under way. What was asked can be dropped; the end of a
// making is waited for, to tell truly what became of it.
func (x *disconnecting) stop() {
	if x.halt != nil {
		x.screen.SetBusy(x.d.words.Text("dialog.stopping", nil), -1)
		x.halt()
		return
	}
	x.work.Cancel()
	switch {
	case x.why != "":
		x.askAccount(x.why, nil)
	case x.reviewed:
		x.review(nil)
	default:
		x.leave()
	}
}

// made is told how the making ended.
func (x *disconnecting) made(out outcome, err error) {
	d := x.d
	x.halt, x.answers = nil, nil
	switch {
	case err == nil:
		x.leave()
		d.disconnected(out)
	case errors.Is(err, context.Canceled):
		stopped := &present.Notice{Severity: present.Info, Message: d.words.Text("dialog.stopped", nil)}
		x.again(nil, stopped)
	case errors.Is(err, vault.CommentRequired):
		x.review(err)
	case errors.Is(err, vault.NotSignedIn):
		x.askAccount(d.words.Text("connect.session_over", nil), nil)
	case x.earlier(out.status, err):
	default:
		x.again(err, d.words.Failure(err))
		d.refresh()
	}
}

// again shows the page that the person was on.
func (x *disconnecting) again(err error, n *present.Notice) {
	if x.asked {
		x.screen.ShowMaster(x.d.words.MasterRules(x.rules), n)
		return
	}
	x.review(err)
	x.screen.SetNotice(n)
}
