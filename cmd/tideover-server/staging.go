package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/server"
	"github.com/tideover/tideover/vault/server/catalog"
	"github.com/tideover/tideover/vault/server/keyring"
	"github.com/tideover/tideover/vault/server/store/sqlstore"
)

// sqliteHead begins every SQLite database (https://www.sqlite.org/fileformat2.html, 1.3).
const sqliteHead = "SQLite format 3\x00"

// stagingPrefix begins the name of the directory in which a backup is checked.
const stagingPrefix = ".restore-"

// What SQLite adds to the name of a database for its log and the log's index.
const walSuffix, shmSuffix = "-wal", "-shm"

// checkBackup refuses what is certainly no backup.
func checkBackup(dir, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return problemOf(err, "%v", err)
	}
	defer func() { _ = f.Close() }() // opened for reading: nothing to lose
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if !info.Mode().IsRegular() {
		return vault.Fail(vault.Usage, "%s is not a file", file)
	}
	if now, err := os.Stat(filepath.Join(dir, databaseFile)); err == nil && os.SameFile(info, now) {
		return vault.Fail(vault.Usage, "%s is the database itself, not a backup of it", file)
	}
	if log, err := os.Stat(file + walSuffix); err == nil && log.Size() > 0 {
		return vault.Fail(vault.Usage, "%s is a database in use, not a backup: a part of it is in %s", file, filepath.Base(file)+walSuffix)
	}
	head := make([]byte, len(sqliteHead))
	if _, err := io.ReadFull(f, head); err != nil || !bytes.Equal(head, []byte(sqliteHead)) {
		return vault.Fail(vault.Damaged, "%s is no backup of a server", file)
	}
	return nil
}

// checkReplaceable wants a yes before anything that is no key is replaced.
func checkReplaceable(dir string, yes bool) error {
	if yes {
		return nil
	}
	keys := []string{kekFile, server.IdentityFile, server.CAFile, server.ListFile, holdFile}
	list, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	for _, e := range list {
		if !slices.Contains(keys, e.Name()) && !strings.HasPrefix(e.Name(), stagingPrefix) {
			return vault.Fail(vault.Usage, "%s is not empty (%s): --yes puts the backup in the place of its database", dir, e.Name())
		}
	}
	return nil
}

// readReplaced returns what the database that is to be replaced knows; nil if
// there is none, or it cannot be read: that may be why a backup is restored.
// Nobody else uses it, so that its log is empty afterwards.
func readReplaced(ctx context.Context, path string) (since *catalog.Ended, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	db, err := sqlstore.Open(ctx, path)
	if err == nil {
		since, err = catalog.ReadEnded(ctx, db)
		err = errors.Join(err, db.Close())
	}
	for _, unreadable := range []vault.Cause{vault.Damaged, vault.Unsupported, vault.NotFound} {
		if errors.Is(err, unreadable) {
			return nil, nil
		}
	}
	return since, err
}

// staging is a copy of a backup in a directory of its own, on the disk of the
// database whose place it is to take.
type staging struct {
	dir  string // the data directory
	temp string
	sum  string // SHA-256 of the backup, hex
}

// stageBackup copies the backup. What a restore that was cut off has left goes.
func stageBackup(dir, file string) (*staging, error) {
	left, err := filepath.Glob(filepath.Join(dir, stagingPrefix+"*"))
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	for _, name := range left {
		if err := os.RemoveAll(name); err != nil {
			return nil, fmt.Errorf("restore: %w", err)
		}
	}
	temp, err := os.MkdirTemp(dir, stagingPrefix+"*") // mode 0700
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	s := &staging{dir: dir, temp: temp}
	if s.sum, err = copySynced(file, s.database()); err != nil {
		return nil, errors.Join(fmt.Errorf("restore: %w", err), s.remove())
	}
	return s, nil
}

func (s *staging) database() string { return filepath.Join(s.temp, databaseFile) }
func (s *staging) remove() error    { return os.RemoveAll(s.temp) }

