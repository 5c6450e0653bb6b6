//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
)

// hitsWanted is how often each step must have been hit in a full run.
const hitsWanted = 10

// operations are what is killed.
var operations = []string{"cache", "commit", "wipe", "upload"}

// histogram counts kills by step, an operation and what it was about to do.
type histogram struct {
	mu    sync.Mutex
	known map[string][]string // operation → its steps in order, as last seen
	hits  map[string]int
	kills int
	whole int // ended before the number drawn was reached
}

func newHistogram() *histogram {
	return &histogram{known: map[string][]string{}, hits: map[string]int{}}
}

func (h *histogram) learn(operation string, steps []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(steps) > len(h.known[operation]) { // the first cache of a home has the most
		h.known[operation] = steps
	}
	for _, s := range steps {
		if key := operation + ": " + s; h.hits[key] == 0 {
			h.hits[key] = 0 // known from now on
		}
	}
}

// point is where to kill: a step, as the nth of its name and as the at-th of all.
type point struct {
	operation, step string
	nth, at         int
}

// draw picks a point: one of the least-hit step that has not had its hits, else any.
func (h *histogram) draw(luck *rand.Rand) point {
	h.mu.Lock()
	defer h.mu.Unlock()
	least := hitsWanted
	var rare []string
	for _, key := range slices.Sorted(maps.Keys(h.hits)) {
		switch n := h.hits[key]; {
		case n < least:
			least, rare = n, []string{key}
		case n == least && n < hitsWanted:
			rare = append(rare, key)
		}
	}
	var all []point
	chosen := ""
	if len(rare) > 0 && luck.IntN(4) > 0 {
		chosen = rare[luck.IntN(len(rare))]
	}
	for _, operation := range operations {
		count := map[string]int{}
		for i, step := range h.known[operation] {
			count[step]++
			if chosen == "" || chosen == operation+": "+step {
				all = append(all, point{operation, step, count[step], i + 1})
			}
		}
	}
	if len(all) == 0 { // nothing is known yet
		return point{operations[0], "lock state.lock", 1, 1}
	}
	return all[luck.IntN(len(all))]
}

func (h *histogram) hit(operation, step string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kills++
	h.hits[operation+": "+step]++
}

// print says what was hit, and returns what was hit too rarely.
func (h *histogram) print(seed uint64) (rare []string) {
	fmt.Printf("         seed %d: %d kills, %d came too late; before these steps:\n", seed, h.kills, h.whole)
	for _, operation := range operations {
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(h.hits)) {
			if step, ok := strings.CutPrefix(key, operation+": "); ok {
				parts = append(parts, fmt.Sprintf("%s %d", step, h.hits[key]))
				if h.hits[key] < hitsWanted {
					rare = append(rare, fmt.Sprintf("%s (%d)", key, h.hits[key]))
				}
			}
		}
		fmt.Printf("         %s: %s\n", operation, strings.Join(parts, " · "))
	}
	return rare
}

// killer lets one client do the operations and die in them.
type killer struct {
	s     *stage
	r     *row
	h     *histogram
	c     client
	relay *relay // set: the chip dies, not the program
	steps string // file
	last  string // the kill before
	count int    // of openings, to look into some
}

// prepare puts the client where an operation begins. It must work after
// whatever the kill before has left.
func (k *killer) prepare(ctx context.Context, operation string) error {
	if operation == "cache" {
		return k.c.online(ctx)
	}
	st, err := k.c.status(ctx)
	if err != nil {
		return err
	}
	if st.Mode != "offline" || st.cache() != "usable" {
		if err := k.c.online(ctx); err != nil {
			return err
		}
		a, err := k.c.ask(ctx, []string{"cache", "--master-password-stdin"}, master)
		if err != nil {
			return err
		}
		if a.id == "confirmation_needed" { // drafts that a killed wipe has left behind
			if _, err = k.c.must(ctx, []string{"connect", "--password-stdin", "--yes"}, account); err != nil {
				return err
			}
			a, err = k.c.must(ctx, []string{"cache", "--master-password-stdin"}, master)
		}
		if err == nil && a.exit != 0 {
			err = errors.New("control: cache: " + a.stderr)
		}
		if err != nil {
			return err
		}
	}
	if operation == "upload" || operation == "commit" { // something to drop and to send
		_, err = k.c.must(ctx, []string{"edit", plantedPath, "--notes", draftNote, "--master-password-stdin"}, master)
	}
	return err
}

