package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// endSignals are how the system and its people ask a program to end.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// ending is the wish that the program ends, from outside of its window.
type ending struct {
	wanted  context.Context // done when somebody wishes it
	signals chan os.Signal
}

// listen notes that wish from now on: a chip may take its time before there is
// anything to close.
func listen() *ending {
	ctx, end := context.WithCancel(context.Background())
	e := &ending{wanted: ctx, signals: make(chan os.Signal, 1)}
	signal.Notify(e.signals, endSignals...)
	go func() {
		<-e.signals
		end()
	}()
	return e
}

// settled is after the toolkit has asked for the signals, which it does on a
// goroutine of its own when it starts, and before a person can have typed
// anything that the end should lock.
const settled = 200 * time.Millisecond

// alone takes the signals away from everybody else, soon: the toolkit ends at
// once at the first, before the cache is locked and the clipboard cleared.
func (e *ending) alone() {
	time.AfterFunc(settled, func() {
		signal.Reset(endSignals...)
		signal.Notify(e.signals, endSignals...)
	})
}

// Where the toolkit does not end although everything is closed, or where nobody
// can tell it any more, the process does. It waits for its last events, and for
// a display that may be gone; a process that stays would keep the home.
const (
	// toolkitPatience is how long the toolkit has once all else is done.
	toolkitPatience = time.Second
	// endPatience is longer than the window waits for its own work.
	endPatience = 25 * time.Second
)

// leave ends the process after a time, if it is there still.
func leave(after time.Duration) {
	time.AfterFunc(after, func() { os.Exit(0) })
}
