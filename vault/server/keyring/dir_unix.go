//go:build unix

package keyring

import (
	"errors"
	"fmt"
	"os"
)

// modeMeansAccess: permission bits say who can read the file.
const modeMeansAccess = true

// syncDir makes a created or renamed name durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}
