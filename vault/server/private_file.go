package server

import (
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/tideover/tideover/vault"
)

// maxPrivateBytes bounds a key file: one P-256 key is 240 bytes.
const maxPrivateBytes = 64 << 10

// readPrivate reads a small file that only its owner may read.
func readPrivate(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing to lose
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	// Windows has no permission bits: the directory's access list guards it.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return nil, vault.Fail(vault.NoSecretStore, "%s can be read by others (mode %04o): chmod 600 it", path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxPrivateBytes+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxPrivateBytes {
		return nil, vault.Fail(vault.Hostile, "%s is larger than %d bytes", path, maxPrivateBytes)
	}
	return text, nil
}

// writeNew creates path with the content, durably, and never replaces a file:
// the hard link fails if another process was first.
func writeNew(path string, content []byte, mode os.FileMode) error {
	tmp, err := writeTemp(path, content, mode)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp) }() // a second name by now, or of no use
	if err := os.Link(tmp, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// replaceFile gives path the content, whole or not at all.
func replaceFile(path string, content []byte, mode os.FileMode) error {
	tmp, err := writeTemp(path, content, mode)
	if err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		_ = os.Remove(tmp) // the rename's error says more
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeTemp writes a synced temporary file beside path and returns its name.
func writeTemp(path string, content []byte, mode os.FileMode) (name string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			_ = os.Remove(f.Name()) // the first error says more
		}
	}()
	if err := f.Chmod(mode); err != nil && runtime.GOOS != "windows" {
		return "", err
	}
	if _, err := f.Write(content); err != nil {
		return "", err
	}
	return f.Name(), f.Sync()
}

// syncDir makes a new name durable. Windows cannot open directories; its file
// systems journal names.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // opened for reading: nothing to lose
	return d.Sync()
}
