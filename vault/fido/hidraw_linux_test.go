package fido_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tideover/tideover/vault"
	"github.com/tideover/tideover/vault/fido"
	"github.com/tideover/tideover/vault/fido/fidotest"
)

// The descriptor of CTAP 11.2.8.1, and that of a boot keyboard (HID 1.11, E.6).
const (
	keyDescriptor      = "06d0f1 0901 a101 0920 1500 26ff00 7508 9540 8102 0921 1500 26ff00 7508 9540 9102 c0"
	keyboardDescriptor = "0501 0906 a101 0507 19e0 29e7 1500 2501 7501 9508 8102 9501 7508 8101 9505 7501 0508 1901 2905 9102 9501 7503 9101 9506 7508 1500 2565 0507 1900 2965 8100 c0"
)

func TestDescriptors(t *testing.T) {
	cases := map[string]struct {
		descriptor string
		want       bool
	}{
		"key":                 {keyDescriptor, true},
		"keyboard":            {keyboardDescriptor, false},
		"empty":               {"", false},
		"cut short":           {"06d0", false},
		"shorter reports":     {strings.ReplaceAll(keyDescriptor, "9540", "9520"), false},
		"numbered reports":    {strings.ReplaceAll(keyDescriptor, "a101", "a101 8501"), false},
		"another usage":       {strings.ReplaceAll(keyDescriptor, "0901 a101", "0902 a101"), false},
		"a long item":         {"fe 0100 00 " + keyDescriptor, false},
		"value beyond itself": {"06d0f1 0901 a1", false},
	}
	for name, c := range cases {
		if got := fido.IsKey(unhex(t, c.descriptor)); got != c.want {
			t.Errorf("%s: %t, want %t", name, got, c.want)
		}
	}
}

// terminal returns a pseudo terminal in raw mode, which moves bytes both ways as
// a hidraw node does, and the path of its other end.
func terminal(t *testing.T) (*os.File, string) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() }) // twice in some tests
	raw, err := master.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number uint32
	if controlErr := raw.Control(func(fd uintptr) {
		if err = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); err != nil {
			return
		}
		if number, err = unix.IoctlGetUint32(int(fd), unix.TIOCGPTN); err != nil {
			return
		}
		var mode *unix.Termios
		if mode, err = unix.IoctlGetTermios(int(fd), unix.TCGETS); err != nil {
			return
		}
		mode.Iflag, mode.Oflag, mode.Lflag = 0, 0, 0
		mode.Cflag = mode.Cflag&^unix.CSIZE | unix.CS8
		mode.Cc[unix.VMIN], mode.Cc[unix.VTIME] = 1, 0
		err = unix.IoctlSetTermios(int(fd), unix.TCSETS, mode)
	}); controlErr != nil || err != nil {
		t.Fatal(controlErr, err)
	}
	path := fmt.Sprintf("/dev/pts/%d", number)
	held, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0) // or the master fails whenever nobody has it open
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Close() }) // nothing was written to it
	return master, path
}

// node makes a device in folders like those of Linux.
func node(t *testing.T, root, name, descriptor, target string) {
	t.Helper()
	device := filepath.Join(root, "sys", name, "device")
	for _, dir := range []string{device, filepath.Join(root, "dev")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(device, "report_descriptor"), unhex(t, descriptor), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(root, "dev", name)); err != nil {
		t.Fatal(err)
	}
}

// wire carries reports between the terminal and a key until either is gone.
func wire(t *testing.T, master *os.File, port *fidotest.Port) {
	go func() {
		report := make([]byte, 65)
		for {
			if _, err := io.ReadFull(master, report); err != nil || report[0] != 0 || port.Send(report[1:]) != nil {
				return
			}
		}
	}()
	go func() {
		report := make([]byte, 64)
		for {
			if port.Receive(t.Context(), report) != nil {
				return
			}
			if _, err := master.Write(report); err != nil {
				return
			}
		}
	}()
}

// The Linux code finds a key by its descriptor and works through a file of the
// system. A terminal stands in for the node: this machine's kernel has no uhid.
func TestHidraw(t *testing.T) {
	root := t.TempDir()
	master, path := terminal(t)
	node(t, root, "hidraw0", keyboardDescriptor, "/nonexistent")
	node(t, root, "hidraw1", keyDescriptor, "/nonexistent")
	node(t, root, "hidraw2", keyDescriptor, path)
	key := fidotest.New(fidotest.Options{PIN: "1234", Permissions: true})
	wire(t, master, key.Plug())
	p := fido.NewHID(fido.NewHidraw(filepath.Join(root, "sys"), filepath.Join(root, "dev")))

	added, err := fido.Enrol(t.Context(), p, fido.EnrolRequest{Cache: binding.Cache, Verified: true}, &person{pin: "1234"})
	if err != nil {
		t.Fatal(err)
	}
	record, want := seal(t, binding, added)
	got, _, err := fido.Unlock(t.Context(), p, record, &person{pin: "1234"})
	if err != nil || !got.Equal(want) {
		t.Fatalf("unlock: %v", err)
	}

	if err := master.Close(); err != nil { // pulled out
		t.Fatal(err)
	}
	_, _, err = fido.Unlock(t.Context(), p, record, &person{pin: "1234"})
	refused(t, err, vault.KeyMissing)
}

func TestHidrawWithoutKeys(t *testing.T) {
	root := t.TempDir()
	p := fido.NewHID(fido.NewHidraw(filepath.Join(root, "sys"), filepath.Join(root, "dev")))
	_, err := fido.Enrol(t.Context(), p, fido.EnrolRequest{}, &person{})
	refused(t, err, vault.KeyMissing)
	node(t, root, "hidraw0", keyDescriptor, "/nonexistent")
	_, err = fido.Enrol(t.Context(), p, fido.EnrolRequest{}, &person{})
	refused(t, err, vault.KeyMissing)
}

// What System returns works on any machine, with or without keys.
func TestSystem(t *testing.T) {
	p, err := fido.System(fido.Config{})
	if err != nil {
		t.Fatal(err)
	}
	key := enrol(t, fidotest.New(fidotest.Options{}), &person{}, fido.EnrolRequest{})
	if _, _, err := p.Evaluate(t.Context(), []fido.Key{key}, &person{}); err == nil {
		t.Error("a real key has a credential that was made up here")
	}
}
