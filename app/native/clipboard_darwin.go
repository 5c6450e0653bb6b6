package native

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
)

// openBoard uses pbcopy and pbpaste, which come with macOS: the value goes
// through a pipe, never through arguments. It cannot be marked as concealed, so
// clipboard histories may keep it.
func openBoard(Plain) (board, error) { return &plainBoard{paste: pb{}}, nil }

type pb struct{}

func (pb) set(value []byte) error {
	cmd := exec.Command("/usr/bin/pbcopy")
	cmd.Env = utf8Env()
	cmd.Stdin = bytes.NewReader(value)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("pbcopy: %w", err)
	}
	return nil
}

func (pb) get() ([]byte, error) {
	cmd := exec.Command("/usr/bin/pbpaste")
	cmd.Env = utf8Env()
	return cmd.Output()
}

// utf8Env says UTF-8: started from the Finder a program has no LANG, and both
// tools would then take the bytes for Mac Roman.
func utf8Env() []string { return append(os.Environ(), "LC_CTYPE=UTF-8") }
