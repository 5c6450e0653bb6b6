//go:build !unix

package catalog_test

import "time"

// cpuTime returns 0: only Unix is measured.
func cpuTime() time.Duration { return 0 }
