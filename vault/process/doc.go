// Package process takes a program of ours out of other programs' sight: no core
// dump of it is written, and no debugger of the same user attaches to it, where
// the system lets a program say so.
//
// It holds no secrets, which vault/locked does, and wipes none, which their
// owners do. It imports nothing of ours.
//
// # What this is worth
//
// Harden keeps secrets out of files that outlive the program. It does not keep
// them from whoever rules the computer: root reads the memory of every process,
// and so does malware that draws our window or was there before us.
//
// Locking the cache wipes keys and content, and Forget what is left of them in
// garbage. Tests look for planted secrets in all memory that a program of ours
// can write to, and in every file that it wrote: TestKeysInMemory of vault/cache,
// for keys, and the script story_memory of cmd/tideover-cli, for what people type
// and see. What nobody here can reach, and what may therefore hold a piece of a
// secret until Go uses the memory again:
//
//   - stacks of goroutines of libraries, such as those of net/http, and the vector
//     registers that a signal writes onto a thread's signal stack;
//   - strings, as long as a variable holds them: net/http and the window's
//     widgets take strings, and a string cannot be wiped;
//   - buffers of TLS connections that are open, of the terminal, of the
//     clipboard and of the system's input method;
//   - swap and hibernation, for all that is not locked: an ordinary user of
//     Linux may lock 8 MiB, often less, so keys come first, and content as far as
//     it goes.
//
// So for the command line it is tested, and for the window it is best effort.
//
// The trace of a panic shows words of arguments. Secrets are slices, of which
// these are address and length. The one exception are the first bytes of a
// kdbx.Key, an array, in a panic inside kdbx.Read or kdbx.Write.
package process
