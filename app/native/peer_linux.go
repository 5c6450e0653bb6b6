package native

import "golang.org/x/sys/unix"

// peerUser returns the user of the process at the other end, as the kernel
// noted it when the connection was made.
func peerUser(fd int) (int, error) {
	cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return -1, err
	}
	return int(cred.Uid), nil
}
