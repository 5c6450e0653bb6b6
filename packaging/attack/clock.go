//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"os"
	"time"
)

const day = 24 * 3600 // seconds

func clocks(ctx context.Context, s *stage, r *row) error {
	chip, err := s.launch("clock-chip")
	if err != nil {
		return err
	}
	c := s.site.client("clock", "mara").fast(s)
	c.spec = chip.Spec()
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	at := func(h handOrder) (answer, error) {
		q := c.show()
		q.hand = &h
		return c.do(ctx, q)
	}
	refused := func(what string, h handOrder) error {
		a, err := at(h)
		if err == nil {
			r.refused(a, what)
		}
		return err
	}
	// The hand itself changes nothing, and a day in the lease is a day in it.
	for _, ahead := range []int64{0, 3600} {
		a, err := at(handOrder{AheadS: ahead})
		if err != nil || !a.shows(planted) {
			return fmt.Errorf("control: %d s ahead the cache does not open: %s %w", ahead, a.stderr, err)
		}
	}
	for _, days := range []int64{8, 30, 400, 4000} {
		if err := refused(fmt.Sprint(days, " days ahead"), handOrder{AheadS: days * day}); err != nil {
			return err
		}
	}
	for _, days := range []int64{1, 2, 8, 400} {
		if err := refused(fmt.Sprint(days, " days back"), handOrder{AheadS: -days * day}); err != nil {
			return err
		}
	}
	if err := refused("at the beginning of time", handOrder{Frozen: 1}); err != nil {
		return err
	}
	// A clock that was wrong while nothing was open is forgiven.
	if err := c.opens(ctx); err != nil {
		return err
	}
	// Forward and used there, then back: what was seen last counts.
	a, err := at(handOrder{AheadS: 3 * day})
	if err != nil || !a.shows(planted) {
		return fmt.Errorf("control: three days ahead the cache does not open: %s %w", a.stderr, err)
	}
	if err := refused("used three days ahead, then back", handOrder{AheadS: 1}); err != nil {
		return err
	}
	// The server is the way out.
	if err := c.renew(ctx); err != nil {
		return err
	}
	// Frozen: the clock of the chip goes on. A clone of a machine with its state
	// of then makes no difference to that.
	still := time.Now().Unix()
	if a, err := at(handOrder{Frozen: still}); err != nil || !a.shows(planted) {
		return fmt.Errorf("control: with a clock that stands still the cache does not open: %s %w", a.stderr, err)
	}
	old := s.file("clock-old")
	if _, err := c.copied(old); err != nil {
		return err
	}
	if err := chip.AdvanceClock(8 * day * time.Second); err != nil {
		return err
	}
	if err := refused("frozen, eight days of the chip later", handOrder{Frozen: still}); err != nil {
		return err
	}
	c.home = old
	if err := refused("frozen, with the folder of then", handOrder{Frozen: still}); err != nil {
		return err
	}
	return refused("set back, eight days of the chip later", handOrder{AheadS: -3600})
}

// powerCuts: each takes the chip's unsaved time back, so they are counted.
func powerCuts(ctx context.Context, s *stage, r *row) (err error) {
	const boots = 4
	chip, err := s.launch("cut-chip")
	if err != nil {
		return err
	}
	if _, err := s.site.admin(ctx, "", "policy", "set", "boots", fmt.Sprint(boots)); err != nil {
		return err
	}
	defer func() {
		if _, e := s.site.admin(ctx, "", "policy", "set", "boots", "0"); e != nil && err == nil {
			err = e
		}
	}()
	c := s.site.client("cuts", "mara").fast(s)
	c.spec = chip.Spec()
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	folder, err := c.folder()
	if err != nil {
		return err
	}
	state, err := os.ReadFile(folder + "/client.json")
	if err != nil {
		return err
	}
	opened := 0
	for cut := 1; cut <= 2*boots; cut++ {
		if err := chip.PowerCut(); err != nil {
			return err
		}
		if cut%2 == 0 { // with the client state of the beginning, too
			if err := os.WriteFile(folder+"/client.json", state, 0o600); err != nil {
				return err
			}
		}
		a, err := c.do(ctx, c.show())
		if err != nil {
			return err
		}
		if cut > boots {
			r.refused(a, fmt.Sprintf("after %d cuts of at most %d", cut, boots))
		} else if a.shows(planted) {
			opened++
		}
	}
	if opened == 0 {
		return fmt.Errorf("control: not even one cut is allowed")
	}
	return nil
}
