// Package app is the controller of the window: it holds what the window knows,
// runs the commands, and decides which screen stands in front.
//
// It draws nothing (app/screen and app/widget do), words nothing (app/present
// does) and decides nothing about modes, passwords and caches (vault/session
// does). It imports the toolkit but not its driver, which cmd/tideover brings;
// app/native brings what the toolkit lacks of the desktop.
//
// Data flows one way: a person gives a command, a task runs it away from the
// painting goroutine, its result is posted back, the status is read again, and
// every screen is painted from that.
//
// The invariants: nothing but painting happens on the painting goroutine; only
// tasks start goroutines; a result that comes after its task was cancelled is
// wiped; and whatever locks the cache leaves no secret in any widget.
package app
