//go:build !linux && !darwin

package convert

import "runtime/debug"

// legacyMemory is what the child may use in all.
const legacyMemory = 3 << 30

// limitMemory is only the soft limit here; the parent's time limit stands.
func limitMemory() { debug.SetMemoryLimit(legacyMemory / 2) }
