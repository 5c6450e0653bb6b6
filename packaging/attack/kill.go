//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tideover/tideover/tpm/tpmtest"
)

// operations are what is killed: the first cache of a folder and a chip, which
// makes what the later ones find, and each of the four.
var operations = []string{"first cache", "cache", "commit", "wipe", "upload"}

// killer lets one client do the operations and die in them.
type killer struct {
	s     *stage
	r     *row
	h     *histogram
	c     client
	chip  *tpmtest.Process
	relay *relay // set: the chip dies, not the program
	steps string // file
	last  string // the kill before
	count int    // of openings, to look into some
	homes int    // that its account has had
}

// prepare puts the client where an operation begins. It must work after
// whatever the kill before has left.
func (k *killer) prepare(ctx context.Context, operation string) error {
	switch operation {
	case "first cache":
		if err := errors.Join(k.fresh(ctx), k.chip.Clear()); err != nil {
			return err
		}
		return k.c.signIn(ctx)
	case "cache":
		return k.c.online(ctx)
	}
	st, err := k.c.status(ctx)
	if err != nil {
		return err
	}
	switch {
	case st.cache() != "usable":
		err = k.cacheAgain(ctx)
	case st.Mode != "offline":
		_, err = k.c.must(ctx, []string{"work-offline", "--master-password-stdin"}, master)
	}
	if err == nil && (operation == "upload" || operation == "commit") { // something to drop and to send
		_, err = k.c.must(ctx, []string{"edit", plantedPath, "--notes", draftNote, "--master-password-stdin"}, master)
	}
	return err
}

// cacheAgain makes a cache where none is usable.
func (k *killer) cacheAgain(ctx context.Context) error {
	if err := k.c.online(ctx); err != nil {
		return err
	}
	a, err := k.c.do(ctx, k.c.cache())
	if err != nil {
		return err
	}
	if a.id == "confirmation_needed" { // drafts that a killed wipe has left behind
		if _, err = k.c.must(ctx, []string{"connect", "--password-stdin", "--yes"}, account); err != nil {
			return err
		}
		a, err = k.c.do(ctx, k.c.cache())
	}
	switch {
	case err == nil && a.id == "too_many_attempts":
		err = errRationed
	case err == nil && a.exit != 0:
		err = a.control(k.c.cache().args)
	}
	return err
}

// errRationed is that the server lets a device have no more indices today: some
// mishaps cost it a set, and nobody has as many of them in a day as here.
var errRationed = errors.New("the device has had its indices for today")

func (k *killer) request(operation string) request {
	switch operation {
	case "first cache", "cache":
		return k.c.cache()
	case "commit":
		return k.c.connect()
	case "wipe":
		return request{args: []string{"clear-cache", "--yes"}}
	}
	return request{args: []string{"connect", "--password-stdin", "--yes"}, lines: []string{account}}
}

// once prepares an operation and lets it die at a point, or, if that has no
// step, live; it returns the steps that were begun.
func (k *killer) once(ctx context.Context, p point) ([]string, error) {
	err := k.prepare(ctx, p.operation)
	for again := 0; again < 5 && errors.Is(err, errAway); again++ {
		select {
		case <-time.After(20 * time.Second): // three times that is how long an account is locked
		case <-ctx.Done():
		}
		err = k.prepare(ctx, p.operation)
	}
	if errors.Is(err, errRationed) {
		return nil, k.fresh(ctx)
	}
	if err != nil {
		if k.last == "" || ctx.Err() != nil {
			return nil, fmt.Errorf("before %s: %w", p.operation, err)
		}
		// What the kill before has left must not be stuck.
		k.r.try("", k.last+": it goes on no more: "+err.Error())
		k.last = ""
		return nil, k.fresh(ctx)
	}
	before, err := k.c.status(ctx)
	if err != nil {
		return nil, err
	}
	old, err := k.c.copied(k.c.home + "-old")
	if err != nil {
		return nil, err
	}
	a, steps, died, err := k.run(ctx, p)
	switch {
	case err != nil:
		return nil, err
	case p.step == "":
		if a.exit != 0 {
			err = fmt.Errorf("control: %s: %s", p.operation, a.stderr)
		}
		return steps, err
	case !died:
		k.h.late()
		return steps, nil
	}
	k.h.hit(p.operation, steps[len(steps)-1])
	k.last = p.operation + ", before " + steps[len(steps)-1]
	if p.after && k.relay != nil {
		k.last = p.operation + ", after " + steps[len(steps)-1]
	}
	return steps, k.judge(ctx, p.operation, before, old, a)
}

