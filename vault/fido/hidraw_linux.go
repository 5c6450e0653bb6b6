package fido

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// hidraw finds keys among the raw HID devices of Linux.
type hidraw struct {
	sys string // /sys/class/hidraw
	dev string // /dev
}

// maxDescriptor is HID_MAX_DESCRIPTOR_SIZE of linux/hid.h.
const maxDescriptor = 4096

// Find implements Finder. Whoever sits at the computer may open a key: udev's
// 60-fido-id and uaccess see to that since systemd 245.
func (h hidraw) Find() ([]Device, error) {
	nodes, err := os.ReadDir(h.sys)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // a kernel without hidraw
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(nodes, func(a, b os.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	var found []Device
	var first error
	for _, n := range nodes {
		descriptor, err := readAtMost(filepath.Join(h.sys, n.Name(), "device", "report_descriptor"), maxDescriptor)
		if err != nil || !isKey(descriptor) {
			continue // some other device, or one that has just gone
		}
		f, err := os.OpenFile(filepath.Join(h.dev, n.Name()), os.O_RDWR|syscall.O_NONBLOCK|syscall.O_NOCTTY, 0)
		switch {
		case err == nil:
			found = append(found, &rawDevice{f: f})
		case first == nil:
			first = err
		}
	}
	return found, first
}

func readAtMost(path string, n int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return io.ReadAll(io.LimitReader(f, n))
}

// rawDevice is one hidraw node.
type rawDevice struct{ f *os.File }

// Times of one system call. A report leaves at once or the key hangs; a read is
// interrupted so often to look at its context.
const (
	sendTime = 3 * time.Second
	lookTime = 100 * time.Millisecond
)

// Send implements Device. The byte before the report is its number, 0 where
// reports have none (Documentation/hid/hidraw.rst).
func (d *rawDevice) Send(report []byte) error {
	if err := d.f.SetWriteDeadline(time.Now().Add(sendTime)); err != nil {
		return err
	}
	numbered := append(make([]byte, 1, 1+reportBytes), report...)
	defer clear(numbered)
	_, err := d.f.Write(numbered)
	return err
}

// Receive implements Device.
func (d *rawDevice) Receive(ctx context.Context, report []byte) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.f.SetReadDeadline(time.Now().Add(lookTime)); err != nil {
			return err
		}
		n, err := d.f.Read(report[:reportBytes])
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			continue
		case err != nil:
			return err
		case n != reportBytes:
			return io.ErrUnexpectedEOF
		}
		return nil
	}
}

// Close implements Device.
func (d *rawDevice) Close() error { return d.f.Close() }
