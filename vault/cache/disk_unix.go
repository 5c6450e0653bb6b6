//go:build !windows

package cache

import (
	"errors"
	"os"
)

// renameThrough renames; syncDir makes it durable.
func renameThrough(from, to string) error { return os.Rename(from, to) }

// syncDir makes what happened to names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
