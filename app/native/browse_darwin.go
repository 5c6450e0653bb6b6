package native

import (
	"fmt"
	"os/exec"
)

// launch gets an address that begins with its scheme: it is no option.
func launch(address string) error { return open(address) }

// showFolder names the program: open alone would run a folder that is an app.
func showFolder(path string) error { return open("-a", "Finder", path) }

func open(args ...string) error {
	if err := exec.Command("/usr/bin/open", args...).Run(); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	return nil
}
