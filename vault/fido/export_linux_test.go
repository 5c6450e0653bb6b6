package fido

// NewHidraw is the finder over other folders than the system's.
func NewHidraw(sys, dev string) Finder { return hidraw{sys: sys, dev: dev} }

// IsKey is how it tells keys from other devices.
func IsKey(descriptor []byte) bool { return isKey(descriptor) }
