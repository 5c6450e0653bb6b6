//go:build linux && amd64

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// hands is how many copies of a client are attacked at the same time.
const hands = 2

// forEach does f for every number below n, or, in a smoke, for few of them.
// Each hand has a copy of the client to itself.
func (s *stage) forEach(ctx context.Context, c client, name string, n, few int, f func(c client, i int) error) error {
	numbers := s.luck(name).Perm(n)
	if s.samples > 0 {
		few = s.samples
	}
	if s.smoke {
		numbers = numbers[:min(n, few)]
	}
	work, errs := make(chan int), make(chan error, hands)
	var all sync.WaitGroup
	stopped := make(chan struct{})
	var once sync.Once
	for h := range hands {
		mine, err := c.copied(fmt.Sprintf("%s-%d", c.home, h))
		if err != nil {
			return err
		}
		all.Go(func() {
			for i := range work {
				if err := f(mine, i); err != nil {
					errs <- err
					once.Do(func() { close(stopped) })
					return
				}
			}
		})
	}
	func() {
		defer close(work)
		for _, i := range numbers {
			select {
			case work <- i:
			case <-stopped:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	all.Wait()
	close(errs)
	err := ctx.Err()
	for e := range errs {
		err = errors.Join(err, e)
	}
	return err
}

// flipped is a copy of b with one bit of byte i changed.
func (s *stage) flipped(b []byte, i int) []byte {
	out := bytes.Clone(b)
	out[i] ^= 1 << s.luck(fmt.Sprint("bit", i)).UintN(8)
	return out
}

// cachedQuickly is a client with a cache made by the quick program.
func (s *stage) cachedQuickly(ctx context.Context, home string) (client, error) {
	c := s.site.client(home, "mara").fast(s)
	return c, c.makeCache(ctx)
}

// damaged makes a cache, then puts versions of one of its files in its place.
func (s *stage) damaged(ctx context.Context, home, file string, c client, few int, number func(b []byte) int, version func(c client, b []byte, i int) ([]byte, error), look func(c client, path string, i int) error) error {
	good, err := in(c.home, file)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(good)
	if err != nil {
		return err
	}
	if err := s.forEach(ctx, c, home, number(b), few, func(c client, i int) error {
		path, err := in(c.home, file)
		if err != nil {
			return err
		}
		bad, err := version(c, b, i)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			return err
		}
		return look(c, path, i)
	}); err != nil {
		return err
	}
	return c.opens(ctx)
}

func size(b []byte) int { return len(b) }

// mustNotStand counts a cache that was changed and must be known for that.
func (r *row) mustNotStand(ctx context.Context, c client, what string) error {
	st, err := c.status(ctx)
	if err != nil {
		return err
	}
	breach := ""
	if st.cache() != "damaged" {
		breach = what + ": the cache counts as " + st.cache()
	}
	r.try("status: "+st.cache(), breach)
	return nil
}

func flipCache(ctx context.Context, s *stage, r *row) error {
	c, err := s.cachedQuickly(ctx, "flip")
	if err != nil {
		return err
	}
	return s.damaged(ctx, "flip", "cache.kdbx", c, 60, size,
		func(_ client, b []byte, i int) ([]byte, error) { return s.flipped(b, i), nil },
		func(c client, _ string, i int) error {
			if i%500 == 0 { // what is not usable by status does not open either
				a, err := c.do(ctx, c.show())
				if err != nil {
					return err
				}
				r.refused(a, fmt.Sprintf("byte %d flipped", i))
				return nil
			}
			return r.mustNotStand(ctx, c, fmt.Sprintf("byte %d flipped", i))
		})
}

func cutCache(ctx context.Context, s *stage, r *row) error {
	c, err := s.cachedQuickly(ctx, "cut")
	if err != nil {
		return err
	}
	return s.damaged(ctx, "cut", "cache.kdbx", c, 60, size,
		func(_ client, b []byte, i int) ([]byte, error) { return b[:i], nil },
		func(c client, _ string, i int) error {
			return r.mustNotStand(ctx, c, fmt.Sprintf("cut to %d bytes", i))
		})
}

// flipHidden makes the client state and the header's checksum agree with the
// flipped file, as an attacker would who may write the folder.
func flipHidden(ctx context.Context, s *stage, r *row) error {
	c, err := s.cachedQuickly(ctx, "hidden")
	if err != nil {
		return err
	}
	state, err := in(c.home, "client.json")
	if err != nil {
		return err
	}
	was, err := os.ReadFile(state)
	if err != nil {
		return err
	}
	return s.damaged(ctx, "hidden", "cache.kdbx", c, 30, size,
		func(c client, b []byte, i int) ([]byte, error) {
			bad := s.flipped(b, i)
			rehash(bad, i)
			path, err := in(c.home, "client.json")
			if err != nil {
				return nil, err
			}
			agreed, err := agree(was, b, bad)
			if err != nil {
				return nil, err
			}
			return bad, os.WriteFile(path, agreed, 0o600)
		},
		func(c client, _ string, i int) error {
			a, err := c.do(ctx, c.show())
			if err != nil {
				return err
			}
			r.refused(a, fmt.Sprintf("byte %d flipped", i))
			return nil
		})
}

// damageState: what a user does to the client state may lock him out, but it
// must neither crash the program nor make it delete the cache.
func damageState(ctx context.Context, s *stage, r *row) error {
	c, err := s.cachedQuickly(ctx, "state")
	if err != nil {
		return err
	}
	good, err := in(c.home, "cache.kdbx")
	if err != nil {
		return err
	}
	kept, err := os.ReadFile(good)
	if err != nil {
		return err
	}
	return s.damaged(ctx, "state", "client.json", c, 40, func(b []byte) int { return 2 * len(b) },
		func(_ client, b []byte, i int) ([]byte, error) {
			if i < len(b) {
				return s.flipped(b, i), nil
			}
			return b[:i-len(b)], nil
		},
		func(c client, path string, i int) error {
			q := request{args: []string{"status"}}
			if i%20 == 0 {
				q = c.show()
			}
			a, err := c.do(ctx, q)
			if err != nil {
				return err
			}
			breach := ""
			if a.crashed() {
				breach = fmt.Sprintf("version %d: the program crashed: %s", i, a.stderr)
			}
			if now, err := os.ReadFile(filepath.Join(filepath.Dir(path), "cache.kdbx")); err != nil || !bytes.Equal(now, kept) {
				breach = fmt.Sprintf("version %d: the cache is lost", i)
			}
			told := a.words()
			if a.exit == 0 {
				told = "(answered)"
			}
			r.try(told, breach)
			return nil
		})
}

// draftNote is what the draft says that is damaged.
const draftNote = "moved to quay nine"

func damageDrafts(ctx context.Context, s *stage, r *row) error {
	c, err := s.cachedQuickly(ctx, "drafts")
	if err != nil {
		return err
	}
	if _, err := c.must(ctx, []string{"edit", plantedPath, "--notes", draftNote, "--master-password-stdin"}, c.master); err != nil {
		return err
	}
	if a, err := c.do(ctx, c.show()); err != nil || !a.shows(draftNote) {
		return errors.Join(errors.New("control: the draft is not shown"), err)
	}
	return s.damaged(ctx, "drafts", "overlay.kdbx", c, 20, func(b []byte) int { return 2 * len(b) },
		func(_ client, b []byte, i int) ([]byte, error) {
			if i < len(b) {
				return s.flipped(b, i), nil
			}
			return b[:i-len(b)], nil
		},
		func(c client, _ string, i int) error {
			a, err := c.do(ctx, c.show())
			if err != nil {
				return err
			}
			breach := ""
			switch {
			case a.crashed():
				breach = fmt.Sprintf("version %d: the program crashed: %s", i, a.stderr)
			case a.shows(draftNote):
				breach = fmt.Sprintf("version %d: the changed draft was believed", i)
			}
			told := a.words()
			if a.exit == 0 {
				told = "(entry shown without the draft)"
			}
			r.try(told, breach)
			return nil
		})
}

// The layout of an event in a journal (vault/audit/FORMAT.md): an attacker's own
// reading of it.
const (
	eventMark = "tideover/event/1\n"
	eventTime = len(eventMark) + 32 + 8    // milliseconds since 1970, 8 bytes
	eventType = eventTime + 8 + 8 + 16 + 2 // after its length
)

// writtenDown reports whether a journal tells of a secret that was shown since
// start.
func writtenDown(path string, start time.Time) (bool, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	for err == nil {
		at := bytes.Index(b, []byte(eventMark))
		if at < 0 || len(b) < at+eventType {
			break
		}
		b = b[at:]
		if int64(binary.BigEndian.Uint64(b[eventTime:])) >= start.UnixMilli() && bytes.HasPrefix(b[eventType:], []byte("reveal")) {
			return true, nil
		}
		b = b[len(eventMark):]
	}
	return false, err
}

// damageJournal: nothing is shown unless a journal has it.
func damageJournal(ctx context.Context, s *stage, r *row) error {
	c, err := s.cachedQuickly(ctx, "journal")
	if err != nil {
		return err
	}
	return s.damaged(ctx, "journal", "journal", c, 20, func(b []byte) int { return 2 * len(bytes.TrimRight(b, "\x00")) },
		func(_ client, b []byte, i int) ([]byte, error) {
			if n := len(bytes.TrimRight(b, "\x00")); i >= n {
				return b[:i-n], nil
			}
			return s.flipped(b, i), nil
		},
		func(c client, path string, i int) error {
			start := time.Now()
			a, err := c.do(ctx, c.show())
			if err != nil {
				return err
			}
			written, err := writtenDown(path, start)
			if err != nil {
				return err
			}
			breach := ""
			switch {
			case a.crashed():
				breach = fmt.Sprintf("version %d: the program crashed: %s", i, a.stderr)
			case a.shows(planted) && !written:
				breach = fmt.Sprintf("version %d: shown, and nothing was written down", i)
			}
			told := a.words()
			if a.exit == 0 {
				told = "(shown, and written down)"
			}
			r.try(told, breach)
			return nil
		})
}