// run does the operation; steps ends with that at which it died.
func (k *killer) run(ctx context.Context, p point) (a answer, steps []string, died bool, err error) {
	q := k.request(p.operation)
	if k.relay != nil {
		k.relay.plan(p)
		a, err = k.c.do(ctx, q)
		var fault error
		steps, died, fault = k.relay.done()
		k.relay.plan(point{})
		return a, steps, died, errors.Join(err, fault)
	}
	q.hand = &handOrder{KillIn: p.step, KillAt: p.nth, Steps: k.steps}
	if a, err = k.c.do(ctx, q); err != nil {
		return a, nil, false, err
	}
	b, err := os.ReadFile(k.steps)
	return a, strings.Split(strings.TrimSpace(string(b)), "\n"), a.exit == 137, err
}

// judge looks at what the kill has left: the old cache or the new one, and
// after a wipe the old one or none. What was ended opens from no copy.
func (k *killer) judge(ctx context.Context, operation string, before status, old client, died answer) error {
	told := "(killed)"
	if k.relay != nil {
		told = died.words()
		if died.exit == 0 {
			told = "(done nevertheless)"
		}
	}
	st, err := k.c.status(ctx)
	if err != nil {
		k.r.try(told, k.last+": "+err.Error())
		return k.fresh(ctx)
	}
	a, err := k.c.do(ctx, k.c.workOffline())
	if err != nil {
		return err
	}
	opens := a.exit == 0
	// To open is to verify all of it; now and then somebody looks.
	if k.count++; opens && (operation == "wipe" || k.count%4 == 0) {
		if a, err = k.c.do(ctx, k.c.show()); err != nil {
			return err
		}
		opens = a.shows(planted)
	}
	had, breach := before.cache() == "usable", ""
	switch {
	case operation == "wipe" && !opens:
		// It counts as wiped: then the file of before must not open either.
		if breach, err = k.ended(ctx, before, old); err != nil {
			return err
		}
	case operation != "wipe" && had && !opens:
		breach = fmt.Sprintf("the cache was %s before, is %s and does not open: %s%s", before.cache(), st.cache(), a.stdout, a.stderr)
	case !had && !opens && st.cache() == "usable":
		breach = "it counts as usable and does not open: " + a.stderr
	}
	if breach == "" && opens && had && before.Cache.Level == "A" {
		// Which generation opened is known only now: recovery may have gone on.
		if st, err = k.c.status(ctx); err != nil {
			return err
		}
		if st.Cache != nil && st.Cache.Generation > before.Cache.Generation {
			// Not show: a folder of a client online asks the server.
			if a, err = old.do(ctx, old.workOffline()); err != nil {
				return err
			}
			if a.exit == 0 {
				breach = "the whole older folder opens"
			}
		}
	}
	if breach != "" {
		breach = k.last + ": " + breach
	}
	k.r.try(told, breach)
	return nil
}

// ended tries to open what a wipe has ended.
func (k *killer) ended(ctx context.Context, before status, old client) (breach string, err error) {
	file, err := in(old.home, "cache.kdbx")
	if err != nil {
		return "", err
	}
	err = k.c.instead("cache.kdbx", file, func() error {
		a, err := k.c.do(ctx, k.c.workOffline()) // show might ask the server, as in judge
		if err == nil && a.exit == 0 {
			breach = "wiped, and the file put back opens"
		}
		return err
	})
	if err != nil || before.Cache == nil || before.Cache.Level != "A" {
		return breach, err
	}
	a, err := old.do(ctx, old.workOffline())
	if err == nil && a.exit == 0 {
		breach = "wiped, and the whole older folder opens"
	}
	return breach, err
}

