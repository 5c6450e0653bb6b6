package app

import (
	"context"
	"sync"
	"time"
)

// Poster runs a function on the goroutine that paints, later, and in the order in
// which they were posted. Bundled(fyne.Do) is one; tests have a queue that they pump.
type Poster func(paint func())

// tasks is the work that is under way. It starts goroutines, and is the only
// part of the window that does: what they return is handed to the painting
// goroutine, and nothing else is.
type tasks struct {
	post Poster
	all  sync.WaitGroup
	base context.Context // ended by stop
	stop context.CancelFunc

	ended bool // for the painting goroutine
}

func newTasks(post Poster) *tasks {
	t := &tasks{post: post}
	t.base, t.stop = context.WithCancel(context.Background())
	return t
}

// task is one piece of work. Its methods are for the painting goroutine.
type task struct {
	cancel context.CancelFunc
	over   bool // done was called, or never will be
}

// Cancel ends the work; what it still returns is thrown away. A nil task, and
// one that is over, is none.
func (t *task) Cancel() {
	if t != nil && !t.over {
		t.over = true
		t.cancel()
	}
}

// running reports whether the work is under way.
func (t *task) running() bool { return t != nil && !t.over }

// start runs work away from the painting goroutine, and done on it with what
// work returned, unless the task was cancelled before. lost gets what came too
// late, to wipe it; it may be nil. work says how far it is through tell, which
// runs its function on the painting goroutine unless the task is over.
func start[T any](ts *tasks, work func(ctx context.Context, tell func(paint func())) (T, error), done func(T, error), lost func(T)) *task {
	ctx, cancel := context.WithCancel(ts.base)
	t := &task{cancel: cancel}
	tell := func(paint func()) {
		ts.post(func() {
			if !t.over {
				paint()
			}
		})
	}
	ts.run(func() {
		result, err := work(ctx, tell)
		ts.post(func() {
			cancel()
			if t.over {
				if lost != nil {
					lost(result)
				}
				return
			}
			t.over = true
			done(result, err)
		})
	})
	return t
}

// run does what nobody waits for, away from the painting goroutine.
func (ts *tasks) run(work func()) {
	if !ts.ended {
		ts.all.Go(work)
	}
}

// endPatience is how long the end of the program waits for work that does not
// listen, and then for what is done last: a keychain may ask somebody who is not
// there, a chip may be gone. Whatever writes a file takes less.
const endPatience = 10 * time.Second

// end cancels everything, waits for it, runs last, and has over painted. What
// is started after it does nothing.
func (ts *tasks) end(last, over func()) {
	if ts.ended {
		return
	}
	ts.ended = true
	ts.stop()
	go func() {
		patiently(ts.all.Wait)
		patiently(last)
		ts.post(over)
	}()
}

// patiently runs work, and returns when it is done or patience is over.
func patiently(work func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	t := time.NewTimer(endPatience)
	defer t.Stop()
	select {
	case <-done:
	case <-t.C:
	}
}
