package app

import (
	"context"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault/session"
)

// clearCache is Clear offline cache…. It asks first, and says what remains.
func (d *Desktop) clearCache() {
	var x *screen.Clear
	stopped, stop := context.WithCancel(context.Background())
	leave := func() { d.dialogs.Close(x.Dialog()) }
	x = screen.NewClear(d.words, present.NewClear(d.words, d.status), screen.ClearActions{
		Leave: leave, Stop: stop,
		Clear: func() {
			x.SetNotice(nil)
			x.SetBusy(true)
			over := d.waiting()
			// The end is told whether the dialog is still open or not: half a
			// wiping goes on with the next start.
			start(d.tasks, func(ctx context.Context, _ func(func())) (session.Status, error) {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				defer context.AfterFunc(stopped, cancel)()
				err := d.session.ClearCache(ctx)
				if err != nil {
					return session.Status{}, err
				}
				return d.session.Status(context.WithoutCancel(ctx))
			}, func(st session.Status, err error) {
				over()
				if err != nil {
					x.SetBusy(false)
					x.SetNotice(d.words.Failure(err))
					d.refresh()
					return
				}
				leave()
				d.took(st)
				d.paint()
				d.tell(&present.Notice{Severity: present.Good, Message: d.words.Text("clear.done", nil)})
			}, nil)
		},
		Closed: func() {}, // the work goes on
	})
	d.dialogs.Open(x.Dialog())
}
