//go:build linux && amd64

package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// scriptTries is how many wrong passwords a script may give: what the policy
// allows less the three that are kept for the person.
const scriptTries = 7

// chipTries is where the client stops at level B: half of the chip's lockout.
const chipTries = 16

func guess(ctx context.Context, c client, n int) (answer, error) {
	q := c.show()
	q.lines = []string{fmt.Sprintf("Flut und Ebbe %04d im Hafen", n)}
	return c.do(ctx, q)
}

func guessing(ctx context.Context, s *stage, r *row) error {
	chip, err := s.launch("guess-chip")
	if err != nil {
		return err
	}
	c := s.site.client("guess", "mara").fast(s)
	c.spec = chip.Spec()
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	asked := 0
	try := func(n int) error {
		a, err := guess(ctx, c, n)
		if err != nil {
			return err
		}
		if a.id == "wrong_password" {
			asked++
		}
		r.refused(a, "a wrong password")
		return nil
	}
	for n := range 12 {
		if err := try(n); err != nil {
			return err
		}
	}
	if asked == 0 {
		return fmt.Errorf("control: no password was looked at")
	}
	// Power cuts and a fresh process give nothing back.
	for n := range 4 {
		if err := chip.PowerCut(); err != nil {
			return err
		}
		if err := try(100 + n); err != nil {
			return err
		}
	}
	if asked > scriptTries {
		r.try("", fmt.Sprintf("%d wrong passwords were looked at, %d are allowed", asked, scriptTries))
	}
	// The right one does not help a script any more.
	a, err := c.do(ctx, c.show())
	if err != nil {
		return err
	}
	r.refused(a, "the right password after too many wrong ones")
	r.note("%d wrong passwords were looked at; a script is allowed %d", asked, scriptTries)
	return nil
}

func guessingCopies(ctx context.Context, s *stage, r *row) error {
	return guessCopies(ctx, s, r, s.site.client("copies", "mara"), policyTries)
}

func guessingCopiesB(ctx context.Context, s *stage, r *row) error {
	return guessCopies(ctx, s, r, s.site.client("copies-b", "mara").at("B"), chipTries)
}

func guessCopies(ctx context.Context, s *stage, r *row, c client, limit int) error {
	chip, err := s.launch(filepath.Base(c.home) + "-chip")
	if err != nil {
		return err
	}
	c = c.fast(s)
	c.spec = chip.Spec()
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	asked := 0
	for n := range 12 {
		copied, err := c.copied(fmt.Sprint(c.home, "-", n))
		if err != nil {
			return err
		}
		for k := range 3 {
			a, err := guess(ctx, copied, 10*n+k)
			if err != nil {
				return err
			}
			if a.id == "wrong_password" {
				asked++
			}
			r.refused(a, "a wrong password, in a copy")
		}
	}
	if asked == 0 {
		return fmt.Errorf("control: no password was looked at")
	}
	if asked > limit {
		r.try("", fmt.Sprintf("%d wrong passwords were looked at in copies, %d are allowed", asked, limit))
	}
	r.note("%d wrong passwords were looked at over 12 copies", asked)
	return nil
}
