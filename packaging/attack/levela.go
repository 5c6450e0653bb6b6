//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// policyTries is what a policy allows unless it says otherwise.
const policyTries = 10

// resetsADay is how often the server lets a cache have new tries in one day.
const resetsADay = 2

// wholeOlderFolderA: the chip counts generations, so that no copy of anything
// that lies on the disk brings an older one back.
func wholeOlderFolderA(ctx context.Context, s *stage, r *row) error {
	c := s.site.client("whole-a", "mara").at("A")
	old, err := s.twoGenerations(ctx, c, "whole-a-old")
	if err != nil {
		return err
	}
	if err := everyWay(ctx, old, r, "generation 1 with the client state of then"); err != nil {
		return err
	}
	return c.opens(ctx)
}

// afterReceipt: once the server has the chip's word for a wipe, no copy of the
// folder opens, wherever it lay and without meeting a server.
func afterReceipt(ctx context.Context, s *stage, r *row) error {
	t, err := s.newSite(ctx, "site-receipt")
	if err != nil {
		return err
	}
	for _, how := range []string{"revoked", "cleared"} {
		chip, err := s.launch("receipt-chip-" + how)
		if err != nil {
			return err
		}
		c := t.client("receipt-"+how, "mara").at("A")
		c.spec = chip.Spec()
		old, err := s.cachedAndCopied(ctx, c, "receipt-old-"+how)
		if err != nil {
			return err
		}
		if how == "revoked" {
			if err := t.revoke(ctx, c); err != nil {
				return err
			}
		} else {
			if err := c.online(ctx); err != nil {
				return err
			}
			if _, err := c.must(ctx, []string{"clear-cache", "--yes"}); err != nil {
				return err
			}
		}
		if _, err := c.status(ctx, "--check"); err != nil {
			return err
		}
		log, err := t.admin(ctx, "", "audit", "list", "--limit", "0", "--json")
		if err != nil {
			return err
		}
		if got := strings.Count(log, "cache.reading"); got == 0 {
			return fmt.Errorf("control: %s, and the server has no reading of the counter", how)
		}
		if err := t.server.Stop(); err != nil { // nothing of this is the server's doing
			return err
		}
		if err := everyWay(ctx, old, r, how+", the folder of before"); err != nil {
			return err
		}
		if err := t.again(ctx); err != nil {
			return err
		}
	}
	return t.server.Stop()
}

// careless is a client that was changed to keep no try back and to ask the chip
// whatever it says about tries.
func (s *stage) careless(ctx context.Context, c client) (client, error) {
	overlay, err := s.overlayOf("careless-src", []edit{
		{"cmd/tideover-cli/program.go", "r.KeepTries = keptTries", "r.KeepTries = 0"},
		{"vault/cache/examine.go", "if clock != nil && f.tries.Known && f.tries.Left == 0 {", "if false {"},
	})
	if err != nil {
		return c, err
	}
	c.program = filepath.Join(s.file("careless-bin"), "tideover-cli")
	return c, s.buildQuick(ctx, c.program, overlay)
}

// guessUntil guesses, in a copy now and then, until nothing was looked at for a
// few times, and returns how many passwords were.
func guessUntil(ctx context.Context, s *stage, r *row, c client, name string, limit int) (looked int, err error) {
	for n, idle := 0, 0; n < limit && idle < 3; n++ {
		at := c
		if n%4 == 3 {
			if at, err = c.copied(s.file(fmt.Sprintf("%s-%d", name, n))); err != nil {
				return looked, err
			}
		}
		a, err := at.do(ctx, request{args: []string{"work-offline", "--master-password-stdin"}, lines: []string{fmt.Sprintf("Flut und Ebbe %04d im Hafen", n)}})
		if err != nil {
			return looked, err
		}
		idle++
		if a.id == "wrong_password" {
			looked++
			idle = 0
		}
		r.refused(a, "a wrong password")
	}
	return looked, nil
}

// guessingPast guesses with a client that holds to nothing: the chip does. No
// copy, no power cut and no waiting gives a try back.
func guessingPast(ctx context.Context, s *stage, r *row) error {
	chip, err := s.launch("past-chip")
	if err != nil {
		return err
	}
	c := s.site.client("past", "mara").fast(s).at("A")
	c.spec = chip.Spec()
	before, err := s.cachedAndCopied(ctx, c, "past-before")
	if err != nil {
		return err
	}
	if c, err = s.careless(ctx, c); err != nil {
		return err
	}
	looked, err := guessUntil(ctx, s, r, c, "past-copy", 3*policyTries)
	if err != nil {
		return err
	}
	if looked == 0 {
		return errors.New("control: no password was looked at")
	}
	before.program = c.program
	for what, do := range map[string]func() error{
		"after a power cut":   chip.PowerCut,
		"after a restart":     chip.Reboot,
		"after a hundred h":   func() error { return chip.AdvanceClock(100 * time.Hour) },
		"with all of it anew": func() error { return nil },
	} {
		if err := do(); err != nil {
			return err
		}
		for _, at := range []client{c, before} {
			more, err := guess(ctx, at, 500)
			if err != nil {
				return err
			}
			if more.id == "wrong_password" {
				looked++
			}
			r.refused(more, what)
			a, err := at.do(ctx, at.show())
			if err != nil {
				return err
			}
			r.refused(a, what+": the right password after the stop")
		}
	}
	if looked > policyTries {
		r.try("", fmt.Sprintf("%d wrong passwords were looked at, %d are allowed", looked, policyTries))
	}
	r.note("%d wrong passwords were looked at by the chip; the policy allows %d", looked, policyTries)
	return nil
}

