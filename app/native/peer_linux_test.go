package native

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

// TestPeerOfAnotherUser is within the package, because only root could become
// another user: here the listener takes itself for one instead, and the kernel
// says of the other side what it always says.
func TestPeerOfAnotherUser(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	ear, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ear.Close()
	near, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	far, err := ear.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	own := os.Geteuid()
	for side, conn := range map[string]net.Conn{"the one that asks": near, "the one that listens": far} {
		if err := peerIs(conn, own); err != nil {
			t.Errorf("%s: refuses its own user: %v", side, err)
		}
		if err := checkPeer(conn); err != nil {
			t.Errorf("%s: %v", side, err)
		}
		for _, user := range []int{own + 1, -1} {
			if peerIs(conn, user) == nil {
				t.Errorf("%s: takes user %d for %d", side, own, user)
			}
		}
	}
}