func (k *killer) request(operation string) request {
	switch operation {
	case "cache":
		return request{args: []string{"cache", "--master-password-stdin"}, lines: []string{master}}
	case "commit":
		return request{args: []string{"connect", "--password-stdin", "--master-password-stdin", "--yes"}, lines: []string{account, master}}
	case "wipe":
		return request{args: []string{"clear-cache", "--yes"}}
	}
	return request{args: []string{"connect", "--password-stdin", "--yes"}, lines: []string{account}}
}

// once prepares an operation and lets it die at a point, at 0 for never; it
// returns the steps that were begun.
func (k *killer) once(ctx context.Context, p point, after bool) ([]string, error) {
	operation := p.operation
	if strings.HasPrefix(p.step, "mkdir") { // only the first cache of a home makes folders
		if err := k.fresh(); err != nil {
			return nil, err
		}
	}
	if err := k.prepare(ctx, operation); err != nil {
		if k.last == "" || ctx.Err() != nil {
			return nil, fmt.Errorf("before %s: %w", operation, err)
		}
		// What the kill before has left must not be stuck.
		k.r.try("", k.last+": it goes on no more: "+err.Error())
		k.last = ""
		return nil, k.fresh()
	}
	st, err := k.c.status(ctx)
	if err != nil {
		return nil, err
	}
	had := st.cache() == "usable"
	old := k.c.home + "-old"
	if operation == "wipe" {
		if _, err := k.c.copied(old); err != nil {
			return nil, err
		}
	}
	q, steps, died := k.request(operation), []string(nil), false
	var a answer
	if k.relay != nil {
		k.relay.plan(p.at, after)
		a, err = k.c.do(ctx, q)
		var fault error
		steps, died, fault = k.relay.done()
		k.relay.plan(0, false)
		err = errors.Join(err, fault)
		if died && p.at <= len(steps) {
			steps = steps[:p.at]
		}
	} else {
		q.hand = &handOrder{KillIn: p.step, KillAt: p.nth, Steps: k.steps}
		a, err = k.c.do(ctx, q)
		b, err2 := os.ReadFile(k.steps)
		err = errors.Join(err, err2)
		steps = strings.Fields(strings.ReplaceAll(strings.TrimSpace(string(b)), " ", "_"))
		for i := range steps {
			steps[i] = strings.ReplaceAll(steps[i], "_", " ")
		}
		died = a.exit == 137
	}
	if err != nil {
		return nil, err
	}
	if p.at == 0 {
		if a.exit != 0 {
			return nil, fmt.Errorf("control: %s: %s", operation, a.stderr)
		}
		return steps, nil
	}
	if !died {
		k.h.mu.Lock()
		k.h.whole++
		k.h.mu.Unlock()
		return steps, nil
	}
	where := operation + ", before " + steps[len(steps)-1]
	k.h.hit(operation, steps[len(steps)-1])
	if err := k.judge(ctx, operation, where, had, old, a); err != nil {
		return nil, err
	}
	k.last = where
	return steps, nil
}

