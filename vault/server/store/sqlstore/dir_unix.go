//go:build unix

package sqlstore

import (
	"errors"
	"fmt"
	"os"
)

// syncDir makes a renamed file durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}
