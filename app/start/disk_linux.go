package start

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// diskEncrypted reports whether the file system of a folder lies on an
// encrypted block device, as the kernel's device mapper tells; known is false
// where there is no block device below, as in containers and on network disks.
func diskEncrypted(folder string) (encrypted, known bool) {
	var st unix.Stat_t
	for {
		err := unix.Stat(folder, &st)
		if err == nil {
			break
		}
		up := filepath.Dir(folder)
		if up == folder {
			return false, false
		}
		folder = up // not made yet: it will be where its parent is
	}
	device := fmt.Sprintf("/sys/dev/block/%d:%d", unix.Major(st.Dev), unix.Minor(st.Dev))
	if _, err := os.Stat(device); err != nil {
		return false, false
	}
	return encryptedDevice(device, 0), true
}

// encryptedDevice looks at a device and at those that it stands on. The depth
// is bounded in case a strange stack refers to itself.
func encryptedDevice(device string, depth int) bool {
	if uuid, err := os.ReadFile(filepath.Join(device, "dm", "uuid")); err == nil && strings.HasPrefix(string(uuid), "CRYPT-") {
		return true
	}
	below, err := filepath.Glob(filepath.Join(device, "slaves", "*"))
	if err != nil || depth > 8 {
		return false
	}
	for _, d := range below {
		if encryptedDevice(d, depth+1) {
			return true
		}
	}
	return false
}
