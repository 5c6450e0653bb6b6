package session

import "fmt"

// Mode is where the client is; STATES.md says what each one means. The text
// reaches the disk, --json and the log.
type Mode string

// The modes. An empty mode reads as Disconnected.
const (
	Online       Mode = "online"
	Offline      Mode = "offline"
	Disconnected Mode = "disconnected"
)

// ParseMode reads the text of a mode.
func ParseMode(s string) (Mode, error) {
	switch m := Mode(s); m {
	case Online, Offline, Disconnected:
		return m, nil
	}
	return Disconnected, fmt.Errorf("parse mode: %q is none", s)
}

// Event is something that may change the mode; STATES.md lists them.
type Event string

// The events.
const (
	Restart            Event = "restart"
	Shutdown           Event = "shutdown"
	Logoff             Event = "logoff"
	Resume             Event = "resume"
	ConnectionLost     Event = "connection-lost"
	ConnectionRegained Event = "connection-regained"
	SignIn             Event = "sign-in"
	SignOut            Event = "sign-out"
	Disconnect         Event = "disconnect"
	GoOffline          Event = "go-offline"
	Connect            Event = "connect"
	CacheEnded         Event = "cache-ended"
)

// facts are all that the next mode depends on.
type facts struct {
	Before    Mode
	Event     Event
	Cache     bool // a usable cache of the account is on this machine
	Server    bool // the account's server answers, with its pinned identity
	AutoCache bool // the flag; it must not matter, and the tests say so
}

// next decides the mode, and nothing else does. It has no effects: those
// belong to the commands, which apply its answer after their work is done.
func next(f facts) Mode {
	switch f.Event {
	case ConnectionLost:
		f.Server = false
	case ConnectionRegained:
		f.Server = true
	case CacheEnded:
		f.Cache = false
	}
	withoutServer := Disconnected
	if f.Cache {
		withoutServer = Offline
	}
	switch f.Before {
	case Offline: // sticky: only Connect leaves it, or the end of the cache
		if f.Event == Connect && f.Server {
			return Online
		}
		return withoutServer
	case Online:
		switch {
		case f.Event == SignOut:
			return Disconnected
		case f.Event == Restart:
			return withoutServer
		case f.Event == Disconnect && f.Cache, f.Event == GoOffline && f.Cache:
			return Offline
		case f.Server:
			return Online
		}
		return withoutServer
	default:
		switch {
		case f.Event == SignIn && f.Server, f.Event == Connect && f.Server:
			return Online
		case f.Event == Disconnect && f.Cache, f.Event == GoOffline && f.Cache:
			return Offline
		}
		return Disconnected
	}
}
