package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server/catalog"
)

// demoMark is the file that tells a demo's data directory from a real one.
const demoMark = "demo"

// maxDemoEntries bounds --entries: beyond it making them takes longer than
// anybody waits.
const maxDemoEntries = 200_000

// demo is a data directory with invented content.
type demo struct {
	site    *site
	by      *catalog.Caller
	entries int // to make, if the directory is new
	fresh   bool
}

func newDemo(c *console) *cobra.Command {
	var address string
	entries := demoEntries
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Serve invented entries to invented users on a loopback address",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if entries < 0 || entries > maxDemoEntries {
				return vault.Fail(vault.Usage, "--entries is 0 to %d", maxDemoEntries)
			}
			return c.runDemo(cmd.Context(), address, entries)
		},
	}
	cmd.Flags().StringVar(&address, "listen", "127.0.0.1:0", "loopback `address` to listen on")
	cmd.Flags().IntVar(&entries, "entries", entries, "`number` of entries")
	return cmd
}

func (c *console) runDemo(ctx context.Context, address string, entries int) (err error) {
	if err := checkDemoAddress(address); err != nil {
		return err
	}
	// It is bound before anything is made, and judged once more as it is bound.
	l, err := listen(ctx, address, true)
	if err != nil {
		return err
	}
	if err := l.Close(); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	dir := c.dataDir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "tideover-demo-"); err != nil {
			return fmt.Errorf("make the data directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	d, err := c.openDemo(ctx, dir, entries)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.site.close()) }()
	if d.fresh {
		if err := d.populate(ctx); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, demoMark), []byte("complete\n"), 0o600); err != nil {
			return fmt.Errorf("mark the demo: %w", err)
		}
	}
	users, err := d.handOver(ctx)
	if err != nil {
		return err
	}
	return c.serveDemo(ctx, d, address, users)
}

// checkDemoAddress refuses whatever is not plainly this computer itself: a
// demo's users and passwords are for whoever sits here.
func checkDemoAddress(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return vault.Fail(vault.Usage, "--listen: %w", err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return vault.Fail(vault.Usage, "the demo listens on a loopback address only, such as 127.0.0.1:0")
	}
	return nil
}

// openDemo opens the directory, or makes it. A directory that is neither empty
// nor a demo's is refused: the demo gives everybody new passwords.
func (c *console) openDemo(ctx context.Context, dir string, entries int) (*demo, error) {
	d := &demo{by: catalog.Operator("demo"), entries: entries}
	mark, err := os.ReadFile(filepath.Join(dir, demoMark))
	switch {
	case err == nil && string(mark) != "complete\n":
		return nil, vault.Fail(vault.Usage, "%s is a demo that was cut off while it was made: delete it", dir)
	case err == nil:
		c.dataDir = dir
		d.site, err = c.openSite(ctx)
		return d, err
	case !errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("look at the data directory: %w", err)
	}
	if names, err := os.ReadDir(dir); err == nil && len(names) > 0 {
		return nil, vault.Fail(vault.Usage, "%s holds something else than a demo", dir)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("look at the data directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, demoMark), nil, 0o600); err != nil {
		return nil, fmt.Errorf("mark the demo: %w", err)
	}
	if _, err := c.initSite(ctx, dir, catalog.Setup{}); err != nil {
		return nil, err
	}
	c.dataDir, d.fresh = dir, true
	d.site, err = c.openSite(ctx)
	return d, err
}

// demoReady is what the demo prints once clients can connect.
type demoReady struct {
	listening
	Entries int        `json:"entries"`
	Groups  int        `json:"groups"`
	Users   []demoUser `json:"users"`
}

func (c *console) serveDemo(ctx context.Context, d *demo, address string, users []demoUser) error {
	root, err := d.site.catalog.Tree(ctx, d.by, catalog.TreeQuery{Depth: -1})
	if err != nil {
		return err
	}
	running, err := c.start(ctx, d.site, serveFlags{listen: address})
	if err != nil {
		return err
	}
	ready := demoReady{listening: running.listening, Users: users}
	ready.Groups, ready.Entries = countFolders(root)
	if err := writeJSON(c.stdout, ready); err != nil { // with or without --json: scripts wait for this line
		return errors.Join(err, running.stop())
	}
	return running.wait()
}

// countFolders counts what is below a folder.
func countFolders(f *catalog.Folder) (groups, entries int) {
	entries = len(f.Entries)
	for _, sub := range f.Folders {
		g, e := countFolders(sub)
		groups, entries = groups+g+1, entries+e
	}
	return groups, entries
}
