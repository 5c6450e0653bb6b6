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
		c.workOffline(),
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

// cachedAndCopied makes a cache and returns the client with a copy of its folder
// in another one of the stage.
func (s *stage) cachedAndCopied(ctx context.Context, c client, to string) (old client, err error) {
	if err := c.makeCache(ctx); err != nil {
		return c, err
	}
	return c.copied(s.file(to))
}

// twoGenerations is cachedAndCopied, and renews the cache afterwards.
func (s *stage) twoGenerations(ctx context.Context, c client, to string) (old client, err error) {
	if old, err = s.cachedAndCopied(ctx, c, to); err != nil {
		return old, err
	}
	return old, c.renew(ctx)
}

// revocable is a client with a chip of its own: the server lets none that it has
// revoked in by itself.
func (s *stage) revocable(home string) (client, error) {
	c := s.site.client(home, "mara")
	chip, err := s.launch(home + "-chip")
	if err == nil {
		c.spec = chip.Spec()
	}
	return c, err
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

// putBack tries everything with a file of the old folder in the place of the
// client's of that name.
func (c client) putBack(ctx context.Context, r *row, file, as, what string) error {
	return c.instead(as, file, func() error { return everyWay(ctx, c, r, what) })
}

// imports has the client import a file that it must not.
func (c client) imports(ctx context.Context, r *row, file, what string) error {
	a, err := c.ask(ctx, []string{"import-cache", file, "--master-password-stdin"}, c.master)
	if err == nil {
		r.refused(a, what)
	}
	return err
}

func olderCopy(ctx context.Context, s *stage, r *row) error {
	c := s.site.client("older", "mara")
	old, err := s.twoGenerations(ctx, c, "older-old")
	if err != nil {
		return err
	}
	file, err := in(old.home, "cache.kdbx")
	if err != nil {
		return err
	}
	if err := c.putBack(ctx, r, file, "cache.kdbx", "older copy"); err != nil {
		return err
	}
	if err := c.imports(ctx, r, file, "older copy imported"); err != nil {
		return err
	}
	return c.opens(ctx)
}

func copyBeforeClear(ctx context.Context, s *stage, r *row) error {
	c := s.site.client("cleared", "mara")
	old, err := s.cachedAndCopied(ctx, c, "cleared-old")
	if err != nil {
		return err
	}
	if _, err := c.must(ctx, []string{"clear-cache", "--yes"}); err != nil {
		return err
	}
	file, err := in(old.home, "cache.kdbx")
	if err != nil {
		return err
	}
	if err := c.putBack(ctx, r, file, "cache.kdbx", "cleared, put back"); err != nil {
		return err
	}
	if err := c.imports(ctx, r, file, "cleared, imported"); err != nil {
		return err
	}
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
	c, err := s.revocable("revoked")
	if err != nil {
		return err
	}
	old, err := s.cachedAndCopied(ctx, c, "revoked-old")
	if err != nil {
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
	file, err := in(old.home, "cache.kdbx")
	if err != nil {
		return err
	}
	return c.putBack(ctx, r, file, "cache.kdbx", "revoked, put back")
}

func copiedNew(ctx context.Context, s *stage, r *row) error {
	c, middle := s.site.client("new", "mara"), s.file("new-middle")
	if err := c.makeCache(ctx); err != nil {
		return err
	}
	// The folder of the moment before the new file takes the place of the old.
	q := c.connect()
	q.hand = &handOrder{CopyAt: "rename cache.kdbx.new", CopyOf: c.home, CopyTo: middle}
	a, err := c.do(ctx, q)
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
		if err := c.putBack(ctx, r, file, as, "as "+as); err != nil {
			return err
		}
	}
	return nil
}

// wholeOlderFolder succeeds below level A, where nothing in the chip counts
// generations; it stands here so that nobody believes otherwise.
func wholeOlderFolder(ctx context.Context, s *stage, r *row) error {
	old, err := s.twoGenerations(ctx, s.site.client("whole", "mara").at("B"), "whole-old")
	if err != nil {
		return err
	}
	a, err := old.do(ctx, old.show())
	if err != nil {
		return err
	}
	r.refused(a, "generation 1 with the client state of then")
	return nil
}

func wholeFolderOnline(ctx context.Context, s *stage, r *row) error {
	c, err := s.revocable("whole2")
	if err != nil {
		return err
	}
	old, err := s.cachedAndCopied(ctx, c, "whole2-old")
	if err != nil {
		return err
	}
	if err := s.site.revoke(ctx, c); err != nil {
		return err
	}
	if _, err := old.status(ctx, "--check"); err != nil {
		return err
	}
	return everyWay(ctx, old, r, "after meeting the server once")
}
