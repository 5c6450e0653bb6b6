// Package native talks to the desktop around the window: clipboard, idle time,
// screen lock and sleep, the one running instance, capture protection, the
// browser, the tray host and notifications.
//
// It draws nothing, knows no toolkit and no vault, and holds no policy: how
// long a password may stay on the clipboard or when to lock is decided by app,
// its only neighbour. It uses no cgo on any system. Nothing here may be called
// on the goroutine that paints: calls ask other processes and can take seconds.
//
// The invariants: no secret reaches an argument, a log or a file; no helper
// process or message bus is ever started behind the user's back (godbus would
// start one with dbus-launch and leak it); what a desktop does not offer is
// said (ErrUnsupported, ErrNoBus, "unknown"), never guessed.
//
// What cannot be done: on macOS without cgo, a copied value cannot be marked as
// concealed (org.nspasteboard.ConcealedType) and screen lock, sleep and logout
// cannot be seen (distributed notifications need Objective-C). On X11 and
// Wayland a window cannot be kept out of a capture.
//
// What has run, in the tests, on Linux: the clipboard of X11 against Xvfb, xclip
// and a requestor of our own (MULTIPLE, INCR), and the clipboard of a toolkit
// against a fake; the single instance between processes; addresses and folders
// up to the arguments of xdg-open; idle time of Xvfb; and everything of D-Bus on
// real buses, but with services of the tests: logind and its delay locks, five
// lock screens, Mutter's and KDE's idle time, notifications, tray hosts. That a
// bus is never started was seen with a dbus-launch that would have told. A
// process of another user was refused once, by hand; the tests only have the
// listener take itself for another user.
//
// What has never run: all of that on a desktop that people use (GNOME, KDE, a
// real sleep), and all of the files named _windows and _darwin, which are
// compiled and vetted, except that the calls of the Windows clipboard were once
// run under wine, in a program of their own.
package native

import "errors"

var (
	// ErrUnsupported says that this desktop or system cannot do it at all.
	ErrUnsupported = errors.New("native: not possible on this desktop")
	// ErrNoBus says that the session has no D-Bus; none is started for it.
	ErrNoBus = errors.New("native: no session bus")
	// ErrClosed says that the object was closed before.
	ErrClosed = errors.New("native: closed")
)
