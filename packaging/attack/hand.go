//go:build linux && amd64

package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
)

// handOrder is what the hand does to the program that it leads. The program is
// the built one, unchanged: the hand stands between it and the kernel
// (ptrace(2)), as the system does that lies about the time or loses power.
type handOrder struct {
	AheadS int64  `json:"ahead_s,omitempty"` // the computer's clock, against the true one
	Frozen int64  `json:"frozen,omitempty"`  // the computer's clock stands still at this second since 1970
	KillIn string `json:"kill_in,omitempty"` // SIGKILL before a step of this name
	KillAt int    `json:"kill_at,omitempty"` // the how manyeth of that name, from 1
	CopyAt string `json:"copy_at,omitempty"` // before a step of this name the folder CopyOf is copied to CopyTo
	CopyOf string `json:"copy_of,omitempty"`
	CopyTo string `json:"copy_to,omitempty"`
	Steps  string `json:"steps,omitempty"` // file for the names of the steps, one a line
}

// handWord, as first argument, makes this program the hand.
const handWord = "work-hand"

// System calls of x86-64 that matter here (arch/x86/entry/syscalls in Linux).
const (
	sysWrite, sysPwrite, sysFcntl, sysFsync, sysFdatasync  = 1, 18, 72, 74, 75
	sysFtruncate, sysRename, sysMkdir, sysUnlink, sysPrctl = 77, 82, 83, 87, 157
	sysClockGettime, sysOpenat, sysMkdirat, sysUnlinkat    = 228, 257, 258, 263
	sysRenameat, sysFallocate, sysRenameat2, sysConnect    = 264, 285, 316, 42
	sysFlock                                               = 73

	prSetDumpable = 4
	auxVDSO       = 33 // AT_SYSINFO_EHDR: where the clock is read past the kernel
	auxIgnore     = 1  // AT_IGNORE

	optSeccomp, optExitKill = 1 << 7, 1 << 20 // PTRACE_O_TRACESECCOMP, PTRACE_O_EXITKILL
	eventExec, eventSeccomp = 4, 7            // PTRACE_EVENT_EXEC, PTRACE_EVENT_SECCOMP
)

// watched is the calls that the hand wants to see; all others go past it.
func (o handOrder) watched() []uint32 {
	calls := []uint32{
		sysWrite, sysPwrite, sysFcntl, sysFsync, sysFdatasync, sysFtruncate, sysRename, sysMkdir, sysUnlink, sysPrctl,
		sysOpenat, sysMkdirat, sysUnlinkat, sysRenameat, sysFallocate, sysRenameat2, sysConnect, sysFlock,
	}
	if o.lies() {
		calls = append(calls, sysClockGettime)
	}
	return calls
}

func (o handOrder) lies() bool { return o.AheadS != 0 || o.Frozen != 0 }

// lead is the hand's main: it runs argv and ends with its exit code.
func lead(order string, argv []string) int {
	var o handOrder
	if err := json.Unmarshal([]byte(order), &o); err != nil {
		fmt.Fprintln(os.Stderr, "hand:", err)
		return 125
	}
	// Its own process, so that the children it waits for are the program's.
	runtime.LockOSThread()
	path, err := exec.LookPath(argv[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, "hand:", err)
		return 125
	}
	// The program starts in a process that asks the kernel for the watched calls.
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, "hand:", err)
		return 125
	}
	p, err := os.StartProcess(self, append([]string{self, ledWord, order, path}, argv...), &os.ProcAttr{Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}, Sys: &syscall.SysProcAttr{Ptrace: true}})
	if err != nil {
		fmt.Fprintln(os.Stderr, "hand:", err)
		return 125
	}
	// A server is told to end, and so is its hand.
	ends := make(chan os.Signal, 1)
	signal.Notify(ends, syscall.SIGTERM)
	go func() {
		for range ends {
			_ = p.Signal(syscall.SIGTERM) // it may be gone
		}
	}()
	h := hand{handOrder: o, main: p.Pid, inside: map[int]bool{}, sockets: map[string]string{}}
	code, err := h.lead()
	if err != nil {
		_ = p.Kill() // it may be gone
		fmt.Fprintln(os.Stderr, "hand:", err)
		return 125
	}
	if h.Steps != "" {
		if err := os.WriteFile(h.Steps, []byte(strings.Join(h.steps, "\n")+"\n"), 0o600); err != nil {
			fmt.Fprintln(os.Stderr, "hand:", err)
			return 125
		}
	}
	return code
}