// judge looks at what the kill has left: the old cache or the new one, and
// after a wipe the old one or none.
func (k *killer) judge(ctx context.Context, operation, where string, had bool, old string, died answer) error {
	told := "(killed)"
	if k.relay != nil {
		told = died.words()
		if died.exit == 0 {
			told = "(done nevertheless)"
		}
	}
	st, err := k.c.status(ctx)
	if err != nil {
		k.r.try(told, where+": "+err.Error())
		return k.fresh()
	}
	a, err := k.c.do(ctx, request{args: []string{"work-offline", "--master-password-stdin"}, lines: []string{master}})
	if err != nil {
		return err
	}
	opens := a.exit == 0
	// To open is to verify all of it; now and then somebody looks.
	if k.count++; a.exit == 0 && (operation == "wipe" || k.count%4 == 0) {
		if a, err = k.c.do(ctx, k.c.show()); err != nil {
			return err
		}
		opens = a.shows(planted)
	}
	breach := ""
	switch {
	case operation == "wipe" && !opens:
		// It counts as wiped: then the file of before must not open either.
		file, err := in(old, "cache.kdbx")
		if err != nil {
			return err
		}
		if err := k.c.instead("cache.kdbx", file, func() error {
			a, err := k.c.do(ctx, k.c.show())
			if a.shows(planted) {
				breach = where + ": wiped, and the file put back opens"
			}
			return err
		}); err != nil {
			return err
		}
	case operation != "wipe" && had && !opens:
		breach = fmt.Sprintf("%s: the cache was %s before and does not open: %s%s", where, st.cache(), a.stdout, a.stderr)
	case !had && !opens && st.cache() == "usable":
		breach = where + ": it counts as usable and does not open: " + a.stderr
	}
	k.r.try(told, breach)
	return nil
}

// fresh gives up a folder that is stuck, which was counted.
func (k *killer) fresh() error { return os.RemoveAll(k.c.home) }

// runKills kills n times with two clients, which share the server.
func runKills(ctx context.Context, s *stage, r *row, name string, n int, newKiller func(i int) (*killer, error), h *histogram) error {
	var all sync.WaitGroup
	errs := [hands]error{}
	for i := range hands {
		k, err := newKiller(i)
		if err != nil {
			return err
		}
		luck := s.luck(fmt.Sprint(name, i))
		all.Go(func() {
			for _, operation := range operations {
				if s.smoke && i > 0 && !s.brief {
					break // one learns it for both
				}
				steps, err := k.once(ctx, point{operation: operation}, false)
				if err != nil {
					errs[i] = err
					return
				}
				h.learn(operation, steps)
			}
			for range n / hands {
				if ctx.Err() != nil {
					return
				}
				if _, err := k.once(ctx, h.draw(luck), luck.IntN(2) == 0); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	all.Wait()
	rare := h.print(s.seed)
	if err := errors.Join(errs[:]...); err != nil {
		return err
	}
	if len(rare) > 0 && !s.smoke {
		return fmt.Errorf("steps that were not hit %d times: %s", hitsWanted, strings.Join(rare, ", "))
	}
	return ctx.Err()
}

func killProgram(ctx context.Context, s *stage, r *row) error {
	n := s.kills
	if s.smoke {
		n = 8
	}
	h := newHistogram()
	return runKills(ctx, s, r, "kill", n, func(i int) (*killer, error) {
		chip, err := s.launch(fmt.Sprint("kill-chip", i))
		if err != nil {
			return nil, err
		}
		c := s.site.client(fmt.Sprintf("killed-%d/home", i), "mara").fast(s)
		c.spec = chip.Spec()
		return &killer{s: s, r: r, h: h, c: c, steps: s.file(fmt.Sprint("steps", i))}, nil
	}, h)
}

func killChip(ctx context.Context, s *stage, r *row) error {
	n := max(40, s.kills*2/5)
	if s.smoke {
		n = 4
	}
	h := newHistogram()
	return runKills(ctx, s, r, "chip", n, func(i int) (*killer, error) {
		chip, err := s.launch(fmt.Sprint("dying-chip", i))
		if err != nil {
			return nil, err
		}
		b, err := newRelay(s.file(fmt.Sprint("dying", i)), chip)
		if err != nil {
			return nil, err
		}
		c := s.site.client(fmt.Sprint("dying-home", i), "mara").fast(s)
		c.spec = b.spec()
		return &killer{s: s, r: r, h: h, c: c, relay: b}, nil
	}, h)
}
