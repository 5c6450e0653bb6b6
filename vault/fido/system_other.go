//go:build !linux && !windows

package fido

import (
	"runtime"

	"github.com/tideover/tideover/vault"
)

// System fails with Unsupported: there is no way to a key without cgo.
func System(Config) (Platform, error) {
	return nil, vault.Fail(vault.Unsupported, "security keys on %s", runtime.GOOS)
}
