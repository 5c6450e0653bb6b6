package cache

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tideover/tideover/vault"
)

// Disk is how a Store changes files. Reading goes past it. Tests put one in
// place that dies at a chosen step. Paths are below the Store's folder.
type Disk interface {
	// Create makes or empties a file, mode 0600.
	Create(path string) (DiskFile, error)
	// Rename replaces to by from. It is durable after SyncDir.
	Rename(from, to string) error
	// Remove deletes a file; fs.ErrNotExist if there is none.
	Remove(path string) error
	// SyncDir makes what happened to the names in dir durable.
	SyncDir(dir string) error
}

// DiskFile is a file being written.
type DiskFile interface {
	io.WriteCloser
	// Sync makes what was written durable.
	Sync() error
}

// SystemDisk is the disk of this machine.
type SystemDisk struct{}

var _ Disk = SystemDisk{}

// Create implements Disk.
func (SystemDisk) Create(path string) (DiskFile, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
}

// Rename implements Disk.
func (SystemDisk) Rename(from, to string) error { return renameThrough(from, to) }

// Remove implements Disk.
func (SystemDisk) Remove(path string) error { return os.Remove(path) }

// SyncDir implements Disk.
func (SystemDisk) SyncDir(dir string) error { return syncDir(dir) }

// newSuffix marks a file that is being written.
const newSuffix = ".new"

// write puts a file in place: whole, and durable when it returns, or not at
// all. What fill writes is worth nothing until then.
func (s *Store) write(path string, fill func(io.Writer) error) error {
	s.writeMu.Lock()
	defer s.writeMu.Unlock()
	if err := s.writeNew(path, fill); err != nil {
		return err
	}
	return s.install(path)
}

// writeNew writes the file beside path and makes it durable there.
func (s *Store) writeNew(path string, fill func(io.Writer) error) error {
	disk := s.opt.Disk
	f, err := disk.Create(path + newSuffix)
	if err != nil {
		return unwritable(err)
	}
	sink := &sink{w: f}
	err = fill(sink)
	if err == nil {
		sink.err = f.Sync()
	}
	if cerr := f.Close(); sink.err == nil {
		sink.err = cerr
	}
	switch {
	case sink.err != nil: // the disk's fault, whatever fill made of it
		err = unwritable(sink.err)
	case err == nil:
		err = unwritable(disk.SyncDir(filepath.Dir(path)))
	}
	if err != nil {
		_ = disk.Remove(path + newSuffix) // the error that counts is the first; recovery removes it as well
	}
	return err
}

// install renames the file that writeNew made over path.
func (s *Store) install(path string) error {
	if err := s.opt.Disk.Rename(path+newSuffix, path); err != nil {
		_ = s.opt.Disk.Remove(path + newSuffix) // as above
		return unwritable(err)
	}
	return unwritable(s.opt.Disk.SyncDir(filepath.Dir(path)))
}

// remove deletes files, those that are not there included, and makes that
// durable. It goes on after an error and returns the first.
func (s *Store) remove(paths ...string) error {
	var first error
	for _, p := range paths {
		if err := s.opt.Disk.Remove(p); err != nil && !errors.Is(err, fs.ErrNotExist) && first == nil {
			first = unwritable(err)
		}
	}
	if err := s.opt.Disk.SyncDir(s.opt.Dir); err != nil && first == nil && !errors.Is(err, fs.ErrNotExist) {
		first = unwritable(err)
	}
	return first
}

// sink remembers the disk's own error, so that it can be told from an error of
// whoever encodes.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}

// unwritable says that the disk takes nothing: full, read-only, no right.
func unwritable(err error) error {
	if err == nil || errors.Is(err, vault.ReadOnly) {
		return err
	}
	return vault.Fail(vault.ReadOnly, "%w", err)
}
