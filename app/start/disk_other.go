//go:build !linux

package start

// diskEncrypted does not know: BitLocker and FileVault tell administrators only.
func diskEncrypted(string) (encrypted, known bool) { return false, false }
