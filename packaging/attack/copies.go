//go:build linux && amd64

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// everyWay tries all commands that would show something of a cache or, with
// the session that lies in the folder, of the server.
func everyWay(ctx context.Context, c client, r *row, what string) error {
	for _, q := range []request{
		c.show(),
		{args: []string{"work-offline", "--master-password-stdin"}, lines: []string{c.master}},
		{args: []string{"ls", "/Planted", "--master-password-stdin"}, lines: []string{c.master}},
		{args: []string{"search", "Crane", "--master-password-stdin"}, lines: []string{c.master}},
	} {
		a, err := c.do(ctx, q)
		if err != nil {
			return err
		}
		r.refused(a, what+": "+q.args[0])
	}
	return nil
}

func otherMachine(ctx context.Context, s *stage, r *row) error {
	c := s.site.client("machine", "mara")
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	there := c
	there.spec = s.other.Spec()
	if err := everyWay(ctx, there, r, "on another chip"); err != nil {
		return err
	}
	there.spec = "none"
	if err := everyWay(ctx, there, r, "without a chip"); err != nil {
		return err
	}
	// The file alone, in a new installation on another machine.
	file, err := c.folder()
	if err != nil {
		return err
	}
	there.home, there.spec = s.file("machine-new"), s.other.Spec()
	a, err := there.ask(ctx, []string{"import-cache", filepath.Join(file, "cache.kdbx"), "--master-password-stdin"}, c.master)
	if err != nil {
		return err
	}
	r.refused(a, "imported on another machine")
	return c.opens(ctx)
}

func copiedHome(ctx context.Context, s *stage, r *row) error {
	c := s.site.client("copied", "mara")
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	thief, err := c.copied(s.file("copied-thief"))
	if err != nil {
		return err
	}
	thief.spec = s.other.Spec()
	if err := everyWay(ctx, thief, r, "copied while offline"); err != nil {
		return err
	}
	// Now with a live session in the folder.
	if err := c.online(ctx); err != nil {
		return err
	}
	if a, err := c.must(ctx, []string{"show", plantedPath, "--reveal"}); err != nil || !a.shows(planted) {
		return errors.Join(errors.New("control: the owner's session shows nothing"), err)
	}
	if thief, err = c.copied(s.file("copied-thief")); err != nil {
		return err
	}
	thief.spec = s.other.Spec()
	for _, args := range [][]string{{"show", plantedPath, "--reveal"}, {"ls", "/Planted"}, {"connect"}, {"cache", "--master-password-stdin"}} {
		a, err := thief.ask(ctx, args, c.master)
		if err != nil {
			return err
		}
		r.refused(a, "with the copied session: "+args[0])
	}
	_, err = c.must(ctx, []string{"show", plantedPath, "--reveal"})
	return err
}

// twoGenerations makes a cache, copies its folder to old, and renews the cache.
func twoGenerations(ctx context.Context, c client, old string) error {
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	if _, err := c.copied(old); err != nil {
		return err
	}
	return c.renew(ctx)
}

// instead puts a file of another folder in the place of the client's, lets f
// look at it, and puts the client's back.
func (c client) instead(name, from string, f func() error) error {
	folder, err := c.folder()
	if err != nil {
		return err
	}
	path := filepath.Join(folder, name)
	before, err := os.ReadFile(path)
	missing := errors.Is(err, os.ErrNotExist)
	if err != nil && !missing {
		return err
	}
	if err := copyFile(path, from); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	if missing {
		return os.RemoveAll(path)
	}
	return os.WriteFile(path, before, 0o600)
}

// in is the path of a file in the only account of a copied home.
func in(home, name string) (string, error) {
	folder, err := client{home: home}.folder()
	return filepath.Join(folder, name), err
}

func olderCopy(ctx context.Context, s *stage, r *row) error {
	c, old := s.site.client("older", "mara"), s.file("older-old")
	if err := twoGenerations(ctx, c, old); err != nil {
		return err
	}
	file, err := in(old, "cache.kdbx")
	if err != nil {
		return err
	}
	if err := c.instead("cache.kdbx", file, func() error { return everyWay(ctx, c, r, "older copy") }); err != nil {
		return err
	}
	a, err := c.ask(ctx, []string{"import-cache", file, "--master-password-stdin"}, c.master)
	if err != nil {
		return err
	}
	r.refused(a, "older copy imported")
	return c.opens(ctx)
}

