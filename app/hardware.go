package app

import (
	"context"
	"errors"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/session"
)

// leaveHardware is Prepare for a hardware change…. It asks first, and says what
// comes after.
func (d *Desktop) leaveHardware() {
	x := &forGood[session.HardwareReady]{
		d: d,
		work: func(ctx context.Context) (session.HardwareReady, error) {
			ready, err := d.session.LeaveHardware(ctx, session.HardwareRequest{Drop: true})
			if errors.Is(err, vault.Unreachable) {
				err = &present.Worded{Cause: vault.Unreachable, Topic: "release_offline", Err: err}
			}
			return ready, err
		},
		done: func(ready session.HardwareReady) {
			n := d.words.HardwareReady(ready)
			d.tell(&n)
		},
	}
	x.open(screen.NewHardware(d.words, present.NewHardware(d.words, d.status), screen.HardwareActions{
		Prepare: x.begin, Stop: x.stop, Leave: x.leave, Closed: x.closed,
	}))
}
