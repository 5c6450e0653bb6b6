package native

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Messages and their parameters (winuser.h, wtsapi32.h).
const (
	wmDestroy         = 0x0002
	wmClose           = 0x0010
	wmQueryEndSession = 0x0011
	wmEndSession      = 0x0016
	wmPowerBroadcast  = 0x0218
	wmSessionChange   = 0x02B1

	pbtSuspend         = 0x0004
	pbtResumeAutomatic = 0x0012 // of every resume; RESUMESUSPEND follows only when somebody is there

	wtsLock   = 0x7
	wtsUnlock = 0x8

	// Windows suspends 2 s after the broadcast and calls a program that does not
	// answer for 5 s hung.
	suspendPatience = 1500 * time.Millisecond
	endPatience     = 4 * time.Second
)

// listener is a window that is never shown, on a thread of its own. It is not a
// message-only window: those get no broadcasts, and sleep and logout are some.
type listener struct {
	to         *Session
	user, wts  *windows.LazyDLL
	window     uintptr
	registered bool
	power      uintptr
}

type wndClass struct { // WNDCLASSEXW
	size, style                        uint32
	proc                               uintptr
	classExtra, windowExtra            int32
	instance, icon, cursor, background uintptr
	menu, name                         *uint16
	iconSmall                          uintptr
}

type message struct { // MSG
	window         uintptr
	message        uint32
	wParam, lParam uintptr
	time           uint32
	x, y           int32
	private        uint32
}

func listenSession(s *Session) (sources []string, stop func()) {
	l := &listener{to: s, user: windows.NewLazySystemDLL("user32.dll"), wts: windows.NewLazySystemDLL("wtsapi32.dll")}
	made, ended := make(chan []string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread() // and never unlocked: the thread ends with its window
		l.run(made)
	}()
	sources = <-made
	return sources, func() {
		if l.window != 0 {
			_, _, _ = l.user.NewProc("PostMessageW").Call(l.window, wmClose, 0, 0) // fails only if the window is gone
		}
		<-ended
	}
}

func (l *listener) run(made chan<- []string) {
	name, err := windows.UTF16PtrFromString("TideoverSession")
	if err != nil {
		made <- nil
		return
	}
	class := wndClass{proc: windows.NewCallback(l.procedure), name: name}
	class.size = uint32(unsafe.Sizeof(class))
	// Fails if a Session was there before; the class of that one has its own
	// procedure, so a process opens one Session.
	if atom, _, _ := l.user.NewProc("RegisterClassExW").Call(uintptr(unsafe.Pointer(&class))); atom == 0 {
		made <- nil
		return
	}
	defer func() {
		_, _, _ = l.user.NewProc("UnregisterClassW").Call(uintptr(unsafe.Pointer(name)), 0) // the window is gone by now
	}()
	text := uintptr(unsafe.Pointer(name))
	if l.window, _, _ = l.user.NewProc("CreateWindowExW").Call(0, text, text, 0, 0, 0, 0, 0, 0, 0, 0, 0); l.window == 0 {
		made <- nil
		return
	}
	sources := []string{"WM_POWERBROADCAST", "WM_ENDSESSION"}
	const thisSession = 0 // NOTIFY_FOR_THIS_SESSION
	if ok, _, _ := l.wts.NewProc("WTSRegisterSessionNotification").Call(l.window, thisSession); ok != 0 {
		l.registered = true
		sources = append(sources, "WM_WTSSESSION_CHANGE")
	}
	// Machines with modern standby broadcast no suspend, but tell those who ask.
	const toWindow = 0 // DEVICE_NOTIFY_WINDOW_HANDLE
	if ask := l.user.NewProc("RegisterSuspendResumeNotification"); ask.Find() == nil {
		l.power, _, _ = ask.Call(l.window, toWindow) // 0: broadcasts only
	}
	made <- sources

	get, dispatch := l.user.NewProc("GetMessageW"), l.user.NewProc("DispatchMessageW")
	var m message
	for {
		more, _, _ := get.Call(uintptr(unsafe.Pointer(&m)), 0, 0, 0)
		if int32(more) <= 0 { // WM_QUIT, or an error that would come again
			return
		}
		_, _, _ = dispatch.Call(uintptr(unsafe.Pointer(&m))) // the procedure's result, of no use here
	}
}

// procedure runs on the listener's thread.
func (l *listener) procedure(window, msg, wParam, lParam uintptr) uintptr {
	const yes = 1
	switch msg {
	case wmSessionChange:
		switch wParam {
		case wtsLock:
			l.to.send(Event{Kind: ScreenLocked})
		case wtsUnlock:
			l.to.send(Event{Kind: ScreenUnlocked})
		}
		return 0
	case wmPowerBroadcast:
		switch wParam {
		case pbtSuspend:
			l.to.wait(Sleeping, suspendPatience)
		case pbtResumeAutomatic:
			l.to.send(Event{Kind: Woke})
		}
		return yes
	case wmQueryEndSession:
		return yes // others may still refuse; it is certain only at WM_ENDSESSION
	case wmEndSession:
		if wParam != 0 {
			l.to.wait(SessionEnding, endPatience)
		}
		return 0
	case wmClose:
		l.unregister()
		_, _, _ = l.user.NewProc("DestroyWindow").Call(window) // ours, and of this thread
		return 0
	case wmDestroy:
		_, _, _ = l.user.NewProc("PostQuitMessage").Call(0) // has no result
		return 0
	}
	result, _, _ := l.user.NewProc("DefWindowProcW").Call(window, msg, wParam, lParam)
	return result
}

func (l *listener) unregister() {
	if l.registered {
		_, _, _ = l.wts.NewProc("WTSUnRegisterSessionNotification").Call(l.window) // the window goes now anyway
	}
	if l.power != 0 {
		_, _, _ = l.user.NewProc("UnregisterSuspendResumeNotification").Call(l.power) // as above
	}
}

// wait sends an event and waits until it is handled, or for some time: for
// systems that wait only as long as their message is not answered.
func (s *Session) wait(kind Kind, most time.Duration) {
	done := make(chan struct{})
	s.send(Event{Kind: kind, handled: once(func() { close(done) })})
	late := time.NewTimer(most)
	defer late.Stop()
	select {
	case <-done:
	case <-late.C:
	case <-s.quit:
	}
}
