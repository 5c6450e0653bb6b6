package native

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/sys/windows"
)

// watchEvery is how often the number of the clipboard is read while a copy of
// ours is on it: a look at a counter in our own process, no message, no lock.
const watchEvery = 500 * time.Millisecond

// winBoard knows its copy by the clipboard's sequence number. It owns the
// clipboard with no window: an owner window whose thread is busy would make
// every other program wait when it copies.
type winBoard struct {
	user, kernel *windows.LazyDLL
	mu           sync.Mutex // number is read by watch
	number       uint32     // 0: nothing of ours
	stop         chan struct{}
}

func openBoard(Plain) (board, error) {
	return &winBoard{user: windows.NewLazySystemDLL("user32.dll"), kernel: windows.NewLazySystemDLL("kernel32.dll")}, nil
}

func (b *winBoard) take(value []byte, lost func(End)) error {
	defer clear(value)
	text := utf16Bytes(value)
	defer clear(text)
	b.forget()
	var number uint32
	err := b.opened(func() error {
		if ok, _, e := b.user.NewProc("EmptyClipboard").Call(); ok == 0 {
			return fmt.Errorf("EmptyClipboard: %w", e)
		}
		// https://learn.microsoft.com/windows/win32/dataxchg/clipboard-formats,
		// "Cloud Clipboard and Clipboard History Formats": a DWORD of 0 says no,
		// the first needs only to be there. The last is an older custom of
		// clipboard managers, KeePass's too. They come before the text.
		for _, name := range []string{
			"ExcludeClipboardContentFromMonitorProcessing", "CanIncludeInClipboardHistory",
			"CanUploadToCloudClipboard", "Clipboard Viewer Ignore",
		} {
			wide, err := windows.UTF16PtrFromString(name)
			if err != nil {
				return err
			}
			format, _, e := b.user.NewProc("RegisterClipboardFormatW").Call(uintptr(unsafe.Pointer(wide)))
			if format == 0 {
				return fmt.Errorf("RegisterClipboardFormat %s: %w", name, e)
			}
			if err := b.put(format, make([]byte, 4)); err != nil {
				return err
			}
		}
		const unicodeText = 13 // CF_UNICODETEXT
		if err := b.put(unicodeText, text); err != nil {
			_, _, _ = b.user.NewProc("EmptyClipboard").Call() // the marks alone are of no use
			return err
		}
		return nil
	})
	if err != nil {
		return err
	}
	number = b.now() // after CloseClipboard, which may add to it for formats it derives
	b.mu.Lock()
	b.number, b.stop = number, make(chan struct{})
	stop := b.stop
	b.mu.Unlock()
	go b.watch(number, stop, lost)
	return nil
}

// put hands a copy of data to the clipboard, which owns it from then on.
func (b *winBoard) put(format uintptr, data []byte) error {
	const moveable = 0x0002 // GMEM_MOVEABLE, which SetClipboardData asks for
	h, _, e := b.kernel.NewProc("GlobalAlloc").Call(moveable, uintptr(len(data)))
	if h == 0 {
		return fmt.Errorf("GlobalAlloc: %w", e)
	}
	at, _, e := b.kernel.NewProc("GlobalLock").Call(h)
	if at == 0 {
		_, _, _ = b.kernel.NewProc("GlobalFree").Call(h) // nothing to do if that fails, too
		return fmt.Errorf("GlobalLock: %w", e)
	}
	_, _, _ = b.kernel.NewProc("RtlMoveMemory").Call(at, uintptr(unsafe.Pointer(&data[0])), uintptr(len(data))) // has no result
	_, _, _ = b.kernel.NewProc("GlobalUnlock").Call(h)                                                          // 0 is its success
	if ok, _, e := b.user.NewProc("SetClipboardData").Call(format, h); ok == 0 {
		_, _, _ = b.kernel.NewProc("GlobalFree").Call(h) // nothing to do if that fails, too
		return fmt.Errorf("SetClipboardData: %w", e)
	}
	return nil
}

func (b *winBoard) drop() bool {
	b.mu.Lock()
	number := b.number
	b.mu.Unlock()
	b.forget()
	if number == 0 || b.now() != number {
		return false
	}
	ours := false
	err := b.opened(func() error {
		if ours = b.now() == number; !ours {
			return nil
		}
		if ok, _, e := b.user.NewProc("EmptyClipboard").Call(); ok == 0 {
			return fmt.Errorf("EmptyClipboard: %w", e)
		}
		return nil
	})
	return ours && err == nil
}

func (b *winBoard) holds() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.number != 0 && b.now() == b.number
}

func (b *winBoard) close() { b.drop() }

func (b *winBoard) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.stop != nil {
		close(b.stop)
	}
	b.number, b.stop = 0, nil
}

func (b *winBoard) watch(number uint32, stop <-chan struct{}, lost func(End)) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			if b.now() != number {
				lost(EndReplaced)
				return
			}
		}
	}
}

func (b *winBoard) now() uint32 {
	n, _, _ := b.user.NewProc("GetClipboardSequenceNumber").Call() // never fails in a session with a window station
	return uint32(n)
}

// opened runs f with the clipboard open, which belongs to a thread. Another
// program may hold it for a moment, and only trying again helps.
func (b *winBoard) opened(f func() error) error {
	const tries, pause = 20, 25 * time.Millisecond
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := errors.New("the clipboard is in use")
	for range tries {
		ok, _, e := b.user.NewProc("OpenClipboard").Call(0)
		if ok != 0 {
			err = f()
			_, _, _ = b.user.NewProc("CloseClipboard").Call() // cannot fail while it is open
			return err
		}
		err = fmt.Errorf("OpenClipboard: %w", e)
		time.Sleep(pause)
	}
	return err
}

// utf16Bytes encodes UTF-8 as UTF-16LE with a zero at the end, without a string
// on the way.
func utf16Bytes(value []byte) []byte {
	out := make([]byte, 0, 2*len(value)+2) // UTF-16 has at most 2 bytes for each of UTF-8: never moves
	for at := 0; at < len(value); {
		r, n := utf8.DecodeRune(value[at:])
		at += n
		if hi, lo := utf16.EncodeRune(r); hi != utf8.RuneError {
			out = append(out, byte(hi), byte(hi>>8), byte(lo), byte(lo>>8))
		} else {
			out = append(out, byte(r), byte(r>>8))
		}
	}
	return append(out, 0, 0)
}
