package cache

import "path/filepath"

// Names of the files in a Store's folder. FORMAT.md 2.
const (
	stateName   = "client.json"
	cacheName   = "cache.kdbx"
	sidecarName = "cache.kdbx.gov"
	overlayName = "overlay.kdbx"
	journalName = "journal"
	damagedName = "journal.damaged"
	lockName    = "lock"

	damagedStateName = "client.json.damaged"
)

func (s *Store) path(name string) string { return filepath.Join(s.opt.Dir, name) }
