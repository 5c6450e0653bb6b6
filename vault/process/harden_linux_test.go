package process_test

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tideover/tideover/vault/process"
)

// secret stands for one that a crashing program holds.
const secret = "Nachtigall, ick hör dir trapsen"

func TestMain(m *testing.M) {
	switch os.Getenv("PROCESS_TEST") {
	case "":
		os.Exit(m.Run())
	case "crash":
		// As if this system let everybody write core dumps.
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}) // needs a right that not all have
		process.Harden()
		crash([]byte(secret))
	}
	os.Exit(0)
}

//go:noinline
func crash(b []byte) { panic(len(b)) }

func TestHarden(t *testing.T) {
	process.Harden()
	process.Harden()
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("core dumps of %v bytes, %v", limit, err)
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil || dumpable != 0 {
		t.Errorf("dumpable %d, %v", dumpable, err)
	}
	// The program itself still reaches what Go and its libraries read there.
	for _, path := range []string{"/proc/self/maps", "/proc/self/status", "/proc/self/fd", "/proc/self/exe"} {
		f, err := os.Open(path)
		if err != nil {
			t.Error(err)
			continue
		}
		_ = f.Close() // only read
	}
	if _, err := os.Executable(); err != nil {
		t.Error(err)
	}
}

// A crash writes no core file, and its trace, as long as Go makes it, shows no
// secret.
func TestCrash(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PROCESS_TEST=crash", "GOTRACEBACK=crash")
	out, err := cmd.CombinedOutput()
	state, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if err == nil || !ok || !state.Signaled() || state.Signal() != syscall.SIGABRT {
		t.Fatalf("it did not crash: %v\n%s", err, out)
	}
	if state.CoreDump() {
		t.Error("the kernel says that it dumped core")
	}
	left, err := os.ReadDir(cmd.Dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if !strings.Contains(string(out), "crash") || strings.Contains(string(out), "Nachtigall") {
		t.Errorf("the trace:\n%s", out)
	}
}
