package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tideover/tideover/packaging/demo"
)

// openWindow opens the desktop app against the demo and waits until the person
// closes it. Without a display it says so, and that is all.
func (p *player) openWindow(ctx context.Context, d demo.Ready, u demo.User) error {
	if os.Getenv("DISPLAY") == "" {
		p.say("There is no display here, so the window is not opened. On a desktop, make run\nopens it against this server at the end.")
		return nil
	}
	program := filepath.Join(p.bin, "tideover")
	if _, err := os.Stat(program); err != nil {
		return fmt.Errorf("the window was not built: %w", err)
	}
	back, err := p.serveAgain(ctx, d)
	if err != nil {
		return err
	}
	p.say("Now it is your turn. The window opens; close it to end.\n"+
		"    server    %s\n    user      %s\n    password  is in %s\n    identity  %s", d.URL, u.Name, u.PasswordFile, d.Pin)
	cmd := exec.CommandContext(ctx, program, "--home", p.file("window"), "--tpm", p.tpm)
	cmd.Stderr = os.Stderr
	return errors.Join(cmd.Run(), back.Stop())
}
