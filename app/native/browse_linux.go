package native

import (
	"errors"
	"fmt"
	"os/exec"
	"time"
)

// launchPatience is how long xdg-open may take to fail. It may as well go on
// for as long as the browser runs that it started; then all is well.
const launchPatience = 3 * time.Second

func launch(address string) error { return xdgOpen(address) }

// showFolder gets an absolute path: it begins with a slash, so it is no option.
func showFolder(path string) error { return xdgOpen(path) }

func xdgOpen(what string) error {
	program, err := exec.LookPath("xdg-open") // never of the current folder: os/exec refuses those
	if err != nil {
		return fmt.Errorf("xdg-open (package xdg-utils): %w", errors.Join(ErrUnsupported, err))
	}
	cmd := exec.Command(program, what)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("xdg-open: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	late := time.NewTimer(launchPatience)
	defer late.Stop()
	select {
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("xdg-open: %w", err)
		}
	case <-late.C:
	}
	return nil
}
