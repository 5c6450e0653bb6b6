package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// argon2 measures x/crypto's Argon2id against the program of libargon2, with
// the same parameters and, as it checks, the same result.
func (b *bench) argon2(ctx context.Context) error {
	fmt.Printf("\n%-24s %10s %10s %8s\n", "Argon2id", "ours", "libargon2", "ratio")
	for _, p := range []struct{ mib, passes, lanes int }{{64, 3, 4}, {64, 10, 2}, {256, 3, 2}, {1024, 2, 2}} {
		kib := strconv.Itoa(p.mib << 10)
		passes, lanes := strconv.Itoa(p.passes), strconv.Itoa(p.lanes)
		var ours, theirs []result
		for range b.runs {
			o, err := process(ctx, "", b.self, "work-argon2", kib, passes, lanes)
			if err != nil {
				return err
			}
			t, err := process(ctx, password, "argon2", strings.Repeat("s", 32), "-id", "-t", passes, "-k", kib, "-p", lanes, "-l", "32", "-r")
			if err != nil {
				return err
			}
			if o.output != t.output {
				return fmt.Errorf("argon2: %d MiB, %d passes, %d lanes: results differ", p.mib, p.passes, p.lanes)
			}
			ours, theirs = append(ours, o), append(theirs, t)
		}
		mo, mt := medians(ours).wallMS, medians(theirs).wallMS
		fmt.Printf("%4d MiB, t=%-3d p=%-6d %10.1f %10.1f %8.2f\n", p.mib, p.passes, p.lanes, mo, mt, mo/mt)
	}
	return nil
}
