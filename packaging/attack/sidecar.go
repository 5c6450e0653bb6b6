//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// sidecars attacks the file with the renewed lease: what was done to it counts
// as if it were not there, and that only shortens what is left.
func sidecars(ctx context.Context, s *stage, r *row) error {
	t, err := s.newSite(ctx, "site-gov")
	if err != nil {
		return err
	}
	c := t.client("gov", "mara").fast(s)
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	own, err := c.status(ctx)
	if err != nil {
		return err
	}
	path, err := in(c.home, "cache.kdbx.gov")
	if err != nil {
		return err
	}
	// renewed lets the client meet a server whose clock is ahead, and whose leases
	// are of so many days.
	renewed := func(ahead time.Duration, days int) ([]byte, error) {
		if _, err := t.admin(ctx, "", "policy", "set", "days", fmt.Sprint(days)); err != nil {
			return nil, err
		}
		if err := errors.Join(t.server.Stop(), t.later(ctx, ahead)); err != nil {
			return nil, err
		}
		if _, err := c.status(ctx, "--check"); err != nil {
			return nil, err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("control: the lease was not renewed: %w", err)
		}
		return b, c.opens(ctx)
	}
	older, err := renewed(15*time.Minute, 9)
	if err != nil {
		return err
	}
	first, err := c.status(ctx)
	if err != nil {
		return err
	}
	newer, err := renewed(30*time.Minute, 11)
	if err != nil {
		return err
	}
	second, err := c.status(ctx)
	if err != nil {
		return err
	}
	if bytes.Equal(older, newer) || own.Cache.ExpiresAt >= first.Cache.ExpiresAt || first.Cache.ExpiresAt >= second.Cache.ExpiresAt {
		return fmt.Errorf("control: leases end at %s, %s, %s", own.Cache.ExpiresAt, first.Cache.ExpiresAt, second.Cache.ExpiresAt)
	}
	// Whatever was changed is not believed: what counts is the lease in the file.
	if err := s.damaged(ctx, "gov", "cache.kdbx.gov", c, 40, func(b []byte) int { return 2 * len(b) },
		func(_ client, b []byte, i int) ([]byte, error) {
			if i < len(b) {
				return s.flipped(b, i), nil
			}
			return b[:i-len(b)], nil
		},
		func(c client, _ string, i int) error {
			st, err := c.status(ctx)
			if err != nil {
				return err
			}
			breach := ""
			if st.cache() != "usable" || st.Cache.ExpiresAt > own.Cache.ExpiresAt {
				breach = fmt.Sprintf("version %d: the cache counts as %s until %s", i, st.cache(), st.Cache.ExpiresAt)
			}
			r.try("status: "+st.cache()+", by the lease in the file", breach)
			return nil
		}); err != nil {
		return err
	}
	// A shorter lease takes the place of both, and neither comes back.
	shorter, err := renewed(45*time.Minute, 3)
	if err != nil {
		return err
	}
	end, err := c.status(ctx)
	if err != nil {
		return err
	}
	if end.Cache.ExpiresAt >= own.Cache.ExpiresAt {
		return fmt.Errorf("control: the shorter lease ends at %s", end.Cache.ExpiresAt)
	}
	for what, b := range map[string][]byte{"taken away": nil, "older": older, "older of two": newer} {
		err := os.Remove(path)
		if b != nil {
			err = os.WriteFile(path, b, 0o600)
		}
		if err != nil {
			return err
		}
		if err := everyWay(ctx, c, r, "shorter lease: "+what); err != nil {
			return err
		}
		if err := os.WriteFile(path, shorter, 0o600); err != nil {
			return err
		}
	}
	return errors.Join(c.opens(ctx), t.server.Stop())
}
