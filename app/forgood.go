package app

import (
	"context"
	"errors"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/widget"
	"github.com/tideover/tideover/vault/session"
)

// lossDialog is one that asks before something is lost for good.
type lossDialog interface {
	Dialog() *widget.Dialog
	SetBusy(busy bool)
	SetNotice(n *present.Notice)
}

// forGood is such a question and what a person agreed to by it.
type forGood[T any] struct {
	d    *Desktop
	ask  lossDialog
	work func(ctx context.Context) (T, error) // in a task; the end of ctx stops what waits
	done func(T)                              // tells what became of it
	halt func()                               // ends the waiting; nil: nothing is under way
	gone bool                                 // the dialog is
}

// open asks.
func (x *forGood[T]) open(ask lossDialog) {
	x.ask = ask
	x.d.dialogs.Open(ask.Dialog())
}

func (x *forGood[T]) leave() { x.d.dialogs.Close(x.ask.Dialog()) }

// closed is told that the dialog is gone. The work goes on.
func (x *forGood[T]) closed() { x.gone = true }

// stop ends the waiting for a server; what has begun here goes to its end.
func (x *forGood[T]) stop() {
	if x.halt != nil {
		x.halt()
	}
}

// begin does it. The end is told whether the dialog is still open or not: half a
// wiping goes on with the next start.
func (x *forGood[T]) begin() {
	type result struct {
		made   T
		status session.Status
	}
	d := x.d
	x.ask.SetNotice(nil)
	x.ask.SetBusy(true)
	over := d.waiting()
	stopped, halt := context.WithCancel(context.Background())
	x.halt = halt
	start(d.tasks, func(ctx context.Context, _ func(func())) (r result, err error) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(stopped, cancel)()
		if r.made, err = x.work(ctx); err == nil {
			r.status, err = d.session.Status(context.WithoutCancel(ctx))
		}
		return r, err
	}, func(r result, err error) {
		x.halt = nil
		halt()
		over()
		if err != nil {
			x.failed(err)
			return
		}
		x.leave()
		d.took(r.status)
		d.paint()
		x.done(r.made)
	}, nil)
}

// failed says why it was not done: in the dialog, or where the person is by now.
func (x *forGood[T]) failed(err error) {
	n := x.d.words.Failure(err)
	if errors.Is(err, context.Canceled) {
		n = &present.Notice{Severity: present.Info, Message: x.d.words.Text("dialog.stopped", nil)}
	}
	x.ask.SetBusy(false)
	if x.ask.SetNotice(n); x.gone {
		x.d.tell(n)
	}
	x.d.refresh()
}
