package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/kdbx"
)

// writeNewPrivate makes a file that only its owner may read, with what produce
// returns, and wipes that. The file is there before produce is called, so that
// nothing is given away that has no place; where it fails the file goes. One
// that exists is never touched.
func writeNewPrivate(path string, produce func() ([]byte, error)) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return vault.Fail(vault.Usage, "%s is there already", path)
	}
	if err != nil {
		return fmt.Errorf("make %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = f.Close()       // may be closed
			_ = os.Remove(path) // the first error tells more
		}
	}()
	text, err := produce()
	defer clear(text)
	if err != nil {
		return err
	}
	if _, err = f.Write(text); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return syncDir(filepath.Dir(path))
}

// writeKeyFile writes a machine secret as a KeePass key file, and wipes it.
func writeKeyFile(path string, release func() (vault.Secret, error)) error {
	return writeNewPrivate(path, func() ([]byte, error) {
		secret, err := release()
		if err != nil {
			return nil, err
		}
		defer secret.Wipe()
		// Room for all of it, so that no copy is left behind by growing.
		text := bytes.NewBuffer(make([]byte, 0, 1024))
		err = kdbx.WriteKeyFile(text, secret.Bytes())
		return text.Bytes(), err
	})
}