// resetLoop: who has the account's password and the machine gets new tries from
// the server, slowly, and is seen.
func resetLoop(ctx context.Context, s *stage, r *row) error {
	t, err := s.newSite(ctx, "site-loop")
	if err != nil {
		return err
	}
	chip, err := s.launch("loop-chip")
	if err != nil {
		return err
	}
	c := t.client("loop", "mara").fast(s).at("A")
	c.spec = chip.Spec()
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	if c, err = s.careless(ctx, c); err != nil {
		return err
	}
	looked, rounds := 0, 0
	for rounds < resetsADay+3 {
		rounds++
		n, err := guessUntil(ctx, s, r, c, fmt.Sprint("loop-copy-", rounds), 3*policyTries)
		if err != nil {
			return err
		}
		looked += n
		if _, err := c.ask(ctx, []string{"connect", "--password-stdin", "--yes"}, account); err != nil {
			return err
		}
		if _, err := c.status(ctx, "--check"); err != nil {
			return err
		}
		// A permit is spent for certain once it has run out.
		if err := chip.AdvanceClock(10 * time.Minute); err != nil {
			return err
		}
	}
	if looked <= policyTries {
		return fmt.Errorf("control: %d passwords were looked at: there were no new tries at all", looked)
	}
	if allowed := policyTries * (1 + resetsADay); looked > allowed {
		r.try("", fmt.Sprintf("%d wrong passwords were looked at in a day, %d are allowed", looked, allowed))
	}
	log, err := t.admin(ctx, "", "audit", "list", "--limit", "0", "--json")
	if err != nil {
		return err
	}
	breach := ""
	if !strings.Contains(log, "device.alarm") {
		breach = "nobody is told of the new tries"
	}
	r.try("", breach)
	r.note("%d wrong passwords in %d rounds; %d new tries a day, with an alarm", looked, rounds, resetsADay)
	return t.server.Stop()
}

// clone is a machine that was copied with its chip, as a virtual one can be:
// both work until the server has seen both, and then neither.
func clone(ctx context.Context, s *stage, r *row) error {
	t, err := s.newSite(ctx, "site-clone")
	if err != nil {
		return err
	}
	chip, err := s.launch("cloned-chip")
	if err != nil {
		return err
	}
	c := t.client("cloned", "mara").at("A")
	c.spec = chip.Spec()
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	// An orderly copy of the whole machine.
	if err := chip.Stop(); err != nil {
		return err
	}
	if err := copyTree(s.file("clone-chip"), s.file("cloned-chip")); err != nil {
		return err
	}
	there, err := c.copied(s.file("clone"))
	if err != nil {
		return err
	}
	if err := chip.PowerCut(); err != nil { // it starts again
		return err
	}
	if err := chip.AdvanceClock(time.Minute); err != nil { // it runs for a while
		return err
	}
	if err := c.renew(ctx); err != nil {
		return fmt.Errorf("control: the machine itself: %w", err)
	}
	// The clone wakes later, with what the chip was then.
	second, err := s.launch("clone-chip")
	if err != nil {
		return err
	}
	there.spec = second.Spec()
	// Whoever has the account's password reads online; what is suspended is the
	// device, so no cache opens or is made, there or here.
	for _, at := range []client{there, c} {
		if _, err := at.ask(ctx, []string{"connect", "--password-stdin", "--master-password-stdin", "--yes"}, account, master); err != nil {
			return err
		}
		if _, err := at.status(ctx, "--check"); err != nil {
			return err
		}
	}
	for _, at := range []client{there, c} {
		for _, q := range []request{
			at.workOffline(),
			{args: []string{"cache", "--password-stdin", "--master-password-stdin"}, lines: []string{account, master}},
		} {
			a, err := at.do(ctx, q)
			if err != nil {
				return err
			}
			r.refused(a, filepath.Base(at.home)+", after both met the server: "+q.args[0])
		}
	}
	list, err := t.admin(ctx, "", "device", "list")
	if err != nil {
		return err
	}
	breach := ""
	if !strings.Contains(list, "suspended") {
		breach = "the server suspends nobody: " + list
	}
	r.try("", breach)
	return t.server.Stop()
}