type hand struct {
	handOrder
	main    int
	started bool              // it is the program already
	inside  map[int]bool      // threads that are in a call whose answer matters
	sockets map[string]string // process's descriptor → whom it is connected to
	steps   []string
}

func (h *hand) lead() (int, error) {
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(h.main, &status, 0, nil); err != nil || !status.Stopped() {
		return 0, errors.Join(err, errors.New("the program did not start"))
	}
	if err := syscall.PtraceSetOptions(h.main, syscall.PTRACE_O_TRACESYSGOOD|syscall.PTRACE_O_TRACECLONE|syscall.PTRACE_O_TRACEEXEC|optSeccomp|optExitKill); err != nil {
		return 0, err
	}
	for tid := h.main; ; {
		if err := h.on(tid, &status); err != nil {
			return 0, err
		}
		next, err := syscall.Wait4(-1, &status, syscall.WALL, nil)
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return 0, err
		}
		tid = next
		for tid != h.main && (status.Exited() || status.Signaled()) {
			if tid, err = syscall.Wait4(-1, &status, syscall.WALL, nil); err != nil {
				return 0, err
			}
		}
		if status.Exited() {
			return status.ExitStatus(), nil
		}
		if status.Signaled() {
			return 128 + int(status.Signal()), nil
		}
	}
}

// on looks at why a thread stands, and lets it go on: to the next watched call,
// or, where the hand wants its answer, to the end of this one.
func (h *hand) on(tid int, status *syscall.WaitStatus) error {
	sig, resume := status.StopSignal(), syscall.PtraceCont
	var err error
	switch {
	case sig == syscall.SIGTRAP|0x80: // the end of a call
		h.inside[tid], sig = false, 0
		err = h.call(tid, false)
	case status.TrapCause() == eventSeccomp:
		sig = 0
		if err = h.call(tid, true); h.inside[tid] {
			resume = syscall.PtraceSyscall
		}
	case status.TrapCause() == eventExec:
		sig, h.started = 0, true
		err = h.withoutVDSO()
	case sig == syscall.SIGTRAP, sig == syscall.SIGSTOP: // the start of a thread
		sig = 0
	}
	if err == nil {
		err = resume(tid, int(sig))
	}
	if errors.Is(err, syscall.ESRCH) {
		return nil // killed meanwhile
	}
	return err
}

// call handles one system call, on its way in or out.
func (h *hand) call(tid int, in bool) error {
	var r syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(tid, &r); err != nil {
		return err
	}
	switch {
	case !h.started:
	case in && r.Orig_rax == sysClockGettime: // the answer is what matters
		h.inside[tid] = true
	case !in && r.Orig_rax == sysClockGettime && (r.Rdi == 0 || r.Rdi == 5) && r.Rax == 0:
		return h.lie(tid, uintptr(r.Rsi))
	case in && r.Orig_rax == sysPrctl && r.Rdi == prSetDumpable:
		// Only so that the hand may go on reading names as an ordinary user.
		r.Orig_rax = ^uint64(0)
		r.Rax = 0
		return syscall.PtraceSetRegs(tid, &r)
	case in:
		if name := h.step(tid, &r); name != "" {
			return h.next(name)
		}
	}
	return nil
}

// next counts a step that is about to be taken.
func (h *hand) next(name string) error {
	if h.CopyAt == name {
		h.CopyAt = ""
		if err := os.CopyFS(h.CopyTo, os.DirFS(h.CopyOf)); err != nil {
			return err
		}
	}
	h.steps = append(h.steps, name)
	if h.KillIn != name {
		return nil
	}
	if h.KillAt--; h.KillAt == 0 {
		return syscall.Kill(h.main, syscall.SIGKILL)
	}
	return nil
}

