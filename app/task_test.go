package app

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// queue is a Poster that a test pumps: what is posted runs on its goroutine.
type queue chan func()

func (q queue) post(paint func()) { q <- paint }

// one runs the next thing that was posted.
func (q queue) one() { (<-q)() }

func newQueue() queue { return make(queue, 64) }

func TestTaskDone(t *testing.T) {
	q := newQueue()
	ts := newTasks(q.post)
	var told, got int
	work := start(ts, func(_ context.Context, tell func(func())) (int, error) {
		tell(func() { told++ })
		return 7, nil
	}, func(n int, err error) {
		if err != nil {
			t.Error(err)
		}
		got = n
	}, nil)
	if !work.running() {
		t.Error("not running before it is done")
	}
	q.one()
	q.one()
	if told != 1 || got != 7 || work.running() {
		t.Errorf("told %d, got %d, running %v", told, got, work.running())
	}
}

// What comes after Cancel is handed to lost, to be wiped, and to nobody else.
func TestTaskCancelled(t *testing.T) {
	q := newQueue()
	ts := newTasks(q.post)
	secret := []byte("late")
	work := start(ts, func(ctx context.Context, tell func(func())) ([]byte, error) {
		tell(func() { t.Error("told after Cancel") })
		<-ctx.Done()
		return secret, ctx.Err()
	}, func([]byte, error) { t.Error("done after Cancel") }, func(b []byte) { clear(b) })
	work.Cancel()
	work.Cancel()
	q.one()
	q.one()
	if string(secret) != "\x00\x00\x00\x00" {
		t.Errorf("what came late is %q", secret)
	}
}

func TestNoTask(t *testing.T) {
	var none *task
	none.Cancel()
	if none.running() {
		t.Error("no task is running")
	}
}

// The end cancels what runs, waits for it, and starts nothing more.
func TestTasksEnd(t *testing.T) {
	q := newQueue()
	ts := newTasks(q.post)
	var order []string
	start(ts, func(ctx context.Context, _ func(func())) (int, error) {
		<-ctx.Done()
		return 0, ctx.Err()
	}, func(_ int, err error) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
		order = append(order, "task")
	}, nil)
	ts.end(func() { ts.post(func() { order = append(order, "last") }) }, func() { order = append(order, "over") })
	ts.end(func() { t.Error("ended twice") }, nil)
	start(ts, func(context.Context, func(func())) (int, error) {
		t.Error("started after the end")
		return 0, nil
	}, func(int, error) {}, nil)
	for len(order) < 3 {
		q.one()
	}
	if order[0] != "task" || order[1] != "last" || order[2] != "over" {
		t.Errorf("order %v", order)
	}
}

// Work that does not listen keeps nobody from leaving, nor does what is done
// last.
func TestTasksEndWithoutThoseWhoDoNotListen(t *testing.T) {
	synctest.Test(t, func(*testing.T) {
		q := newQueue()
		ts := newTasks(q.post)
		deaf := make(chan struct{})
		start(ts, func(context.Context, func(func())) (int, error) {
			<-deaf
			return 0, nil
		}, func(int, error) {}, nil)
		begun, over := time.Now(), false
		var closed atomic.Bool
		ts.end(func() {
			closed.Store(true)
			<-deaf
		}, func() { over = true })
		q.one()
		if took := time.Since(begun); !closed.Load() || !over || took != 2*endPatience {
			t.Errorf("closed %v, over %v after %v", closed.Load(), over, took)
		}
		close(deaf)
	})
}
