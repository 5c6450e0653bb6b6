package app

import (
	"context"

	"github.com/tideover/tideover/vault/session"
)

// wasShown returns how the session hears that the person has read of the recovery
// key at the review: of this one, with this meaning, and of no other.
func wasShown(reviewed *session.Recovery) func(context.Context, session.Recovery) (bool, error) {
	return func(_ context.Context, r session.Recovery) (bool, error) {
		return reviewed != nil && *reviewed == r, nil
	}
}

// releasedSecret tells that two administrators have released the machine secret
// of the cache.
func (d *Desktop) releasedSecret() {
	start(d.tasks, func(ctx context.Context, _ func(func())) (session.Status, error) {
		return d.session.Status(ctx)
	}, func(st session.Status, err error) {
		if err != nil || st.Recovery.Released == nil {
			d.refresh()
			return
		}
		d.took(st)
		d.paint()
		n := d.words.Released(st.Recovery.Released)
		d.tell(n)
		d.note(n.Message, "presence")
	}, nil)
}
