package app

import (
	"context"

	"github.com/tideover/tideover/app/present"
	"github.com/tideover/tideover/app/screen"
)

// clearCache is Clear offline cache…. It asks first, and says what remains.
func (d *Desktop) clearCache() {
	x := &forGood[struct{}]{
		d:    d,
		work: func(ctx context.Context) (struct{}, error) { return struct{}{}, d.session.ClearCache(ctx) },
		done: func(struct{}) {
			d.tell(&present.Notice{Severity: present.Good, Message: d.words.Text("clear.done", nil)})
		},
	}
	x.open(screen.NewClear(d.words, present.NewClear(d.words, d.status), screen.ClearActions{
		Clear: x.begin, Stop: x.stop, Leave: x.leave, Closed: x.closed,
	}))
}
