package app

import (
	"context"
	"errors"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/session"
)

// keyList is Security keys… as long as its dialog is open.
type keyList struct {
	d      *Desktop
	screen *screen.KeyList
}

// listKeys is the command.
func (d *Desktop) listKeys() {
	x := &keyList{d: d}
	x.screen = screen.NewKeyList(d.words, screen.KeyListActions{
		Add: func() { x.change("") }, Remove: x.change,
		Leave: func() { d.dialogs.Close(x.screen.Dialog()) }, Closed: func() {},
	})
	d.dialogs.Open(x.screen.Dialog())
	x.show(nil)
}

// show shows the keys as they were read last; n is what a change came to.
func (x *keyList) show(n *present.Notice) {
	m := present.NewKeyList(x.d.words, x.d.status)
	if m.Notice == nil {
		m.Notice = n
	}
	x.screen.Show(m)
}

// keyChange is the adding or removing of one key as long as its dialog is open,
// in front of the list.
type keyChange struct {
	list   *keyList
	screen *screen.KeyChange
	facts  present.KeyChangeFacts
	work   *task
	halt   func() // ends the change, whose result is waited for; nil: none is under way
}

// changed is what a change came to.
type changed struct {
	made   session.Cached
	status session.Status
}

// change asks before a key is removed; "": before one is added.
func (x *keyList) change(remove string) {
	d := x.d
	c := &keyChange{list: x, facts: present.KeyChangeFacts{Status: d.status, Remove: remove}}
	c.screen = screen.NewKeyChange(d.words, present.NewKeyChange(d.words, c.facts), screen.KeyChangeActions{
		Change: c.change, Stop: c.stop, Leave: c.leave, Closed: c.end,
	})
	d.dialogs.Open(c.screen.Dialog())
}

func (c *keyChange) leave() { c.list.d.dialogs.Close(c.screen.Dialog()) }

// end lets go of everything once the dialog is closed. The status may have become
// another one meanwhile.
func (c *keyChange) end() {
	c.work.Cancel()
	c.list.show(nil)
}

func (c *keyChange) show(err error) {
	c.facts.Err = err
	c.screen.Show(present.NewKeyChange(c.list.d.words, c.facts))
}

// change takes what was typed.
func (c *keyChange) change(typed screen.KeyTyped) {
	d := c.list.d
	master, password, code := vault.NewSecret(typed.Master), vault.NewSecret(typed.Password), vault.NewSecret(typed.Code)
	request := session.KeyChange{
		Name: typed.Name, Password: password, OTP: code,
		Master: func(context.Context, cache.Status) (vault.Secret, error) {
			return master.Clone(), nil // the session wipes its own
		},
	}
	change := d.session.AddKey
	if c.facts.Remove != "" {
		request.Name, change = c.facts.Remove, d.session.RemoveKey
	} else if err := present.CheckKeyName(typed.Name, c.facts.Status.Keys); err != nil {
		master.Wipe()
		password.Wipe()
		code.Wipe()
		c.show(err)
		return
	}
	over := d.waiting()
	keys := d.securityKeys(c.stop)
	stopped, halt := context.WithCancel(context.Background())
	c.halt = func() {
		keys.giveUp()
		halt()
	}
	c.screen.SetNotice(nil)
	c.busy(present.NewProgress(d.words, present.PhaseAsking, 0, 0))
	ended := func() {
		over()
		halt()
		keys.close()
	}
	c.work = start(d.tasks, func(ctx context.Context, tell func(func())) (changed, error) {
		defer master.Wipe()
		defer password.Wipe()
		defer code.Wipe()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(stopped, cancel)()
		request.Asker = keys.of(tell)
		request.Progress = d.progress(tell, func(p present.Progress) {
			if keys.rest() {
				c.busy(p)
			}
		})
		made, err := change(ctx, request)
		st, failed := d.session.Status(context.WithoutCancel(ctx))
		return changed{made, st}, errors.Join(err, failed)
	}, func(done changed, err error) {
		ended()
		c.made(done, err)
	}, func(changed) {
		ended()
		d.refresh() // it may have been too late to stop it
	})
}

func (c *keyChange) busy(p present.Progress) { c.screen.SetBusy(p.Words, p.Fraction) }

// stop ends what is under way, and waits for the end, to tell truly what became
// of it.
func (c *keyChange) stop() {
	if c.halt != nil {
		c.screen.SetBusy(c.list.d.words.Text("dialog.stopping", nil), -1)
		c.halt()
	}
}

// made is told how a change ended.
func (c *keyChange) made(done changed, err error) {
	d := c.list.d
	c.halt = nil
	if err == nil {
		c.leave()
		d.took(done.status)
		d.paint()
		n := d.words.KeysChanged(done.made, c.facts.Remove, done.status.Keys)
		c.list.show(&n)
		return
	}
	switch {
	case errors.Is(err, context.Canceled):
		c.show(nil)
		c.screen.SetNotice(&present.Notice{Severity: present.Info, Message: d.words.Text("dialog.stopped", nil)})
	case errors.Is(err, vault.NotSignedIn) && !c.facts.Password:
		c.facts.Password = true // the dialog says why
		c.show(nil)
	case errors.Is(err, vault.SecondFactor):
		c.facts.Password, c.facts.Code = true, true
		c.show(err)
	default:
		c.show(present.KeyProblem(err, c.facts.Remove))
	}
	d.refresh()
}
