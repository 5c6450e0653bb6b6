// Package cache keeps one user's offline copy of one server on disk: a KDBX
// file that opens only with the master password, only with this machine's
// chip, or where policy allows it with the system's keychain, and only while its lease lasts.
//
// It knows no network, no modes and no wording. A Chip seals and unseals
// (package tpm satisfies it without being imported), a SecretStore is the
// keychain, package lease judges
// time, package kdbx gives bytes, package audit keeps the journal; vault/session
// decides when, and is the only user. FORMAT.md says in MUST language which
// files there are, what is in them, and in which order they are checked and
// written.
//
// At level A the chip itself counts (a Provisioner gives it NV indices for the
// cache): the step of its counter is what commits a generation, and what ends
// every copy of one. Permits is the server, which lets those indices be written.
//
// The invariant it keeps: at whatever step a process dies, what is on disk
// opens as the old generation or as the new one, at level A once the next start
// has asked the counter which; no generation number is sealed twice; and no
// content is handed out before a journal entry about it is on disk.
package cache
