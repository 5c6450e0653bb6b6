package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tideover/tideover/vault"
)

// holdFile is locked by whoever uses the data directory: shared by every
// command, since all of them work while serve runs, and alone by restore, which
// puts another database in its place.
const holdFile = "server.lock"

// errHeld says that another process has a lock that excludes this one.
var errHeld = errors.New("held by another process")

// hold locks the data directory until the file is closed. It waits for nobody:
// vault.Busy.
func hold(dir string, alone bool) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, holdFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	err = lockFile(f, alone)
	if err == nil {
		return f, nil
	}
	err = errors.Join(err, f.Close())
	if !errors.Is(err, errHeld) {
		return nil, fmt.Errorf("lock the data directory: %w", err)
	}
	topic := "being_restored"
	if alone {
		topic = "in_use"
	}
	return nil, &wordedError{topic, &vault.Problem{Cause: vault.Busy, Detail: dir, Err: err}}
}
