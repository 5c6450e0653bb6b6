package native

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// ErrRunning says that another instance uses this home; it has been told to
// show its window, so this one can end without a complaint.
var ErrRunning = errors.New("native: another instance is running")

// errHeld says that another process holds the lock of the home.
var errHeld = errors.New("native: the home is in use")

const (
	lockName = "window.lock"
	// The wire: one request, one answer, both shorter than a packet. It may be
	// met by the other instance of another version: never change it, only add.
	showRequest, showAnswer = "show\n", "ok\n"
	// peerPatience bounds a conversation, so that nobody can hold the listener.
	peerPatience = 2 * time.Second
	// startPatience is how long the first instance may take from its lock to its
	// socket, and how often the second one looks.
	startPatience, startLook = 5 * time.Second, 50 * time.Millisecond
)

// Instance is the one window of a home.
type Instance struct {
	lock  *os.File
	ear   net.Listener
	shows chan struct{}
	once  sync.Once
	ended chan struct{}
}

// Claim makes this process the one instance of a home folder, which is made if
// need be (0700). If another process of the same user already is, Claim has it
// show its window and returns ErrRunning. Any other error means that neither
// worked: the other one hangs, or the folder cannot be used. What a crashed
// instance left behind is cleaned up.
func Claim(ctx context.Context, home string) (*Instance, error) {
	home, err := filepath.Abs(home)
	if err == nil {
		err = os.MkdirAll(home, 0o700)
	}
	if err == nil {
		home, err = filepath.EvalSymlinks(home) // one home, one name
	}
	if err != nil {
		return nil, fmt.Errorf("home: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startPatience)
	defer cancel()
	for {
		i, err := claim(home)
		if !errors.Is(err, errHeld) {
			return i, err
		}
		if err = tell(ctx, home); err == nil {
			return nil, ErrRunning
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the other instance does not answer: %w", err)
		case <-time.After(startLook): // it is starting, or just ending: then the lock is free
		}
	}
}

// claim takes the lock, and with it the right to replace the socket.
func claim(home string) (*Instance, error) {
	lock, err := os.OpenFile(filepath.Join(home, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockFile(lock); err != nil {
		_ = lock.Close() // nothing was written
		return nil, err
	}
	ear, err := listen(home)
	if err != nil {
		_ = lock.Close() // nothing was written
		return nil, fmt.Errorf("listen for other instances: %w", err)
	}
	i := &Instance{lock: lock, ear: ear, shows: make(chan struct{}, 1), ended: make(chan struct{})}
	go i.serve()
	return i, nil
}

// Shows gets a value when another instance was started and the window is to
// come to the front. Several wishes at once become one. It is never closed.
func (i *Instance) Shows() <-chan struct{} { return i.shows }

// Close gives the home free. The lock file stays: removing it would let two
// others each lock one of their own.
func (i *Instance) Close() error {
	var err error
	i.once.Do(func() {
		err = i.ear.Close()
		<-i.ended
		err = errors.Join(err, i.lock.Close())
	})
	return err
}

func (i *Instance) serve() {
	defer close(i.ended)
	for {
		conn, err := i.ear.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(startLook) // such as too many open files: it passes, and must not spin
			continue
		}
		i.answer(conn)
	}
}

func (i *Instance) answer(conn net.Conn) {
	defer func() { _ = conn.Close() }() // all that matters was said before
	request := make([]byte, len(showRequest))
	if conn.SetDeadline(time.Now().Add(peerPatience)) != nil || checkPeer(conn) != nil {
		return
	}
	if _, err := io.ReadFull(conn, request); err != nil || string(request) != showRequest {
		return
	}
	select {
	case i.shows <- struct{}{}:
	default: // one wish is waiting already
	}
	_, _ = io.WriteString(conn, showAnswer) // whoever asked may be gone
	_, _ = conn.Read(request)               // until the other end hangs up: a pipe of Windows that closes first takes the answer along
}

// tell asks the running instance to show its window.
func tell(ctx context.Context, home string) error {
	conn, err := dial(ctx, home)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // all that matters was said before
	if err := errors.Join(conn.SetDeadline(time.Now().Add(peerPatience)), checkPeer(conn)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, showRequest); err != nil {
		return err
	}
	answer := make([]byte, len(showAnswer))
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != showAnswer {
		return fmt.Errorf("answers %q: %w", answer, err)
	}
	return nil
}

// homeName is a short name of a home and its user, for sockets and pipes.
func homeName(user, home string) string {
	sum := sha256.Sum256([]byte(user + "\x00" + home))
	return "tideover-" + hex.EncodeToString(sum[:12])
}
