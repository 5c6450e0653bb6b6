// Package present turns what happened into the words that a person reads: the
// message, the remedy and the exit code of every vault.Cause, in the language
// of the catalogues in assets/lang.
//
// It is the only place of the client where such words are made, and both
// command lines and the window use it. It draws nothing and knows no toolkit,
// no terminal and no network. Its neighbours are vault, which names the causes
// without words, and assets, which holds the words without logic.
//
// For the window it also makes plain models of every screen from what
// vault/session says: the table of commands, the rows, the filter and the tree
// of the entry list, the status line, each dialog. They are values that widgets
// copy; none of them holds a secret, and all functions are pure.
//
// The invariant: every cause has a message and a remedy in every language,
// with the same arguments, and exactly one exit code.
package present
