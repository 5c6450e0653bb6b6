package audit

// syncDir does nothing: Windows cannot sync a folder. If a rename is lost, the
// journal before it is back, and the server gets some events a second time.
func syncDir(string) error { return nil }