func copyBeforeClear(ctx context.Context, s *stage, r *row) error {
	c, old := s.site.client("cleared", "mara"), s.file("cleared-old")
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	if _, err := c.copied(old); err != nil {
		return err
	}
	if _, err := c.must(ctx, []string{"clear-cache", "--yes"}); err != nil {
		return err
	}
	file, err := in(old, "cache.kdbx")
	if err != nil {
		return err
	}
	if err := c.instead("cache.kdbx", file, func() error { return everyWay(ctx, c, r, "cleared, put back") }); err != nil {
		return err
	}
	a, err := c.ask(ctx, []string{"import-cache", file, "--master-password-stdin"}, c.master)
	if err != nil {
		return err
	}
	r.refused(a, "cleared, imported")
	return c.makeCache(ctx)
}

// revoke revokes the client's device at the server.
func (t *site) revoke(ctx context.Context, c client) error {
	st, err := c.status(ctx)
	if err != nil {
		return err
	}
	if st.Device == nil {
		return errors.New("control: the client has no device")
	}
	_, err = t.admin(ctx, "", "device", "revoke", st.Device.ID)
	return err
}

func copyBeforeRevoke(ctx context.Context, s *stage, r *row) error {
	c, old := s.site.client("revoked", "mara"), s.file("revoked-old")
	// A chip of its own: the server lets none that it has revoked in by itself.
	chip, err := s.launch("revoked-chip")
	if err != nil {
		return err
	}
	c.spec = chip.Spec()
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	if _, err := c.copied(old); err != nil {
		return err
	}
	if err := s.site.revoke(ctx, c); err != nil {
		return err
	}
	st, err := c.status(ctx, "--check")
	if err != nil {
		return err
	}
	if st.cache() != "revoked" {
		r.try("", "after the order the cache is "+st.cache())
	}
	if err := everyWay(ctx, c, r, "after the order"); err != nil {
		return err
	}
	file, err := in(old, "cache.kdbx")
	if err != nil {
		return err
	}
	return c.instead("cache.kdbx", file, func() error { return everyWay(ctx, c, r, "revoked, put back") })
}

func copiedNew(ctx context.Context, s *stage, r *row) error {
	c, middle := s.site.client("new", "mara"), s.file("new-middle")
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	// The folder of the moment before the new file takes the place of the old.
	a, err := c.do(ctx, request{
		args: []string{"connect", "--password-stdin", "--master-password-stdin", "--yes"}, lines: []string{c.account, c.master},
		hand: &handOrder{CopyAt: "rename cache.kdbx.new", CopyOf: c.home, CopyTo: middle},
	})
	if err != nil || a.exit != 0 {
		return errors.Join(errors.New("control: the renewal failed: "+a.stderr), err)
	}
	file, err := in(middle, "cache.kdbx.new")
	if err != nil {
		return err
	}
	if _, err := os.Stat(file); err != nil {
		return err
	}
	if _, err := c.must(ctx, []string{"work-offline", "--master-password-stdin"}, master); err != nil {
		return err
	}
	if err := c.opens(ctx); err != nil {
		return err
	}
	if _, err := c.must(ctx, []string{"clear-cache", "--yes"}); err != nil {
		return err
	}
	for _, as := range []string{"cache.kdbx", "cache.kdbx.new"} {
		if err := c.instead(as, file, func() error { return everyWay(ctx, c, r, "as "+as) }); err != nil {
			return err
		}
	}
	return nil
}

// wholeOlderFolder succeeds below level A, where nothing in the chip counts
// generations; it stands here so that nobody believes otherwise.
func wholeOlderFolder(ctx context.Context, s *stage, r *row) error {
	c, old := s.site.client("whole", "mara").at("B"), s.file("whole-old")
	if err := twoGenerations(ctx, c, old); err != nil {
		return err
	}
	c.home = old
	a, err := c.do(ctx, c.show())
	if err != nil {
		return err
	}
	r.refused(a, "generation 1 with the client state of then")
	return nil
}

func wholeFolderOnline(ctx context.Context, s *stage, r *row) error {
	c, old := s.site.client("whole2", "mara"), s.file("whole2-old")
	// A chip of its own: the server lets none that it has revoked in by itself.
	chip, err := s.launch("whole2-chip")
	if err != nil {
		return err
	}
	c.spec = chip.Spec()
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	if _, err := c.copied(old); err != nil {
		return err
	}
	if err := s.site.revoke(ctx, c); err != nil {
		return err
	}
	c.home = old
	if _, err := c.status(ctx, "--check"); err != nil {
		return err
	}
	return everyWay(ctx, c, r, "after meeting the server once")
}
