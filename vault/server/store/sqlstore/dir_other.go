//go:build !unix

package sqlstore

// syncDir has nothing to do: directories cannot be flushed here.
func syncDir(string) error { return nil }
