//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// drafts: what was edited offline stays here.
func drafts(ctx context.Context, s *stage, r *row) error {
	c := s.site.client("draft", "mara")
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	for _, q := range []request{
		{args: []string{"edit", plantedPath, "--notes", draftNote, "--secret-stdin", "Password", "--master-password-stdin"}, lines: []string{master, "Lotse 42"}},
		{args: []string{"add", "/Planted/Ferry", "--username", "op", "--secret-stdin", "Password", "--master-password-stdin"}, lines: []string{master, "Lotse 43"}},
	} {
		if a, err := c.do(ctx, q); err != nil || a.exit != 0 {
			return fmt.Errorf("control: %s: %s %w", q.args[0], a.stderr, err)
		}
	}
	a, err := c.do(ctx, c.show())
	if err != nil || !a.shows(draftNote) {
		return fmt.Errorf("control: the draft is not shown offline: %s %w", a.stderr, err)
	}
	if a, err = c.ask(ctx, []string{"connect", "--password-stdin"}, account); err != nil {
		return err
	}
	r.refused(a, "connect without saying yes")
	if _, err := c.must(ctx, []string{"connect", "--password-stdin", "--yes"}, account); err != nil {
		return err
	}
	for _, args := range [][]string{{"show", plantedPath, "--reveal"}, {"ls", "/Planted"}} {
		a, err := c.must(ctx, args)
		if err != nil {
			return err
		}
		breach := ""
		if a.shows(draftNote) || a.shows("Lotse 4") || a.shows("Ferry") {
			breach = "a draft is on the server"
		}
		r.try("", breach)
	}
	if a, err = c.must(ctx, []string{"show", plantedPath, "--reveal"}); err != nil || !a.shows(planted) {
		return errors.Join(errors.New("control: the server does not have the entry as it was"), err)
	}
	return nil
}

func movedAway(ctx context.Context, s *stage, r *row) error {
	for _, order := range []string{"revoked", "cleared"} {
		c := s.site.client("moved-"+order, "mara")
		chip, err := s.launch("moved-chip-" + order) // what is revoked stays so
		if err != nil {
			return err
		}
		c.spec = chip.Spec()
		if err := c.makeCache(ctx); err != nil {
			return err
		}
		path, err := in(c.home, "cache.kdbx")
		if err != nil {
			return err
		}
		hidden := s.file("hidden-" + order)
		if err := os.Rename(path, hidden); err != nil {
			return err
		}
		if order == "revoked" {
			if err := s.site.revoke(ctx, c); err != nil {
				return err
			}
			if _, err := c.status(ctx, "--check"); err != nil {
				return err
			}
		} else if _, err := c.ask(ctx, []string{"clear-cache", "--yes"}); err != nil {
			return err
		}
		if err := copyFile(path, hidden); err != nil {
			return err
		}
		if err := everyWay(ctx, c, r, order+" without the file, then put back"); err != nil {
			return err
		}
	}
	return nil
}

