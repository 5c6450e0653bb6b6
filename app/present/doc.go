// Package present turns what happened into the words that a person reads: the
// message, the remedy and the exit code of every vault.Cause, in the language
// of the catalogues in assets/lang.
//
// It is the only place of the client where such words are made, and both
// command lines and the window use it. It draws nothing and knows no toolkit,
// no terminal and no network. Its neighbours are vault, which names the causes
// without words, and assets, which holds the words without logic.
//
// The invariant: every cause has a message and a remedy in every language,
// with the same arguments, and exactly one exit code.
package present
