// Package tpmtest runs swtpm, a software TPM 2.0, for tests and for the demo
// story: one directory is one machine, with power cuts, reboots, snapshots and
// a clock that can be put forward.
//
// It is no fake: everything goes to a real implementation of the standard over
// a Unix socket. It is never part of a shipped binary, needs no root and leaves
// nothing behind. Programs take Launch; tests take Start.
//
// The invariant it keeps: a machine from Launch or Start bears level B. Its
// shared lockout is set to 32 failures and 600 seconds, as on ordinary
// hardware; swtpm comes with 3, which StartDefault keeps.
package tpmtest