// homesOfOne is how many devices an account gets here; the server allows it 100.
const homesOfOne = 60

// fresh gives up a folder, be it stuck, which was counted, or not. The next one
// is a new device, and a new account at first, as other attacks have used up
// devices of everybody's, and once there were many.
func (k *killer) fresh(ctx context.Context) error {
	if k.homes++; k.homes%homesOfOne == 1 {
		k.c.user = fmt.Sprintf("%s-%d", filepath.Base(filepath.Dir(k.c.home)), k.homes)
		if err := k.s.site.addUser(ctx, k.c.user); err != nil {
			return err
		}
	}
	return os.RemoveAll(k.c.home)
}

// runKills kills n times, and on until each step has its hits, with two
// clients, which share the server.
func runKills(ctx context.Context, s *stage, r *row, name string, few int, newKiller func(i int) (*killer, error)) error {
	path := ""
	if s.resume != "" {
		path = s.resume + "." + name
	}
	h, err := newHistogram(path, s.seed, r)
	if err != nil {
		return err
	}
	n, most := s.kills, 3*s.kills
	if s.samples > 0 {
		few = s.samples
	}
	if s.smoke {
		n, most = few, few
	}
	luck := func(i int) *rand.Rand { return s.luck(fmt.Sprint(name, i)) }
	errs := [hands]error{}
	var all, learned sync.WaitGroup
	learned.Add(hands)
	for i := range hands {
		k, err := newKiller(i)
		if err != nil {
			return err
		}
		k.s, k.r, k.h = s, r, h
		all.Go(func() {
			errs[i] = func() error {
				defer learned.Done()
				for o, operation := range operations {
					if s.smoke && i > 0 && o > 0 {
						break // one learns it for both
					}
					steps, err := k.once(ctx, point{operation: operation})
					if err != nil {
						return err
					}
					h.learn(operation, steps)
				}
				return nil
			}()
			learned.Wait()
			for errs[i] == nil && ctx.Err() == nil {
				limit := n
				if h.short() {
					limit = most
				}
				p, ok := h.draw(limit, luck)
				if !ok {
					return
				}
				if _, errs[i] = k.once(ctx, p); errs[i] == nil {
					errs[i] = h.keep(r)
				}
			}
		})
	}
	all.Wait()
	rare := h.print()
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if len(rare) > 0 && !s.smoke {
		return fmt.Errorf("steps that were not hit %d times: %s", hitsWanted, strings.Join(rare, ", "))
	}
	return ctx.Err()
}

func killProgram(ctx context.Context, s *stage, r *row) error {
	return runKills(ctx, s, r, "program", 8, func(i int) (*killer, error) {
		chip, err := s.launch(fmt.Sprint("kill-chip", i))
		if err != nil {
			return nil, err
		}
		c := s.site.client(fmt.Sprintf("killed-%d/home", i), people()[i]).fast(s)
		c.spec = chip.Spec()
		return &killer{c: c, chip: chip, steps: s.file(fmt.Sprint("steps", i))}, nil
	})
}

func killChip(ctx context.Context, s *stage, r *row) error {
	return runKills(ctx, s, r, "chip", 4, func(i int) (*killer, error) {
		chip, err := s.launch(fmt.Sprint("dying-chip", i))
		if err != nil {
			return nil, err
		}
		b, err := newRelay(s.file(fmt.Sprint("dying", i)), chip)
		if err != nil {
			return nil, err
		}
		c := s.site.client(fmt.Sprintf("dying-%d/home", i), people()[i]).fast(s)
		c.spec = b.spec()
		return &killer{c: c, chip: chip, relay: b}, nil
	})
}
