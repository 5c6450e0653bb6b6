package session

import (
	"context"
	"errors"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/cache"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/wire"
)

// contact does what is done whenever the server is met: its keys and time are
// learnt, orders asked for and carried out, the list read, receipt and journal
// sent, the lease renewed.
func (c *contacting) contact(ctx context.Context) error {
	s := c.g.s
	if err := c.learn(ctx); err != nil {
		return err
	}
	if err := c.attest(ctx); err != nil {
		return err
	}
	if err := c.orders(ctx); err != nil {
		return err
	}
	if token, err := c.remote.RevocationList(ctx); err == nil { // without it nothing is different
		news, err := s.consult(ctx, c.account, token, c.keys, c.met.Time)
		if err != nil && tolerate(err) != nil {
			return err
		}
		c.g.tell(news)
	}
	if err := c.report(ctx); err != nil {
		return err
	}
	return c.renew(ctx)
}

// attest goes on with proving the chip where that was interrupted.
func (c *contacting) attest(ctx context.Context) error {
	s := c.g.s
	if err := s.attest(ctx, c.account, c.remote, proving{epoch: c.met.Epoch}); err != nil {
		return err
	}
	_, a, err := s.accountNow(c.account)
	if err != nil || a == nil || a.Device.ID != c.device {
		return err
	}
	if signer, err := s.signer(a); err == nil {
		c.signer = signer
	}
	return nil
}

func (c *contacting) learn(ctx context.Context) error {
	s := c.g.s
	_, a, err := s.accountNow(c.account)
	if err != nil {
		return err
	}
	if a == nil {
		return vault.NotFound
	}
	err = s.withStore(a, func(store *cache.Store) error { return store.Learn(ctx, trust(c.met)) })
	if tolerateCache(err) != nil {
		return err
	}
	there := governanceURL(c.server.URL, c.met.Governance)
	if there == c.server.Governance || there == "" {
		return nil
	}
	_, err = s.home.update(ctx, func(st *state) error {
		if srv := st.server(c.server.URL); srv != nil {
			srv.Governance = there
		}
		return nil
	})
	return err
}

// orders asks for orders, and carries them out.
func (c *contacting) orders(ctx context.Context) error {
	for {
		after, err := c.mark()
		if err != nil {
			return err
		}
		answer, err := c.remote.Orders(ctx, c.device, after, c.signer)
		if errors.Is(err, vault.NotSignedIn) {
			return nil // it does not know this device: there is the list, and the lease
		}
		if err != nil {
			return err
		}
		for _, token := range answer.Orders {
			if err := c.carryOut(ctx, token); err != nil {
				return err
			}
		}
		if err := c.released(ctx, answer.Released); err != nil {
			return err
		}
		if err := c.decided(ctx, answer.State); err != nil {
			return err
		}
		if err := c.reason(ctx, answer); err != nil {
			return err
		}
		now, err := c.mark()
		if err != nil || now == after {
			return err
		}
	}
}

// decided notes what became of a device that waited for an administrator. All
// else that changes its state is an order.
func (c *contacting) decided(ctx context.Context, now wire.DeviceState) error {
	if now != wire.DevicePending && now != wire.DeviceApproved && now != wire.DeviceDenied {
		return nil
	}
	_, a, err := c.g.s.accountNow(c.account)
	if err != nil {
		return err
	}
	waits := func(a *account) bool {
		return a != nil && a.Device.ID == c.device && a.Device.State != now &&
			(a.Device.State == wire.DevicePending || a.Device.State == wire.DeviceDenied)
	}
	if !waits(a) {
		return nil
	}
	if _, err := c.g.s.home.update(ctx, func(st *state) error {
		if a := st.account(c.account); waits(a) {
			a.Device.State = now
		}
		return nil
	}); err != nil {
		return err
	}
	c.g.tell(News{Kind: DeviceDecided})
	return nil
}

// reason notes why the device is suspended.
func (c *contacting) reason(ctx context.Context, now wire.Orders) error {
	_, a, err := c.g.s.accountNow(c.account)
	if err != nil || a == nil || a.Device.ID != c.device || now.State != wire.DeviceSuspended || a.Device.Why == now.Why {
		return err
	}
	return c.g.s.changeDevice(ctx, a, func(d *device) { d.Why = now.Why })
}

