//go:build !windows

package native

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxSocketPath is the shortest sun_path of the systems we build for, macOS,
// without its zero (sys/un.h: 104; Linux has 108).
const maxSocketPath = 103

// socketPath picks where the socket stands: the runtime folder of the session,
// which is in memory and private, else the home itself, else, for a home whose
// path is too long for a socket, a private folder among the temporary files.
func socketPath(home string) (string, error) {
	user := strconv.Itoa(os.Geteuid())
	name := homeName(user, home) + ".sock"
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) && private(dir) == nil {
		if path := filepath.Join(dir, name); len(path) <= maxSocketPath {
			return path, nil
		}
	}
	if path := filepath.Join(home, "window.sock"); len(path) <= maxSocketPath && private(home) == nil {
		return path, nil
	}
	dir := filepath.Join("/tmp", "tideover-"+user) // not TMPDIR, which can be long
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return "", err
	}
	if err := private(dir); err != nil {
		return "", err
	}
	return filepath.Join(dir, name), nil
}

// private checks that dir is a real folder which only we can write: another
// user could have put one of that name there before us.
func private(dir string) error {
	var at unix.Stat_t
	if err := unix.Lstat(dir, &at); err != nil {
		return err
	}
	if at.Mode&unix.S_IFMT != unix.S_IFDIR || int(at.Uid) != os.Geteuid() || at.Mode&0o022 != 0 {
		return fmt.Errorf("%s is not a folder of ours alone", dir)
	}
	return nil
}

// listen replaces what is left of a socket; the caller holds the lock, so
// nobody listens on it.
func listen(home string) (net.Listener, error) {
	path, err := socketPath(home)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	ear, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, ear.Close())
	}
	return ear, nil
}

func dial(ctx context.Context, home string) (net.Conn, error) {
	path, err := socketPath(home)
	if err != nil {
		return nil, err
	}
	return new(net.Dialer).DialContext(ctx, "unix", path)
}

// checkPeer lets in only processes of our own user, both ways.
func checkPeer(conn net.Conn) error { return peerIs(conn, os.Geteuid()) }

// peerIs checks that the process at the other end runs as a user.
func peerIs(conn net.Conn, user int) error {
	raw, err := conn.(*net.UnixConn).SyscallConn()
	if err != nil {
		return err
	}
	uid, failed := -1, error(nil)
	if err := raw.Control(func(fd uintptr) { uid, failed = peerUser(int(fd)) }); err != nil {
		return err
	}
	if failed == nil && uid != user {
		failed = fmt.Errorf("the other side is of user %d", uid)
	}
	return failed
}

// lockFile takes the lock on f, or returns errHeld at once. It ends with the
// process at the latest.
func lockFile(f *os.File) error {
	for {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EWOULDBLOCK):
			return errHeld
		default:
			return err
		}
	}
}
