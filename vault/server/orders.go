package server

import (
	"errors"
	"net/http"

	"github.com/tideover/tideover/tpm/binding"
	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/lease"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/wire"
)

// signOrder signs an order for delivery. Each delivery has a signature of its
// own; the statement is the same.
func (s *Server) signOrder(o lease.Order) (string, error) {
	kid, key := s.keys.signing(lease.UseOrder)
	return lease.SignOrder(key, kid, o)
}

func (s *Server) signOrders(list []lease.Order) ([]string, error) {
	out := make([]string, 0, len(list))
	for _, o := range list {
		token, err := s.signOrder(o)
		if err != nil {
			return nil, err
		}
		out = append(out, token)
	}
	return out, nil
}

// readMark returns the mark after which orders are asked for.
func readMark(r *http.Request) (lease.Mark, error) {
	text := r.URL.Query().Get(wire.AfterParam)
	if text == "" {
		return lease.Mark{}, nil
	}
	after, err := lease.ParseMark(text)
	if err != nil {
		return after, vault.Fail(vault.Usage, "%s is no mark of an order", wire.AfterParam)
	}
	return after, nil
}

// getOrders tells a device what it was ordered, whether or not anybody is
// signed in, and whatever became of its user.
func (s *Server) getOrders(w http.ResponseWriter, r *http.Request, c *call) error {
	after, err := readMark(r)
	if err != nil {
		return err
	}
	list, err := s.catalog.Orders(r.Context(), c.device.ID, after)
	if err != nil {
		return err
	}
	orders, err := s.signOrders(list)
	if err != nil {
		return err
	}
	released, err := s.released(r, c.device.ID)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Orders{Orders: orders, State: deviceState(c.device.State), Why: c.device.Why, Released: released})
}

// postLease renews the lease of a cache that the device has.
func (s *Server) postLease(w http.ResponseWriter, r *http.Request, c *call) error {
	var in wire.LeaseRequest
	if err := readSigned(c, &in); err != nil {
		return err
	}
	chip, err := s.present(r, c, in, in.Attestation, catalog.Presence{Cache: in.Cache, Generation: in.Generation, NeedCounter: true})
	if err != nil {
		return err
	}
	slots, err := s.terms(r, c.device.ID, in.Cache, in.Generation, binding.LevelA)
	if err != nil && !errors.Is(err, vault.NotFound) {
		return err
	}
	kid, _ := s.keys.signing(lease.UseLease)
	token, err := s.catalog.RenewLease(r.Context(), catalog.Renewal{
		Device: c.device.ID, Cache: in.Cache, Generation: in.Generation, Chip: chip,
	}, kid, func(l lease.Lease) (string, error) {
		terms := slots
		if l.Level != binding.LevelA {
			key, err := s.policyKey()
			if err != nil {
				return "", err
			}
			terms = binding.Terms{Level: l.Level, Governed: true, Key: key, Device: l.Device, Cache: l.Cache, Generation: l.Generation}
		}
		return s.signLease(l, terms, clockNow(in.ClockMS, in.Resets, chip))
	})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.LeaseAnswer{Lease: token})
}

// barredOrders returns the orders to tell at a sign-in that failed only because
// the account is no longer in use; none for every other failure.
func (s *Server) barredOrders(err error) ([]string, error) {
	var barred *catalog.Barred
	if !errors.As(err, &barred) {
		return nil, nil
	}
	return s.signOrders(barred.Orders)
}
