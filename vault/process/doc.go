// Package process takes a program of ours out of other programs' sight: no core
// dump of it is written, and no debugger of the same user attaches to it, where
// the system lets a program say so.
//
// It holds no secrets, which vault/locked does, and wipes none, which their
// owners do. It imports nothing of ours.
//
// # What this is worth
//
// It keeps secrets out of files that outlive the program. It does not keep them
// from whoever rules the computer: root reads the memory of every process, and
// so does malware that was started before us or that draws our window.
//
// Locking the cache wipes keys and content, and hands what the garbage
// collector had left over back to the system. A test (TestMemoryAfterLock in
// cmd/tideover-cli) looks for planted secrets in the memory of a client that was
// locked, and in every file that it wrote. What nobody here can reach, and what
// may therefore hold a piece of a secret for longer:
//
//   - dead stack frames and small dead objects of Go libraries, such as hash
//     states, until Go uses the memory again;
//   - strings: what net/http, encoding/json and the window's widgets take is a
//     string, and a string cannot be wiped;
//   - buffers of TLS and HTTP, of the terminal, of the clipboard and of the
//     system's input method;
//   - swap and hibernation, for all that is not locked: RLIMIT_MEMLOCK lets an
//     ordinary user lock 64 KiB to 8 MiB, so keys come first and content as far
//     as it goes.
//
// So for the command line the wiping is tested, and for the window it is best
// effort.
//
// The trace of a panic shows words of arguments: addresses and lengths of
// secrets, not their bytes, because secrets are slices.
package process
