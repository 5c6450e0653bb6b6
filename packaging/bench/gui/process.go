package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// memory is what a process holds, in MiB. Pages that several processes share
// count whole in the first and by their share in the second.
type memory struct{ rss, pss float64 }

// memoryOf reads /proc/PID/smaps_rollup (proc(5)).
func memoryOf(pid int) (m memory, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return m, err
	}
	for line := range bytes.Lines(b) {
		f := bytes.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(string(f[1]), 64) // the kernel's own
		switch string(f[0]) {
		case "Rss:":
			m.rss = kib / 1024
		case "Pss:":
			m.pss = kib / 1024
		}
	}
	return m, nil
}

// ticksPerSecond is USER_HZ, which is 100 on every Linux that Go runs on.
const ticksPerSecond = 100

// cpuOf returns the time that a process has worked so far; 0 if it is gone.
func cpuOf(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	at := bytes.LastIndexByte(b, ')') // its name may hold anything
	if err != nil || at < 0 {
		return 0
	}
	f := bytes.Fields(b[at+1:])
	if len(f) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(string(f[11])) // utime and stime, the kernel's own
	system, _ := strconv.Atoi(string(f[12]))
	return time.Duration(user+system) * time.Second / ticksPerSecond
}

// running reports whether a thread of a process works, or would if it were its
// turn.
func running(pid int) bool {
	stats, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid)) // the pattern is right
	for _, name := range stats {
		b, err := os.ReadFile(name)
		at := bytes.LastIndexByte(b, ')')
		if err == nil && at >= 0 && bytes.HasPrefix(b[at:], []byte(") R")) {
			return true
		}
	}
	return false
}

// idle returns a function that reports whether a process did little since it
// was asked last: what is drawn while it works is not yet what was wanted. A
// cursor that blinks takes some.
func idle(pid int) func() bool {
	const little = 0.4
	cpu, at := cpuOf(pid), time.Now()
	return func() bool {
		c, now := cpuOf(pid), time.Now()
		share := float64(c-cpu) / float64(now.Sub(at))
		cpu, at = c, now
		return share < little && !running(pid)
	}
}
