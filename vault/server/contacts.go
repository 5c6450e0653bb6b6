package server

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/store"
)

// contactsEvery is how long signs of life are collected: never one write for
// each poll of each device.
const contactsEvery = 5 * time.Second

// contacts collects the last sign of life of each device. It is safe for
// concurrent use.
type contacts struct {
	mu   sync.Mutex
	last map[vault.ID]store.Contact
}

func (c *contacts) add(one store.Contact) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last == nil {
		c.last = map[vault.ID]store.Contact{}
	}
	c.last[one.Device] = one
}

// take returns what was collected since the last call.
func (c *contacts) take() []store.Contact {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]store.Contact, 0, len(c.last))
	for _, one := range c.last {
		out = append(out, one)
	}
	c.last = nil
	return out
}

// Upkeep writes down every few seconds which devices were seen, until the
// context ends and once after that. A server that answers must be kept up by
// exactly one call of it.
func (s *Server) Upkeep(ctx context.Context) error {
	tick := time.NewTicker(contactsEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := s.writeContacts(ctx); err != nil {
				s.log.Error("contacts of devices", "error", err.Error())
			}
		case <-ctx.Done():
			return s.writeContacts(context.WithoutCancel(ctx))
		}
	}
}

func (s *Server) writeContacts(ctx context.Context) error {
	seen := s.seen.take()
	if len(seen) == 0 {
		return nil
	}
	if err := s.catalog.Touch(ctx, seen); err != nil {
		return fmt.Errorf("write contacts of devices: %w", err)
	}
	return nil
}