// mark returns how far the account's orders were carried out.
func (c *contacting) mark() (lease.Mark, error) {
	_, a, err := c.g.s.accountNow(c.account)
	switch {
	case err != nil:
		return lease.Mark{}, err
	case a == nil:
		return lease.Mark{}, vault.NotFound
	}
	return a.Ordered, nil
}

// carryOut does what an order says, and waits for a process that has to lock
// first.
func (c *contacting) carryOut(ctx context.Context, token string) error {
	for first := true; ; first = false {
		news, err := c.g.s.carryOut(ctx, c.account, token, c.keys)
		if !errors.Is(err, vault.Busy) {
			if err == nil {
				c.g.tell(news)
			}
			return err
		}
		if first {
			if err := c.g.s.LockEverywhere(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(busyPause):
		}
	}
}

// report sends what the server waits for: the receipt of a wipe and the journal.
// Then the key of a device that has ended is forgotten.
func (c *contacting) report(ctx context.Context) error {
	s := c.g.s
	_, a, err := s.accountNow(c.account)
	if err != nil || a == nil {
		return err
	}
	if err := c.receipt(ctx, a); err != nil {
		return err
	}
	if err := c.receiptA(ctx); err != nil {
		return err
	}
	// What is wrong with the journal is told by Connect, and is an alarm there.
	if err := c.upload(ctx, a); err != nil && tolerate(err) == nil {
		return nil
	}
	if _, a, err = s.accountNow(c.account); err != nil || a == nil {
		return err
	}
	return s.forgetKey(ctx, a)
}

// receipt tells the server of a wipe that it does not know of.
func (c *contacting) receipt(ctx context.Context, a *account) error {
	if a.Receipt == 0 {
		return nil
	}
	signer, err := c.clearing(a)
	if err != nil {
		return err
	}
	err = c.remote.Cleared(ctx, c.device, a.Receipt, signer)
	switch {
	case errors.Is(err, vault.NotFound): // it was never sent: nobody waits
	case errors.Is(err, vault.NotPermitted) && a.Device.over(): // not the chip that it knows: nothing more can be said
	case errors.Is(err, vault.NotPermitted), // likewise, for now
		errors.Is(err, vault.NotSignedIn): // it does not know this device, as long as a backup is in its place
		return nil
	case err != nil:
		return err
	}
	if _, err := c.g.s.home.update(ctx, func(st *state) error {
		if known := st.account(c.account); known != nil && known.Receipt == a.Receipt {
			known.Receipt = 0
		}
		return nil
	}); err != nil {
		return err
	}
	c.g.tell(News{Kind: ReceiptSent})
	return nil
}

// upload sends the journal events that the server does not have. The store is
// not held while the network is waited for.
func (c *contacting) upload(ctx context.Context, a *account) error {
	return sendJournal(ctx, journalWay{c.remote, c.device, c.signer}, func(fn func(*cache.Store) error) error {
		return c.g.s.withStore(a, fn)
	})
}

// follow carries out orders as they come, for at most the time given, until the
// stream is lost, or until somebody has done something that changes who governs.
func (c *contacting) follow(whole context.Context, most time.Duration) {
	ctx, stop := context.WithTimeout(whole, most)
	defer stop()
	after, err := c.mark()
	if err != nil {
		return
	}
	type end struct{ why error }
	ended := make(chan end, 1)
	go func() {
		ended <- end{c.remote.Events(ctx, c.device, after, c.signer, func(token string) {
			if c.carryOut(whole, token) != nil {
				return // it comes again
			}
			// The program may end because of it: what is said now is said to the end.
			last, done := context.WithTimeout(context.WithoutCancel(whole), lastWord)
			defer done()
			_ = c.report(last) // what does not arrive does with the next contact
		})}
	}()
	c.g.tell(News{Kind: Following})
	select {
	case <-c.g.s.poke:
		stop()
		<-ended // what it says is of no use now
		c.g.pause = againFirst
	case it := <-ended:
		if ctx.Err() != nil {
			c.g.pause = againFirst
			return // time to ask again
		}
		c.g.tell(News{Kind: StreamLost, Err: it.why})
		c.g.wait(whole, apart(c.g.pause))
		c.g.pause = min(2*c.g.pause, againMost)
	}
}
