package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// writeImage writes the memory of this process that it may write to, each region
// after a line with its name. What it copies through is shared memory, which
// is not in the image.
func writeImage(path string) (err error) {
	through, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANON)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unix.Munmap(through)) }()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return err
	}
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var rights string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); err != nil {
			return err
		}
		if rights != "rw-p" {
			continue
		}
		if _, err := fmt.Fprintf(out, "\n== %s", line); err != nil {
			return err
		}
		for from < to {
			// A process without core dumps may not open its own memory in /proc, but
			// this it may (ptrace(2): a thread of the same group always).
			part := through[:min(uint64(len(through)), to-from)]
			local := []unix.Iovec{{Base: &part[0], Len: uint64(len(part))}}
			n, err := unix.ProcessVMReadv(os.Getpid(), local, []unix.RemoteIovec{{Base: uintptr(from), Len: len(part)}}, 0)
			if err != nil || n == 0 {
				return errors.Join(err, fmt.Errorf("%d bytes of %s", n, line))
			}
			if _, err := out.Write(through[:n]); err != nil {
				return err
			}
			from += uint64(n)
		}
	}
	return nil
}
