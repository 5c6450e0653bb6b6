package app

import (
	"context"
	"errors"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// freed is how the preparation for a change of the hardware ended.
type freed struct {
	ready  session.HardwareReady
	status session.Status
}

// leaveHardware is Prepare for a hardware change…. It asks first, and says what
// comes after.
func (d *Desktop) leaveHardware() {
	var x *screen.Hardware
	stopped, stop := context.WithCancel(context.Background())
	leave := func() { d.dialogs.Close(x.Dialog()) }
	x = screen.NewHardware(d.words, present.NewHardware(d.words, d.status), screen.HardwareActions{
		Leave: leave, Stop: stop,
		Prepare: func() {
			x.SetNotice(nil)
			x.SetBusy(true)
			over := d.waiting()
			start(d.tasks, func(ctx context.Context, _ func(func())) (freed, error) {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				defer context.AfterFunc(stopped, cancel)()
				ready, err := d.session.LeaveHardware(ctx, session.HardwareRequest{Drop: true})
				if err != nil {
					return freed{}, err
				}
				st, err := d.session.Status(context.WithoutCancel(ctx))
				return freed{ready, st}, err
			}, func(f freed, err error) {
				over()
				if err != nil {
					if errors.Is(err, vault.Unreachable) {
						err = &present.Worded{Cause: vault.Unreachable, Topic: "release_offline", Err: err}
					}
					x.SetBusy(false)
					x.SetNotice(d.words.Failure(err))
					d.refresh()
					return
				}
				leave()
				d.took(f.status)
				d.paint()
				n := d.words.HardwareReady(f.ready)
				d.tell(&n)
			}, nil)
		},
		Closed: func() {}, // the work goes on
	})
	d.dialogs.Open(x.Dialog())
}