// twoClients lets several processes work on one folder at once.
func twoClients(ctx context.Context, s *stage, r *row) error {
	c, err := s.cachedQuickly(ctx, "two")
	if err != nil {
		return err
	}
	rounds, saved := 30, 0
	if s.smoke {
		rounds = 4
	}
	for round := range rounds {
		add := func(i int) request {
			return request{args: []string{"add", fmt.Sprintf("/Planted/Pier %d-%d", round, i), "--secret-stdin", "Password", "--master-password-stdin"}, lines: []string{master, "Lotse 44"}}
		}
		together := []request{add(0), c.show(), add(1), {args: []string{"status"}}}
		answers, errs := make([]answer, len(together)), make([]error, len(together))
		var all sync.WaitGroup
		for i, q := range together {
			all.Go(func() { answers[i], errs[i] = c.do(ctx, q) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for i, a := range answers {
			breach := ""
			if a.exit != 0 && a.id != "busy" {
				breach = fmt.Sprintf("round %d: %s ended with %s", round, together[i].args[0], a.words())
			}
			told := a.words()
			if a.exit == 0 {
				told = "(done)"
			}
			r.try(told, breach)
			if a.exit == 0 && together[i].args[0] == "add" {
				saved++
			}
		}
	}
	st, err := c.status(ctx)
	if err != nil {
		return err
	}
	if st.Cache == nil || st.Cache.Edits != saved {
		r.try("", fmt.Sprintf("%d drafts were taken, and the cache is %+v", saved, st.Cache))
	}
	if saved == 0 {
		return errors.New("control: no draft was taken")
	}
	return c.opens(ctx)
}

// onFullDisk tries what writes, and what must not be done without writing.
func onFullDisk(ctx context.Context, c client, r *row, what string, blocks int) error {
	path, err := in(c.home, "journal")
	if err != nil {
		return err
	}
	for _, q := range []request{
		c.show(),
		{args: []string{"edit", plantedPath, "--notes", draftNote, "--master-password-stdin"}, lines: []string{master}},
		c.connect(),
	} {
		q.blocks = blocks
		start := time.Now()
		a, err := c.do(ctx, q)
		if err != nil {
			return err
		}
		written, err := writtenDown(path, start)
		if err != nil {
			return err
		}
		breach := ""
		if a.crashed() {
			breach = what + ": the program crashed: " + a.stderr
		} else if a.shows(planted) && !written {
			breach = what + ": shown without a journal"
		}
		told := a.words()
		if a.exit == 0 {
			told = "(done)"
		}
		r.try(told, breach)
	}
	return nil
}

// recovers counts a breach if the cache does not open now, and puts the client
// offline with it again.
func (c client) recovers(ctx context.Context, r *row, what string) error {
	// Not show alone: where the command before has put the folder online it asks
	// the server, and a cache that is lost is not missed.
	a, err := c.do(ctx, c.workOffline())
	if err == nil && a.exit == 0 {
		a, err = c.do(ctx, c.show())
	}
	if err != nil {
		return err
	}
	if !a.shows(planted) || !a.shows(fromCache) {
		r.try("", what+": afterwards the cache does not open: "+a.stdout+a.stderr)
	}
	return c.makeCache(ctx)
}

func fullDisk(ctx context.Context, s *stage, r *row) error {
	c, err := s.cachedQuickly(ctx, "full")
	if err != nil {
		return err
	}
	limits := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128, 192, 256}
	if s.smoke { // nothing, and enough for the client's state, but not for a cache
		limits = []int{0, 8}
	}
	for _, n := range limits {
		what := fmt.Sprintf("files end at %d bytes", n*512)
		if err := onFullDisk(ctx, c, r, what, n+1); err != nil {
			return err
		}
		if err := c.recovers(ctx, r, what); err != nil {
			return err
		}
	}
	if s.smoke && !s.brief {
		return nil
	}
	at, unmount, err := s.ownDisk("disk")
	if err != nil {
		r.note("files were kept short (RLIMIT_FSIZE); a disk of its own needs root: %v", err)
		return nil
	}
	defer func() { _ = unmount() }()
	d, err := c.copied(filepath.Join(at, "home"))
	if err != nil {
		return err
	}
	filler := filepath.Join(at, "filler")
	for left := range 8 { // so many pages are free
		if err := fill(filler, left); err != nil {
			return err
		}
		what := fmt.Sprintf("%d pages are free", left)
		if err := onFullDisk(ctx, d, r, what, 0); err != nil {
			return err
		}
		if err := os.Remove(filler); err != nil {
			return err
		}
		if err := d.recovers(ctx, r, what); err != nil {
			return err
		}
		if s.smoke {
			break
		}
	}
	return nil
}

// ownDisk mounts a small disk in memory, which only root may.
func (s *stage) ownDisk(name string) (at string, unmount func() error, err error) {
	at = s.file(name)
	if err := os.MkdirAll(at, 0o700); err != nil {
		return "", nil, err
	}
	if err := syscall.Mount("tmpfs", at, "tmpfs", 0, "size=1m,mode=0700"); err != nil {
		return "", nil, err
	}
	return at, func() error { return syscall.Unmount(at, 0) }, nil
}

// fill writes until the disk is full, and gives so many pages back.
func fill(path string, pages int) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	var n int64
	for page := make([]byte, 4096); ; {
		k, err := f.Write(page)
		n += int64(k)
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(f.Truncate(max(0, n-int64(pages)*4096)), f.Close())
}

func readOnlyDisk(ctx context.Context, s *stage, r *row) error {
	c, err := s.cachedQuickly(ctx, "readonly")
	if err != nil {
		return err
	}
	at, unmount, err := s.ownDisk("rodisk")
	freeze, thaw := func() error { return syscall.Mount("", at, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "") }, func() error { return syscall.Mount("", at, "", syscall.MS_REMOUNT, "") }
	if err == nil {
		defer func() { _ = unmount() }()
		if c, err = c.copied(filepath.Join(at, "home")); err != nil {
			return err
		}
	} else {
		if os.Getuid() == 0 {
			return fmt.Errorf("control: root writes everywhere, and no disk of its own can be mounted: %w", err)
		}
		modes := func(dir, file os.FileMode) error {
			return filepath.WalkDir(c.home, func(path string, d os.DirEntry, err error) error {
				if err != nil {
					return err
				}
				if d.IsDir() {
					return os.Chmod(path, dir)
				}
				return os.Chmod(path, file)
			})
		}
		freeze, thaw = func() error { return modes(0o500, 0o400) }, func() error { return modes(0o700, 0o600) }
	}
	if err := c.opens(ctx); err != nil {
		return err
	}
	if err := freeze(); err != nil {
		return err
	}
	err = everyWay(ctx, c, r, "read-only")
	if _, err2 := c.status(ctx); err2 != nil { // it is always answered
		err = errors.Join(err, err2)
	}
	if err := errors.Join(err, thaw()); err != nil {
		return err
	}
	return c.opens(ctx)
}
