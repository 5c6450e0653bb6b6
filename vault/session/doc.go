// Package session is the life of a client: who is signed in, which mode it is
// in (see STATES.md), how it goes offline and comes back, what of the cache is
// open, and what the journal and the overlay hold.
//
// It is not a protocol, a file format or a screen. Its neighbours below are
// vault/cache (the offline file), vault/policy, vault/lease and vault/audit;
// vault/client and tpm satisfy the interfaces that it declares (Remote, Keeper,
// Clock); above it stand the command line and the window, which send commands
// and show what they get.
//
// The invariants: the mode changes only by next; no secret of a cache is handed
// out before its journal event is on disk; while Offline nobody signs in and
// the vault API of the server is not used; the kind and the identity of a
// server are pinned at the first sign-in and never downgraded; and every change
// of the client's state is on disk, whole, before the command reports success.
package session
