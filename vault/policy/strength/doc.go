// Package strength estimates how hard a password is to guess, as zxcvbn does
// (D. Wheeler, "zxcvbn: Low-Budget Password Strength Estimation", USENIX
// Security 2016): it looks for words, names, known passwords, keyboard walks,
// dates and runs in it, and takes the cheapest way to put it together from
// these and from single characters.
//
// The word lists and keyboards are those of github.com/ccojocar/zxcvbn-go, and
// so is the price of everything that is found, which the tests compare. The
// code is not: that library unpacks its lists at every start of a program, and
// few starts ever see a new password. Here the first estimate unpacks them,
// which takes some 60 ms; they stay, in about 1.5 MB.
//
// It is not a rule: package policy says which estimate is enough.
//
// The invariant it keeps: everything that was typed is looked at as characters
// in buffers that are wiped; no copy of it is a string.
package strength
