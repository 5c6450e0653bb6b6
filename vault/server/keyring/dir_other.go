//go:build !unix

package keyring

// modeMeansAccess: Windows derives the bits from the read-only attribute.
const modeMeansAccess = false

// syncDir has nothing to do: directories cannot be flushed here.
func syncDir(string) error { return nil }
