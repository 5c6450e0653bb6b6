package server

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
	"github.com/tideover/tideover/vault/wire"
)

// contactsEvery is how long signs of life are collected: never one write for
// each poll of each device.
const contactsEvery = 5 * time.Second

// contactAge is how old the time of the last contact may be in the database:
// each device is written at most so often.
const contactAge = time.Minute

// maxAsked bounds the memory of pairs whose ownership was asked for; beyond it
// they are forgotten and asked for again.
const maxAsked = 1 << 16

// contacts collects the last sign of life of each device. It is safe for
// concurrent use.
type contacts struct {
	mu      sync.Mutex
	last    map[vault.ID]store.Contact
	written map[vault.ID]time.Time  // by device, within the last contactAge
	asked   map[ownership]time.Time // when a token named the device, likewise
}

// ownership is a device and the user in whose name it was mentioned.
type ownership struct{ device, user vault.ID }

func newContacts() *contacts {
	return &contacts{last: map[vault.ID]store.Contact{}, written: map[vault.ID]time.Time{}, asked: map[ownership]time.Time{}}
}

func (c *contacts) add(one store.Contact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last[one.Device] = one
}

// ask reports whether nobody has asked within the last contactAge whose the
// device is, and notes that somebody does now.
func (c *contacts) ask(o ownership, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if at, ok := c.asked[o]; ok && now.Sub(at) < contactAge {
		return false
	}
	if len(c.asked) >= maxAsked {
		clear(c.asked)
	}
	c.asked[o] = now
	return true
}

// take returns what is to be written down: of devices that were written within
// the last contactAge only if all is set.
func (c *contacts) take(now time.Time, all bool) []store.Contact {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, at := range c.written {
		if now.Sub(at) >= contactAge {
			delete(c.written, id)
		}
	}
	for o, at := range c.asked {
		if now.Sub(at) >= contactAge {
			delete(c.asked, o)
		}
	}
	out := make([]store.Contact, 0, len(c.last))
	for id, one := range c.last {
		if _, recent := c.written[id]; recent && !all {
			continue
		}
		out = append(out, one)
		c.written[id] = now
		delete(c.last, id)
	}
	return out
}

// meet notes a sign of life of the device that a request names, in the header
// or the path or the query, if it is the user's. Nothing is believed of it but
// that: a device signs what matters. It never fails a request.
func (s *Server) meet(r *http.Request, c *call) {
	for _, text := range [...]string{r.Header.Get(wire.HeaderDevice), r.PathValue("device"), r.URL.Query().Get("device")} {
		id, err := vault.ParseID(text)
		if err != nil || !s.seen.ask(ownership{id, c.caller.User()}, s.now()) {
			continue
		}
		if d, err := s.catalog.DeviceKey(r.Context(), id); err == nil && d.User == c.caller.User() {
			s.seen.add(store.Contact{Device: id, At: s.now(), Address: c.address})
		}
	}
}

// Upkeep writes down every few seconds which devices were seen, until the
// context ends and once after that, and looks for orders to tell. A server that
// answers must be kept up by exactly one call of it.
func (s *Server) Upkeep(ctx context.Context) error {
	tick, look := time.NewTicker(contactsEvery), time.NewTicker(ordersEvery)
	defer tick.Stop()
	defer look.Stop()
	defer s.events.end()
	f := follower{gov: -1}
	var err error
	if f.mark, err = s.catalog.LastOrder(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	s.events.wake(vault.ID{}) // whoever came before the first look
	for {
		select {
		case <-look.C:
			if err := s.follow(ctx, &f); err != nil && ctx.Err() == nil {
				s.log.Error("orders", "error", err.Error())
			}
		case <-tick.C:
			if err := s.writeContacts(ctx, false); err != nil {
				s.log.Error("contacts of devices", "error", err.Error())
			}
		case <-ctx.Done():
			return s.writeContacts(context.WithoutCancel(ctx), true)
		}
	}
}

func (s *Server) writeContacts(ctx context.Context, all bool) error {
	seen := s.seen.take(s.now(), all)
	if len(seen) == 0 {
		return nil
	}
	if err := s.catalog.Touch(ctx, seen); err != nil {
		return fmt.Errorf("write contacts of devices: %w", err)
	}
	return nil
}