// step names a call that changes a file or tells somebody something; "" else.
func (h *hand) step(tid int, r *syscall.PtraceRegs) string {
	switch r.Orig_rax {
	case sysWrite, sysPwrite:
		return h.about("write", int(r.Rdi))
	case sysFsync, sysFdatasync:
		return h.about("sync", int(r.Rdi))
	case sysFtruncate:
		return h.about("truncate", int(r.Rdi))
	case sysFallocate:
		return h.about("allocate", int(r.Rdi))
	case sysFcntl:
		if r.Rsi == syscall.F_SETLK || r.Rsi == syscall.F_SETLKW || r.Rsi == 37 { // F_OFD_SETLK
			return h.about("lock", int(r.Rdi))
		}
	case sysFlock:
		return h.about("lock", int(r.Rdi))
	case sysOpenat:
		if r.Rdx&(syscall.O_WRONLY|syscall.O_RDWR|syscall.O_CREAT) != 0 {
			if path := text(tid, uintptr(r.Rsi)); !strings.HasPrefix(path, "/dev/") && !strings.HasPrefix(path, "/proc/") && !strings.HasPrefix(path, "/sys/") {
				return "open " + plain(path)
			}
		}
	case sysRename, sysMkdir, sysUnlink:
		return map[uint64]string{sysRename: "rename ", sysMkdir: "mkdir ", sysUnlink: "delete "}[r.Orig_rax] + plain(text(tid, uintptr(r.Rdi)))
	case sysRenameat, sysRenameat2:
		return "rename " + plain(text(tid, uintptr(r.Rsi)))
	case sysUnlinkat:
		return "delete " + plain(text(tid, uintptr(r.Rsi)))
	case sysMkdirat:
		return "mkdir " + plain(text(tid, uintptr(r.Rsi)))
	case sysConnect:
		var b [2]byte
		if _, err := syscall.PtracePeekData(tid, uintptr(r.Rsi), b[:]); err != nil {
			return ""
		}
		whom := "server"
		if binary.LittleEndian.Uint16(b[:]) == syscall.AF_UNIX {
			whom = "chip"
		}
		if link := h.descriptor(int(r.Rdi)); link != "" {
			h.sockets[link] = whom
		}
		return "call " + whom
	}
	return ""
}

func (h *hand) descriptor(fd int) string {
	link, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", h.main, fd)) // "" is no file of ours
	return link
}

// about names a step with an open file or connection.
func (h *hand) about(what string, fd int) string {
	link := h.descriptor(fd)
	if whom, ok := h.sockets[link]; ok {
		return "tell " + whom
	}
	if fd <= 2 || !filepath.IsAbs(link) || strings.HasPrefix(link, "/dev/") {
		return "" // its outputs, the runtime's own descriptors
	}
	return what + " " + plain(link)
}

var drawn = regexp.MustCompile(`[0-9a-f]{32}|[0-9]{4,}`)

// plain is a file's name without what is drawn at random in it.
func plain(path string) string {
	return drawn.ReplaceAllString(filepath.Base(path), "#")
}

// text reads a path that the program hands to the kernel.
func text(tid int, at uintptr) string {
	var b [1024]byte
	n, _ := syscall.PtracePeekData(tid, at, b[:]) // what could be read
	name, _, _ := strings.Cut(string(b[:n]), "\x00")
	return name
}

// lie puts the seconds of the answer to a question for the time.
func (h *hand) lie(tid int, at uintptr) error {
	var b [8]byte
	if _, err := syscall.PtracePeekData(tid, at, b[:]); err != nil {
		return err
	}
	now := int64(binary.LittleEndian.Uint64(b[:])) + h.AheadS
	if h.Frozen != 0 {
		now = h.Frozen
	}
	binary.LittleEndian.PutUint64(b[:], uint64(now))
	_, err := syscall.PtracePokeData(tid, at, b[:])
	return err
}

// withoutVDSO hides the shared page from which programs read the clock without
// asking the kernel, before the program's first instruction.
func (h *hand) withoutVDSO() error {
	if !h.lies() {
		return nil
	}
	var r syscall.PtraceRegs
	if err := syscall.PtraceGetRegs(h.main, &r); err != nil {
		return err
	}
	word := func(at uint64) (uint64, error) {
		var b [8]byte
		_, err := syscall.PtracePeekData(h.main, uintptr(at), b[:])
		return binary.LittleEndian.Uint64(b[:]), err
	}
	// The stack at the start: argc, arguments, 0, environment, 0, pairs.
	argc, err := word(r.Rsp)
	if err != nil {
		return err
	}
	at := r.Rsp + 8*(argc+2)
	for {
		v, err := word(at)
		if err != nil {
			return err
		}
		at += 8
		if v == 0 {
			break
		}
	}
	for ; ; at += 16 {
		kind, err := word(at)
		if err != nil || kind == 0 {
			return err
		}
		if kind == auxVDSO {
			var b [8]byte
			binary.LittleEndian.PutUint64(b[:], auxIgnore)
			_, err := syscall.PtracePokeData(h.main, uintptr(at), b[:])
			return err
		}
	}
}
