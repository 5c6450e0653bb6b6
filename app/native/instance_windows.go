package native

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// pipeBytes is more than a request or an answer.
const pipeBytes = 64

// pipe listens on a named pipe that only the user of this process can open.
type pipe struct {
	name *uint16
	sa   *windows.SecurityAttributes
	mu   sync.Mutex
	next windows.Handle // made before it is waited for, so that the name never goes away
	shut bool
}

// pipeName holds the user, too: names of pipes are shared by all of them.
func pipeName(home string) (*uint16, error) {
	user, err := userOf(windows.GetCurrentProcessToken())
	if err != nil {
		return nil, err
	}
	return windows.UTF16PtrFromString(`\\.\pipe\` + homeName(user, home))
}

func userOf(token windows.Token) (string, error) {
	user, err := token.GetTokenUser()
	if err != nil {
		return "", err
	}
	return user.User.Sid.String(), nil
}

func listen(home string) (net.Listener, error) {
	user, err := userOf(windows.GetCurrentProcessToken())
	if err != nil {
		return nil, err
	}
	// Protected (nothing inherited), all access for the user, nobody else. Not
	// even the service accounts of the default.
	sd, err := windows.SecurityDescriptorFromString("D:P(A;;GA;;;" + user + ")")
	if err != nil {
		return nil, err
	}
	p := &pipe{sa: &windows.SecurityAttributes{SecurityDescriptor: sd}}
	p.sa.Length = uint32(unsafe.Sizeof(*p.sa))
	if p.name, err = pipeName(home); err != nil {
		return nil, err
	}
	// FIRST_PIPE_INSTANCE: somebody else's pipe of that name is an error.
	if p.next, err = p.make(windows.FILE_FLAG_FIRST_PIPE_INSTANCE); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *pipe) make(flags uint32) (windows.Handle, error) {
	h, err := windows.CreateNamedPipe(p.name, windows.PIPE_ACCESS_DUPLEX|flags,
		windows.PIPE_TYPE_BYTE|windows.PIPE_READMODE_BYTE|windows.PIPE_WAIT|windows.PIPE_REJECT_REMOTE_CLIENTS,
		windows.PIPE_UNLIMITED_INSTANCES, pipeBytes, pipeBytes, 0, p.sa)
	if err != nil {
		return 0, fmt.Errorf("CreateNamedPipe: %w", err)
	}
	return h, nil
}

func (p *pipe) Accept() (net.Conn, error) {
	p.mu.Lock()
	h, shut := p.next, p.shut
	p.mu.Unlock()
	if shut {
		return nil, net.ErrClosed
	}
	err := windows.ConnectNamedPipe(h, nil)
	if errors.Is(err, windows.ERROR_PIPE_CONNECTED) {
		err = nil // it came before we waited
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shut {
		_ = windows.CloseHandle(h) // Close connected to wake us; nothing is lost
		return nil, net.ErrClosed
	}
	if err != nil {
		_ = windows.DisconnectNamedPipe(h) // a client that went away again; wait for the next on it
		return nil, fmt.Errorf("ConnectNamedPipe: %w", err)
	}
	next, err := p.make(0)
	if err != nil {
		_ = windows.DisconnectNamedPipe(h) // keep this one, for later
		return nil, err
	}
	p.next = next
	return pipeConn{newPipeConn(h)}, nil
}

// Close wakes Accept by a connection of our own, the only way to end a wait
// that is not overlapped.
func (p *pipe) Close() error {
	p.mu.Lock()
	p.shut = true
	p.mu.Unlock()
	h, err := openPipe(p.name)
	if err != nil {
		return fmt.Errorf("wake the listener: %w", err)
	}
	return windows.CloseHandle(h)
}

func (p *pipe) Addr() net.Addr { return pipeAddr{} }

func dial(_ context.Context, home string) (net.Conn, error) {
	name, err := pipeName(home)
	if err != nil {
		return nil, err
	}
	h, err := openPipe(name)
	if err != nil {
		return nil, err
	}
	var server uint32
	if windows.GetNamedPipeServerProcessId(h, &server) == nil {
		// Windows lets only the program in front bring another one there.
		_, _, _ = windows.NewLazySystemDLL("user32.dll").NewProc("AllowSetForegroundWindow").Call(uintptr(server)) // else it blinks
	}
	return pipeConn{newPipeConn(h)}, nil
}

// openPipe lets the server see who we are, not act as us.
func openPipe(name *uint16) (windows.Handle, error) {
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, nil, windows.OPEN_EXISTING,
		windows.SECURITY_SQOS_PRESENT|windows.SECURITY_IDENTIFICATION, 0)
	if err != nil {
		return 0, fmt.Errorf("open pipe: %w", err)
	}
	return h, nil
}

// cancelEvery is how often waits are cancelled once the time of a pipe is over:
// once is not enough, since one may begin just after it.
const cancelEvery = 100 * time.Millisecond

// pipeEnd is one end of a pipe. Synchronous pipes know no deadlines: when the
// time is over, every wait is cancelled.
type pipeEnd struct {
	h    windows.Handle
	mu   sync.Mutex
	late *time.Timer
	shut bool
}

type pipeConn struct{ *pipeEnd }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

func newPipeConn(h windows.Handle) *pipeEnd { return &pipeEnd{h: h} }

func (c *pipeEnd) Read(b []byte) (int, error) {
	var n uint32
	err := windows.ReadFile(c.h, b, &n, nil)
	return int(n), err
}

func (c *pipeEnd) Write(b []byte) (int, error) {
	var n uint32
	err := windows.WriteFile(c.h, b, &n, nil)
	return int(n), err
}

func (c *pipeEnd) SetDeadline(at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.late == nil && !c.shut {
		c.late = time.AfterFunc(time.Until(at), c.cancel)
	}
	return nil
}

func (c *pipeEnd) cancel() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.shut {
		_ = windows.CancelIoEx(c.h, nil) // nothing waits: as good
		c.late.Reset(cancelEvery)
	}
}

func (c *pipeEnd) SetReadDeadline(at time.Time) error  { return c.SetDeadline(at) }
func (c *pipeEnd) SetWriteDeadline(at time.Time) error { return c.SetDeadline(at) }
func (c *pipeEnd) LocalAddr() net.Addr                 { return pipeAddr{} }
func (c *pipeEnd) RemoteAddr() net.Addr                { return pipeAddr{} }

func (c *pipeEnd) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shut {
		return net.ErrClosed
	}
	c.shut = true
	if c.late != nil {
		c.late.Stop()
	}
	return windows.CloseHandle(c.h)
}

// checkPeer lets in only processes of our own user. The pipe's access list
// does the same for clients; this is for the server's side of it, too.
func checkPeer(conn net.Conn) error {
	h := conn.(pipeConn).h
	var server, client uint32
	err := errors.Join(windows.GetNamedPipeServerProcessId(h, &server), windows.GetNamedPipeClientProcessId(h, &client))
	if err != nil {
		return err
	}
	other := server
	if server == uint32(os.Getpid()) {
		other = client
	}
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, other)
	if err != nil {
		return err
	}
	defer windows.CloseHandle(process)
	var token windows.Token
	if err := windows.OpenProcessToken(process, windows.TOKEN_QUERY, &token); err != nil {
		return err
	}
	defer token.Close()
	theirs, err := userOf(token)
	if err != nil {
		return err
	}
	if ours, err := userOf(windows.GetCurrentProcessToken()); err != nil || ours != theirs {
		return fmt.Errorf("the other side is of user %s: %w", theirs, err)
	}
	return nil
}

// lockFile takes the lock on f, or returns errHeld at once. It ends with the
// process at the latest.
func lockFile(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errHeld
	}
	return err
}