// copySynced copies a file to a new one and returns its SHA-256.
func copySynced(from, to string) (sum string, err error) {
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }() // opened for reading: nothing to lose
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, hash), in)
	if err == nil {
		err = out.Sync()
	}
	return hex.EncodeToString(hash.Sum(nil)), errors.Join(err, out.Close())
}

// govern checks the whole copy, and makes it safe to serve.
func (s *staging) govern(ctx context.Context, since *catalog.Ended, done *restoration) (err error) {
	parts := &site{dir: s.dir}
	if parts.kek, err = openKEK(s.dir); err != nil {
		return err
	}
	if parts.store, err = sqlstore.Open(ctx, s.database()); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close()) }()
	if err := parts.store.Check(ctx); err != nil {
		return err
	}
	if _, err := catalog.ReadEnded(ctx, parts.store); errors.Is(err, vault.NotFound) {
		return vault.Fail(vault.Damaged, "%s is no backup of a server", done.file)
	} else if err != nil {
		return err
	}
	if parts.keys, err = keyring.Open(ctx, keyring.Config{Store: parts.store, KEK: parts.kek}); err != nil {
		return err
	}
	if parts.catalog, err = catalog.Open(ctx, catalog.Config{Store: parts.store, Keys: parts.keys}); err != nil {
		return err
	}
	by := catalog.Operator("restore")
	if _, err := parts.catalog.VerifyAudit(ctx, by); err != nil {
		return err
	}
	if err := parts.catalog.Verify(ctx); err != nil {
		return err
	}
	id, err := server.OpenIdentity(s.dir, time.Now())
	if err != nil {
		return err
	}
	if err := server.CheckKeys(ctx, id, parts.catalog); err != nil {
		return err
	}
	since = parts.mergeList(ctx, id, since, done)
	done.Restored, err = parts.catalog.Restore(ctx, by, catalog.Restoring{
		Backup: filepath.Base(done.file) + " " + s.sum, Since: since,
	})
	if err != nil {
		return err
	}
	users, err := parts.catalog.Users(ctx, by)
	done.names = map[vault.ID]string{}
	for _, u := range users {
		done.names[u.ID] = u.Name
	}
	return err
}

// install puts the copy in the place of the database, in one step: whoever
// looks finds the old one whole, or the new one. It returns where the old one
// is kept; empty if there was none.
func (s *staging) install() (kept string, err error) {
	if log, err := os.Stat(s.database() + walSuffix); err == nil && log.Size() > 0 {
		return "", fmt.Errorf("restore: the copy's log was not written back")
	}
	path := filepath.Join(s.dir, databaseFile)
	if _, err := os.Stat(path); err == nil {
		kept = path + ".before-restore-" + time.Now().UTC().Format("20060102T150405Z")
		if err := setAside(path, kept); err != nil {
			return "", fmt.Errorf("restore: keep the database: %w", err)
		}
	}
	if err := os.Rename(s.database(), path); err != nil {
		return "", errors.Join(fmt.Errorf("restore: %w (nothing was replaced)", err), giveBack(path, kept))
	}
	return kept, syncDir(s.dir)
}

// setAside gives the database a second name. The log of one that could not be read
// goes there too: SQLite would play it into whatever stands under the name.
func setAside(path, kept string) error {
	if err := os.Link(path, kept); errors.Is(err, fs.ErrExist) {
		return err
	} else if err != nil { // a file system without hard links
		if _, err := copySynced(path, kept); err != nil {
			return err
		}
	}
	for _, suffix := range []string{walSuffix, shmSuffix} {
		if err := os.Rename(path+suffix, kept+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(filepath.Dir(path))
}

// giveBack undoes setAside. kept may be empty.
func giveBack(path, kept string) error {
	if kept == "" {
		return nil
	}
	for _, suffix := range []string{walSuffix, shmSuffix} {
		if err := os.Rename(kept+suffix, path+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Remove(kept)
}

// syncDir makes new names durable. Windows cannot open directories; its file
// systems journal names.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
