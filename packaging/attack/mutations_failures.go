//go:build linux && amd64

package main

// withoutOld takes the old file away before the new one stands.
func withoutOld() []edit {
	return []edit{{"vault/cache/commit.go", "\tvar digest lease.Hash\n\terr = p.store.writeNew(", "\tvar digest lease.Hash\n\t_ = p.store.remove(p.store.path(cacheName))\n\terr = p.store.writeNew("}}
}

func withoutFailures() []mutation {
	return []mutation{
		{defence: "the old file until the new one stands, killed", edits: withoutOld(), row: "program killed", more: often("40")},
		{defence: "the old file until the new one stands, power cut", edits: withoutOld(), row: "TPM killed", more: often("80")},
		{defence: "the old file until the new one stands, in the chip", edits: withoutOld(), test: test{"vault/cache", "TestCommitOfLevelADiesInTheChip"}, says: "no_cache: "},
		{defence: "the old file until the new one stands, disk full", edits: withoutOld(), row: "disk full"},
		{defence: "the old file until the new one stands, disk that takes nothing", edits: withoutOld(), test: test{"vault/cache", "TestDiskTakesNothingAtLevelA"}, says: `opened "", want "old"`},
		{defence: "the lock", edits: []edit{{"vault/cache/lock_unix.go", "return errLocked", "return nil"}}, row: "two clients on one cache"},
	}
}

func withoutPeople() []mutation {
	return []mutation{
		{defence: "the file's mode", edits: []edit{{"vault/cache/disk.go", "os.O_WRONLY, 0o600)", "os.O_WRONLY, 0o644)"}}, row: "local user: files, sockets, arguments, memory"},
		{defence: "the closed process", edits: []edit{{"vault/process/harden_linux.go", "unix.PR_SET_DUMPABLE, 0,", "unix.PR_SET_DUMPABLE, 1,"}}, row: "local user: files, sockets, arguments, memory"},
		{defence: "the wiping of keys", edits: []edit{{"vault/cache/derive.go", "\tc.memory.Wipe()\n\tc.auth,", "\tc.auth,"}}, test: test{"vault/cache", "TestKeysInMemory"}, says: "closed: "},
	}
}
