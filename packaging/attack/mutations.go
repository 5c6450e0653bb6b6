//go:build linux && amd64

package main

import "slices"

// mutations are the defences that one can take out of the sources, and the
// attack that each of them stops. What is stopped by several is stopped by none
// of them alone, and all of those go. assets/docs/threats.md has each of them at
// its attack, and says where none can be taken out.
func mutations() []mutation {
	return slices.Concat(
		withoutCopies(), withoutFiles(), withoutTime(), withoutGuessing(), withoutPermits(), withoutWire(),
		withoutJournal(), withoutRecovery(), withoutFailures(), withoutPeople(),
	)
}

// examine is where the client looks at a cache before it asks for a password.
const examine = "vault/cache/examine.go"

// below are the flags for an attack that the chip refuses as well at level A.
func below() []string { return []string{"-level", "B"} }

// often is below, with so many versions or kills.
func often(n string) []string { return append(below(), "-samples", n) }
