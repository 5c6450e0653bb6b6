package app

import "sync"

// Bundled returns a Poster over the toolkit's that hands it what was posted
// meanwhile in one piece, in the order in which it came. Safe for concurrent use.
//
// The toolkit's loop draws by lot whether it paints the next frame or runs the next
// function. Where a frame takes long, as without a graphics card on a busy machine,
// and something swings, one is always due: about one function runs for each frame.
// What is posted faster, as by a security key that says 20 times a second that it
// waits to be touched, would queue up, and what comes behind it, such as that the
// person was heard and the work is over, minutes late.
func Bundled(post Poster) Poster {
	b := &bundle{post: post}
	return b.add
}

// bundle is what was posted and did not run yet.
type bundle struct {
	post Poster

	mu      sync.Mutex // the rest
	waiting []func()
	posted  bool // run was, and has not begun
}

func (b *bundle) add(paint func()) {
	b.mu.Lock()
	b.waiting = append(b.waiting, paint)
	first := !b.posted
	b.posted = true
	b.mu.Unlock()
	if first {
		b.post(b.run)
	}
}

// run runs what is there when it begins. What that posts comes in another piece:
// the toolkit paints in between.
func (b *bundle) run() {
	b.mu.Lock()
	all := b.waiting
	b.waiting, b.posted = nil, false
	b.mu.Unlock()
	for _, paint := range all {
		paint()
	}
}
